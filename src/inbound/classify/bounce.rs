//! `[pure]` Mails that came back: delivery status notifications (RFC 3464, RFC 6522) and the forms of Exim, qmail, Exchange,
//! Gmail, Yahoo, Domino and sendmail that carry none.
//!
//! What a report says may be believed only if a token in it is ours; that is looked at where it takes effect, not here.

use std::sync::LazyLock;

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

static FULL: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/bounce_full.txt")));
static NOBODY: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/bounce_nobody.txt")));
static REFUSED: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/bounce_refused.txt")));
static LATER: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/bounce_later.txt")));

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

/// What the subjects of failure notices begin with.
static SUBJECTS: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/bounce_subjects.txt")));

/// Where the copy of our own mail begins in a notice.
static COPIES: Phrases = LazyLock::new(|| phrases::read(include_str!("../phrases/bounce_copies.txt")));

/// By words, where there is no machine part: Exim, qmail, Yahoo, old Exchange and others.
pub(super) fn in_words(mail: &ParsedMail) -> Option<MailVerdict> {
    let named = mail.header("x-failed-recipients");
    let subject = mail.subject.to_lowercase();
    let from = mail.header("from").unwrap_or_default().to_lowercase();
    let daemon = [
        "mailer-daemon",
        "mailerdaemon",
        "postmaster",
        "mail delivery",
        "mail-daemon",
        "maildelivery",
        "bounce@",
        "bounces@",
        "mail administrator",
        "nobounce",
        "mdaemon",
        "mail system",
    ]
    .iter()
    .any(|word| from.contains(word));
    let null = mail.return_path.as_deref() == Some("");
    // At the beginning: "Re: Parcel delivery failed" is somebody's answer.
    let bare = subject.trim_start_matches(|c: char| !c.is_alphanumeric());
    let titled = SUBJECTS.iter().any(|start| bare.starts_with(start) || (null || named.is_some()) && subject.contains(start));
    let answers = bare.starts_with("re:") || bare.starts_with("aw:") || !mail.in_reply_to.is_empty() && !null;
    let words = mail.plain_words();
    let lower = words.to_lowercase();
    let speaks = [
        "could not be delivered",
        "couldn't be delivered",
        "wasn't able to deliver",
        "was not able to deliver",
        "unable to deliver",
        "was not delivered",
        "wasn't delivered",
        "delivery has failed",
        "did not reach",
        "permanent error",
        "permanent fatal errors",
        "undeliverable",
        "undelivered",
        "not be delivered",
        "konnte nicht zugestellt",
        "nicht zugestellt werden",
        "n'a pas pu être",
        "n'a pu être",
        "no se pudo entregar",
        "no se ha podido entregar",
        "non è stato possibile",
        "non è stato recapitato",
        "não foi possível entregar",
        "niet worden bezorgd",
        "kunde inte levereras",
        "kunne ikke leveres",
        "nie mogła zostać",
        "nie została dostarczona",
        "nebylo možné doručit",
        "не было доставлено",
        "не удалось доставить",
        "teslim edilemedi",
        "failed permanently",
        "address not found",
        "message blocked",
        "has been rejected",
        "was rejected",
        "rejected your message",
        "returned to sender",
        "has been blocked",
        "was blocked by",
        "not been delivered",
        "delivery to the following recipient",
        "投递",
        "退回",
        "配信できません",
        "配信されませんでした",
        "送信できません",
        "not listed in domino",
        "transcript of session",
        "failed:",
    ]
    .iter()
    .any(|phrase| lower.contains(phrase));
    let score = usize::from(named.is_some()) * 2 + usize::from(daemon) + usize::from(null) + usize::from(titled) + usize::from(speaks);
    // Without the null return path it must be a daemon's, titled as such, and no answer to anything.
    if score < 3 || !(titled || speaks || named.is_some()) || !(null || named.is_some()) && (answers || !titled) {
        return None;
    }
    if is_delay(&subject, &lower) {
        return Some(MailVerdict::new(MailClass::Automated, "a notice of delay: it is still being tried"));
    }
    let cut = COPIES.iter().filter_map(|mark| lower.find(&format!("\n{mark}"))).filter(|at| *at > 20).min().unwrap_or(words.len());
    let notice = words.get(..words.floor_char_boundary(cut)).unwrap_or(&words);
    let mut fates = fates_in(mail, notice, named);
    if fates.is_empty() {
        fates.push(Fate {
            address: to_of_returned(mail, &words).unwrap_or_default(),
            kind: Some(kind_of(enhanced(notice).as_deref(), notice)),
            status: enhanced(notice),
            reason: short(notice),
        });
    }
    Some(MailVerdict { class: MailClass::Bounce, reasons: vec!["a failure notice in words".to_owned()], fates })
}

fn is_delay(subject: &str, text: &str) -> bool {
    let still = [
        "will be retried",
        "will keep trying",
        "still being retried",
        "will continue to be",
        "no action is required",
        "this is a warning message only",
        "do not need to resend",
        "has not yet been delivered",
        "temporary problem delivering",
        "wird weiterhin versucht",
        "noch nicht zugestellt",
    ]
    .iter()
    .any(|words| text.contains(words));
    still
        && ["delay", "warning", "still", "verzöger", "retard"].iter().any(|word| subject.contains(word) || text.contains(word))
        && !text.contains("given up")
        && !text.contains("gave up")
}

