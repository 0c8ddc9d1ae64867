//! `[pure]` `conversation.json`: all that was said in a conversation, by whom, when, and how it was tied; for programs, and the
//! source of the PDF. docs/evidence.md says what each field means; a new meaning takes a new `schema`.

use serde::{Deserialize, Serialize};

use crate::domain::At;

/// The schema that is written today.
pub const SCHEMA: &str = "huecry-conversation-1";

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// `huecry-conversation-1`.
    pub schema: String,
    /// About the export itself.
    pub export: Export,
    /// About the conversation.
    pub conversation: Conversation,
    /// What was said, in order.
    pub messages: Vec<Message>,
    /// Copies with something taken out.
    pub working_copies: Vec<WorkingCopy>,
    /// What happened to the conversation, in order.
    pub events: Vec<Event>,
    /// How far the audit log was sealed when this was made, as `SEQ:HASH`.
    pub audit_head: String,
}

/// About the export itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Export {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made_at: At,
    /// Who asked for it.
    pub made_by: String,
    /// Whose system.
    pub force: String,
}

/// About the conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// When it began.
    pub began_at: At,
    /// `open` or `closed`.
    pub status: String,
    /// With whom.
    pub with: Correspondent,
    /// Our number or mailbox.
    pub our_address: String,
    /// How sure the tie to the alert is.
    pub certainty: String,
    /// The alert, if it is tied to one.
    pub alert: Option<Alert>,
}

/// With whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Correspondent {
    /// `phone` or `email`.
    pub kind: String,
    /// The number or address.
    pub address: String,
    /// As they registered or signed, if they did.
    pub name: Option<String>,
}

/// The alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Five characters.
    pub reference: String,
    /// Its title.
    pub title: String,
    /// The text that went out on this channel.
    pub text: String,
    /// When it went out.
    pub published_at: Option<At>,
}

/// One message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Its place, from 1 on: its files' names begin with it.
    pub number: usize,
    /// Its id.
    pub id: String,
    /// `in` or `out`; `note` for what was not sent.
    pub direction: String,
    /// What kind of message it was taken for.
    pub class: String,
    /// When it came in or was written.
    pub at: At,
    /// `sms` or `email`.
    pub channel_kind: String,
    /// The officer who wrote it.
    pub officer: Option<String>,
    /// Of a mail.
    pub subject: Option<String>,
    /// What the person wrote.
    pub text: String,
    /// Quotes and signatures that the page folds away.
    pub folded: String,
    /// How it was tied to the alert.
    pub method: String,
    /// How sure that is.
    pub confidence: String,
    /// Why.
    pub evidence: String,
    /// The exhibit's reference, if it is one.
    pub exhibit: Option<String>,
    /// What became of it on its way out.
    pub delivery: Option<Delivery>,
    /// The bytes as they came in.
    pub original: Option<Original>,
    /// Its files.
    pub attachments: Vec<Attachment>,
}

/// What became of a message on its way out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// A status word.
    pub status: String,
    /// When the carrier took it.
    pub accepted_at: Option<At>,
    /// When the last word on it came.
    pub finished_at: Option<At>,
}

/// The bytes as they came in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Original {
    /// The body, in the ZIP.
    pub file: String,
    /// SHA-256 of the body, taken when it came in.
    pub sha256: String,
    /// The request's or envelope's headers, in the ZIP.
    pub headers_file: String,
    /// Where it came to, in the ZIP: path and query, or the mailbox. A text that came by GET is all in there.
    #[serde(default)]
    pub target_file: Option<String>,
    /// When it came in.
    pub received_at: At,
    /// What the audit log has of it; none for what came in before that was noted.
    #[serde(default)]
    pub noted: Option<Noted>,
}

/// What the audit log has of an original, and all that its seal covers besides the files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Noted {
    /// The entry's id, in `audit.jsonl`.
    pub entry: i64,
    /// The original's own.
    pub envelope: i64,
    /// The channel's name.
    pub channel: String,
    /// `sms_inbound` or `email`.
    pub kind: String,
    /// In hexadecimal.
    pub salt: String,
    /// When it came in, in microseconds since 1970.
    pub received_at_us: i64,
    /// In hexadecimal.
    pub seal: String,
}

/// A file of a message.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// Its place in the message, from 1 on.
    pub number: i64,
    /// As the sender named it.
    pub name: String,
    /// In the ZIP.
    pub file: String,
    /// By its bytes where they tell.
    pub content_type: String,
    /// Its size.
    pub size_bytes: i64,
    /// SHA-256, taken when it came in.
    pub sha256: String,
    /// `unscanned`, `clean`, `infected`.
    pub scan: String,
    /// The exhibit's reference, if it is one.
    pub exhibit: Option<String>,
}

/// A copy with something taken out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkingCopy {
    /// Of which message, by its number.
    pub message: usize,
    /// Of which file of it; none for its words.
    pub attachment: Option<i64>,
    /// In the ZIP.
    pub file: String,
    /// SHA-256 of the copy.
    pub sha256: String,
    /// What was done.
    pub done: String,
    /// By whom.
    pub by: String,
    /// When.
    pub made_at: At,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: At,
    /// By whom, if an officer did it.
    pub by: Option<String>,
    /// A word for it.
    pub kind: String,
    /// A sentence.
    pub detail: String,
}
