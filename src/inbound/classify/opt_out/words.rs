//! `[pure]` The words that are the whole of a text.

/// Opt-out words: the union of what providers, the CTIA and the FCC list, what Ofcom tells the public, and Welsh (sms.md 7).
const OUT: &[&str] = &[
    "stop",
    "stopall",
    "stop all",
    "unsubscribe",
    "unsub",
    "unsubscribed",
    "cancel",
    "end",
    "quit",
    "optout",
    "opt out",
    "opt-out",
    "opting out",
    "revoke",
    "arret",
    "remove",
    "remove me",
    "unsubscribe all",
    "unsubscribe me",
    "leave me alone",
    "stopio",
    "stopiwch",
    "stopia",
    "peidiwch",
    "paidiwch",
    "diwedd",
    "canslo",
    "canslwch",
    "dad-danysgrifio",
    "daddanysgrifio",
    "datdanysgrifio",
    "dadtanysgrifio",
    "dileu",
    "dileu fi",
    "tynnu",
    "dim mwy",
    "optio allan",
    "stopiwch os gwelwch yn dda",
];
/// After "reply YES or NO" these are answers.
const ANSWERS: &[&str] = &["cancel", "end", "quit", "remove", "revoke", "canslo", "diwedd", "peidiwch", "dileu"];
const IN: &[&str] = &[
    "start",
    "start again",
    "restart",
    "unstop",
    "join",
    "rejoin",
    "join again",
    "subscribe",
    "resubscribe",
    "re-subscribe",
    "resume",
    "opt in",
    "optin",
    "opt-in",
    "sign me up",
    "sign me back up",
    "add me",
    "add me back",
    "start me up again",
    "start alerts",
    "dechrau",
    "dechreuwch",
    "ailddechrau",
    "ail-ddechrau",
    "ymuno",
    "ymunwch",
    "tanysgrifio",
    "optio i mewn",
];
const HELP: &[&str] = &[
    "help",
    "info",
    "information",
    "help info",
    "help please",
    "commands",
    "options",
    "menu",
    "cymorth",
    "gwybodaeth",
    "help gyda hyn",
    "more info",
    "need info",
];
/// Courtesies that may stand around the word.
const COURTESIES: &[&str] = &[
    "please",
    "pls",
    "plz",
    "plse",
    "pleas",
    "plesae",
    "now",
    "thanks",
    "thank you",
    "thankyou",
    "thank u",
    "thx",
    "thnx",
    "ta",
    "cheers",
    "many thanks",
    "kind regards",
    "regards",
    "diolch",
    "os gwelwch yn dda",
    "plis",
    "rwan",
    "nawr",
    "hi",
    "hello",
    "hiya",
    "hey",
    "ok",
    "okay",
    "sorry",
    "just",
    "mate",
    "love",
    "right",
    "immediately",
    "asap",
    "today",
    "thanku",
    "no",
    "yes",
    "guys",
    "folks",
    "oi",
    "everyone",
    "helo",
    "ffs",
    "ta very much",
    "sir",
    "madam",
    "thank you very much",
    "thanks a lot",
];
/// What may follow STOP itself and belongs to it.
const AFTER_STOP: &[&str] = &["it", "this", "me", "these", "them", "texts", "txts", "messages", "msgs", "alerts", "texting", "messaging"];
/// Words that are near STOP and are words.
const NO_MISSES: &[&str] = &[
    "shop",
    "step",
    "slop",
    "swop",
    "top",
    "stoop",
    "strop",
    "stomp",
    "atop",
    "estop",
    "stow",
    "spot",
    "tops",
    "sop",
    "stob",
    "stot",
    "stock",
    "stope",
    "scop",
    "sto",
    "stomp",
    "stoup",
    "stops",
    "strip",
    "stoep",
    "stor",
    "ston",
    "stof",
    "subscribe",
    "subscribed",
    "subscriber",
    "resubscribe",
];

/// Takes courtesies off both ends.
pub(super) fn without_courtesies(whole: &str) -> String {
    let mut bare = whole;
    loop {
        let shorter = COURTESIES.iter().find_map(|courtesy| {
            let left = bare.strip_prefix(courtesy).and_then(|rest| rest.strip_prefix(' '));
            left.or_else(|| bare.strip_suffix(courtesy).and_then(|rest| rest.strip_suffix(' ')))
        });
        match shorter {
            Some(rest) if !rest.is_empty() => bare = rest,
            _ => break,
        }
    }
    // What somebody types who follows our instruction to the letter.
    if matches!(bare, "reply stop" | "text stop" | "send stop" | "replying stop" | "reply with stop" | "stop opt out" | "stop to") {
        return "stop".to_owned();
    }
    for after in AFTER_STOP {
        if let Some(rest) = bare.strip_suffix(after).and_then(|rest| rest.strip_suffix(' '))
            && matches!(rest, "stop" | "please stop" | "stop all" | "stopiwch" | "unsubscribe")
        {
            return "stop".to_owned();
        }
    }
    bare.to_owned()
}

