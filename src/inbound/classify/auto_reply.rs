//! `[pure]` Machines that answer: RFC 3834's header and the plainest of the vendors' marks. (The full version comes later.)

use crate::domain::inbound::ParsedMail;

/// Why this is a machine's answer; `None` if nothing says so.
///
/// `Auto-Submitted: no` is a person. `X-Auto-Response-Suppress` alone is not a mark (email.md, the ten things, 5).
pub fn detect(mail: &ParsedMail) -> Option<String> {
    if let Some(value) = mail.machine_header("auto-submitted") {
        let token = value.split([';', '(', ' ']).next().unwrap_or_default().trim().to_ascii_lowercase();
        if !token.is_empty() && token != "no" {
            return Some(format!("Auto-Submitted: {token}"));
        }
    }
    for name in ["x-autoreply", "x-autorespond"] {
        if mail.machine_header(name).is_some() {
            return Some(format!("it carries {name}"));
        }
    }
    if mail.machine_header("precedence").is_some_and(|value| value.trim().eq_ignore_ascii_case("auto_reply")) {
        return Some("Precedence: auto_reply".to_owned());
    }
    if mail.machine_header("x-auto-response-suppress").is_some() && mail.machine_header("x-ms-exchange-inbox-rules-loop").is_some() {
        return Some("an Exchange rule answered".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> ParsedMail {
        ParsedMail { machine_headers: vec![(name.to_owned(), value.to_owned())], ..ParsedMail::default() }
    }

    #[test]
    fn machines_are_known_by_their_header_and_people_are_not_taken_for_them() {
        assert!(detect(&with("auto-submitted", "auto-replied; owner-email=\"a@b.c\"")).is_some());
        assert!(detect(&with("auto-submitted", "Auto-Replied (vacation)")).is_some());
        assert!(detect(&with("auto-submitted", "no")).is_none());
        assert!(detect(&with("x-auto-response-suppress", "All")).is_none());
        assert!(detect(&with("precedence", "bulk")).is_none());
        assert!(detect(&ParsedMail::default()).is_none());
    }
}
