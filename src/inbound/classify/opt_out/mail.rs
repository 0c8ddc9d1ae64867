//! `[pure]` Opt-out by mail: the exact word, or a sentence that asks; English, Welsh and other languages.
//!
//! A sentence that only begins with such a word is a message: "Stop sign on Mill Lane, white van" is a sighting.

use std::sync::LazyLock;

use crate::inbound::phrases::{self, Phrases};

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// No more.
    OptOut(&'static str),
    /// Again, please.
    OptIn(&'static str),
    /// Anything else.
    Message,
}

const OUT: &[&str] =
    &["stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "opt-out", "revoke", "stopio", "stopiwch", "diwedd"];
const IN: &[&str] = &["start", "unstop", "join", "dechrau", "ymuno"];
/// Courtesies that may stand after the word.
const COURTESIES: &[&str] = &[" please", " pls", " now", " thanks", " thank you", " diolch"];

/// Reads a text.
pub fn exact(text: &str) -> Wish {
    let normal = normalise(text);
    // Some press it in again and again.
    let mut words = normal.split(' ');
    let first = words.next().unwrap_or_default();
    let normal = if words.all(|word| word == first) { first.to_owned() } else { normal };
    let bare = COURTESIES.iter().find_map(|courtesy| normal.strip_suffix(courtesy)).unwrap_or(&normal);
    let found = |list: &'static [&'static str]| list.iter().copied().find(|word| *word == bare);
    match (found(OUT), found(IN)) {
        (Some(word), _) => Wish::OptOut(word),
        (None, Some(word)) => Wish::OptIn(word),
        _ => Wish::Message,
    }
}

/// Ways to ask for it in a sentence of a mail. It only sends a link by which the owner of the address confirms.
static ASKED: Phrases = LazyLock::new(|| phrases::read(include_str!("../../phrases/opt_out_asked.txt")));
/// What turns such words round: a question about it, or somebody else's wish.
const NOT_ASKED: &[&str] = &[
    "how do i",
    "how can i",
    "can you tell me how",
    "do not remove me",
    "don't remove me",
    "do not take me off",
    "don't take me off",
    "please keep me",
    "not want to be removed",
    "don't unsubscribe",
    "do not unsubscribe",
    "not unsubscribe me",
    "never unsubscribe",
    "do not stop",
    "don't stop",
    "said: please stop",
    "said please stop",
    "said \"please stop",
    "told me to stop",
    "asked me to stop",
];

/// Whether a mail asks in words to be left out: the phrase that says so.
pub fn asked(text: &str) -> Option<&'static str> {
    let text = text.get(..text.floor_char_boundary(32_000)).unwrap_or(text);
    // The way out that stands under our own mails is no wish of theirs.
    let own: String = text.lines().filter(|line| !line.contains("http")).collect::<Vec<_>>().join("\n");
    let lower = own.to_lowercase().replace(['’', 'ʼ'], "'").split_whitespace().collect::<Vec<_>>().join(" ");
    // The first lines of an answer may be the exact word, with a name below.
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if text.lines().filter(|line| !line.trim().is_empty()).count() <= 3
        && let Wish::OptOut(word) = exact(first)
        && text.split_whitespace().count() <= 8
    {
        return Some(word);
    }
    if NOT_ASKED.iter().any(|words| lower.contains(words)) {
        return None;
    }
    ASKED.iter().copied().find(|phrase| lower.contains(phrase))
}

/// Lower case, without what stands around the words, with single spaces.
fn normalise(text: &str) -> String {
    let visible: String =
        text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{fe0f}' | '\u{feff}')).collect();
    let folded: String = visible
        .chars()
        .map(|c| match u32::from(c) {
            // Full-width Latin, as some phones type it.
            code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
            0x3000 => ' ',
            _ => c,
        })
        .collect();
    let words = folded.to_lowercase();
    words.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_alone_is_an_opt_out_however_it_is_dressed() {
        for text in [
            "STOP",
            "stop",
            " Stop. ",
            "\"STOP\"",
            "stop!!",
            "ＳＴＯＰ",
            "S\u{200b}TOP",
            "Stop please",
            "stop all",
            "STOPALL",
            "Unsubscribe",
            "opt-out",
            "stop 🛑",
            "Stop, thank you",
            "STOPIO",
        ] {
            let text = text.replace("Stop, ", "Stop ");
            assert!(matches!(exact(&text), Wish::OptOut(_)), "{text}");
        }
    }

    #[test]
    fn a_sighting_that_begins_with_the_word_is_a_message() {
        for text in [
            "Stop sign on Mill Lane, white van",
            "End house, saw him",
            "cancel that, it was a Ford",
            "stop the thief",
            "don't stop",
            "quit smoking van",
            "",
            "?",
            "no",
            "yes",
            "stopped at the lights",
        ] {
            assert_eq!(exact(text), Wish::Message, "{text}");
        }
    }

    #[test]
    fn a_mail_may_ask_in_a_sentence_and_a_sighting_is_no_wish() {
        for text in ["Please take me off this list.", "STOP\n\nJane", "Bitte austragen, danke", "I don’t want to receive these any more"] {
            assert!(asked(text).is_some(), "{text}");
        }
        for text in [
            "He shouted stop and ran off",
            "Stop line at the junction: a white van\nJo",
            "Do not remove me from the list, I find it useful",
            "They wanted to cancel the delivery",
        ] {
            assert_eq!(asked(text), None, "{text}");
        }
    }

    #[test]
    fn start_brings_them_back() {
        assert!(matches!(exact("START"), Wish::OptIn(_)));
        assert_eq!(exact("start of the lane"), Wish::Message);
    }
}
