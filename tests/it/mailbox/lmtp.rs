//! A mail server's last step: LMTP (RFC 2033), one mail to one address.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Delivers a mail; an empty sender is the null return path.
pub(crate) async fn deliver(from: &str, to: &str, raw: &[u8]) {
    let (host, port) = super::server("HUECRY_TEST_LMTP");
    let (reader, mut writer) = TcpStream::connect((host.as_str(), port)).await.unwrap().into_split();
    let mut reader = BufReader::new(reader);
    expect(&mut reader, "220").await;
    for (command, code) in
        [("LHLO test.example".to_owned(), "250"), (format!("MAIL FROM:<{from}>"), "250"), (format!("RCPT TO:<{to}>"), "250"), ("DATA".to_owned(), "354")]
    {
        writer.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        expect(&mut reader, code).await;
    }
    writer.write_all(&stuffed(raw)).await.unwrap();
    expect(&mut reader, "250").await;
    writer.write_all(b"QUIT\r\n").await.unwrap();
    expect(&mut reader, "221").await;
}

async fn expect(reader: &mut (impl AsyncBufReadExt + Unpin), code: &str) {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(code), "the mail server said {line:?} where {code} was due");
        if line.get(3..4) != Some("-") {
            return;
        }
    }
}

/// RFC 5321 section 4.5.2, with the final dot.
fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + 5);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
