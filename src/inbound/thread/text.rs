//! `[pure]` Texts: the pair of numbers as of the time of receipt, and a reference in the words above it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

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

/// A word that only one of the candidates has outweighs the newest text against the oldest: people who go back say so.
const RARE: i64 = 9;
/// A reference is meant to be named.
const NAMED: i64 = 12;
/// By how much the first must lead to be probable.
const CLEAR: i64 = 4;

/// Ties a text. `pair` holds what went between the two numbers in the last 30 days as of the receipt, newest first;
/// `named` the alerts named by a reference in the text that were sent to this person.
pub fn tie(body: &str, our_number: &str, received_at: At, pair: &[Sent], named: &[Sent]) -> Attribution {
    let (pair, named) = (newest_of(pair), newest_of(named));
    let aside = speaks_aside(body);
    let ranked = rank(&Text { body, received_at, aside }, &pair, &named);
    let candidates: Vec<Candidate> = ranked.iter().map(|one| Candidate { alert_id: one.sent.alert_id, reason: one.reason.clone() }).collect();
    let tied = |target, method, confidence, evidence, candidates| Attribution { target, method, confidence, evidence, third_party: false, candidates };
    if let (Some(only), 1, false) = (named.values().next(), named.len(), aside) {
        let (confidence, doubt) = if pair.is_empty() || pair.contains_key(&only.alert_id) {
            (Confidence::Certain, String::new())
        } else {
            // Two proofs that disagree are none: they may have meant to compare.
            (Confidence::Probable, format!(", but not from {our_number} in the last 30 days, where others were"))
        };
        let evidence = format!("The text names {}, which was sent to this phone{doubt}", only.reference);
        return tied(Target::Alert(only.alert_id), "reference", confidence, evidence, candidates);
    }
    match ranked.as_slice() {
        [] => tray("none", "Nothing was sent to this phone from this number in the last 30 days".to_owned(), Vec::new()),
        [only] if pair.contains_key(&only.sent.alert_id) => {
            let evidence = format!("{} is the only alert sent to this phone from {our_number} in the last 30 days", only.sent.reference);
            tied(Target::Alert(only.sent.alert_id), "pair", Confidence::Certain, evidence, candidates)
        }
        [first, rest @ ..] => {
            let names = if named.is_empty() { String::new() } else { format!(", and the text names {}", references_of(&named)) };
            let went = match pair.len() {
                0 => format!("Nothing went to this phone from {our_number} in the last 30 days"),
                1 => format!("One alert went to this phone from {our_number} in the last 30 days"),
                more => format!("{more} alerts went to this phone from {our_number} in the last 30 days"),
            };
            if rest.first().is_none_or(|second| first.score >= second.score + CLEAR) {
                let evidence = format!("{went}{names}; this is the likeliest: {}", first.reason);
                tied(Target::Alert(first.sent.alert_id), "pair_ranked", Confidence::Probable, evidence, candidates)
            } else {
                tray("pair_shared", format!("{went}{names}, and nothing tells them apart"), candidates)
            }
        }
    }
}

/// What the text says of an alert that was never sent to this person, and so may have been read on a poster: the pair alone
/// proves nothing any more.
pub fn doubt(tied: Attribution, unsent: &[Candidate]) -> Attribution {
    let Some(first) = unsent.first() else { return tied };
    if tied.confidence != Confidence::Certain || tied.method != "pair" {
        return tied;
    }
    let mut doubted = Attribution { confidence: Confidence::Probable, evidence: format!("{}; but {}", tied.evidence, first.reason), ..tied };
    doubted.candidates.extend_from_slice(unsent);
    doubted
}

/// The latest of what went out about each alert.
fn newest_of(sent: &[Sent]) -> BTreeMap<i64, &Sent> {
    let mut newest: BTreeMap<i64, &Sent> = BTreeMap::new();
    for one in sent {
        let known = newest.entry(one.alert_id).or_insert(one);
        if one.at > known.at {
            *known = one;
        }
    }
    newest
}

