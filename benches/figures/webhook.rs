//! Twilio's webhooks as Twilio sends them, signed, and a connection that is kept.
//!
//! The client is plain HTTP/1.1 on a socket: a client library would take from the gateway what is to be measured.

use std::net::SocketAddr;

use anyhow::Context;
use huecry::channels::sms::twilio;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub(crate) const TOKEN: &str = "the-token-of-the-figures";
/// Of Ofcom's drama range for Tyneside.
pub(crate) const OUR_NUMBER: &str = "+441914980001";

/// Makes signed requests for one gateway.
#[derive(Clone)]
pub(crate) struct Hooks {
    pub(crate) address: SocketAddr,
    url: String,
    token: SecretString,
}

impl Hooks {
    const PATH: &str = "/webhooks/sms/sms/inbound";

    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, url: format!("http://{address}{}", Self::PATH), token: SecretString::from(TOKEN) }
    }

    /// A text from somebody, ready for the wire. Each serial is a message of its own.
    pub(crate) fn request(&self, serial: usize, from: &str, text: &str) -> Vec<u8> {
        let sid = format!("SM{serial:032x}");
        // By name, as they are signed.
        let fields = [
            ("AccountSid", ACCOUNT),
            ("ApiVersion", "2010-04-01"),
            ("Body", text),
            ("From", from),
            ("FromCity", ""),
            ("FromCountry", "GB"),
            ("FromState", ""),
            ("FromZip", ""),
            ("MessageSid", &sid),
            ("NumMedia", "0"),
            ("NumSegments", "1"),
            ("SmsMessageSid", &sid),
            ("SmsSid", &sid),
            ("SmsStatus", "received"),
            ("To", OUR_NUMBER),
            ("ToCity", ""),
            ("ToCountry", "GB"),
            ("ToState", ""),
            ("ToZip", ""),
        ];
        let signed = fields.iter().fold(self.url.clone(), |signed, (name, value)| signed + name + value);
        let body: String = form_urlencoded::Serializer::new(String::with_capacity(512)).extend_pairs(fields).finish();
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nuser-agent: TwilioProxy/1.1\r\naccept: */*\r\n\
             content-type: application/x-www-form-urlencoded; charset=utf-8\r\nx-twilio-signature: {}\r\ncontent-length: {}\r\n\r\n{body}",
            Self::PATH,
            self.address,
            twilio::sign(&self.token, &signed),
            body.len()
        )
        .into_bytes()
    }
}

/// A connection that is kept between requests.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(4096) })
    }

    /// Sends a request and waits for the whole answer; gives its status.
    pub(crate) async fn send(&mut self, request: &[u8]) -> anyhow::Result<u16> {
        self.stream.write_all(request).await?;
        loop {
            if let Some((status, bytes)) = whole(&self.read)? {
                self.read.drain(..bytes);
                return Ok(status);
            }
            anyhow::ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the gateway hung up");
        }
    }

    /// The same, where anything but "stored" is a fault.
    pub(crate) async fn deliver(&mut self, request: &[u8]) -> anyhow::Result<()> {
        let status = self.send(request).await?;
        anyhow::ensure!(status == 200, "the gateway answered {status}");
        Ok(())
    }
}

/// Status and length of the answer at the beginning of the bytes, if it is there in full.
fn whole(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(bytes.get(..end).unwrap_or_default())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("an answer without a status")?.parse()?;
    let length = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(Ok(0), |(_, value)| value.trim().parse())?;
    let bytes_in_all = end + 4 + length;
    Ok((bytes.len() >= bytes_in_all).then_some((status, bytes_in_all)))
}
