//! `[pure]` Recognising what a sighting is made of: vehicles, places, numbers, times, links. One file a kind.
//!
//! Each kind gives its findings with the bytes they stand on and one normal form, so that equal ones are found across
//! conversations. Where two kinds could claim the same bytes the surer one has them: a link, then three words, a phone
//! number, a postcode, a day or time, and a vehicle last, since its older forms are the loosest. What an alert is called by
//! is none of them.

mod dates;
mod links;
mod phones;
mod plates;
mod postcodes;
mod times;
mod what3words;

use std::ops::Range;
use std::sync::LazyLock;

use chrono::NaiveDate;
use chrono_tz::Europe::London;
use regex::{Captures, Regex};

use crate::domain::finding::Finding;
use crate::domain::reference;
use crate::store::findings::FindingRow;
use crate::store::messages::MessageRow;

/// Nobody writes more in one message that is worth a mark.
pub const MOST: usize = 200;

/// A pattern, made once. None would be a slip in this room; the tables of its tests would find nothing.
type Pattern = LazyLock<Option<Regex>>;

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// The rows of what is recognised in a message that came in.
pub fn found_in(message: &MessageRow) -> Vec<FindingRow> {
    if message.direction != "in" {
        return Vec::new();
    }
    let on = message.received_at.utc().with_timezone(&London).date_naive();
    let mut found: Vec<FindingRow> = recognise(&message.text, on).into_iter().filter_map(|finding| FindingRow::new(message.id, finding)).collect();
    // The subject of an answer is ours; that of a mail of their own may be all that they say. It stands before the text.
    let (subject, answers) = without_answer_mark(message.subject.as_deref().unwrap_or_default());
    if !answers && let Ok(before) = i64::try_from(subject.len() + 1) {
        let rows = recognise(subject, on).into_iter().filter_map(|finding| FindingRow::new(message.id, finding));
        found.extend(rows.map(|row| FindingRow { start: row.start - before, ..row }));
    }
    found
}

/// A mail's subject without the marks of answering and passing on, and whether it had one.
pub(super) fn without_answer_mark(subject: &str) -> (&str, bool) {
    let mut rest = subject.trim();
    let mut marked = false;
    while let Some(mark) = ["re:", "fwd:", "fw:"].into_iter().find(|mark| rest.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark))) {
        rest = rest.get(mark.len()..).unwrap_or_default().trim_start();
        marked = true;
    }
    (rest, marked)
}

/// Everything recognised in a text that came on this day, in order, no two over the same bytes.
pub fn recognise(text: &str, on: NaiveDate) -> Vec<Finding> {
    let mut taken: Vec<Range<usize>> = others(text);
    let mut found: Vec<Finding> = Vec::new();
    let mut add = |findings: Vec<Finding>| {
        for finding in findings {
            if taken.iter().all(|span| span.end <= finding.at.start || finding.at.end <= span.start) {
                taken.push(finding.at.clone());
                found.push(finding);
            }
        }
    };
    // Before other links: a link to three words says where.
    add(what3words::find(text));
    add(links::find(text));
    add(phones::find(text));
    add(postcodes::find(text));
    add(dates::find(text, on));
    add(times::find(text));
    add(plates::find(text));
    found.sort_by_key(|finding| finding.at.start);
    found.truncate(MOST);
    found
}

/// What is none of the kinds, whatever its letters: mail addresses, prices, and what our alerts are called by.
fn others(text: &str) -> Vec<Range<usize>> {
    static OTHERS: Pattern =
        LazyLock::new(|| pattern(r"(?i)[\w.+%-]+@[\w.-]+\w|[£$€] ?[0-9][0-9.,]*(?: ?[km]\b)?|\b[0-9a-z]{5}-[0-9a-z]{4}\b|\b[0-9a-z]{5}\b"));
    let Some(others) = OTHERS.as_ref() else { return Vec::new() };
    let is_other = |word: &str| {
        let bare = word.split('-').next().unwrap_or_default();
        // Not every word of five letters is looked at as a reference: five digits or letters alone are no plate anyway.
        word.contains('@') || word.starts_with(['£', '$', '€']) || (!reference::find_references(bare).is_empty() && bare.chars().any(|c| c.is_ascii_digit()))
    };
    others.find_iter(text).filter(|found| is_other(found.as_str())).map(|found| found.range()).collect()
}