fn references_of(named: &BTreeMap<i64, &Sent>) -> String {
    named.values().map(|sent| sent.reference.as_str()).collect::<Vec<_>>().join(" and ")
}

/// Whether the text sets one thing beside another, so that a reference in it may be the other: `the same man as in K7Q2M`,
/// `not K7Q2M`. That it is said of something else cannot be read from single words; that it may be is enough to be less sure.
fn speaks_aside(body: &str) -> bool {
    const ASIDE: &[&str] = &[
        "not",
        "isn",
        "isnt",
        "wasn",
        "wasnt",
        "no",
        "nor",
        "never",
        "same",
        "similar",
        "like",
        "unlike",
        "link",
        "linked",
        "related",
        "relates",
        "connected",
        "connection",
        "again",
        "also",
        "too",
        "another",
        "other",
        "others",
        "both",
        "instead",
        "than",
        "different",
        "reminds",
        "matches",
        "as",
        "first",
        "second",
        "after",
        "since",
        "besides",
        "well",
        "yet",
        "more",
    ];
    tokens(body).iter().any(|word| ASIDE.contains(&word.as_str()))
}

struct Text<'a> {
    body: &'a str,
    received_at: At,
    aside: bool,
}

struct Ranked<'a> {
    sent: &'a Sent,
    score: i64,
    reason: String,
}

/// The likeliest first: by how lately it was sent, by the words that it shares and the others lack, and by its reference.
fn rank<'a>(text: &Text<'_>, pair: &BTreeMap<i64, &'a Sent>, named: &BTreeMap<i64, &'a Sent>) -> Vec<Ranked<'a>> {
    let all: BTreeMap<i64, &Sent> = named.iter().chain(pair).map(|(id, sent)| (*id, *sent)).collect();
    let stems: Vec<BTreeSet<String>> = all.values().map(|sent| telling(&sent.words).into_values().collect()).collect();
    let said = telling(text.body);
    let mut ranked: Vec<Ranked<'_>> = all
        .values()
        .zip(&stems)
        .map(|(sent, own)| {
            let mut shared = Vec::new();
            // What came from another number is in the list for its reference or its words, not for its time.
            let mut score = if pair.contains_key(&sent.alert_id) { 2 + 2 * recency(text.received_at, sent) } else { 0 };
            for (word, stem) in &said {
                let weight = if own.contains(stem) { rarity(stems.iter().filter(|others| others.contains(stem)).count(), stems.len()) } else { 0 };
                if weight > 0 {
                    score += weight;
                    shared.push(word.as_str());
                }
            }
            let mut reason = format!("sent {}", ago(text.received_at.since_ms(sent.at) / 3_600_000));
            if !shared.is_empty() {
                shared.truncate(6);
                reason = format!("{reason}; shares “{}”", shared.join("”, “"));
            }
            if named.contains_key(&sent.alert_id) {
                score += if text.aside { 0 } else { NAMED };
                reason = format!("{reason}; the text names it");
            }
            Ranked { sent, score, reason }
        })
        .collect();
    ranked.sort_by_key(|one| Reverse((one.score, one.sent.at)));
    ranked
}

fn ago(hours: i64) -> String {
    match hours {
        i64::MIN..=0 => "less than an hour before".to_owned(),
        1 => "an hour before".to_owned(),
        2..=47 => format!("{hours} hours before"),
        _ => format!("{} days before", hours / 24),
    }
}

/// In steps: most people answer what came last.
fn recency(received_at: At, sent: &Sent) -> i64 {
    match received_at.since_ms(sent.at) / 3_600_000 {
        i64::MIN..=2 => 4,
        3..=12 => 3,
        13..=48 => 2,
        49..=168 => 1,
        _ => 0,
    }
}

/// What a word weighs that so many of the candidates have: all of them, nothing; one of them, the most.
fn rarity(having: usize, of: usize) -> i64 {
    let (having, of) = (i64::try_from(having).unwrap_or(i64::MAX), i64::try_from(of).unwrap_or(i64::MAX));
    if having == 0 || of < 2 { 0 } else { RARE * (of - having) / (of - 1) }
}

