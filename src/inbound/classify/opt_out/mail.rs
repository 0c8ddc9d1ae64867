//! `[pure]` Opt-out by mail: the exact word, or a sentence that asks; English, Welsh and other languages.
//!
//! A sentence that only begins with such a word is a message: "Stop sign on Mill Lane, white van" is a sighting.

use std::sync::LazyLock;

use super::{normal, words};
use crate::inbound::phrases::{self, Phrases};

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// No more.
    OptOut(&'static str),
    /// Again, please.
    OptIn,
    /// Anything else.
    Message,
}

/// Reads a text: the words, and what may stand about them, are those of a text message.
pub fn exact(text: &str) -> Wish {
    let once = words::said_once(&words::without_courtesies(&normal::words(&normal::plain(text))));
    match words::opt_out(&once) {
        Some(word) => Wish::OptOut(word),
        None if words::is_opt_in(&once) => Wish::OptIn,
        None => Wish::Message,
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
    let lower = normal::plain(&own).split_whitespace().collect::<Vec<_>>().join(" ");
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
        assert_eq!(exact("START"), Wish::OptIn);
        assert_eq!(exact("start of the lane"), Wish::Message);
    }
}
