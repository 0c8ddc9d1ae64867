//! `[pure]` Mails that came back: delivery status notifications (RFC 3464, RFC 6522) and the forms of Exim, qmail, Exchange,
//! Gmail, Yahoo, Domino and sendmail that carry none.
//!
//! What a report says may be believed only if a token in it is ours; that is looked at where it takes effect, not here.

mod in_words;

use std::sync::LazyLock;

pub(super) use in_words::in_words;

use super::{MailClass, MailVerdict};
use crate::domain::delivery::Status;
use crate::domain::inbound::ParsedMail;
use crate::inbound::phrases::{self, Phrases};

crate::words! {
    /// Whose failure it is.
    Kind {
        /// The address is bad for good.
        Hard = "hard",
        /// It may heal: full, away, timed out.
        Soft = "soft",
        /// Refused for what we are or what we sent; never held against the person.
        Policy = "policy",
    }
}

impl Kind {
    /// What it makes of a delivery.
    pub const fn status(self) -> Status {
        match self {
            Self::Hard => Status::PermanentFailure,
            Self::Soft => Status::TemporaryFailure,
            Self::Policy => Status::TechnicalFailure,
        }
    }
}

/// What a report says of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Whose mailbox; empty if the report does not say.
    pub address: String,
    /// What failed; none for a success.
    pub kind: Option<Kind>,
    /// Enhanced status code, `5.1.1`, if there is one.
    pub status: Option<String>,
    /// In the server's words, at most 300 characters.
    pub reason: String,
}

/// By the machine part of a report.
pub(super) fn report(mail: &ParsedMail) -> Option<MailVerdict> {
    let text = mail.delivery_status.as_deref()?;
    let mut fates = Vec::new();
    let (mut delayed, mut arrived) = (false, false);
    for block in blocks(text) {
        let get = |name: &str| block.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let Some(address) = get("original-recipient").or_else(|| get("final-recipient")).map(address_of) else { continue };
        let diagnostic = get("diagnostic-code").unwrap_or_default();
        let status = code_of(get("status").unwrap_or_default(), diagnostic);
        match get("action").unwrap_or_default().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "delayed" => delayed = true,
            "delivered" | "relayed" | "expanded" => {
                arrived = true;
                fates.push(Fate { address, kind: None, status, reason: short(diagnostic) });
            }
            _ => {
                let said = if diagnostic.is_empty() { mail.plain_words() } else { diagnostic.to_owned() };
                let kind = kind_of(status.as_deref(), &said);
                fates.push(Fate { address, kind: Some(kind), status, reason: short(&said) });
            }
        }
    }
    if fates.iter().any(|fate| fate.kind.is_some()) {
        fates.retain(|fate| fate.kind.is_some());
        return Some(MailVerdict { class: MailClass::Bounce, reasons: vec!["a delivery status notification (RFC 3464)".to_owned()], fates });
    }
    if delayed {
        return Some(MailVerdict::new(MailClass::Automated, "a notice of delay: it is still being tried"));
    }
    if arrived {
        return Some(MailVerdict { class: MailClass::Automated, reasons: vec!["a notice that it arrived".to_owned()], fates });
    }
    // A machine part that cannot be read: the words may still tell.
    in_words(mail)
}

/// Header-like blocks parted by blank lines, folded lines joined, names in lower case.
fn blocks(text: &str) -> Vec<Vec<(String, String)>> {
    let mut blocks: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            if blocks.last().is_some_and(|block| !block.is_empty()) {
                blocks.push(Vec::new());
            }
            continue;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = block.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            block.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    // Some servers write everything in one block: a second Final-Recipient begins another.
    let mut parted: Vec<Vec<(String, String)>> = Vec::new();
    for block in blocks {
        let mut now: Vec<(String, String)> = Vec::new();
        for (name, value) in block {
            if name == "final-recipient" && now.iter().any(|(known, _)| known == "final-recipient") {
                parted.push(std::mem::take(&mut now));
            }
            now.push((name, value));
        }
        parted.push(now);
    }
    parted
}

