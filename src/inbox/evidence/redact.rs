//! `[pure]` Words of a message taken out of a copy. Each is replaced by the same block, whatever its length, so that nobody
//! can guess a name by how long it is.

use std::collections::BTreeSet;
use std::ops::Range;

use regex::RegexBuilder;

/// What stands in place of what was taken out.
pub const BLOCK: &str = "█████";

/// The words of a text, by their place in it. Signs before and after a word belong to it.
pub fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begun = None;
    for (at, c) in text.char_indices() {
        match (c.is_whitespace(), begun) {
            (false, None) => begun = Some(at),
            (true, Some(from)) => {
                found.push(from..at);
                begun = None;
            }
            _ => {}
        }
    }
    found.extend(begun.map(|from| from..text.len()));
    found
}

/// The text without these words (by their number, from 0 on) and without these phrases wherever they stand, in whichever
/// case; and how many places that were.
pub fn redact(text: &str, chosen: &BTreeSet<usize>, phrases: &[String]) -> (String, usize) {
    let mut out: Vec<Range<usize>> = words(text).into_iter().enumerate().filter(|(number, _)| chosen.contains(number)).map(|(_, range)| range).collect();
    for phrase in phrases.iter().map(|phrase| phrase.trim()).filter(|phrase| !phrase.is_empty()) {
        // Between the words of a phrase there may be a line break in the text.
        let pattern = phrase.split_whitespace().map(regex::escape).collect::<Vec<_>>().join(r"\s+");
        if let Ok(pattern) = RegexBuilder::new(&pattern).case_insensitive(true).build() {
            out.extend(pattern.find_iter(text).map(|found| found.range()));
        }
    }
    out.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in out {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    let (mut copy, mut from) = (String::with_capacity(text.len()), 0);
    for range in &merged {
        copy.push_str(text.get(from..range.start).unwrap_or_default());
        copy.push_str(BLOCK);
        from = range.end;
    }
    copy.push_str(text.get(from..).unwrap_or_default());
    (copy, merged.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_words_and_phrases_are_blocks_of_one_length() {
        let text = "It was Dave Smith,\nof 4 Mill Lane. dave\nSMITH has a van.";
        let cases: &[(&[usize], &[&str], &str, usize)] = &[
            (&[], &[], text, 0),
            (&[2, 3], &[], "It was █████ █████\nof 4 Mill Lane. dave\nSMITH has a van.", 2),
            (&[], &["dave smith"], "It was █████,\nof 4 Mill Lane. █████ has a van.", 2),
            (&[7], &["Mill Lane", " "], "It was Dave Smith,\nof 4 █████ dave\nSMITH has a van.", 1),
            (&[], &["ave", "dav"], "It was █████ Smith,\nof 4 Mill Lane. █████\nSMITH has a van.", 2),
            (&[99], &["("], text, 0),
        ];
        for (chosen, phrases, expected, count) in cases {
            let phrases: Vec<String> = phrases.iter().map(|phrase| (*phrase).to_owned()).collect();
            assert_eq!(redact(text, &chosen.iter().copied().collect(), &phrases), ((*expected).to_owned(), *count), "{chosen:?} {phrases:?}");
        }
    }

    #[test]
    fn words_are_found_in_any_script() {
        let text = " dŵr\u{a0}y  môr ";
        assert_eq!(words(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>(), ["dŵr", "y", "môr"]);
        assert!(words("").is_empty() && words(" \n").is_empty());
    }
}
