//! `[pure]` Three words that name a square: `///a.b.c`, or a link to them. Three words with dots alone are no more than that.

use std::sync::LazyLock;

use super::{Pattern, each, pattern};
use crate::domain::finding::{Finding, Kind};

/// Every address of three words.
pub(super) fn find(text: &str) -> Vec<Finding> {
    static WORDS: Pattern = LazyLock::new(|| {
        pattern(
            r"(?i)(?:/{3} ?|\b(?:https?://)?(?:www\.|map\.)?(?:what3words\.com|w3w\.co)/(?:[a-z]{2}/)?)(\p{L}{2,30}\.\p{L}{2,30}\.\p{L}{2,30})(?:\?[^\s]*)?",
        )
    });
    each(text, &WORDS, |captures| {
        let (whole, words) = (captures.get(0)?, captures.get(1)?);
        Some(Finding { kind: Kind::What3words, at: whole.range(), value: words.as_str().to_lowercase(), perhaps: None })
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::told;

    #[test]
    fn only_what_says_that_it_is_an_address_is_one() {
        for (text, expected) in [
            ("///filled.count.soap", "what3words filled.count.soap"),
            ("it is at ///Filled.Count.Soap.", "what3words filled.count.soap"),
            ("/// filled.count.soap", "what3words filled.count.soap"),
            ("https://what3words.com/filled.count.soap", "what3words filled.count.soap"),
            ("w3w.co/filled.count.soap?alias=x", "what3words filled.count.soap"),
            ("///été.über.straße", "what3words été.über.straße"),
        ] {
            assert_eq!(told(text), [expected], "{text}");
        }
        for text in ["filled.count.soap", "///filled.count", "//filled.count.soap", "and/or.if.not"] {
            assert!(!told(text).iter().any(|found| found.starts_with("what3words")), "{text}");
        }
    }
}
