//! `[pure]` Which alert a reply belongs to, how sure that is, and why. Never guesses silently (design section 7).
//!
//! The caller looks up what is asked for here ([`mail_keys`]) and passes in what it found; this decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::inbound::ParsedMail;
use crate::domain::token::{TokenKey, Use, verify};
use crate::domain::{At, reference};

/// How a reply was tied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// To what.
    pub target: Target,
    /// A word for the method: `pair`, `token`, `message_id`, …
    pub method: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// A sentence that an officer can check.
    pub evidence: String,
    /// From another address than the one we wrote to.
    pub third_party: bool,
    /// Other alerts it may belong to, the likeliest first.
    pub candidates: Vec<Candidate>,
}

/// What a reply is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An alert.
    Alert(i64),
    /// A conversation that is under way, with or without an alert.
    Conversation(i64),
    /// The unattributed tray.
    Tray,
}

crate::words! {
    /// How sure a tie is.
    Confidence {
        /// The evidence admits one alert.
        Certain = "certain",
        /// One stands clearly first.
        Probable = "probable",
        /// In the tray.
        Unattributed = "unattributed",
    }
}

/// An alert that a reply may belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Alert id.
    pub alert_id: i64,
    /// Why it is in the list.
    pub reason: String,
}

/// One hand-over to the correspondent, as the ledger has it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The alert it carried or answered about.
    pub alert_id: i64,
    /// Its public reference.
    pub reference: String,
    /// Title and text, for shared words.
    pub words: String,
    /// When.
    pub at: At,
}

/// Ties a text. `pair` holds what went between the two numbers in the last 30 days as of the receipt, newest first;
/// `named` the alerts named by a reference in the text that were sent to this person.
pub fn text(body: &str, our_number: &str, received_at: At, pair: &[Sent], named: &[Sent]) -> Attribution {
    let mut by_alert: BTreeMap<i64, &Sent> = BTreeMap::new();
    for sent in pair {
        let newest = by_alert.entry(sent.alert_id).or_insert(sent);
        if sent.at > newest.at {
            *newest = sent;
        }
    }
    let candidates = rank(body, received_at, by_alert.values().copied());
    if let [only] = distinct(named).as_slice() {
        let evidence = format!("The text names {}, which was sent to this phone", only.reference);
        return Attribution {
            target: Target::Alert(only.alert_id),
            method: "reference",
            confidence: Confidence::Certain,
            evidence,
            third_party: false,
            candidates,
        };
    }
    match candidates.as_slice() {
        [] => tray("none", "Nothing was sent to this phone from this number in the last 30 days".to_owned(), Vec::new()),
        [only] => {
            let reference = by_alert.get(&only.alert_id).map_or("", |sent| sent.reference.as_str());
            let evidence = format!("{reference} is the only alert sent to this phone from {our_number} in the last 30 days");
            Attribution { target: Target::Alert(only.alert_id), method: "pair", confidence: Confidence::Certain, evidence, third_party: false, candidates }
        }
        [first, ..] => {
            let (lead, runner_up) = (by_alert.get(&first.alert_id), candidates.get(1).and_then(|second| by_alert.get(&second.alert_id)));
            let clear = lead.zip(runner_up).is_some_and(|(lead, second)| stands_clear(body, received_at, lead, second));
            if clear {
                let evidence =
                    format!("{} alerts went to this phone from {our_number} in the last 30 days; this is the likeliest: {}", candidates.len(), first.reason);
                Attribution {
                    target: Target::Alert(first.alert_id),
                    method: "pair_ranked",
                    confidence: Confidence::Probable,
                    evidence,
                    third_party: false,
                    candidates,
                }
            } else {
                let evidence = format!("{} alerts went to this phone from {our_number} in the last 30 days, and nothing tells them apart", candidates.len());
                tray("pair_shared", evidence, candidates)
            }
        }
    }
}

fn tray(method: &'static str, evidence: String, candidates: Vec<Candidate>) -> Attribution {
    Attribution { target: Target::Tray, method, confidence: Confidence::Unattributed, evidence, third_party: false, candidates }
}

fn distinct(sent: &[Sent]) -> Vec<&Sent> {
    let mut seen: BTreeMap<i64, &Sent> = BTreeMap::new();
    for one in sent {
        seen.entry(one.alert_id).or_insert(one);
    }
    seen.into_values().collect()
}

