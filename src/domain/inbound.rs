//! `[pure]` What a provider's bytes say once they are parsed: provider words end here.

use super::At;
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
    /// The vendor asks us to confirm that its messages may come here, by fetching this address.
    Confirm {
        /// Checked to be the vendor's own.
        url: String,
    },
    /// Something about the channel that an administrator must know.
    Notice {
        /// What happened and what to do.
        detail: String,
    },
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
    /// When it reached the provider, by the provider's clock, if it says so.
    pub sent_at: Option<At>,
    /// Which part of a longer text this is, where the vendor does not join them.
    pub part: Option<TextPartOf>,
}

/// A part of a longer text (3GPP TS 23.040, 9.2.3.24.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPartOf {
    /// What all parts of one text share; the phone counts it up and begins anew at 256 or 65,536.
    pub reference: String,
    /// How many there are.
    pub total: i64,
    /// Which one this is, from 1.
    pub number: i64,
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

/// A readable part of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextPart {
    /// text/plain.
    Plain(String, Flow),
    /// text/html.
    Html(String),
}

/// How a text/plain part may be folded (RFC 3676).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// `format=flowed`.
    pub flowed: bool,
    /// `delsp=yes`: the blank at the end of a flowed line was put in by the mail program.
    pub del_sp: bool,
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
    /// The readable parts, in order: HTML where there is a choice, since it tells more of what is quoted.
    pub parts: Vec<TextPart>,
    /// Files, in order.
    pub attachments: Vec<MailAttachment>,
    /// Every header in order, names in lower case, values unfolded.
    pub headers: Vec<(String, String)>,
    /// The media type of the whole mail, such as `multipart/report`.
    pub content_type: String,
    /// The report-type parameter, if the mail is a report.
    pub report_type: Option<String>,
    /// The message/delivery-status part of a bounce.
    pub delivery_status: Option<String>,
    /// The message/feedback-report part of a complaint (RFC 5965).
    pub feedback_report: Option<String>,
    /// The message/disposition-notification part of a read receipt (RFC 8098).
    pub disposition: Option<String>,
    /// The method of a calendar part, in capitals: REPLY answers an invitation.
    pub calendar_method: Option<String>,
    /// Head and first words of a mail that is enclosed in this one.
    pub returned: Option<String>,
    /// Number of Received headers: more than 20 is a loop.
    pub received_count: usize,
}

impl std::fmt::Debug for ParsedMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ParsedMail({} parts, {} attachments)", self.parts.len(), self.attachments.len())
    }
}

impl ParsedMail {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl ParsedMail {
    /// All readable words without mark-up, for machines' notices: where nobody's quote must be told apart.
    pub fn plain_words(&self) -> String {
        let mut words = String::new();
        for part in &self.parts {
            if words.len() > LONGEST_NOTICE {
                break;
            }
            match part {
                TextPart::Plain(text, _) => words.push_str(first_of(text)),
                TextPart::Html(text) => words.push_str(&without_tags(first_of(text))),
            }
            words.push('\n');
        }
        words
    }
}

/// No notice is longer.
const LONGEST_NOTICE: usize = 60_000;

fn first_of(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST_NOTICE)).unwrap_or(text)
}

/// Text between tags, blocks on lines of their own. For reading notices; what people wrote is read by `normalise`.
fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut rest = html;
    let lower = html.to_ascii_lowercase();
    while let Some(open) = rest.find('<') {
        out.push_str(rest.get(..open).unwrap_or_default());
        let tag = rest.get(open..).unwrap_or_default();
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let name: String = tag.chars().skip(1).skip_while(|c| *c == '/').take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if matches!(name.as_str(), "br" | "p" | "div" | "tr" | "li" | "table" | "td" | "h1" | "h2" | "h3" | "blockquote") {
            out.push('\n');
        }
        rest = tag.get(end..).unwrap_or_default();
        if matches!(name.as_str(), "style" | "script" | "head") && !tag.starts_with("</") {
            let close = format!("</{name}");
            let here = html.len() - rest.len();
            rest = lower.get(here..).and_then(|below| below.find(&close)).and_then(|at| rest.get(at..)).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&")
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
    /// Put in by a program, such as a logo in a signature.
    pub decorative: bool,
    /// By which HTML shows it (RFC 2392), without brackets.
    pub content_id: Option<String>,
}

impl std::fmt::Debug for MailAttachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailAttachment({} bytes)", self.bytes.len())
    }
}
