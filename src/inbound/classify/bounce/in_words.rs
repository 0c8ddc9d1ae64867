//! `[pure]` Failure notices without a machine part: Exim, qmail, Yahoo, old Exchange and others, by their words.

use std::sync::LazyLock;

use super::{FULL, Fate, LATER, NOBODY, REFUSED, enhanced, kind_of, short};
use crate::domain::address::without_detail;
use crate::domain::inbound::ParsedMail;
use crate::inbound::classify::{MailClass, MailVerdict};
use crate::inbound::phrases::{self, Phrases};

/// What the subjects of failure notices begin with.
static SUBJECTS: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/bounce_subjects.txt")));

/// Where the copy of our own mail begins in a notice.
static COPIES: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/bounce_copies.txt")));

/// By words, where there is no machine part: Exim, qmail, Yahoo, old Exchange and others.
pub(in crate::inbound::classify) fn in_words(mail: &ParsedMail) -> Option<MailVerdict> {
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
    let ours: Vec<String> = mail.recipients.iter().map(|address| without_detail(address)).collect();
    let from = mail.from.to_lowercase();
    let is_ours = |address: &str| {
        let bare = without_detail(address);
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
