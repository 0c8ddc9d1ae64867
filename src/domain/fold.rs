//! `[pure]` Words as search knows them: small letters without accents, so that both databases find the same.
//!
//! Whatever is neither letter nor digit parts words, but an apostrophe within one (`don't` is `dont`). What people write with
//! or without a blank, such as a plate or a postcode, is kept a second time as one word.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// The longest word that is kept, in characters.
const LONGEST: usize = 48;
/// Nobody looks for the words after these.
const MOST_WORDS: usize = 8_000;
/// Nor behind so many bytes of them: PostgreSQL takes a million in one entry and refuses more.
const MOST_BYTES: usize = 300_000;

/// A word where it stands in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its bytes.
    pub at: Range<usize>,
    /// As search knows it.
    pub folded: String,
}

/// The words of a text, in order.
pub fn words(text: &str) -> Vec<Word> {
    let (mut found, mut current): (Vec<Word>, Option<Word>) = (Vec::new(), None);
    let mut bytes = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let end = start + c.len_utf8();
        let within = current.is_some() && is_apostrophe(c) && rest.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if c.is_alphanumeric() || (current.is_some() && is_accent(c)) || within {
            let word = current.get_or_insert_with(|| Word { at: start..start, folded: String::new() });
            word.at.end = end;
            if !within && word.folded.chars().count() < LONGEST {
                fold(c, &mut word.folded);
            }
        } else if let Some(word) = current.take() {
            bytes += word.folded.len();
            found.extend((!word.folded.is_empty()).then_some(word));
        }
        if found.len() >= MOST_WORDS || bytes >= MOST_BYTES {
            return found;
        }
    }
    found.extend(current.filter(|word| !word.folded.is_empty()));
    found
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ')
}

const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn fold(c: char, to: &mut String) {
    if c.is_ascii() {
        to.push(c.to_ascii_lowercase());
        return;
    }
    for part in c.nfkd().filter(|part| !is_accent(*part)) {
        match part {
            'ß' | 'ẞ' => to.push_str("ss"),
            'æ' | 'Æ' => to.push_str("ae"),
            'œ' | 'Œ' => to.push_str("oe"),
            'ø' | 'Ø' => to.push('o'),
            'ł' | 'Ł' => to.push('l'),
            'đ' | 'Đ' | 'ð' | 'Ð' => to.push('d'),
            'þ' | 'Þ' => to.push_str("th"),
            'ı' => to.push('i'),
            // A capital may be two small letters, of which one is an accent.
            part => to.extend(part.to_lowercase().filter(|small| small.is_alphanumeric())),
        }
    }
}

/// What these neighbours are as one word, if people write such a thing with or without blanks: two or three short parts of
/// letters and digits, as a plate or a postcode has.
pub fn joined(parts: &[&str]) -> Option<String> {
    let whole = parts.concat();
    let short = parts.iter().all(|part| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    let both = whole.bytes().any(|b| b.is_ascii_digit()) && whole.bytes().any(|b| b.is_ascii_alphabetic());
    let all = |part: &&str, is: fn(&u8) -> bool| part.as_bytes().iter().all(is);
    let fits = match parts {
        [_, _] => true,
        [first, second, third] => all(first, u8::is_ascii_alphabetic) && all(second, u8::is_ascii_digit) && all(third, u8::is_ascii_alphabetic),
        _ => false,
    };
    (fits && short && both && (5..=7).contains(&whole.len())).then_some(whole)
}

/// What the index holds of a text: its words, and apart from them what neighbours are as one.
pub fn entry(text: &str) -> (String, String) {
    let words = words(text);
    let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    let pairs = folded.windows(2).chain(folded.windows(3)).filter_map(joined);
    let mut joins: Vec<String> = pairs.take(400).collect();
    joins.sort_unstable();
    joins.dedup();
    (folded.join(" "), joins.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_accents_and_marks_make_no_difference() {
        for (text, expected) in [
            ("Don’t  STOP-me", "dont stop me"),
            ("Café CAFE\u{301} CAFÉ", "cafe cafe cafe"),
            ("Łódź, Straße, Øster, ﬁne, İstanbul", "lodz strasse oster fine istanbul"),
            ("o'clock 'quoted' dogs'", "oclock quoted dogs"),
            ("07700-900 123", "07700 900 123"),
            ("مرحبا 世界", "مرحبا 世界"),
            ("…!?", ""),
        ] {
            assert_eq!(entry(text).0, expected, "{text}");
        }
    }

    #[test]
    fn plates_and_postcodes_are_kept_as_one_word_too() {
        assert_eq!(entry("a red car AB12 CDE at DE45 1AA"), ("a red car ab12 cde at de45 1aa".to_owned(), "ab12cde atde45 carab12 de451aa".to_owned()));
        assert_eq!(joined(&["ab", "12", "cde"]), Some("ab12cde".to_owned()));
        assert_eq!(joined(&["the", "van"]), None);
        assert_eq!(joined(&["12", "34"]), None);
    }

    proptest! {
        #[test]
        fn every_word_stands_where_it_says(text in "\\PC{0,120}") {
            for word in words(&text) {
                prop_assert!(text.get(word.at.clone()).is_some());
                prop_assert!(!word.folded.contains(char::is_whitespace));
            }
        }

        #[test]
        fn folding_what_is_folded_changes_nothing(text in "\\PC{0,120}") {
            let once = entry(&text).0;
            prop_assert_eq!(entry(&once).0, once);
        }
    }
}
