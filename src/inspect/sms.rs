//! `huecry inspect sms` and `huecry inspect number`: what the product makes of texts and numbers, a JSON object a line.

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;

use crate::domain::Phone;
use crate::inbound::classify::opt_out::{self, Context};
use crate::outbound::segments;

struct Asked {
    id: Value,
    text: Option<String>,
    /// Who wrote; what cannot be answered is told as an error beside the rest.
    from: Option<String>,
    number: Option<String>,
}

#[derive(Serialize)]
struct ToldText<'a> {
    id: &'a Value,
    class: &'a str,
    rule: &'a str,
    encoding: &'a str,
    segments: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_error: Option<String>,
    micros: u64,
}

#[derive(Serialize)]
struct ToldNumber<'a> {
    id: &'a Value,
    e164: Option<&'a str>,
    kind: &'a str,
    error: Option<String>,
}

#[derive(Serialize)]
struct Unread {
    line: usize,
    error: String,
}

/// Reads lines of `{id, text, from?}`; gives how many could not be read.
pub fn texts(input: impl BufRead, out: &mut impl Write) -> anyhow::Result<usize> {
    each(input, out, |line, out| {
        let asked = read(line)?;
        let text = asked.text.as_deref().context("there is no \"text\"")?;
        let began = Instant::now();
        let verdict = opt_out::read(text, &Context::default());
        let cost = segments::count(text);
        let told = ToldText {
            id: &asked.id,
            class: verdict.class.as_str(),
            rule: verdict.rule,
            encoding: cost.encoding.label(),
            segments: cost.segments,
            from_error: asked.from.as_deref().and_then(|from| Phone::parse(from).err()).map(|error| error.to_string()),
            micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        };
        writeln!(out, "{}", serde_json::to_string(&told)?).map_err(Into::into)
    })
}

/// Reads lines of `{id, number}`; gives how many could not be read.
pub fn numbers(input: impl BufRead, out: &mut impl Write) -> anyhow::Result<usize> {
    each(input, out, |line, out| {
        let asked = read(line)?;
        let number = asked.number.as_deref().context("there is no \"number\"")?;
        let read = Phone::read(number);
        let told = ToldNumber {
            id: &asked.id,
            e164: read.phone.as_ref().map(Phone::e164),
            kind: read.kind.as_str(),
            error: read.error.map(|error| error.to_string()),
        };
        writeln!(out, "{}", serde_json::to_string(&told)?).map_err(Into::into)
    })
}

/// What a line asks; what is wrong with it is said in words that anybody knows.
fn read(line: &[u8]) -> anyhow::Result<Asked> {
    const EXAMPLE: &str = "each line is one object, such as {\"id\": 1, \"text\": \"STOP\"} or {\"id\": 1, \"number\": \"07700 900123\"}";
    let value: Value = serde_json::from_slice(line).ok().with_context(|| format!("this line is not JSON: {EXAMPLE}"))?;
    let Value::Object(mut fields) = value else { anyhow::bail!("this line is JSON, but not an object: {EXAMPLE}") };
    let mut words = |name: &str| match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(words)) => Ok(Some(words)),
        Some(_) => Err(anyhow::anyhow!("\"{name}\" is not text: put it into quotation marks")),
    };
    let (text, from, number) = (words("text")?, words("from")?, words("number")?);
    let id = fields.remove("id").context("there is no \"id\": each line needs one, by which its answer is known")?;
    Ok(Asked { id, text, from, number })
}

/// Tells of each line that is not blank; what cannot be read is told with its line's number, and counted.
pub(super) fn each<W: Write>(input: impl BufRead, out: &mut W, mut tell: impl FnMut(&[u8], &mut W) -> anyhow::Result<()>) -> anyhow::Result<usize> {
    let mut unread = 0;
    for (index, line) in input.split(b'\n').enumerate() {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let told = tell(&line, out);
        if let Err(error) = told {
            // A closed pipe is no fault of the line's.
            anyhow::ensure!(error.downcast_ref::<std::io::Error>().is_none(), error);
            unread += 1;
            writeln!(out, "{}", serde_json::to_string(&Unread { line: index + 1, error: error.to_string() })?)?;
        }
    }
    Ok(unread)
}