fn rank<'a>(body: &str, received_at: At, sent: impl Iterator<Item = &'a Sent>) -> Vec<Candidate> {
    let mut scored: Vec<(i64, At, &Sent)> = sent.map(|sent| (score(body, received_at, sent), sent.at, sent)).collect();
    scored.sort_by_key(|(score, at, _)| std::cmp::Reverse((*score, *at)));
    scored
        .into_iter()
        .map(|(_, _, sent)| {
            let shared = shared_words(body, &sent.words);
            let hours = received_at.since_ms(sent.at) / 3_600_000;
            let words = if shared.is_empty() { String::new() } else { format!("; shares “{}”", shared.join("”, “")) };
            Candidate { alert_id: sent.alert_id, reason: format!("sent {}{words}", ago(hours)) }
        })
        .collect()
}

fn ago(hours: i64) -> String {
    match hours {
        i64::MIN..=0 => "less than an hour before".to_owned(),
        1 => "an hour before".to_owned(),
        2..=47 => format!("{hours} hours before"),
        _ => format!("{} days before", hours / 24),
    }
}

/// Recency counts in steps, each shared word as much as a step.
fn score(body: &str, received_at: At, sent: &Sent) -> i64 {
    let hours = received_at.since_ms(sent.at) / 3_600_000;
    let recency = match hours {
        i64::MIN..=2 => 5,
        3..=12 => 4,
        13..=48 => 3,
        49..=168 => 2,
        _ => 1,
    };
    let shared = i64::try_from(shared_words(body, &sent.words).len()).unwrap_or(0);
    recency + shared * 2
}

fn stands_clear(body: &str, received_at: At, lead: &Sent, second: &Sent) -> bool {
    score(body, received_at, lead) >= score(body, received_at, second) + 2
}

/// Words of four letters or more that both have; the commonest are no evidence.
fn shared_words(a: &str, b: &str) -> Vec<String> {
    const COMMON: &[&str] = &[
        "this",
        "that",
        "with",
        "from",
        "have",
        "seen",
        "been",
        "were",
        "they",
        "them",
        "what",
        "when",
        "where",
        "please",
        "police",
        "reply",
        "text",
        "information",
        "about",
        "there",
        "stop",
        "call",
        "area",
        "anyone",
    ];
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.chars().count() >= 4 && !COMMON.contains(word))
            .map(str::to_owned)
            .collect()
    };
    let theirs = words(b);
    let mut shared: Vec<String> = words(a).into_iter().filter(|word| theirs.contains(word)).collect();
    shared.sort();
    shared.dedup();
    shared.truncate(6);
    shared
}

/// What to look up for a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailKeys {
    /// Random values of reply tokens with a valid HMAC, from the addresses it was delivered to.
    pub reply_tokens: Vec<String>,
    /// The same of return paths.
    pub bounce_tokens: Vec<String>,
    /// The same of our Message-IDs in In-Reply-To and References, the nearest first.
    pub message_id_tokens: Vec<String>,
    /// Every id in In-Reply-To and References, for provider-rewritten ones and earlier inbound mails.
    pub header_ids: Vec<String>,
    /// `(reference, code)` printed in the text.
    pub text_codes: Vec<(String, String)>,
    /// The same in the subject.
    pub subject_codes: Vec<(String, String)>,
}

/// Reads every key a mail carries.
pub fn mail_keys(mail: &ParsedMail, keys: &[TokenKey]) -> MailKeys {
    let plus = |purpose| -> Vec<String> {
        mail.recipients.iter().filter_map(|address| plus_token(address)).filter_map(|token| verify(keys, purpose, token)).collect()
    };
    let header_ids: Vec<String> = mail.in_reply_to.iter().chain(mail.references.iter()).cloned().collect();
    let message_id_tokens = header_ids.iter().filter_map(|id| our_message_id(id)).filter_map(|token| verify(keys, Use::MessageId, token)).collect();
    MailKeys {
        reply_tokens: plus(Use::Reply),
        bounce_tokens: plus(Use::Bounce),
        message_id_tokens,
        header_ids,
        text_codes: printed_codes(&mail.text),
        subject_codes: printed_codes(&mail.subject),
    }
}

fn plus_token(address: &str) -> Option<&str> {
    address.rsplit_once('@')?.0.split_once('+').map(|(_, token)| token)
}

fn our_message_id(id: &str) -> Option<&str> {
    let local = id.rsplit_once('@')?.0;
    local.get(..3).filter(|head| head.eq_ignore_ascii_case("HC."))?;
    local.get(3..)
}

