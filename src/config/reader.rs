//! Reads typed values out of raw configuration and collects every fault instead of stopping at the first.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde_json::Value;

/// Instead of a key, where the file itself cannot be read.
pub(super) const FILE: &str = "(file)";

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `channels[0].auth_token`.
    pub key: String,
    /// What was expected there.
    pub expected: String,
}

impl Fault {
    /// A fault at a key.
    pub fn new(key: &str, expected: &str) -> Self {
        Self { key: key.to_owned(), expected: expected.to_owned() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.key == FILE {
            return write!(f, "the configuration cannot be read: {}", self.expected);
        }
        write!(f, "{}: expected {}", self.key, self.expected)
    }
}

/// One table of the configuration.
pub(super) struct Reader<'a> {
    table: Option<&'a Value>,
    path: String,
    seen: BTreeSet<String>,
    /// What this table is about is not known: which keys belong here cannot be told.
    unclear: bool,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn root(raw: &'a Value, faults: &'a mut Vec<Fault>) -> Self {
        Self { table: Some(raw), path: String::new(), seen: BTreeSet::new(), unclear: false, faults }
    }

    /// Reads the table under a key; an absent one reads as empty.
    pub(super) fn section<R>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> R) -> R {
        let table = self.take(key);
        let mut section = Reader { table, path: self.path_of(key), seen: BTreeSet::new(), unclear: false, faults: &mut *self.faults };
        let value = read(&mut section);
        section.refuse_unknown();
        value
    }

    /// Whether there is anything under a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.get(key).is_some())
    }

    /// Reads each table of a list.
    pub(super) fn list<R>(&mut self, key: &str, mut read: impl FnMut(&mut Reader<'_>) -> R) -> Vec<R> {
        let empty = Vec::new();
        let tables = match self.take(key) {
            None => &empty,
            Some(Value::Array(tables)) => tables,
            Some(_) => {
                self.fault(key, "a list of tables");
                &empty
            }
        };
        let mut values = Vec::new();
        for (index, table) in tables.iter().enumerate() {
            let path = format!("{}[{index}]", self.path_of(key));
            let mut reader = Reader { table: Some(table), path, seen: BTreeSet::new(), unclear: false, faults: &mut *self.faults };
            values.push(read(&mut reader));
            reader.refuse_unknown();
        }
        values
    }

    pub(super) fn fault(&mut self, key: &str, expected: &str) {
        let path = self.path_of(key);
        self.faults.push(Fault::new(&path, expected));
    }

    /// Whether something was found wrong under a key.
    pub(super) fn has_fault(&self, key: &str) -> bool {
        let path = self.path_of(key);
        self.faults.iter().any(|fault| fault.key == path)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            // The environment has no types: a number there may be meant as text.
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(_) => {
                self.fault(key, "text");
                None
            }
        }
    }

    pub(super) fn text_or(&mut self, key: &str, default: &str) -> String {
        self.text(key).unwrap_or_else(|| default.to_owned())
    }

    /// Text that must be there.
    pub(super) fn required(&mut self, key: &str, expected: &str) -> String {
        match self.text(key).filter(|text| !text.trim().is_empty()) {
            Some(text) => text,
            None => {
                self.fault(key, expected);
                String::new()
            }
        }
    }

    pub(super) fn secret(&mut self, key: &str) -> Option<SecretString> {
        self.text(key).filter(|text| !text.is_empty()).map(SecretString::from)
    }

    pub(super) fn required_secret(&mut self, key: &str, expected: &str) -> SecretString {
        SecretString::from(self.required(key, expected))
    }

    pub(super) fn number_or(&mut self, key: &str, default: i64, least: i64, most: i64) -> i64 {
        let number = match self.take(key) {
            None => return default,
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.filter(|number| (least..=most).contains(number)).unwrap_or_else(|| {
            self.fault(key, &format!("a whole number from {least} to {most}"));
            default
        })
    }

    /// A table of whole numbers by name.
    pub(super) fn numbers(&mut self, key: &str, least: i64, most: i64) -> BTreeMap<String, i64> {
        let Some(table) = self.take(key) else { return BTreeMap::new() };
        let numbers: Option<BTreeMap<String, i64>> = table.as_object().and_then(|entries| {
            entries.iter().map(|(name, value)| value.as_i64().filter(|number| (least..=most).contains(number)).map(|number| (name.clone(), number))).collect()
        });
        numbers.unwrap_or_else(|| {
            self.fault(key, &format!("a table of names with a whole number from {least} to {most} each"));
            BTreeMap::new()
        })
    }

    /// Pence with up to four decimals, as millionths of a pound.
    pub(super) fn pence(&mut self, key: &str) -> Option<i64> {
        let text = match self.take(key)? {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => String::new(),
        };
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let read = |digits: &str| digits.parse::<i64>().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()) && digits.len() <= 4);
        let micros = match (read(whole), read(&format!("{decimals:0<4}"))) {
            (Some(whole), Some(decimals)) => Some(whole * 10_000 + decimals),
            _ => None,
        };
        if micros.is_none() {
            self.fault(key, "a price in pence, such as 4.2");
        }
        micros
    }

    /// Yes or no.
    pub(super) fn flag_or(&mut self, key: &str, default: bool) -> bool {
        match self.take(key) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) if text == "true" => true,
            Some(Value::String(text)) if text == "false" => false,
            Some(_) => {
                self.fault(key, "true or false");
                default
            }
        }
    }

    pub(super) fn parsed_or<T: std::str::FromStr>(&mut self, key: &str, default: &str, expected: &str) -> Option<T> {
        let parsed = self.text_or(key, default).parse().ok();
        if parsed.is_none() {
            self.fault(key, expected);
        }
        parsed
    }

    /// A list of texts; one text with commas will do, as the environment gives it.
    pub(super) fn texts(&mut self, key: &str) -> Vec<String> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect(),
            Some(Value::String(text)) => text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect(),
            Some(_) => {
                self.fault(key, "a list of texts");
                Vec::new()
            }
        }
    }

    /// A word that decides what the other keys mean is none of the known ones: that alone is the fault.
    pub(super) fn unknown_word(&mut self, key: &str, word: &str, known: &[&str]) {
        self.unclear = true;
        let near = nearest(word, known).map_or_else(String::new, |near| format!("; \"{word}\" is nearest to {near}"));
        self.fault(key, &format!("one of {}{near}", known.join(", ")));
    }

    /// Any key that nothing read is a fault: most likely a slip of the pen.
    pub(super) fn refuse_unknown(&mut self) {
        if self.unclear {
            return;
        }
        let Some(Value::Object(table)) = self.table else {
            return;
        };
        let unknown: Vec<String> = table.keys().filter(|key| !self.seen.contains(*key)).cloned().collect();
        let known = self.seen.iter().cloned().collect::<Vec<_>>().join(", ");
        for key in unknown {
            self.fault(&key, &format!("one of {known} here: there is no key {key}"));
        }
    }

    fn take(&mut self, key: &str) -> Option<&'a Value> {
        self.seen.insert(key.to_owned());
        self.table.and_then(|table| table.get(key)).filter(|value| !value.is_null())
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// The known word that was most likely meant.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = |other: &&&str| distance(word, other);
    known.iter().min_by_key(near).filter(|other| near(other) <= 2).copied()
}

