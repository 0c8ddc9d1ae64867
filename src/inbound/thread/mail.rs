//! `[pure]` Mails: the ladder of reply token, Message-ID, earlier mail, printed code and subject code.

use super::{Attribution, Candidate, Confidence, Target, tray};
use crate::domain::inbound::ParsedMail;
use crate::domain::token::{TokenKey, Use, verify};
use crate::domain::{At, reference};

/// What to look up for a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Random values of reply tokens with a valid HMAC, from the addresses it was delivered to.
    pub reply_tokens: Vec<String>,
    /// The same of return paths.
    pub bounce_tokens: Vec<String>,
    /// The same of our Message-IDs in In-Reply-To and References, the nearest first.
    pub message_id_tokens: Vec<String>,
    /// Every id in In-Reply-To and References, for provider-rewritten ones and earlier inbound mails.
    pub header_ids: Vec<String>,
    /// Random values of any tokens of ours in a mail that is enclosed, as reports enclose what they are about.
    pub returned_tokens: Vec<String>,
    /// Random values of the links under our mails, quoted in the text: the mark of the one delivery that it quotes.
    pub quoted_tokens: Vec<String>,
    /// `(reference, code)` printed in the text.
    pub text_codes: Vec<(String, String)>,
    /// The same in the subject.
    pub subject_codes: Vec<(String, String)>,
}

/// Reads every key a mail carries; `text` is all that is readable in it, quotes included.
pub fn keys(mail: &ParsedMail, text: &str, keys: &[TokenKey]) -> Keys {
    let plus = |purpose| -> Vec<String> {
        mail.recipients.iter().flat_map(|address| address_tokens(address)).filter_map(|token| verify(keys, purpose, token)).collect()
    };
    let header_ids: Vec<String> = mail.in_reply_to.iter().chain(mail.references.iter()).cloned().collect();
    let message_id_tokens = header_ids.iter().filter_map(|id| our_message_id(id)).filter_map(|token| verify(keys, Use::MessageId, token)).collect();
    Keys {
        reply_tokens: plus(Use::Reply),
        bounce_tokens: plus(Use::Bounce),
        message_id_tokens,
        header_ids,
        returned_tokens: returned_tokens(mail, keys),
        quoted_tokens: quoted_tokens(text, keys),
        text_codes: printed_codes(text),
        subject_codes: printed_codes(&mail.subject),
    }
}

/// Tokens in the head of an enclosed mail and in the machine parts of a report, whatever they were made for.
fn returned_tokens(mail: &ParsedMail, keys: &[TokenKey]) -> Vec<String> {
    let mut found = Vec::new();
    let texts = [mail.returned.as_deref(), mail.feedback_report.as_deref(), mail.delivery_status.as_deref()];
    let words = texts.into_iter().flatten().flat_map(|text| text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ';' | ',' | '"' | '(' | ')')));
    for word in words.take(5_000) {
        let token = match word.rsplit_once('@') {
            Some((local, _)) => {
                our_message_id(word).map(|token| (Use::MessageId, token)).or_else(|| local.split_once('+').map(|(_, token)| (Use::Reply, token)))
            }
            None => word.rsplit_once("/leave/").map(|(_, token)| (Use::Leave, token)),
        };
        let Some((purpose, token)) = token else { continue };
        let random = verify(keys, purpose, token).or_else(|| (purpose == Use::Reply).then(|| verify(keys, Use::Bounce, token)).flatten());
        if let Some(random) = random.filter(|random| !found.contains(random)) {
            found.push(random);
        }
    }
    found
}

/// Where a token may stand in an address: after the plus, or before the @ of a domain that takes everything.
fn address_tokens(address: &str) -> impl Iterator<Item = &str> {
    let local = address.rsplit_once('@').map(|(local, _)| local);
    local.and_then(|local| local.split_once('+')).map(|(_, token)| token).into_iter().chain(local)
}

