//! `[pure]` Phone numbers as people write them: of the United Kingdom with their 0, of elsewhere with their +.

use std::sync::LazyLock;

use super::{Pattern, each, pattern};
use crate::domain::Phone;
use crate::domain::address::NumberKind;
use crate::domain::finding::{Finding, Kind};

/// Every phone number in the text that somebody could be called on.
pub(super) fn find(text: &str) -> Vec<Finding> {
    static NUMBER: Pattern = LazyLock::new(|| pattern(r"(?:\+|\(\+|\(0|\b0|\b44)[0-9 ().\u{a0}-]{7,20}[0-9]\b"));
    each(text, &NUMBER, |captures| {
        let whole = captures.get(0)?;
        if text.get(..whole.start()).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || "£$€.-".contains(c))) {
            return None;
        }
        // What follows it may be another number: shorter and shorter, until one is left.
        let mut written = whole.as_str();
        loop {
            if let Some(value) = number(written) {
                let start = whole.start();
                return Some(Finding { kind: Kind::Phone, at: start..start + written.len(), value, perhaps: None });
            }
            let cut = written.rfind(|c: char| !c.is_ascii_digit())?;
            written = written.get(..cut)?.trim_end_matches(|c: char| !c.is_ascii_digit());
        }
    })
}

/// The number in E.164 if there is one.
fn number(written: &str) -> Option<String> {
    let digits = written.chars().filter(char::is_ascii_digit).count();
    if digits < 10 {
        return None;
    }
    let phone = Phone::parse(&written.replace('\u{a0}', " ")).ok()?;
    let kept_for_films = phone.e164().starts_with("+441632960");
    let known = !matches!(phone.kind(), NumberKind::Unknown | NumberKind::Invalid);
    (known || kept_for_films).then(|| phone.e164().to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, expected) in [
            ("07700 900123", "phone +447700900123"),
            ("my no is 07700900123.", "phone +447700900123"),
            ("+44 7700 900123", "phone +447700900123"),
            ("+44 (0)7700 900 123", "phone +447700900123"),
            ("(01332) 290111", "phone +441332290111"),
            ("0800-555-111", "phone +44800555111"),
            ("0044 7700 900123", "phone +447700900123"),
            ("+353 85 123 4567", "phone +353851234567"),
            ("07700 900123 4 times", "phone +447700900123"),
            ("01632 960123", "phone +441632960123"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for text in
            ["order 0123456", "£0770090012", "999", "101", "0.5 0.5 0.5 0.5", "2026-11-22 14:30", "09.30-10.30", "00000000000", "12345678901", "AB07700900123"]
        {
            assert_eq!(told(text).into_iter().filter(|found| found.starts_with("phone")).collect::<Vec<_>>(), [""; 0], "{text}");
        }
    }
}