/// Every match that a kind takes. After one that it does not take, the search goes on one character further: `in DE45 the
/// AB12 CDE` hides a plate behind what only looks like one.
fn each(text: &str, pattern: &Pattern, mut take: impl FnMut(&Captures<'_>) -> Option<Finding>) -> Vec<Finding> {
    let Some(pattern) = pattern.as_ref() else { return Vec::new() };
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(captures) = pattern.captures_at(text, from) {
        let Some(whole) = captures.get(0) else { break };
        let taken = take(&captures);
        from = match &taken {
            Some(finding) => finding.at.end.max(whole.start() + 1),
            None => whole.start() + text.get(whole.start()..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8),
        };
        found.extend(taken);
        if found.len() > MOST || from > text.len() {
            break;
        }
    }
    found
}

/// The text of a group, or nothing.
fn group<'t>(captures: &Captures<'t>, number: usize) -> &'t str {
    captures.get(number).map_or("", |found| found.as_str())
}

/// Whether every letter stands in capitals.
fn in_capitals(text: &str) -> bool {
    !text.chars().any(char::is_lowercase)
}

/// Everyday words of two and three letters, and short forms that stand before or after numbers: never a plate's letters
/// where a blank parts them from its digits.
fn is_everyday(word: &str) -> bool {
    static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("everyday.txt").split_whitespace().collect());
    let word = word.to_ascii_lowercase();
    WORDS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::Kind;
    use proptest::prelude::*;

    pub(super) fn day() -> NaiveDate {
        // A Sunday.
        NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
    }

    /// `kind value`, with a question mark where it is only perhaps so.
    pub(super) fn told(text: &str) -> Vec<String> {
        let told = |finding: Finding| format!("{} {}{}", finding.kind, finding.value, if finding.perhaps.is_some() { "?" } else { "" });
        recognise(text, day()).into_iter().map(told).collect()
    }

    #[test]
    fn a_sighting_gives_all_that_it_is_made_of_where_it_stands() {
        let text = "Saw a silver Golf AB12 CDE near DE45 1AA at 21:30 on 12/11/2026, ring 07700 900123. ///index.home.raft https://clips.example/v1";
        let found = recognise(text, day());
        let parts: Vec<_> = found.iter().map(|finding| (finding.kind, &text[finding.at.clone()], finding.value.as_str())).collect();
        let expected = [
            (Kind::Plate, "AB12 CDE", "AB12CDE"),
            (Kind::Postcode, "DE45 1AA", "DE451AA"),
            (Kind::Time, "21:30", "21:30"),
            (Kind::Date, "12/11/2026", "2026-11-12"),
            (Kind::Phone, "07700 900123", "+447700900123"),
            (Kind::What3words, "///index.home.raft", "index.home.raft"),
            (Kind::Link, "https://clips.example/v1", "clips.example"),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn one_kind_is_not_taken_for_another() {
        for text in [
            "",
            "Nothing at all to see here",
            "M1 J28 was shut",
            "on the M1 near J28a and the A38 too",
            "number 12 High Street, flat 2b",
            "It cost £12.50 and then £300",
            "about 20 people, 3 of them kids",
            "see 20m from the gate",
            "the M1 was busy, the A38 had none, B6 the same",
            "in de45 the man ran",
            "was 20m away",
            "big 10 and fig 12",
            "write to ab12cde@example.org",
            "ref K7Q2M-9FDM",
            "index.home.raft without its slashes",
            "score was 3-1",
            "version 1.2.3",
            "may 12 people have seen it",
            "he can be 6ft",
            "M1 1st exit",
            "call 999 or 101",
            "order 123456789",
            "2026 was a good year",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_an_alert_is_called_by_is_no_plate() {
        let known = std::iter::repeat_with(reference::new_reference).take(200);
        for reference in known {
            assert_eq!(told(&format!("about {reference} yes")), [""; 0], "{reference}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_every_place_is_in_the_text(text in "\\PC{0,200}") {
            for finding in recognise(&text, day()) {
                prop_assert!(text.get(finding.at.clone()).is_some_and(|words| !words.is_empty()));
            }
        }

        #[test]
        fn nor_does_one_of_its_own_shapes(parts in proptest::collection::vec("[A-Za-z0O1I£é/:.,+() -]{0,6}|AB12 ?CDE|DE45 1AA|[0-9]{1,12}|///|https?://", 0..30)) {
            let text = parts.concat();
            let found = recognise(&text, day());
            for pair in found.windows(2) {
                prop_assert!(pair[0].at.end <= pair[1].at.start);
            }
        }
    }
}
