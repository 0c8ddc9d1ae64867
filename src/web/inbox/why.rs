//! Why a conversation is urgent, in words for people: nothing is said twice.

use serde_json::Value;

use crate::inbound::classify::urgency::SignKind;

/// What there is, with the words that say so: `Danger to life, a child` and `kids are scared`. The words may be empty.
pub(super) fn plainly(reasons: &Value) -> Vec<(String, String)> {
    let mut by_words: Vec<(Vec<String>, String)> = Vec::new();
    for reason in reasons.as_array().into_iter().flatten() {
        let word = |key: &str| reason.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let (kind, said) = (label(word("kind")), word("said"));
        match by_words.iter_mut().find(|(_, known)| known.eq_ignore_ascii_case(said)) {
            Some((kinds, _)) if kinds.contains(&kind) => {}
            Some((kinds, _)) => kinds.push(kind),
            None => by_words.push((vec![kind], said.to_owned())),
        }
    }
    let mut all: Vec<(String, String)> = Vec::new();
    for (kinds, said) in by_words {
        let kinds = listed(&kinds);
        match all.iter_mut().find(|(known, _)| *known == kinds) {
            Some((_, words)) if !said.is_empty() => words.extend(["\u{201d}, \u{201c}", &said]),
            Some(_) => {}
            None => all.push((kinds, said)),
        }
    }
    all
}

/// The words alone, each once.
pub(super) fn words(reasons: &Value) -> String {
    let mut all: Vec<&str> = Vec::new();
    for said in reasons.as_array().into_iter().flatten().filter_map(|reason| reason.get("said").and_then(Value::as_str)).map(str::trim) {
        if !said.is_empty() && !all.iter().any(|known| known.eq_ignore_ascii_case(said)) {
            all.push(said);
        }
    }
    all.join("; ")
}

fn label(kind: &str) -> String {
    kind.parse::<SignKind>().map_or_else(|_| kind.replace('_', " "), |kind| kind.label().to_owned())
}

/// `Danger to life, a child`: only the first begins with a capital letter.
fn listed(kinds: &[String]) -> String {
    let lower = |kind: &String| kind.chars().take(1).flat_map(char::to_lowercase).chain(kind.chars().skip(1)).collect::<String>();
    let rest = kinds.iter().skip(1).map(|kind| format!(", {}", lower(kind)));
    kinds.first().cloned().into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_said_twice() {
        let reasons = json!([
            { "kind": "now", "said": "just seen" },
            { "kind": "now", "said": "now" },
            { "kind": "threat_to_life", "said": "kids are scared" },
            { "kind": "child", "said": "kids are scared" },
            { "kind": "child", "said": "Kids are scared" },
        ]);
        let plain = plainly(&reasons);
        assert_eq!(
            plain,
            [("Happening now".to_owned(), "just seen\u{201d}, \u{201c}now".to_owned()), ("Danger to life, a child".to_owned(), "kids are scared".to_owned())]
        );
        assert_eq!(words(&reasons), "just seen; now; kids are scared");
        assert_eq!(plainly(&json!([{ "kind": "By hand", "said": "He has a knife" }])), [("By hand".to_owned(), "He has a knife".to_owned())]);
        assert!(plainly(&json!("odd")).is_empty());
    }
}
