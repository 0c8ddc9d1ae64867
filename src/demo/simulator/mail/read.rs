//! A mail, read as a mail client would show it.
//!
//! Owns: picking the parts of a raw mail that people and replies need. Must not: know mailboxes, or send.
//! Data: raw bytes in; a `Letter` out.
//! Source: RFC 5322; RFC 8058 for one-press unsubscribing.

use chrono::{DateTime, Utc};
use mail_parser::{Address, HeaderValue, Message, MessageParser, MimeHeaders};

const SNIPPET_CHARS: usize = 140;

/// The parts of a mail.
#[derive(Debug, Default, Clone)]
pub(crate) struct Letter {
    pub(crate) from: Option<String>,
    pub(crate) from_name: Option<String>,
    /// Where an answer should go, when not to `from`.
    pub(crate) answer_to: Option<String>,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// Without angle brackets.
    pub(crate) message_id: Option<String>,
    pub(crate) references: Vec<String>,
    pub(crate) date: Option<DateTime<Utc>>,
    pub(crate) attachments: Vec<Attachment>,
    /// Where one press leaves the list.
    pub(crate) one_click: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

/// A file that came with a mail.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: usize,
}

/// Reads whatever can be read; bytes that are no mail give an empty letter.
pub(crate) fn read(raw: &[u8]) -> Letter {
    MessageParser::default().parse(raw).map(|message| letter(&message)).unwrap_or_default()
}

fn letter(message: &Message<'_>) -> Letter {
    Letter {
        from: message.from().and_then(first),
        from_name: message.from().and_then(|from| from.first()?.name().map(str::to_owned)),
        answer_to: message.reply_to().and_then(first),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        message_id: message.message_id().map(str::to_owned),
        references: ids(message.references()),
        date: message.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0)),
        attachments: message.attachments().map(attachment).collect(),
        one_click: one_click(message),
        headers: message.headers_raw().map(|(name, value)| (name.to_owned(), unfolded(value))).collect(),
    }
}

fn first(address: &Address<'_>) -> Option<String> {
    address.iter().find_map(|each| each.address()).map(str::to_owned)
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(ids) => ids.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn attachment(part: &mail_parser::MessagePart<'_>) -> Attachment {
    let kind = part.content_type().map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")));
    Attachment {
        name: part.attachment_name().unwrap_or("unnamed").to_owned(),
        content_type: kind.unwrap_or_else(|| "application/octet-stream".to_owned()),
        bytes: part.len(),
    }
}

/// Both headers are needed, and a web address among the ways to leave.
fn one_click(message: &Message<'_>) -> Option<String> {
    let post = unfolded(message.header_raw("List-Unsubscribe-Post")?);
    if !post.eq_ignore_ascii_case("List-Unsubscribe=One-Click") {
        return None;
    }
    let ways = unfolded(message.header_raw("List-Unsubscribe")?);
    let ways = ways.split(',').map(|way| way.trim().trim_start_matches('<').trim_end_matches('>'));
    ways.filter(|way| way.starts_with("https://") || way.starts_with("http://")).map(str::to_owned).next()
}

fn unfolded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Letter {
    /// The start of the text, on one line.
    pub(crate) fn snippet(&self) -> String {
        let line = self.text.split_whitespace().take(60).collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SNIPPET_CHARS) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
            None => line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn reads_what_a_reply_and_an_unsubscribe_need() {
        let raw = b"From: Derbyshire Alert <a@alert.example>\r\nReply-To: <a+k7q2m@alert.example>\r\nTo: b@c.example\r\nSubject: Van\r\n\
            Message-ID: <1@alert.example>\r\nReferences: <root@alert.example>\r\nList-Unsubscribe: <mailto:x@alert.example>,\r\n <http://127.0.0.1/u/9>\r\n\
            List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nSeen\r\na van?\r\n";
        let letter = read(raw);
        assert_eq!(letter.from.as_deref(), Some("a@alert.example"));
        assert_eq!(letter.answer_to.as_deref(), Some("a+k7q2m@alert.example"));
        assert_eq!(letter.message_id.as_deref(), Some("1@alert.example"));
        assert_eq!(letter.references, ["root@alert.example"]);
        assert_eq!(letter.one_click.as_deref(), Some("http://127.0.0.1/u/9"));
        assert_eq!(letter.snippet(), "Seen a van?");
        assert_eq!(read(b"").subject, "");
    }
}
