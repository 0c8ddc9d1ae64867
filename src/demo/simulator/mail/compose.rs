//! What a person writes, put together as a common mail client would.
//!
//! Owns: headers of a reply, the quotation under it, attachments. Must not: send, or look anything up.
//! Data: a draft in; a raw mail out.
//! Source: RFC 5322 section 3.6.4 for In-Reply-To and References.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};

use super::super::clock;
use super::read::Letter;

/// A mail to be written.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) enclosures: Vec<Enclosure>,
    /// The mail this answers.
    pub(crate) answers: Option<Letter>,
}

/// A file to go with it.
#[derive(Debug)]
pub(crate) struct Enclosure {
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Vec<u8>,
}

/// Writes the mail.
pub(crate) fn compose(draft: &Draft, at: DateTime<Utc>) -> anyhow::Result<Vec<u8>> {
    let from = Mailbox::new(draft.name.clone(), draft.from.parse()?);
    let domain = from.email.domain().to_owned();
    let mut builder = Message::builder()
        .from(from)
        .to(Mailbox::new(None, draft.to.parse()?))
        .subject(draft.subject.clone())
        .date(SystemTime::from(at))
        .message_id(Some(format!("<{:032x}.{}@{domain}>", rand::random::<u128>(), at.timestamp())));
    if let Some((id, references)) = draft.answers.as_ref().and_then(thread) {
        builder = builder.in_reply_to(id).references(references);
    }
    let text = SinglePart::plain(body(draft));
    let message = if draft.enclosures.is_empty() {
        builder.singlepart(text)?
    } else {
        let parts = draft.enclosures.iter().map(enclosure);
        builder.multipart(parts.fold(MultiPart::mixed().singlepart(text), MultiPart::singlepart))?
    };
    Ok(message.formatted())
}

/// The subject of an answer.
pub(crate) fn answering_subject(subject: &str) -> String {
    let answered = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if answered { subject.to_owned() } else { format!("Re: {subject}") }
}

fn thread(letter: &Letter) -> Option<(String, String)> {
    let id = format!("<{}>", letter.message_id.as_ref()?);
    let earlier = letter.references.iter().map(|reference| format!("<{reference}>"));
    let references = earlier.chain([id.clone()]).collect::<Vec<_>>().join(" ");
    Some((id, references))
}

fn body(draft: &Draft) -> String {
    let own = draft.text.lines().collect::<Vec<_>>().join("\r\n");
    let Some(letter) = &draft.answers else { return format!("{own}\r\n") };
    let address = letter.from.as_deref().unwrap_or_default();
    let name = letter.from_name.as_deref().unwrap_or(address);
    let on = letter.date.map(|date| format!("On {}, ", clock::quoted(date))).unwrap_or_default();
    let quoted: String = letter.text.lines().map(|line| if line.is_empty() { ">\r\n".to_owned() } else { format!("> {line}\r\n") }).collect();
    format!("{own}\r\n\r\n{on}{name} <{address}> wrote:\r\n\r\n{quoted}")
}

fn enclosure(file: &Enclosure) -> SinglePart {
    Attachment::new(file.name.clone()).body(file.bytes.clone(), kind(&file.content_type))
}

fn kind(content_type: &str) -> ContentType {
    ContentType::parse(content_type).or_else(|_| ContentType::parse("application/octet-stream")).unwrap_or(ContentType::TEXT_PLAIN)
}