/// How many characters must be added, dropped or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, x) in one.chars().enumerate() {
        let mut left = index + 1;
        let mut next = vec![left];
        for (corner, (above, y)) in row.iter().zip(row.iter().skip(1).zip(other.chars())) {
            left = (corner + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_provider_is_one_fault_with_the_nearest_name() {
        let table = |provider: &str| {
            serde_json::json!({ "channels": [{ "name": "sms", "kind": "sms", "provider": provider, "account_sid": "AC", "auth_token": "x",
                "api_base": "http://127.0.0.1:1", "numbers": ["+447700900001"] }] })
        };
        let told = |provider: &str| {
            let (raw, mut faults) = (table(provider), Vec::new());
            Reader::root(&raw, &mut faults).list("channels", super::super::channel::read);
            faults.iter().map(Fault::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told("twillio"), ["channels[0].provider: expected one of twilio, notify, vonage, vonage_sms, aws, smpp; \"twillio\" is nearest to twilio"]);
        assert_eq!(told("pigeon"), ["channels[0].provider: expected one of twilio, notify, vonage, vonage_sms, aws, smpp"]);
    }

    #[test]
    fn words_are_as_far_apart_as_they_differ() {
        for (one, other, far) in [("twillio", "twilio", 1), ("", "aws", 3), ("smtp", "smpp", 1), ("aws", "aws", 0), ("notfy", "notify", 1)] {
            assert_eq!(distance(one, other), far, "{one} {other}");
        }
    }
}