/// Every `K7Q2M-9FDM` of which the first half is a valid reference.
fn printed_codes(text: &str) -> Vec<(String, String)> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter_map(|word| word.split_once('-'))
        .filter(|(_, code)| code.len() == 4)
        .filter_map(|(reference, code)| reference::parse_reference(reference).map(|reference| (reference, code.to_ascii_uppercase())))
        .take(20)
        .collect()
}

/// A delivery of ours that a key of the mail led to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The alert, if it carried or answered about one.
    pub alert_id: Option<i64>,
    /// Its conversation, if it was an answer.
    pub conversation_id: Option<i64>,
    /// Its printed or public reference, for the evidence.
    pub reference: String,
    /// It was sent to the address that this mail is from.
    pub to_sender: bool,
}

/// What the look-ups brought, one field a rung of the ladder.
#[derive(Clone, Debug, Default)]
pub struct MailFound {
    /// By reply token.
    pub by_token: Vec<Found>,
    /// By our Message-ID, or one that the provider rewrote.
    pub by_message_id: Vec<Found>,
    /// Conversations with an earlier mail from the same address that this one refers to.
    pub by_earlier: Vec<i64>,
    /// By the code printed in the quoted text, checked for the sender.
    pub by_text_code: Vec<Found>,
    /// By the code in the subject, checked for the sender.
    pub by_subject_code: Vec<Found>,
    /// Live alerts that were mailed to the sender lately: `(alert, reference)`.
    pub live: Vec<(i64, String)>,
}

/// Ties a mail by the first rung that holds.
pub fn mail(found: &MailFound) -> Attribution {
    if let Some(tied) = one_of(&found.by_token, "token", "The reply address carries the token of") {
        return tied;
    }
    if found.by_token.len() > 1 {
        return tray("token_conflict", "The mail carries reply tokens of different alerts".to_owned(), listed(&found.by_token));
    }
    if let Some(tied) = one_of(&found.by_message_id, "message_id", "It answers our mail of") {
        return tied;
    }
    if let Some(conversation) = found.by_earlier.first() {
        return Attribution {
            target: Target::Conversation(*conversation),
            method: "earlier_mail",
            confidence: Confidence::Certain,
            evidence: "It refers to an earlier mail from the same address".to_owned(),
            third_party: false,
            candidates: Vec::new(),
        };
    }
    if let Some(tied) = one_of(&found.by_text_code, "printed_code", "The quoted text has the printed code of") {
        return tied;
    }
    if let Some(tied) = one_of(&found.by_subject_code, "subject_code", "The subject has the printed code of") {
        return tied;
    }
    let candidates: Vec<Candidate> =
        found.live.iter().map(|(alert_id, _)| Candidate { alert_id: *alert_id, reason: "live, and mailed to this address".to_owned() }).collect();
    let evidence = match found.live.as_slice() {
        [] => "It carries no token and refers to no mail of ours".to_owned(),
        [(_, reference)] => format!("It carries no token; {reference} is the only live alert mailed to this address"),
        many => format!("It carries no token; {} live alerts were mailed to this address", many.len()),
    };
    tray("none", evidence, candidates)
}

/// The first finding, if all agree on one alert or conversation.
fn one_of(found: &[Found], method: &'static str, sentence: &str) -> Option<Attribution> {
    let first = found.first()?;
    if found.iter().any(|other| (other.alert_id, other.conversation_id) != (first.alert_id, first.conversation_id) && other.alert_id != first.alert_id) {
        return None;
    }
    let target = match (first.alert_id, first.conversation_id) {
        // An answer's conversation belongs to the person it was sent to; a stranger who has it gets one of their own.
        (_, Some(conversation)) if first.to_sender => Target::Conversation(conversation),
        (Some(alert), _) => Target::Alert(alert),
        (None, _) => Target::Tray,
    };
    let whose = if first.to_sender { "" } else { ", which was sent to another address" };
    Some(Attribution {
        target,
        method,
        confidence: if target == Target::Tray { Confidence::Unattributed } else { Confidence::Certain },
        evidence: format!("{sentence} {}{whose}", first.reference),
        third_party: !first.to_sender,
        candidates: Vec::new(),
    })
}

