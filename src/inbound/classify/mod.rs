//! `[pure]` What kind of message something is, with the reason. One file a classifier.

pub mod auto_reply;
pub mod automated;
pub mod bounce;
pub mod complaint;
pub mod learned;
pub mod opt_out;
pub mod urgency;

use crate::domain::address::without_detail;
use crate::domain::inbound::ParsedMail;

crate::words! {
    /// What a mail is.
    MailClass {
        /// A person wrote it.
        Reply = "reply",
        /// Perhaps a machine, with something in it that a person should read.
        ProbableAutoReply = "probable_auto_reply",
        /// A machine answered for somebody.
        AutoReply = "auto_reply",
        /// A report that a mail did not arrive.
        Bounce = "bounce",
        /// Somebody called our mail abuse.
        Complaint = "complaint",
        /// Another machine's mail: a receipt, a calendar answer, a notice of delay, a report of figures.
        Automated = "automated",
        /// Our own mail came back to us, or mail that goes round.
        Loop = "loop",
    }
}

impl MailClass {
    /// Whether an officer gets to see it.
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Reply | Self::ProbableAutoReply)
    }
}

/// A class and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailVerdict {
    /// The class.
    pub class: MailClass,
    /// The rules that fired, in words.
    pub reasons: Vec<String>,
    /// What a report says of each recipient.
    pub fates: Vec<bounce::Fate>,
}

impl MailVerdict {
    fn new(class: MailClass, reason: impl Into<String>) -> Self {
        Self { class, reasons: vec![reason.into()], fates: Vec::new() }
    }

    /// The reasons as one sentence.
    pub fn reason(&self) -> String {
        self.reasons.join("; ")
    }
}

/// Classifies a mail by its headers and what the person wrote in it; `ours` tells whether a token names one of our own
/// deliveries.
pub fn mail(mail: &ParsedMail, words: &str, ours: impl Fn(&str) -> bool) -> MailVerdict {
    // What kind it is shows at the beginning.
    let words = words.get(..words.floor_char_boundary(FIRST_WORDS)).unwrap_or(words);
    if mail.header("x-huecry-loop").is_some_and(ours) {
        return MailVerdict::new(MailClass::Loop, "it carries our own loop mark");
    }
    if mail.received_count > MOST_RECEIVED {
        return MailVerdict::new(MailClass::Loop, format!("it has {} Received headers", mail.received_count));
    }
    if let Some(verdict) = bounce::report(mail).or_else(|| complaint::read(mail)).or_else(|| automated::by_content_type(mail)) {
        return verdict;
    }
    if comes_from_us(mail) {
        return MailVerdict::new(MailClass::Loop, "its author is the address that it is to");
    }
    let answered = auto_reply::detect(mail, words);
    // An out-of-office from postmaster@ is no bounce: it says so itself.
    if !answered.as_ref().is_some_and(|answer| answer.away)
        && let Some(verdict) = bounce::in_words(mail)
    {
        return verdict;
    }
    if let Some(verdict) = automated::by_words(mail, words) {
        return verdict;
    }
    match answered {
        Some(answer) if answer.sure => MailVerdict::new(MailClass::AutoReply, answer.reason),
        Some(answer) => MailVerdict::new(MailClass::ProbableAutoReply, answer.reason),
        None => MailVerdict::new(MailClass::Reply, "nothing marks it as a machine's"),
    }
}

/// How much of a mail is looked through for phrases.
const FIRST_WORDS: usize = 32_000;

/// A mail from there to here passes through fewer servers than that; loops do not (email.md, recommended precedence 0).
const MOST_RECEIVED: usize = 25;

/// The author is the address that it was delivered to, or the one before the plus of an address it is to.
fn comes_from_us(mail: &ParsedMail) -> bool {
    if mail.from.is_empty() {
        return false;
    }
    let author = without_detail(&mail.from);
    let delivered = ["delivered-to", "x-original-to", "envelope-to"].into_iter().filter_map(|name| mail.header(name));
    let tagged = mail.recipients.iter().map(String::as_str).filter(|address| address.contains('+'));
    delivered.chain(tagged).any(|address| without_detail(address) == author)
}
