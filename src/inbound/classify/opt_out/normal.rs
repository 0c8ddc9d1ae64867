//! `[pure]` A text as it was meant: without what phones, programs and fingers put around the words.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

/// Compatibility forms, small letters, plain quotes; without marks that cannot be seen. Line breaks stay.
pub(super) fn plain(text: &str) -> String {
    text.nfkc()
        .filter(|c| !is_unseen(*c))
        .map(|c| match c {
            '’' | '‘' | 'ʼ' | '`' | '´' | '′' => '\'',
            '“' | '”' | '„' | '«' | '»' | '″' => '"',
            '–' | '—' | '‑' | '‐' | '−' => '-',
            '\u{a0}' | '\t' => ' ',
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Zero-width, direction and variation marks, soft hyphens, tags.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Letters without their accents: what a Welsh keyboard has and another has not.
pub(super) fn without_accents(text: &str) -> String {
    text.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect()
}

/// Only words, with single blanks: no punctuation, no emoji. What stands within a word (don't, opt-out) stays.
pub(super) fn words(text: &str) -> String {
    let bare = without_accents(text);
    let mut out = String::with_capacity(bare.len());
    for word in bare.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-'))) {
        let word = word.trim_matches(['\'', '-']);
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    out
}

/// "Liked “…”", as phones send a tap on a message to those that cannot show it.
pub(super) fn is_reaction(plain: &str) -> bool {
    static REACTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"^\W*(?:(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted|reacts|hearted|thumbs up|added a reaction|wedi (?:hoffi|caru))\b.{0,60}"|removed (?:an?|the) \w+(?: \w+)? (?:from|to) "|[^\p{L}\p{N}"]{1,8}(?: ?to| ?at| ?i)? ?".{12,}"\W*$)"#,
        )
        .ok()
    });
    REACTION.as_ref().is_some_and(|pattern| pattern.is_match(plain.trim()))
}

/// Cuts what a phone puts under a text.
pub(super) fn without_signature(plain: &str) -> String {
    static SENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?s)(?:^|[\n.!]|\s{2,}|\s)\s*(?:-{1,3}\s*)?(?:sent from (?:my|the|a|an|outlook|yahoo|mail|samsung|huawei|proton|bt|sky|ee|o2|vodafone)\b[^\n]{0,60}|sent via [^\n]{0,40}|get outlook for [^\n]{0,20}|anfonwyd o fy [^\n]{0,30})\s*$").ok()
    });
    match SENT.as_ref().and_then(|pattern| pattern.find(plain)) {
        Some(found) if found.start() > 0 => plain.get(..found.start()).unwrap_or(plain).to_owned(),
        _ => plain.to_owned(),
    }
}

/// Takes out our own instruction where it is quoted back: "Reply STOP to opt out".
pub(super) fn without_our_words(plain: &str) -> String {
    static OURS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?s)["'>\s]*(?:(?:\b(?:please )?(?:reply to this text|text|reply|send|txt|respond|answer|atebwch|tecstiwch|anfonwch)(?: with| back)?[.]?\s*(?:ref [0-9a-z]{5}[.]?\s*)?)?"?\bstop"?\s*(?:to (?:opt[ -]?out|unsubscribe|stop(?: receiving)?[^.\n]{0,30}|end|leave|cancel|quit)|i (?:optio allan|adael|stopio))\b[.!]?(?:\s*(?:at any time|anytime)[.]?)?)["'\s]*"#,
        )
        .ok()
    });
    match OURS.as_ref() {
        Some(pattern) => pattern.replace_all(plain, "\n").trim().to_owned(),
        None => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_and_how_it_is_dressed_do_not_count() {
        for text in ["ＳＴＯＰ", "S\u{200b}TOP", "“Stop”", "sto\u{ad}p", "STOP 🛑", "*stop*", "stop\u{a0}"] {
            assert_eq!(words(&plain(text)), "stop", "{text}");
        }
    }

    #[test]
    fn a_reaction_is_no_answer() {
        for text in [
            "Liked “Derbyshire Alert: seen it? STOP to opt out.”",
            "👍 to “Derbyshire Alert: STOP to opt out.”",
            "Laughed at \"x STOP\"",
            "Removed a heart from “Reply STOP”",
        ] {
            assert!(is_reaction(&plain(text)), "{text}");
        }
        for text in ["Stop", "I liked the “van”", "\"STOP\"", "🛑 stop"] {
            assert!(!is_reaction(&plain(text)), "{text}");
        }
    }

    #[test]
    fn signatures_and_our_own_instruction_go() {
        assert_eq!(words(&without_signature(&plain("Stop\n\nSent from my iPhone"))), "stop");
        assert_eq!(words(&without_signature(&plain("STOP Sent from my Galaxy"))), "stop");
        assert_eq!(words(&without_our_words(&plain("> Reply to this text. Ref K7Q2M. STOP to opt out.\nIt was red"))), "it was red");
        assert_eq!(words(&without_our_words(&plain("“Reply STOP to opt out” stop"))), "stop");
    }
}
