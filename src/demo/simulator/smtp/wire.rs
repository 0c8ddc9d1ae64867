//! Lines and mail bodies off an SMTP connection.
//!
//! Owns: line lengths, dot-unstuffing, the size cap, time-outs. Must not: know what the lines mean.
//! Data: bytes from the connection; whole lines and whole mails to the session.
//! Source: RFC 5321 sections 4.5.2 and 4.5.3.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// The largest mail taken.
pub(crate) const MAX_MAIL_BYTES: usize = 30 * 1024 * 1024;
const MAX_LINE_BYTES: u64 = 4096;
const CHUNK_BYTES: u64 = 64 * 1024;
const IDLE: Duration = Duration::from_mins(5);

/// A command line without its end; `None` when the client is gone or sent one too long to be a command.
pub(crate) async fn line(reader: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    chunk(reader, MAX_LINE_BYTES, &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// A mail up to its final dot, unstuffed; `None` when it was over the cap (it is read to its end all the same).
/// Only a dot between two CRLFs ends it, so a bare line feed cannot smuggle in a second mail.
pub(crate) async fn mail(reader: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Vec<u8>>> {
    let (mut mail, mut piece) = (Vec::new(), Vec::new());
    let (mut line_starts, mut over) = (true, false);
    loop {
        piece.clear();
        if chunk(reader, CHUNK_BYTES, &mut piece).await? == 0 {
            return Err(Error::from(ErrorKind::UnexpectedEof));
        }
        if line_starts && piece == b".\r\n" {
            return Ok((!over).then_some(mail));
        }
        let content = if line_starts { piece.strip_prefix(b".").unwrap_or(&piece) } else { &piece };
        over = over || mail.len() + content.len() > MAX_MAIL_BYTES;
        if over {
            mail = Vec::new();
        } else {
            mail.extend_from_slice(content);
        }
        line_starts = piece.ends_with(b"\r\n");
    }
}

async fn chunk(reader: &mut (impl AsyncBufRead + Unpin), limit: u64, into: &mut Vec<u8>) -> Result<usize> {
    let mut limited = reader.take(limit);
    let reading = limited.read_until(b'\n', into);
    tokio::time::timeout(IDLE, reading).await.map_err(|_| Error::from(ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn unstuffs_dots_and_ends_only_at_a_lone_dot() {
        let mut wire: &[u8] = b"Subject: x\r\n\r\n..dot\r\n.\nstill\r\n...\r\n.\r\nQUIT\r\n";
        let mail = mail(&mut wire).await.ok().flatten();
        assert_eq!(mail.as_deref(), Some(b"Subject: x\r\n\r\n.dot\r\n\nstill\r\n..\r\n".as_slice()));
        assert_eq!(line(&mut wire).await.ok().flatten().as_deref(), Some(b"QUIT".as_slice()));
    }

    #[tokio::test]
    async fn a_mail_over_the_cap_is_read_and_dropped() {
        let mut bytes = vec![b'a'; MAX_MAIL_BYTES + 10];
        bytes.extend_from_slice(b"\r\n.\r\nNOOP\r\n");
        let mut wire = bytes.as_slice();
        assert!(matches!(mail(&mut wire).await, Ok(None)));
        assert_eq!(line(&mut wire).await.ok().flatten().as_deref(), Some(b"NOOP".as_slice()));
    }
}
