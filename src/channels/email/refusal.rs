//! `[pure]` What a relay's refusal means: by the command that was answered, the reply code (RFC 5321 section 4.2) and, where the
//! relay gives one, the enhanced status (RFC 3463).
//!
//! A relay that refuses *us* says so of each address alike: then everything waits and nobody's address is at fault.

use crate::channels::SendError;

/// What the relay was asked when it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To let us in: its greeting, EHLO, STARTTLS, AUTH.
    In,
    /// To take mail from our address: MAIL FROM.
    From,
    /// To take mail for theirs: RCPT TO.
    To,
    /// To take the mail: DATA and what follows.
    Mail,
}

/// Reads a refusal. `words` is the relay's sentence, which may quote the address and is not passed on.
pub(super) fn read(asked: Asked, code: u16, words: &str) -> SendError {
    let word = code.to_string();
    let status = enhanced(words);
    let theirs = matches!(status, Some((1, detail)) if !is_of_sender(detail)) || matches!(status, Some((2, _)));
    if !(500..600).contains(&code) {
        // A full or unknown mailbox, a domain that is not found, a first mail that is asked to come again: nothing for others to wait for.
        let one = asked == Asked::To && code != 421 && (theirs || matches!((code, status), (450 | 452, None)) || is_grey(words));
        return SendError { theirs: one, ..SendError::temporary(&word, "the mail relay asked to try later") };
    }
    match (asked, code) {
        (Asked::In, _) | (_, 530 | 534 | 535 | 538) => {
            SendError::misconfigured(&word, "the mail relay does not let us in: check smtp_user, smtp_password and smtp_tls")
        }
        (Asked::From, _) => SendError::misconfigured(&word, "the mail relay takes no mail from our address: check address, and what smtp_user may send as"),
        _ if theirs => SendError::permanent(&word, "the mail relay refused the address"),
        _ if is_ours(status, words) => {
            SendError::misconfigured(&word, "the mail relay does not let us send this: check the account, address, and its rules for relaying")
        }
        (Asked::To, 500 | 502..=504) => SendError::misconfigured(&word, "the mail relay does not take what we ask of it: check smtp_host and smtp_user"),
        (Asked::To, _) => SendError::refused(&word, "the mail relay refused it"),
        (Asked::Mail, _) => SendError::ours(&word, "the mail relay refused the mail itself: check its rules for size and content"),
    }
}

/// Subject and detail of the status that a relay's sentence begins with, as `5.7.60`.
fn enhanced(words: &str) -> Option<(u16, u16)> {
    let mut numbers = words.split_whitespace().next()?.split('.');
    let (class, subject, detail, end) = (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next());
    let known = matches!(class, "4" | "5") && end.is_none();
    Some((subject.parse().ok()?, detail.parse().ok()?)).filter(|_| known)
}

/// Of the statuses of an address (x.1.x), those of the sender's.
fn is_of_sender(detail: u16) -> bool {
    matches!(detail, 7 | 8)
}

/// Whether a refusal for good is of us: by its status, or by its words where there is none that tells.
fn is_ours(status: Option<(u16, u16)>, words: &str) -> bool {
    match status {
        Some((7, _)) => true,
        Some((1, detail)) => is_of_sender(detail),
        _ => {
            let words = words.to_lowercase();
            let to_relay =
                words.contains("relay") && ["unable", "denied", "not permitted", "not allowed", "prohibited", "refused"].iter().any(|no| words.contains(no));
            to_relay || words.contains("sender")
        }
    }
}

fn is_grey(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains("greylist") || words.contains("graylist")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who is at fault, and whether it is tried again.
    fn fault(asked: Asked, code: u16, words: &str) -> (&'static str, bool) {
        let read = read(asked, code, words);
        let whose = match (read.ours, read.theirs) {
            (true, _) => "ours",
            (_, true) => "theirs",
            _ => "nobody's",
        };
        (whose, read.retryable)
    }

    #[test]
    fn a_refusal_of_us_waits_and_one_of_the_address_ends() {
        use Asked::{From, In, Mail, To};
        for (asked, code, words, expected) in [
            (To, 550, "5.7.1 Unable to relay", ("ours", true)),
            (Mail, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", ("ours", true)),
            (To, 553, "5.7.1 Sender address rejected: not owned by user", ("ours", true)),
            (To, 554, "5.7.1 <jo@example.org>: Relay access denied", ("ours", true)),
            (To, 550, "relay not permitted", ("ours", true)),
            (To, 550, "5.1.8 domain of sender address does not resolve", ("ours", true)),
            (To, 550, "Sender verify failed", ("ours", true)),
            (From, 550, "5.1.1 unknown", ("ours", true)),
            (From, 501, "", ("ours", true)),
            (In, 554, "no SMTP service here", ("ours", true)),
            (To, 530, "5.7.0 Authentication required", ("ours", true)),
            (To, 503, "AUTH first", ("ours", true)),
            (To, 550, "5.1.1 User unknown in relay recipient table", ("theirs", false)),
            (To, 550, "5.2.1 mailbox disabled", ("theirs", false)),
            (Mail, 552, "5.2.2 mailbox full", ("theirs", false)),
            (To, 550, "no such user here", ("nobody's", false)),
            (To, 554, "delivery error: this user does not have an account", ("nobody's", false)),
            (Mail, 554, "transaction failed", ("ours", false)),
            (Mail, 552, "5.3.4 message too big", ("ours", false)),
            (To, 450, "4.1.2 domain not found", ("theirs", true)),
            (To, 452, "4.2.2 over quota", ("theirs", true)),
            (To, 451, "4.7.1 Greylisting in action", ("theirs", true)),
            (To, 451, "4.3.0 lookup failure", ("nobody's", true)),
            (To, 421, "4.2.0 closing", ("nobody's", true)),
            (From, 450, "4.1.8 sender's domain not found", ("nobody's", true)),
        ] {
            assert_eq!(fault(asked, code, words), expected, "{asked:?} {code} {words}");
        }
    }

    #[test]
    fn the_relays_sentence_is_not_passed_on() {
        let read = read(Asked::To, 550, "5.1.1 <jo@example.org> unknown");
        assert!(!read.detail.contains("jo@") && read.code == "550", "{read:?}");
    }
}
