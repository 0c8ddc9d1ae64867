//! Texts, mails and addresses as they are shown.
//!
//! Owns: wording of states, links inside texts, how numbers are written. Must not: read the ledger.
//! Data: texts and mails in; what templates print out.

use super::super::clock::{self, When};
use super::super::ledger::Webhook;
use super::super::ledger::mails::Mail;
use super::super::ledger::texts::{Carriage, Direction, Text};

/// A piece of text, perhaps a link.
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) href: Option<String>,
}

/// One text in a thread.
pub(crate) struct Bubble {
    pub(crate) sid: String,
    pub(crate) sent: bool,
    pub(crate) ours: String,
    pub(crate) runs: Vec<Run>,
    pub(crate) when: When,
    pub(crate) state: String,
    pub(crate) trouble: bool,
}

/// One line of a mailbox.
pub(crate) struct MailLine {
    pub(crate) id: u64,
    pub(crate) sent: bool,
    pub(crate) href: String,
    pub(crate) who: String,
    pub(crate) other: String,
    pub(crate) subject: String,
    pub(crate) snippet: String,
    pub(crate) when: When,
    pub(crate) state: String,
    pub(crate) trouble: bool,
    pub(crate) current: bool,
}

/// A text, for a thread.
pub(crate) fn bubble(text: &Text) -> Bubble {
    let sent = text.direction == Direction::Out;
    let state = if sent { sent_state(text.webhook) } else { received_state(text) };
    Bubble {
        sid: text.sid.clone(),
        sent,
        ours: display_number(&text.ours),
        runs: runs(&text.body),
        when: clock::when(text.at),
        trouble: is_trouble(text.webhook) || text.carriage == Carriage::Undelivered,
        state,
    }
}

/// A mail, for a list.
pub(crate) fn mail_line(mail: &Mail, current: Option<u64>) -> MailLine {
    let sent = mail.direction == Direction::Out;
    MailLine {
        id: mail.id,
        sent,
        href: format!("{}?mail={}", mailbox_href(&mail.mailbox), mail.id),
        who: mail.who.clone(),
        other: mail.other.clone(),
        subject: if mail.subject.is_empty() { "(no subject)".to_owned() } else { mail.subject.clone() },
        snippet: mail.snippet.clone(),
        when: clock::when(mail.at),
        state: if sent { sent_state(mail.webhook) } else { String::new() },
        trouble: is_trouble(mail.webhook),
        current: current == Some(mail.id),
    }
}

/// What became of something the person sent.
pub(crate) fn sent_state(webhook: Webhook) -> String {
    match webhook {
        Webhook::NotAsked => String::new(),
        Webhook::Waiting => "Sending…".to_owned(),
        Webhook::Taken(_) => "Sent".to_owned(),
        Webhook::Refused(status) => format!("Not taken: the gateway answered {status}"),
        Webhook::Unreachable => "Not taken: the gateway did not answer".to_owned(),
    }
}

fn received_state(text: &Text) -> String {
    match (text.carriage, text.webhook) {
        (Carriage::Undelivered, _) => "Reported as not delivered".to_owned(),
        (_, Webhook::Refused(status)) => format!("Receipt not taken: the gateway answered {status}"),
        (_, Webhook::Unreachable) => "Receipt not taken: the gateway did not answer".to_owned(),
        _ => String::new(),
    }
}

/// Whether something is to be looked at.
pub(crate) fn is_trouble(webhook: Webhook) -> bool {
    matches!(webhook, Webhook::Refused(_) | Webhook::Unreachable)
}

/// Text with its web addresses as links.
pub(crate) fn runs(text: &str) -> Vec<Run> {
    let plain = |text: &str| Run { text: text.to_owned(), href: None };
    let (mut runs, mut rest) = (Vec::new(), text);
    while let Some(start) = ["http://", "https://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, link) = rest.split_at(start);
        let end = link.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(link.len());
        let link = link.get(..end).unwrap_or(link).trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
        if !before.is_empty() {
            runs.push(plain(before));
        }
        runs.push(Run { text: link.to_owned(), href: Some(link.to_owned()) });
        rest = rest.get(start + link.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        runs.push(plain(rest));
    }
    runs
}

/// A British mobile number in groups; any other as it is.
pub(crate) fn display_number(number: &str) -> String {
    match number.strip_prefix("+44").and_then(|rest| rest.split_at_checked(4)) {
        Some((area, line)) if line.len() == 6 => format!("+44 {area} {line}"),
        _ => number.to_owned(),
    }
}

/// Where a phone is shown.
pub(crate) fn phone_href(number: &str) -> String {
    format!("/phones/{}", segment(number))
}

/// Where a mailbox is shown.
pub(crate) fn mailbox_href(address: &str) -> String {
    format!("/mailboxes/{}", segment(address))
}

/// A value as it stands in an address.
pub(crate) fn segment(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// A size for people.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_without_their_full_stop() {
        let found = runs("See http://127.0.0.1:8080/a?b=1. Or https://x.example/y\nReply STOP");
        let shown: Vec<_> = found.iter().map(|run| (run.text.as_str(), run.href.is_some())).collect();
        assert_eq!(shown, [("See ", false), ("http://127.0.0.1:8080/a?b=1", true), (". Or ", false), ("https://x.example/y", true), ("\nReply STOP", false)]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(display_number("+447700900123"), "+44 7700 900123");
        assert_eq!(display_number("+33123456789"), "+33123456789");
    }
}