/// The words that can tell one alert from another, each with its stem. A word that is said twice counts once.
fn telling(text: &str) -> BTreeMap<String, String> {
    let mut seen = BTreeSet::new();
    tokens(text)
        .into_iter()
        .filter(|word| word.chars().count() >= 3 && !COMMON.contains(&word.as_str()) && !is_a_time(word))
        .map(|word| (stem(&word), word))
        .filter(|(stem, _)| seen.insert(stem.clone()))
        .map(|(stem, word)| (word, stem))
        .collect()
}

fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `9pm`, `2130`, `78`: what everybody writes of everything. A number plate's halves have letters first.
fn is_a_time(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 4
}

/// A word without its English endings, so that `caravans` is `caravan` and `burglaries` is `burglar`. What is cut too short or
/// too long only fails to match.
fn stem(word: &str) -> String {
    let long = |stem: &&str| stem.chars().count() >= 3;
    let cut = |word: &str, end: &str| word.strip_suffix(end).filter(long).map(str::to_owned);
    let mut stem = word.to_owned();
    if let Some(singular) = cut(&stem, "ies") {
        stem = singular + "y";
    } else if !["ss", "us", "is"].iter().any(|end| stem.ends_with(end))
        && let Some(singular) = cut(&stem, "s")
    {
        stem = singular;
    }
    if let Some(short) = cut(&stem, "ing").or_else(|| cut(&stem, "ed")) {
        stem = short;
        // robbed, cutting
        let mut letters = stem.chars().rev();
        if let (Some(last), Some(before)) = (letters.next(), letters.next())
            && last == before
            && !matches!(last, 'l' | 's' | 'e')
        {
            stem.pop();
        }
    }
    cut(&stem, "e").or_else(|| cut(&stem, "ry").map(|stem| stem + "r")).unwrap_or(stem)
}