/// One mail of ours goes to one person; a notice that names more than this is no honest one.
const MOST_RECIPIENTS: usize = 20;

/// One fate for each address that the notice names, with the words between it and the next.
fn fates_in(mail: &ParsedMail, notice: &str, named: Option<&str>) -> Vec<Fate> {
    let ours: Vec<String> = mail.recipients.iter().map(|address| bare(address)).collect();
    let from = mail.from.to_lowercase();
    let is_ours = |address: &str| {
        let bare = bare(address);
        bare == from || ours.contains(&bare) || bare.starts_with("mailer-daemon@") || bare.starts_with("postmaster@")
    };
    let mut places: Vec<(usize, String)> = addresses(notice).into_iter().filter(|(_, address)| !is_ours(address)).collect();
    let mut wanted: Vec<String> =
        named.unwrap_or_default().split(',').map(|address| address.trim().to_owned()).filter(|address| address.contains('@')).collect();
    if wanted.is_empty() {
        if let Some(to) = to_of_returned(mail, "").filter(|to| places.iter().any(|(_, place)| place.eq_ignore_ascii_case(to))) {
            // More may be named; the returned mail's own recipient is one for sure.
            wanted.push(to);
        }
        for (_, address) in &places {
            let known = wanted.iter().any(|known| known.eq_ignore_ascii_case(address));
            if !known && !is_helper(address, notice) && (wanted.is_empty() || stands_alone(notice, address)) {
                wanted.push(address.clone());
            }
        }
    }
    wanted.truncate(MOST_RECIPIENTS);
    places.retain(|(_, address)| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(address)));
    let status_of_all = enhanced(notice);
    let mut fates: Vec<Fate> = Vec::new();
    for address in &wanted {
        let mut said = String::new();
        for (index, (at, place)) in places.iter().enumerate() {
            if place.eq_ignore_ascii_case(address) {
                let end = places.iter().skip(index + 1).find(|(_, other)| !other.eq_ignore_ascii_case(address)).map_or(notice.len(), |(at, _)| *at);
                said.push_str(notice.get(*at..end).unwrap_or_default());
                said.push('\n');
            }
        }
        let words_of_its_own = said.to_lowercase().replace(&address.to_lowercase(), "");
        let telling = enhanced(&said).is_some()
            || [&NOBODY, &REFUSED, &LATER].into_iter().flat_map(|list| list.iter()).any(|words| words_of_its_own.contains(words))
            || FULL.iter().filter(|word| word.len() > 3).any(|words| words_of_its_own.contains(words));
        let said = if telling { said } else { notice.to_owned() };
        let status = enhanced(&said).or_else(|| status_of_all.clone().filter(|_| wanted.len() == 1));
        fates.push(Fate { address: address.clone(), kind: Some(kind_of(status.as_deref(), &said)), status, reason: short(&said) });
    }
    fates
}

/// An address on a line of its own, or at the beginning of one, as notices list who failed.
fn stands_alone(notice: &str, address: &str) -> bool {
    notice.lines().any(|line| {
        let line = line.trim().trim_start_matches(['<', '*', '-', '"', '\'', '(']);
        line.starts_with(address)
    })
}

/// An address that is offered for help.
fn is_helper(address: &str, notice: &str) -> bool {
    let Some(at) = notice.find(address) else { return false };
    let before = notice.get(notice.floor_char_boundary(at.saturating_sub(60))..at).unwrap_or_default().to_lowercase();
    ["contact", "forward", "help", "assistance", "mailto:postmaster", "questions", "write to"].iter().any(|word| before.contains(word))
}

/// The To of the mail that was returned.
fn to_of_returned(mail: &ParsedMail, words: &str) -> Option<String> {
    let head = mail.returned.as_deref().unwrap_or(words);
    let line = head.lines().find(|line| line.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("to:")))?;
    addresses(line).into_iter().next().map(|(_, address)| address)
}

fn bare(address: &str) -> String {
    let lower = address.to_lowercase();
    match lower.rsplit_once('@') {
        Some((local, host)) => format!("{}@{host}", local.split('+').next().unwrap_or_default()),
        None => lower,
    }
}

/// Everything in a text that looks like an address, with where it stands.
fn addresses(text: &str) -> Vec<(usize, String)> {
    let is_local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '=' | '\'' | '&' | '/');
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@').take(200) {
        let before = text.get(..at).unwrap_or_default();
        let start = before.char_indices().rev().take(64).take_while(|(_, c)| is_local(*c)).last().map_or(at, |(start, _)| start);
        let after = text.get(at + 1..).unwrap_or_default();
        let end = after.char_indices().take(190).find(|(_, c)| !is_host(*c)).map_or(after.len().min(190), |(end, _)| end);
        let host = after.get(..after.floor_char_boundary(end)).unwrap_or_default().trim_end_matches(['.', '-']);
        let local = text.get(start..at).unwrap_or_default().trim_start_matches(['.', '\'', '=', '/']);
        if !local.is_empty() && host.contains('.') {
            found.push((at - local.len(), format!("{local}@{host}")));
        }
    }
    found
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
