//! `[pure]` Machines that neither answer for a person nor return a mail: receipts, calendars, figures, doorkeepers.

use std::sync::LazyLock;

use super::{MailClass, MailVerdict};
use crate::domain::inbound::ParsedMail;
use crate::inbound::phrases::{self, Phrases};

/// By a part that only machines send.
pub(super) fn by_content_type(mail: &ParsedMail) -> Option<MailVerdict> {
    let automated = |reason: &str| Some(MailVerdict::new(MailClass::Automated, reason));
    if mail.disposition.is_some() || mail.report_type.as_deref() == Some("disposition-notification") {
        return automated("a read receipt (RFC 8098)");
    }
    if mail.calendar_method.as_deref().is_some_and(|method| matches!(method, "REPLY" | "COUNTER" | "DECLINECOUNTER" | "CANCEL")) {
        return automated("a calendar's answer to an invitation (RFC 5546)");
    }
    if mail.report_type.as_deref() == Some("tlsrpt") {
        return automated("a report on TLS (RFC 8460)");
    }
    let subject = mail.subject.to_ascii_lowercase();
    let is_figures = subject.contains("report domain:") && subject.contains("submitter:") || subject.starts_with("[preview] report domain:");
    if is_figures
        && mail
            .attachments
            .iter()
            .any(|file| ["zip", "gzip", "xml"].iter().any(|kind| file.content_type.contains(kind) || file.filename.to_ascii_lowercase().ends_with(kind)))
    {
        return automated("a DMARC aggregate report (RFC 7489)");
    }
    None
}

/// Subjects that read receipts and calendars write where they send no machine part.
static RECEIPTS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/automated_receipts.txt")));

/// By words that no person writes.
pub(super) fn by_words(mail: &ParsedMail, words: &str) -> Option<MailVerdict> {
    let (subject, text) = (mail.subject.to_lowercase(), words.to_lowercase());
    let was_read = RECEIPTS.iter().any(|start| subject.starts_with(start))
        && ["was read on", "wurde am", "a été lu", "fue leído", "è stato letto", "is gelezen", "has been displayed", "foi lida", "this receipt"]
            .iter()
            .any(|words| text.contains(words));
    if was_read {
        return Some(MailVerdict::new(MailClass::Automated, "a read receipt without its machine part"));
    }
    let asks = ["requires verification", "verify#", "please confirm your message", "spamarrest", "confirm that you are human", "challenge"]
        .iter()
        .any(|words| subject.contains(words))
        || mail.header("x-autorespond").is_some_and(|value| value.to_ascii_lowercase().contains("boxtrapper"));
    // A person may paste such words to ask about them.
    let marked = mail.header("auto-submitted").is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"))
        || mail.header("x-autorespond").is_some()
        || mail.header("precedence").is_some()
        || mail.return_path.as_deref() == Some("");
    // Looked for only then: it means reading the whole mail again and again.
    let to_whom = || {
        [
            "real live human",
            "verify that you",
            "verify yourself",
            "confirm your message",
            "click the link below to",
            "complete this verification",
            "approved senders",
            "approved sender list",
            "spam source",
            "not a spammer",
        ]
        .iter()
        .filter(|words| text.contains(**words))
        .count()
    };
    if marked && to_whom() >= if asks { 1 } else { 2 } {
        return Some(MailVerdict::new(MailClass::Automated, "a doorkeeper that asks the sender to prove themselves"));
    }
    let generated = mail
        .header("auto-submitted")
        .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("auto-generated") || value.trim().to_ascii_lowercase().starts_with("auto-notified"));
    let answers = !mail.in_reply_to.is_empty() || super::auto_reply::says_received(&subject, &text) || super::auto_reply::says_away(&subject, &text);
    if generated && !answers && mail.header("x-ms-exchange-inbox-rules-loop").is_none() {
        return Some(MailVerdict::new(MailClass::Automated, "Auto-Submitted: auto-generated, and it answers nothing"));
    }
    None
}
