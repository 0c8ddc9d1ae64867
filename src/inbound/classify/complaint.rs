//! `[pure]` Complaints: abuse feedback reports (RFC 5965) and the forms that providers send beside them.

use super::{MailClass, MailVerdict};
use crate::domain::inbound::ParsedMail;

/// Whether somebody pressed "this is spam" on a mail of ours.
pub(super) fn read(mail: &ParsedMail) -> Option<MailVerdict> {
    if let Some(report) = &mail.feedback_report {
        let kind = field(report, "feedback-type").unwrap_or_default().to_ascii_lowercase();
        return Some(match kind.as_str() {
            // No person complained: a server failed to prove who we are, or somebody took it back.
            "auth-failure" | "not-spam" => MailVerdict::new(MailClass::Automated, format!("a feedback report of type {kind}")),
            _ => MailVerdict::new(MailClass::Complaint, format!("an abuse feedback report of type {kind} (RFC 5965)")),
        });
    }
    if mail.report_type.as_deref() == Some("feedback-report") {
        return Some(MailVerdict::new(MailClass::Complaint, "an abuse feedback report without its machine part"));
    }
    let subject = mail.subject.to_ascii_lowercase();
    // Outlook.com's junk mail reporting: a bare enclosed mail under this subject.
    if subject.starts_with("complaint about message from") && mail.returned.is_some() {
        return Some(MailVerdict::new(MailClass::Complaint, "Outlook.com's complaint about a message"));
    }
    let head = mail.returned.as_deref().unwrap_or_default();
    if head.contains("X-HmXmrOriginalRecipient") {
        return Some(MailVerdict::new(MailClass::Complaint, "Outlook.com's complaint about a message"));
    }
    // An abuse desk forwards the offending message in words.
    let desk = ["abuse", "spamcop", "fbl", "feedback"].iter().any(|word| mail.from.to_ascii_lowercase().contains(word))
        || subject.starts_with("[spamcop")
        || subject.contains("abusedesk");
    let text = mail.plain_words().to_ascii_lowercase();
    let offends = ["[ offending message ]", "offending message", "this is an email abuse report", "reported as spam", "spam complaint", "abuse report for"]
        .iter()
        .any(|words| text.contains(words) || subject.contains(words));
    // It shows what offended, head and all.
    let encloses = mail.returned.is_some() || text.contains("\nreceived:") && text.contains("\nmessage-id:");
    (desk && offends && encloses).then(|| MailVerdict::new(MailClass::Complaint, "an abuse desk's report in words"))
}

fn field(report: &str, name: &str) -> Option<String> {
    report.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned()))
}
