//! `[pure]` Registrations of vehicles of the United Kingdom: current (`AB12 CDE`), prefix (`A123 BCD`), suffix (`ABC 123D`),
//! Northern Ireland (`AIG 1234`), and dateless ones only where the text says that it is one.
//!
//! The forms and the letters that none of them has are the DVLA's (INF104). People write them with or without the blank, in
//! small letters, and with O for 0 or I for 1; what had to be mended is a perhaps.

use std::sync::LazyLock;

use regex::Captures;

use super::{Pattern, each, group, in_capitals, is_everyday, pattern};
use crate::domain::finding::{Finding, Kind};

const MENDED: &str = "Read with 0 for O or 1 for I";
const ROAD: &str = "It may be a road";
const DATELESS: &str = "Registrations of this form have no fixed pattern";

/// Every registration in the text.
pub(super) fn find(text: &str) -> Vec<Finding> {
    static CURRENT: Pattern = LazyLock::new(|| pattern(r"(?i)\b([A-Z0]{2})([ -]?)([0-9OIL]{2})([ -]?)([A-Z0]{3})\b"));
    static PREFIX: Pattern = LazyLock::new(|| pattern(r"(?i)\b([A-HJ-NP-TV-Y])([0-9OIL]{1,3})([ -]?)([A-HJ-PR-Y][A-HJ-PR-Z]{2})\b"));
    static SUFFIX: Pattern = LazyLock::new(|| pattern(r"(?i)\b([A-HJ-PR-Z]{3})([ -]?)([0-9OIL]{1,3})([A-HJ-NPR-TV-Y])\b"));
    static NORTHERN: Pattern = LazyLock::new(|| pattern(r"\b([A-Z](?:[A-HJ-PR-VX-Y]Z|I[ABGJLW]|[JOUX]I))([ -]?)([0-9]{1,4})\b"));
    static DATELESS: Pattern = LazyLock::new(|| {
        pattern(
            r"(?i)\b(?:reg(?:istration)?|plates?|vrm|vrn|index)\b[ .:]*(?:(?:no|number|mark|plate|is|was|reads)\b[ .:]*){0,3}\b([A-Z]{1,3}[ -]?[0-9]{1,4}|[0-9]{1,4}[ -]?[A-Z]{1,3})\b",
        )
    });
    let mut found = each(text, &CURRENT, current);
    for more in [each(text, &PREFIX, prefix), each(text, &SUFFIX, suffix), each(text, &NORTHERN, northern), each(text, &DATELESS, dateless)] {
        found.extend(more);
    }
    found
}

fn finding(captures: &Captures<'_>, value: String, perhaps: Option<&'static str>) -> Option<Finding> {
    Some(Finding { kind: Kind::Plate, at: captures.get(0)?.range(), value: value.to_ascii_uppercase(), perhaps })
}

/// Digits with what people type for them; none if no digit is among them.
fn digits(written: &str) -> Option<(String, bool)> {
    let mended: String = written
        .chars()
        .map(|c| match c {
            'o' | 'O' => '0',
            'i' | 'I' | 'l' | 'L' => '1',
            other => other,
        })
        .collect();
    written.chars().any(|c| c.is_ascii_digit()).then(|| {
        let slipped = mended != written;
        (mended, slipped)
    })
}

/// Letters with an O for a 0.
fn letters(written: &str) -> (String, bool) {
    (written.to_ascii_uppercase().replace('0', "O"), written.contains('0'))
}

fn current(captures: &Captures<'_>) -> Option<Finding> {
    let ((area, mended_area), (age, mended_age), (last, mended_last)) = (letters(group(captures, 1)), digits(group(captures, 3))?, letters(group(captures, 5)));
    let (first_gap, second_gap) = (!group(captures, 2).is_empty(), !group(captures, 4).is_empty());
    let mended = mended_area || mended_age || mended_last;
    let fits = !area.contains(['I', 'Q', 'Z']) && !last.contains(['I', 'Q']) && !matches!(age.as_str(), "00" | "01" | "50");
    // "at 10 the", "DE45 the": words with a number between them.
    let words = (first_gap && (is_everyday(&area) || !in_capitals(group(captures, 0)))) || (second_gap && is_everyday(&last)) || (first_gap && !second_gap);
    // An area and three letters of which one is a zero: more likely something else.
    if !fits || words || (mended_area && mended_last) {
        return None;
    }
    finding(captures, format!("{area}{age}{last}"), mended.then_some(MENDED))
}

