//! `huecry inspect urgency`: how soon somebody must look at a message, and the words that say so, a JSON object a line.

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sms::each;
use crate::inbound::classify::urgency::{About, assess};

#[derive(Deserialize)]
struct Asked {
    id: Value,
    text: String,
    alert: Option<Alert>,
}

/// What the message answers.
#[derive(Default, Deserialize)]
struct Alert {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    places: Vec<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: &'a Value,
    urgency: &'a str,
    signs: Vec<ToldSign>,
    micros: u64,
}

#[derive(Serialize)]
struct ToldSign {
    kind: &'static str,
    said: String,
}

const EXAMPLE: &str = "each line is one object, such as {\"id\": 1, \"text\": \"help\", \"alert\": {\"kind\": \"missing_person\", \"text\": \"...\"}}";

/// Reads lines of `{id, text, alert?}`; gives how many could not be read.
pub fn run(input: impl BufRead, out: &mut impl Write) -> anyhow::Result<usize> {
    let nothing = Alert::default();
    each(input, out, |line, out| {
        let asked: Asked = serde_json::from_slice(line).context(EXAMPLE)?;
        let alert = asked.alert.as_ref().unwrap_or(&nothing);
        let places: Vec<&str> = alert.places.iter().map(String::as_str).collect();
        let began = Instant::now();
        let assessment = assess(&asked.text, &About { kind: &alert.kind, alert_text: &alert.text, places: &places });
        let told = Told {
            id: &asked.id,
            micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            urgency: assessment.urgency.as_str(),
            signs: assessment.signs.into_iter().map(|sign| ToldSign { kind: sign.kind.as_str(), said: sign.said }).collect(),
        };
        writeln!(out, "{}", serde_json::to_string(&told)?).map_err(Into::into)
    })
}
