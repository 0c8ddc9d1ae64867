//! `[pure]` What a provider's bytes say once they are parsed: provider words end here.

use super::delivery::Status;

/// One thing that a webhook or a mail tells us.
#[derive(Clone, Debug)]
pub enum InboundEvent {
    /// Somebody texted one of our numbers.
    Text(InboundText),
    /// A carrier's later word on one of our hand-overs.
    Receipt(InboundReceipt),
    /// A mail.
    Mail(Box<ParsedMail>),
}

/// An inbound text.
#[derive(Clone)]
pub struct InboundText {
    /// Their number as the provider gave it.
    pub from: String,
    /// Our number, E.164.
    pub to: String,
    /// What they wrote.
    pub text: String,
    /// URLs of pictures, if the provider sends any.
    pub media_urls: Vec<String>,
}

impl std::fmt::Debug for InboundText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InboundText({} bytes)", self.text.len())
    }
}

/// A delivery receipt, in our words and theirs.
#[derive(Clone, Debug)]
pub struct InboundReceipt {
    /// The provider's id of the hand-over.
    pub provider_message_id: String,
    /// Our own delivery id, if we could put it in the callback's URL.
    pub delivery_id: Option<i64>,
    /// The provider's status word, kept as received.
    pub provider_status: String,
    /// Ours; `None` if the word is not in the provider's table (stored, counted, never guessed).
    pub status: Option<Status>,
    /// The provider's error code.
    pub error_code: Option<String>,
}

/// A mail, understood as far as MIME goes.
#[derive(Clone, Default)]
pub struct ParsedMail {
    /// The single From address; empty if there is none or more than one.
    pub from: String,
    /// The display name beside it.
    pub from_name: String,
    /// Envelope sender, if the transport told us; `Some("")` is the null return path.
    pub return_path: Option<String>,
    /// Addresses from envelope and delivery headers, most trusted first, then To and Cc.
    pub recipients: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Every id in In-Reply-To.
    pub in_reply_to: Vec<String>,
    /// References, newest first, at most 50.
    pub references: Vec<String>,
    /// The readable body: text/plain, or HTML turned into text.
    pub text: String,
    /// Files, in order.
    pub attachments: Vec<MailAttachment>,
    /// The headers that tell machines from people, names in lower case.
    pub machine_headers: Vec<(String, String)>,
    /// The media type of the whole mail, such as `multipart/report`.
    pub content_type: String,
    /// The report-type parameter, if the mail is a report.
    pub report_type: Option<String>,
    /// The message/delivery-status part of a bounce.
    pub delivery_status: Option<String>,
    /// Number of Received headers: more than 20 is a loop.
    pub received_count: usize,
}

impl std::fmt::Debug for ParsedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ParsedMail({} bytes, {} attachments)", self.text.len(), self.attachments.len())
    }
}

impl ParsedMail {
    /// The first machine header of this name.
    pub fn machine_header(&self, name: &str) -> Option<&str> {
        self.machine_headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A file in a mail, decoded.
#[derive(Clone)]
pub struct MailAttachment {
    /// Cleaned of paths and control characters.
    pub filename: String,
    /// As the mail declares it.
    pub content_type: String,
    /// Decoded bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for MailAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailAttachment({} bytes)", self.bytes.len())
    }
}