/// `rfc822; <a@b.c>` without what is around it.
fn address_of(field: &str) -> String {
    let value = field.split_once(';').map_or(field, |(_, value)| value).trim();
    value.trim_matches(['<', '>', '"', ' ']).to_owned()
}

/// The status field, or the code in the diagnostic if the field says nothing particular.
fn code_of(status: &str, diagnostic: &str) -> Option<String> {
    let field = enhanced(status);
    match field {
        Some(code) if !code.ends_with(".0.0") => Some(code),
        other => enhanced(diagnostic).filter(|code| !code.ends_with(".0.0")).or(other),
    }
}

/// The first `class.subject.detail` (RFC 3463) in a text.
fn enhanced(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices(['2', '4', '5']) {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
        if before.is_ascii_alphanumeric() || before == b'.' {
            continue;
        }
        let rest: &str = text.get(at..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let candidate = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        let parts: Vec<&str> = candidate.split('.').collect();
        let after = rest.as_bytes().get(candidate.len()).copied().unwrap_or(b' ');
        if let [class, subject, detail] = parts.as_slice()
            && class.len() == 1
            && (1..=3).contains(&subject.len())
            && (1..=3).contains(&detail.len())
            && after != b'-'
        {
            return Some(candidate.to_owned());
        }
    }
    None
}

static FULL: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/bounce_full.txt")));
static NOBODY: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/bounce_nobody.txt")));
static REFUSED: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/bounce_refused.txt")));
static LATER: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/bounce_later.txt")));

/// Whose failure a code and its words tell of.
fn kind_of(status: Option<&str>, said: &str) -> Kind {
    let said = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let code = status.unwrap_or_default();
    let (class, rest) = code.split_once('.').unwrap_or(("", ""));
    let full = || FULL.iter().filter(|word| word.len() > 3).any(|word| said.contains(word));
    match rest {
        "2.2" | "2.4" | "3.1" => return Kind::Soft,
        "2.3" | "3.4" => return Kind::Policy,
        "1.1" | "1.10" | "1.2" | "1.3" | "1.6" | "1.0" | "4.310" | "1.20" if class == "5" => {
            // A generic 5.1.0 covers all sorts.
            return match rest {
                "1.0" if full() => Kind::Soft,
                "1.0" if says(&REFUSED) && !says(&NOBODY) => Kind::Policy,
                "1.1" if full() && !says(&NOBODY) => Kind::Soft,
                "1.1" if says(&["spam", "blocked", "dmarc", "reputation"]) && !says(&NOBODY) => Kind::Policy,
                _ => Kind::Hard,
            };
        }
        "1.8" | "1.7" | "6.0" => return Kind::Policy,
        "4.1" if class == "5" => return Kind::Hard,
        "4.4" if class == "5" => return if says(&NOBODY) || !says(&LATER) { Kind::Hard } else { Kind::Soft },
        "2.1" if class == "5" => {
            return if full() || says(&["rate", "too fast", "too many"]) && !says(&NOBODY) { Kind::Soft } else { Kind::Hard };
        }
        _ => {}
    }
    if full() {
        return Kind::Soft;
    }
    if rest.starts_with("7.") {
        let nobody = says(&["user unknown", "unknown user", "no such user", "does not exist", "recipient not found", "mailbox not found"]);
        let waits = class == "4" && !says(&["block", "spam", "dmarc", "reputation", "policy", "unauthenticated", "listed", "authenticat"]);
        return if nobody {
            Kind::Hard
        } else if waits || says(&["greylist", "graylist"]) {
            Kind::Soft
        } else {
            Kind::Policy
        };
    }
    if rest.starts_with("4.") && class == "5" && says(&NOBODY) && !says(&LATER) {
        return Kind::Hard;
    }
    if class == "4" || rest.starts_with("4.") {
        let domain_gone = says(&["host not found", "domain not found", "nxdomain", "name or service not known", "domain name not found"]);
        return if domain_gone && class == "5" {
            Kind::Hard
        } else if class == "4" && says(&["spamhaus", "blocked", "block list", "dmarc", "unauthenticated", "reputation"]) {
            Kind::Policy
        } else {
            Kind::Soft
        };
    }
    if rest.starts_with("6.") || rest.starts_with("3.") && says(&REFUSED) {
        return Kind::Policy;
    }
    // Without a telling code the words decide: a name that nobody has is named plainly.
    let strong_policy = says(&[
        "spamhaus",
        "blocked using",
        "block list",
        "blocklist",
        "blacklist",
        "dmarc",
        "as spam",
        "spam message",
        "spam content",
        "considered spam",
        "suspected spam",
        "s3140",
        "reputation",
        "message too large",
        "exceeds size",
        "maximum message size",
        "message size exceeds",
        "too big",
        "content rejected",
        "policy",
    ]);
    if says(&NOBODY) && !strong_policy {
        return Kind::Hard;
    }
    if strong_policy || says(&REFUSED) && !says(&LATER) {
        return Kind::Policy;
    }
    if says(&LATER) {
        return Kind::Soft;
    }
    // Nothing tells: nobody is struck off for that.
    Kind::Soft
}

fn short(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inbound::{Flow, TextPart};

    fn dsn(action: &str, status: &str, diagnostic: &str) -> ParsedMail {
        ParsedMail {
            content_type: "multipart/report".into(),
            report_type: Some("delivery-status".into()),
            delivery_status: Some(format!(
                "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.c\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n"
            )),
            ..ParsedMail::default()
        }
    }

    #[test]
    fn each_code_has_its_meaning() {
        for (status, diagnostic, kind) in [
            ("5.1.1", "550 5.1.1 user unknown", Kind::Hard),
            ("5.2.2", "552 5.2.2 mailbox full", Kind::Soft),
            ("5.0.0", "550 5.2.2 over quota", Kind::Soft),
            ("5.7.1", "550 5.7.1 rejected by policy", Kind::Policy),
            ("5.7.26", "550 5.7.26 unauthenticated mail", Kind::Policy),
            ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", Kind::Hard),
            ("4.4.7", "timed out", Kind::Soft),
            ("5.4.4", "Host or domain name not found", Kind::Hard),
            ("5.3.4", "message too big", Kind::Policy),
            ("5.0.0", "550 no such user here", Kind::Hard),
            ("4.7.1", "451 greylisted, try later", Kind::Soft),
        ] {
            let verdict = report(&dsn("failed", status, diagnostic)).unwrap();
            assert_eq!(verdict.fates.first().and_then(|fate| fate.kind), Some(kind), "{status} {diagnostic}");
        }
    }

    #[test]
    fn a_delay_and_a_success_are_no_bounces() {
        assert_eq!(report(&dsn("delayed", "4.4.1", "")).unwrap().class, MailClass::Automated);
        assert_eq!(report(&dsn("delivered", "2.0.0", "")).unwrap().class, MailClass::Automated);
    }

    #[test]
    fn a_person_who_writes_of_failed_deliveries_is_no_bounce() {
        let mail = ParsedMail {
            from: "jo@example.org".into(),
            subject: "Re: Parcel delivery failed".into(),
            return_path: Some("jo@example.org".into()),
            parts: vec![TextPart::Plain("The parcel could not be delivered, says the man in the van.".into(), Flow::default())],
            ..ParsedMail::default()
        };
        assert_eq!(in_words(&mail), None);
    }

    #[test]
    fn codes_are_found_and_addresses_of_machines_are_not() {
        assert_eq!(enhanced("550-5.7.26 This mail").as_deref(), Some("5.7.26"));
        assert_eq!(enhanced("from 192.0.2.5 at 5.30"), None);
        assert_eq!(enhanced("(#5.1.1)").as_deref(), Some("5.1.1"));
    }
}
