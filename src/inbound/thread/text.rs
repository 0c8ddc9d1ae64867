//! `[pure]` Texts: the pair of numbers as of the time of receipt, and a reference in the words above it.

use std::collections::BTreeMap;

use super::{Attribution, Candidate, Confidence, Target, tray};
use crate::domain::At;

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
pub fn tie(body: &str, our_number: &str, received_at: At, pair: &[Sent], named: &[Sent]) -> Attribution {
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
        let tied = tie("saw it", "+44", now(), &[sent(1, "van", 1), sent(1, "van", 30)], &[]);
        assert_eq!((tied.target, tied.confidence), (Target::Alert(1), Confidence::Certain));
    }

    #[test]
    fn nothing_on_the_pair_is_the_tray() {
        let tied = tie("saw it", "+44", now(), &[], &[]);
        assert_eq!((tied.target, tied.confidence), (Target::Tray, Confidence::Unattributed));
    }

    #[test]
    fn two_alerts_on_the_pair_are_never_certain() {
        for (body, a, b) in [("saw the caravan", 1, 2), ("yes", 1, 1), ("bike bike", 500, 1)] {
            let tied = tie(body, "+44", now(), &[sent(1, "stolen caravan on Mill Lane", a), sent(2, "missing bicycle", b)], &[]);
            assert_ne!(tied.confidence, Confidence::Certain, "{body}");
            assert_eq!(tied.candidates.len(), 2);
        }
    }

    #[test]
    fn shared_words_put_an_alert_clearly_first() {
        let tied =
            tie("the caravan is in a lay-by near Mill Lane", "+44", now(), &[sent(2, "missing bicycle", 2), sent(1, "stolen caravan on Mill Lane", 3)], &[]);
        assert_eq!((tied.target, tied.confidence), (Target::Alert(1), Confidence::Probable));
    }

    #[test]
    fn with_nothing_between_them_it_goes_to_the_tray_with_both() {
        let tied = tie("yes I saw him", "+44", now(), &[sent(1, "caravan", 3), sent(2, "bicycle", 4)], &[]);
        assert_eq!(tied.target, Target::Tray);
        assert_eq!(tied.candidates.first().map(|candidate| candidate.alert_id), Some(1), "the newer first");
    }

    #[test]
    fn a_reference_in_the_text_overrides_the_pair() {
        let tied = tie("about K7Q2M", "+44", now(), &[sent(1, "caravan", 3)], &[sent(2, "bicycle", 90)]);
        assert_eq!((tied.target, tied.method), (Target::Alert(2), "reference"));
    }
}