/// No evidence: what any text may say, ours or theirs, and what half of all addresses end in.
const COMMON: &[&str] = &[
    "the",
    "and",
    "for",
    "you",
    "was",
    "are",
    "him",
    "her",
    "his",
    "she",
    "has",
    "had",
    "not",
    "but",
    "out",
    "our",
    "who",
    "saw",
    "see",
    "any",
    "all",
    "can",
    "did",
    "got",
    "get",
    "yes",
    "now",
    "day",
    "may",
    "one",
    "two",
    "yet",
    "off",
    "how",
    "its",
    "let",
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
    "texts",
    "information",
    "about",
    "there",
    "stop",
    "call",
    "area",
    "anyone",
    "your",
    "their",
    "then",
    "than",
    "some",
    "here",
    "just",
    "like",
    "will",
    "would",
    "could",
    "should",
    "being",
    "into",
    "over",
    "near",
    "after",
    "before",
    "around",
    "someone",
    "somebody",
    "something",
    "anything",
    "nothing",
    "think",
    "know",
    "look",
    "looks",
    "looking",
    "said",
    "says",
    "tell",
    "told",
    "ask",
    "still",
    "also",
    "again",
    "back",
    "down",
    "went",
    "going",
    "gone",
    "came",
    "come",
    "goes",
    "night",
    "last",
    "morning",
    "today",
    "yesterday",
    "tonight",
    "evening",
    "afternoon",
    "week",
    "time",
    "times",
    "help",
    "thanks",
    "thank",
    "sorry",
    "hello",
    "hear",
    "heard",
    "notice",
    "noticed",
    "ours",
    "mine",
    "street",
    "road",
    "lane",
    "avenue",
    "drive",
    "close",
    "hill",
    "view",
    "way",
    "end",
    "alert",
    "ref",
    "reference",
    "opt",
    "number",
    "phone",
    "ring",
    "liked",
    "loved",
];

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
    fn a_reference_in_the_text_overrides_the_pair_but_proves_nothing_against_it() {
        let tied = tie("about REF2", "+44", now(), &[sent(1, "caravan", 3)], &[sent(2, "bicycle", 90)]);
        assert_eq!((tied.target, tied.method, tied.confidence), (Target::Alert(2), "reference", Confidence::Probable));
        assert_eq!(tied.candidates.iter().map(|candidate| candidate.alert_id).collect::<Vec<_>>(), [2, 1], "the named one first, the pair's offered");
    }

    #[test]
    fn a_reference_is_certain_where_the_pair_admits_it() {
        for pair in [vec![], vec![sent(2, "bicycle", 90)], vec![sent(1, "caravan", 3), sent(2, "bicycle", 90)]] {
            let tied = tie("About ref2: yes", "+44", now(), &pair, &[sent(2, "bicycle", 90)]);
            assert_eq!((tied.target, tied.method, tied.confidence), (Target::Alert(2), "reference", Confidence::Certain));
        }
    }

    #[test]
    fn a_reference_beside_which_something_else_is_meant_is_never_certain() {
        let pair = [sent(1, "caravan", 3), sent(2, "bicycle", 90)];
        for body in ["is it the same man as in REF2?", "not REF2", "this is linked to REF2", "REF2 again"] {
            for pair in [&pair[..], &pair[..1]] {
                let tied = tie(body, "+44", now(), pair, &pair_named());
                assert_ne!(tied.confidence, Confidence::Certain, "{body}");
                assert_eq!(tied.candidates.len(), 2, "{body}");
                assert_eq!(tied.candidates[0].alert_id, 1, "{body}: what came last in the thread");
            }
        }
        let both = tie("REF1 or REF2", "+44", now(), &pair[..1], &pair);
        assert_ne!(both.confidence, Confidence::Certain);
    }

    fn pair_named() -> Vec<Sent> {
        vec![sent(2, "bicycle", 90)]
    }

    #[test]
    fn an_alert_that_was_never_sent_to_them_makes_the_pair_less_sure() {
        let tied = tie("about K7Q2M", "+44", now(), &[sent(1, "caravan", 3)], &[]);
        assert_eq!(doubt(tied.clone(), &[]), tied);
        let poster = Candidate { alert_id: 9, reason: "the text names K7Q2M, which was not sent to this phone".to_owned() };
        let doubted = doubt(tied, &[poster]);
        assert_eq!((doubted.target, doubted.confidence), (Target::Alert(1), Confidence::Probable));
        assert_eq!(doubted.candidates.len(), 2);
        assert!(doubted.evidence.contains("K7Q2M"), "{}", doubted.evidence);
    }

    #[test]
    fn a_word_weighs_by_how_few_of_the_candidates_have_it() {
        // Both went out about cars; only one of them about a caravan.
        let sent = [sent(1, "car and caravan, Mill Lane", 200), sent(2, "car on fire, Mill Lane", 1), sent(3, "car scratched, Mill Lane", 20)];
        let tied = tie("caravans again on Mill Lane, a car beside them", "+44", now(), &sent, &[]);
        assert_eq!(tied.candidates[0].alert_id, 1, "{:?}", tied.candidates);
        assert!(tied.candidates[0].reason.ends_with("shares “caravans”"), "{}", tied.candidates[0].reason);
        let bare = tie("the car on Mill Lane", "+44", now(), &sent, &[]);
        assert_eq!(bare.candidates[0].alert_id, 2, "what all have tells nothing: the newest first");
    }

    #[test]
    fn words_match_by_their_stems() {
        for (a, b) in
            [("caravan", "caravans"), ("burglary", "burglaries"), ("burglar", "burglars"), ("burglary", "burglars"), ("robbed", "robs"), ("bike", "bikes")]
        {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        for (a, b) in [("car", "caravan"), ("glass", "glas"), ("bus", "bu"), ("van", "vans!")] {
            assert_ne!(stem(a), stem(b), "{a} {b}");
        }
    }
}