/// "stop stop stop" is "stop"; "stooooop" too.
pub(super) fn said_once(bare: &str) -> String {
    if !bare.is_empty() && bare.len().is_multiple_of(4) && bare.as_bytes().chunks(4).all(|four| four == b"stop") {
        return "stop".to_owned();
    }
    let mut words = bare.split(' ');
    let first = words.next().unwrap_or_default();
    if words.all(|word| word == first) { shortened(first) } else { bare.to_owned() }
}

/// A letter that is held down counts once, if only held down enough: "stoop" is a step.
fn shortened(word: &str) -> String {
    let mut runs: Vec<(char, usize)> = Vec::new();
    for c in word.chars() {
        match runs.last_mut() {
            Some((last, times)) if *last == c => *times += 1,
            _ => runs.push((c, 1)),
        }
    }
    if runs.iter().all(|(_, times)| *times < 3) {
        return word.to_owned();
    }
    runs.into_iter().map(|(c, _)| c).collect()
}

/// The opt-out word that this is.
pub(super) fn opt_out(once: &str) -> Option<&'static str> {
    OUT.iter().copied().find(|word| *word == once)
}

pub(super) fn may_be_an_answer(word: &str) -> bool {
    ANSWERS.contains(&word)
}

pub(super) fn is_opt_in(once: &str) -> bool {
    IN.contains(&once)
}

pub(super) fn is_help(once: &str) -> bool {
    HELP.contains(&once)
}

/// `stop dog walkers`: the slug of the group that is named.
pub(super) fn group(once: &str, groups: &[(String, String)]) -> Option<String> {
    let named = once.strip_prefix("stop ").or_else(|| once.strip_prefix("leave "))?;
    let named = named.strip_suffix(" alerts").unwrap_or(named);
    groups.iter().find(|(slug, name)| named == name.to_lowercase() || named == slug.replace('-', " ") || named == slug).map(|(slug, _)| slug.clone())
}

/// "s t o p", "s.t.o.p": only if the whole text is single letters.
pub(super) fn letters_joined(whole: &str) -> Option<String> {
    let letters: Vec<&str> = whole.split([' ', '-', '.']).filter(|part| !part.is_empty()).collect();
    (letters.len() >= 3 && letters.iter().all(|part| part.chars().count() == 1)).then(|| letters.concat())
}

/// "stoo please stop": every word is STOP, a slip of it, or a courtesy.
pub(super) fn all_mean_stop(bare: &str) -> bool {
    let mut words = bare.split(' ').filter(|word| !COURTESIES.contains(word)).peekable();
    words.peek().is_some() && words.all(|word| word == "stop" || is_near_miss(&shortened(word)))
}

/// One slip of the finger from STOP, or two from UNSUBSCRIBE, and no other word.
pub(super) fn is_near_miss(once: &str) -> bool {
    if once == "st0p" || once == "5top" || once == "5t0p" {
        return true;
    }
    if once.contains(' ') || !once.chars().all(char::is_alphabetic) || NO_MISSES.contains(&once) {
        return false;
    }
    let length = once.chars().count();
    ((3..=6).contains(&length) && distance(once, "stop") == 1) || ((8..=14).contains(&length) && distance(once, "unsubscribe") <= 2)
}

/// Damerau-Levenshtein distance (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let substituted = last.get(j).copied().unwrap_or(usize::MAX) + usize::from(ca != cb);
            let deleted = last.get(j + 1).copied().unwrap_or(usize::MAX) + 1;
            let inserted = row.get(j).copied().unwrap_or(usize::MAX) + 1;
            let mut least = substituted.min(deleted).min(inserted);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(cb) && b.get(j - 1) == Some(ca);
            if swapped && let Some(earlier) = before.get(j - 1) {
                least = least.min(earlier + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_near_and_words_are_not() {
        for text in ["sotp", "stpo", "stp", "tsop", "stopp", "dtop", "styop", "unsubcribe", "unsuscribe", "unsubscibe"] {
            assert!(is_near_miss(text), "{text}");
        }
        for text in ["shop", "step", "stoop", "top", "stomp", "spot", "stop", "subscribe", "van", "s", "stop1"] {
            assert!(!is_near_miss(text), "{text}");
        }
    }

    #[test]
    fn letters_joined_only_if_all_are_single() {
        assert_eq!(letters_joined("s t o p").as_deref(), Some("stop"));
        assert_eq!(letters_joined("s-t-o-p").as_deref(), Some("stop"));
        assert_eq!(letters_joined("a b road"), None);
    }
}
