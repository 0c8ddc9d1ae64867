//! One SMTP session: the order of commands and what is answered to each.
//!
//! Owns: the envelope being built. Must not: look inside a mail.
//! Data: commands in, replies out; each finished mail to `mail::deliver`.

use std::io::Result;
use std::sync::Arc;

use tokio::io::{AsyncWriteExt, BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::super::mail;
use super::super::world::{RefuseMail, World};
use super::command::{self, Command};
use super::wire::{self, MAX_MAIL_BYTES};

const MAX_RECIPIENTS: usize = 1000;

struct Session {
    world: Arc<World>,
    reader: BufReader<OwnedReadHalf>,
    writer: BufWriter<OwnedWriteHalf>,
    from: Option<String>,
    to: Vec<String>,
}

/// Speaks with one client until it leaves.
pub(crate) async fn run(stream: TcpStream, world: Arc<World>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "simulator.smtp.nodelay");
    }
    let (reader, writer) = stream.into_split();
    let (reader, writer) = (BufReader::with_capacity(64 * 1024, reader), BufWriter::new(writer));
    let session = Session { world, reader, writer, from: None, to: Vec::new() };
    if let Err(error) = session.speak().await {
        tracing::debug!(%error, "simulator.smtp.session_broken");
    }
}

impl Session {
    async fn speak(mut self) -> Result<()> {
        self.say("220 simulator ESMTP Simulator ready").await?;
        while let Some(line) = wire::line(&mut self.reader).await? {
            match command::read(&line) {
                Command::Data if !self.to.is_empty() => self.take().await?,
                Command::Quit => {
                    self.say("221 2.0.0 Goodbye").await?;
                    return self.writer.flush().await;
                }
                command => {
                    let reply = self.answer(command);
                    self.say(&reply).await?;
                }
            }
        }
        Ok(())
    }

    fn answer(&mut self, command: Command) -> String {
        match command {
            Command::Ehlo => {
                self.reset();
                return format!("250-simulator\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE {MAX_MAIL_BYTES}");
            }
            Command::Helo => {
                self.reset();
                "250 simulator"
            }
            Command::Mail { .. } if self.from.is_some() => "503 5.5.1 Already have a sender",
            Command::Mail { size, .. } if size > MAX_MAIL_BYTES => "552 5.3.4 Mail too large",
            Command::Mail { from, .. } => {
                self.from = Some(from);
                "250 2.1.0 OK"
            }
            Command::Recipient(_) if self.from.is_none() => "503 5.5.1 MAIL first",
            Command::Recipient(_) if self.to.len() >= MAX_RECIPIENTS => "452 4.5.3 Too many recipients",
            Command::Recipient(to) => self.admit(to),
            Command::Data | Command::Quit => "503 5.5.1 RCPT first",
            Command::Reset => {
                self.reset();
                "250 2.0.0 OK"
            }
            Command::Noop => "250 2.0.0 OK",
            Command::Verify => "252 2.5.2 Send it and see",
            Command::Malformed => "501 5.5.4 Cannot read that",
            Command::Unknown => "500 5.5.2 Unknown command",
        }
        .to_owned()
    }

    fn admit(&mut self, to: String) -> &'static str {
        match self.world.behaviour().refuse_mail {
            RefuseMail::Later => "451 4.3.0 Try again later",
            RefuseMail::Never => "550 5.1.1 No such mailbox",
            RefuseMail::None => {
                self.to.push(to);
                "250 2.1.5 OK"
            }
        }
    }

    async fn take(&mut self) -> Result<()> {
        self.say("354 Go ahead").await?;
        let reply = match wire::mail(&mut self.reader).await? {
            Some(raw) => {
                let from = self.from.take().unwrap_or_default();
                let first = mail::deliver(&self.world, &from, &self.to, raw);
                format!("250 2.0.0 Taken as {first}")
            }
            None => "552 5.3.4 Mail too large".to_owned(),
        };
        self.reset();
        self.say(&reply).await
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// Replies to pipelined commands leave together.
    async fn say(&mut self, reply: &str) -> Result<()> {
        self.writer.write_all(reply.as_bytes()).await?;
        self.writer.write_all(b"\r\n").await?;
        if self.reader.buffer().is_empty() { self.writer.flush().await } else { Ok(()) }
    }
}