fn prefix(captures: &Captures<'_>) -> Option<Finding> {
    let (year, (number, mended), gap, last) = (group(captures, 1), digits(group(captures, 2))?, group(captures, 3), group(captures, 4));
    let capitals = in_capitals(group(captures, 0));
    let road = !gap.is_empty() && year.contains(['A', 'B', 'M', 'a', 'b', 'm']);
    if number.starts_with('0') || is_everyday(last) || (road && !capitals) {
        return None;
    }
    let perhaps = if road { Some(ROAD) } else { mended.then_some(MENDED) };
    finding(captures, format!("{year}{number}{last}"), perhaps)
}

fn suffix(captures: &Captures<'_>) -> Option<Finding> {
    let (first, gap, (number, mended), year) = (group(captures, 1), group(captures, 2), digits(group(captures, 3))?, group(captures, 4));
    // "see 20m", "nxt 10m": a word and a measure.
    if number.starts_with('0') || is_everyday(first) || (!gap.is_empty() && !in_capitals(group(captures, 0))) {
        return None;
    }
    finding(captures, format!("{first}{number}{year}"), mended.then_some(MENDED))
}

fn northern(captures: &Captures<'_>) -> Option<Finding> {
    let (letters, number) = (group(captures, 1), group(captures, 3));
    if is_everyday(letters) || number.starts_with('0') || number.len() < 2 {
        return None;
    }
    finding(captures, format!("{letters}{number}"), (number.len() < 3).then_some(DATELESS))
}

/// Only what the text itself calls a registration, and in capitals or without a blank.
fn dateless(captures: &Captures<'_>) -> Option<Finding> {
    let written = captures.get(1)?;
    let word: String = written.as_str().chars().filter(char::is_ascii_alphabetic).collect();
    let parted = written.as_str().contains([' ', '-']);
    if is_everyday(&word) || (parted && !in_capitals(written.as_str())) || written.len() < 3 {
        return None;
    }
    let value: String = written.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
    Some(Finding { kind: Kind::Plate, at: written.range(), value: value.to_ascii_uppercase(), perhaps: Some(DATELESS) })
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn plates_of_every_age_are_read_as_people_write_them() {
        for (text, expected) in [
            ("AB12 CDE", "plate AB12CDE"),
            ("AB12CDE", "plate AB12CDE"),
            ("ab12cde", "plate AB12CDE"),
            ("it was ab12 cdf i think", "plate AB12CDF"),
            ("AB 12 CDE", "plate AB12CDE"),
            ("AB12-CDE", "plate AB12CDE"),
            ("(AB75 XYZ)", "plate AB75XYZ"),
            ("ABI2 CDE", "plate AB12CDE?"),
            ("AB1O CDE", "plate AB10CDE?"),
            ("A012 CDE", "plate AO12CDE?"),
            ("ab1o cde", "plate AB10CDE?"),
            ("A123 BCD", "plate A123BCD?"),
            ("A123BCD", "plate A123BCD"),
            ("P7 XKN", "plate P7XKN"),
            ("p789 xkn", "plate P789XKN"),
            ("W1O4 KLM", "plate W104KLM?"),
            ("ABC 123D", "plate ABC123D"),
            ("abc123d", "plate ABC123D"),
            ("KVL 7W", "plate KVL7W"),
            ("AIG 1234", "plate AIG1234"),
            ("XIG4321", "plate XIG4321"),
            ("JHZ 1234 from Larne", "plate JHZ1234"),
            ("reg JFK 1", "plate JFK1?"),
            ("Registration number is 1234 AB", "plate 1234AB?"),
            ("number plate was 23xk, blue", "plate 23XK?"),
            ("in DE45 the AB12 CDE", "plate AB12CDE"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_plate_is_none() {
        for text in [
            "at 10 the van left",
            "AT 10 THE VAN LEFT",
            "by 12 for me",
            "in so10 the dog",
            "M1 JCT 28",
            "A38 now shut",
            "M1 was shut",
            "B5 the corner",
            "bus 12a came",
            "BUS 12A CAME",
            "the 50p bit",
            "nxt 10m",
            "flat 12b",
            "win 100k",
            "AB00 CDE",
            "AB50 CDE",
            "QZ12 ABC",
            "JFK 1",
            "registration on the M1",
            "plate 4 of 20",
            "reg no 12 for it",
            "BIG 12",
            "12 MAY 2026 AND",
            "covid19 rules",
            "G20 summit",
            "F1 car",
            "5g mast",
            "XAB12 CDE",
            "AB12 CDEF",
            "AB123 CDE",
        ] {
            let plates: Vec<String> = told(text).into_iter().filter(|found| found.starts_with("plate")).collect();
            assert_eq!(plates, [""; 0], "{text}");
        }
    }
}