fn listed(found: &[Found]) -> Vec<Candidate> {
    found.iter().filter_map(|one| one.alert_id).map(|alert_id| Candidate { alert_id, reason: "its token is in the mail".to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn sent(alert_id: i64, words: &str, hours_ago: i64) -> Sent {
        Sent { alert_id, reference: format!("REF{alert_id}"), words: words.to_owned(), at: now().plus_ms(-hours_ago * HOUR) }
    }

    fn now() -> At {
        At::from_unix_ms(1_800_000_000_000)
    }

    #[test]
    fn one_alert_on_the_pair_is_certain_even_if_it_was_sent_and_answered_often() {
        let tied = text("saw it", "+44", now(), &[sent(1, "van", 1), sent(1, "van", 30)], &[]);
        assert_eq!((tied.target, tied.confidence), (Target::Alert(1), Confidence::Certain));
    }

    #[test]
    fn nothing_on_the_pair_is_the_tray() {
        let tied = text("saw it", "+44", now(), &[], &[]);
        assert_eq!((tied.target, tied.confidence), (Target::Tray, Confidence::Unattributed));
    }

    #[test]
    fn two_alerts_on_the_pair_are_never_certain() {
        for (body, a, b) in [("saw the caravan", 1, 2), ("yes", 1, 1), ("bike bike", 500, 1)] {
            let tied = text(body, "+44", now(), &[sent(1, "stolen caravan on Mill Lane", a), sent(2, "missing bicycle", b)], &[]);
            assert_ne!(tied.confidence, Confidence::Certain, "{body}");
            assert_eq!(tied.candidates.len(), 2);
        }
    }

    #[test]
    fn shared_words_put_an_alert_clearly_first() {
        let tied =
            text("the caravan is in a lay-by near Mill Lane", "+44", now(), &[sent(2, "missing bicycle", 2), sent(1, "stolen caravan on Mill Lane", 3)], &[]);
        assert_eq!((tied.target, tied.confidence), (Target::Alert(1), Confidence::Probable));
    }

    #[test]
    fn with_nothing_between_them_it_goes_to_the_tray_with_both() {
        let tied = text("yes I saw him", "+44", now(), &[sent(1, "caravan", 3), sent(2, "bicycle", 4)], &[]);
        assert_eq!(tied.target, Target::Tray);
        assert_eq!(tied.candidates.first().map(|candidate| candidate.alert_id), Some(1), "the newer first");
    }

    #[test]
    fn a_reference_in_the_text_overrides_the_pair() {
        let tied = text("about K7Q2M", "+44", now(), &[sent(1, "caravan", 3)], &[sent(2, "bicycle", 90)]);
        assert_eq!((tied.target, tied.method), (Target::Alert(2), "reference"));
    }

    fn found(alert_id: i64, to_sender: bool) -> Found {
        Found { alert_id: Some(alert_id), conversation_id: None, reference: format!("REF{alert_id}"), to_sender }
    }

    #[test]
    fn the_token_beats_the_headers_and_a_stranger_with_it_is_a_third_party() {
        let tied = mail(&MailFound { by_token: vec![found(1, true)], by_message_id: vec![found(2, true)], ..MailFound::default() });
        assert_eq!((tied.target, tied.method, tied.third_party), (Target::Alert(1), "token", false));
        let tied = mail(&MailFound { by_token: vec![found(1, false)], ..MailFound::default() });
        assert!(tied.third_party);
    }

    #[test]
    fn two_tokens_of_different_alerts_are_for_a_person_to_settle() {
        let tied = mail(&MailFound { by_token: vec![found(1, true), found(2, true)], ..MailFound::default() });
        assert_eq!((tied.target, tied.candidates.len()), (Target::Tray, 2));
    }

    #[test]
    fn a_single_live_alert_is_suggested_and_never_taken() {
        let tied = mail(&MailFound { live: vec![(7, "K7Q2M".into())], ..MailFound::default() });
        assert_eq!((tied.target, tied.candidates.len()), (Target::Tray, 1));
    }

    #[test]
    fn keys_are_read_only_if_their_hmac_holds() {
        let key = TokenKey { id: 'a', secret: vec![1; 32] };
        let random = crate::domain::ids::public_id();
        let token = crate::domain::token::sign(&key, Use::Reply, &random);
        let mail = ParsedMail { recipients: vec![format!("alerts+{token}@x.test"), "alerts+forged00000000000@x.test".into()], ..ParsedMail::default() };
        assert_eq!(mail_keys(&mail, std::slice::from_ref(&key)).reply_tokens, [random]);
        assert!(mail_keys(&mail, &[]).reply_tokens.is_empty());
    }
}