/// Each of our mails ends in a link of its own, and people quote it: found again however the text around it was wrapped.
fn quoted_tokens(text: &str, keys: &[TokenKey]) -> Vec<String> {
    let mut found = Vec::new();
    for after in text.split("/leave/").skip(1).take(50) {
        let token: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
        if let Some(random) = verify(keys, Use::Leave, &token).filter(|random| !found.contains(random)) {
            found.push(random);
        }
    }
    found
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
    /// When.
    pub sent_at: At,
}

/// What the look-ups brought, one field a rung of the ladder.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
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
    /// What speaks for an alert and is not enough: a token that has run out, a quoted mail that went to somebody else.
    pub hints: Vec<(Found, &'static str)>,
    /// Live alerts that were mailed to the sender lately: `(alert, reference, when)`.
    pub live: Vec<(i64, String, At)>,
}

impl Ladder {
    /// When the newest thing was sent that could have provoked this mail.
    pub fn newest(&self) -> Option<At> {
        let rungs = [&self.by_token, &self.by_message_id, &self.by_text_code, &self.by_subject_code];
        let named = rungs.into_iter().flatten().map(|found| found.sent_at).max();
        named.or_else(|| self.live.iter().map(|(_, _, at)| *at).max())
    }
}

/// Ties a mail by the first rung that holds.
pub fn tie(found: &Ladder) -> Attribution {
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
    let hinted = found.hints.iter().filter_map(|(found, why)| found.alert_id.map(|alert_id| Candidate { alert_id, reason: (*why).to_owned() }));
    let live = found.live.iter().map(|(alert_id, ..)| Candidate { alert_id: *alert_id, reason: "live, and mailed to this address".to_owned() });
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in hinted.chain(live) {
        if candidates.iter().all(|known| known.alert_id != candidate.alert_id) {
            candidates.push(candidate);
        }
    }
    if let Some((first, why)) = found.hints.first() {
        return tray("hint", format!("{}: {why}", first.reference), candidates);
    }
    let evidence = match found.live.as_slice() {
        [] => "It carries no token and refers to no mail of ours".to_owned(),
        [(_, reference, _)] => format!("It carries no token; {reference} is the only live alert mailed to this address"),
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

    fn found(alert_id: i64, to_sender: bool) -> Found {
        Found { alert_id: Some(alert_id), conversation_id: None, reference: format!("REF{alert_id}"), to_sender, sent_at: At::from_unix_ms(0) }
    }

    #[test]
    fn the_token_beats_the_headers_and_a_stranger_with_it_is_a_third_party() {
        let tied = tie(&Ladder { by_token: vec![found(1, true)], by_message_id: vec![found(2, true)], ..Ladder::default() });
        assert_eq!((tied.target, tied.method, tied.third_party), (Target::Alert(1), "token", false));
        let tied = tie(&Ladder { by_token: vec![found(1, false)], ..Ladder::default() });
        assert!(tied.third_party);
    }

    #[test]
    fn two_tokens_of_different_alerts_are_for_a_person_to_settle() {
        let tied = tie(&Ladder { by_token: vec![found(1, true), found(2, true)], ..Ladder::default() });
        assert_eq!((tied.target, tied.candidates.len()), (Target::Tray, 2));
    }

    #[test]
    fn a_single_live_alert_is_suggested_and_never_taken() {
        let tied = tie(&Ladder { live: vec![(7, "K7Q2M".into(), At::from_unix_ms(0))], ..Ladder::default() });
        assert_eq!((tied.target, tied.candidates.len()), (Target::Tray, 1));
    }

    #[test]
    fn keys_are_read_only_if_their_hmac_holds() {
        let key = TokenKey { id: 'a', secret: vec![1; 32] };
        let random = crate::domain::ids::public_id();
        let token = crate::domain::token::sign(&key, Use::Reply, &random);
        let mail = ParsedMail { recipients: vec![format!("alerts+{token}@x.test"), "alerts+forged00000000000@x.test".into()], ..ParsedMail::default() };
        assert_eq!(keys(&mail, "", std::slice::from_ref(&key)).reply_tokens, [random]);
        assert!(keys(&mail, "", &[]).reply_tokens.is_empty());
    }
}
