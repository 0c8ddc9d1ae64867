//! `huecry inspect email`: one mail or thousands, explained or as one JSON object a line.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channels::email::mime::{self, Transport};
use crate::domain::inbound::{Flow, ParsedMail, TextPart};
use crate::files::sha256;
use crate::inbound::classify::bounce::Fate;
use crate::inbound::understand::{self, Understanding};

/// What to read, and how to tell it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Files; `-` is standard input.
    pub files: Vec<PathBuf>,
    /// The input is a plain body instead of MIME.
    pub body_text: bool,
    /// One JSON object a line; the input may be lines of `{id, raw_b64}` or `{id, text}`.
    pub jsonl: bool,
}

#[derive(Deserialize)]
struct Asked {
    id: Value,
    raw_b64: Option<String>,
    text: Option<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: &'a Value,
    class: &'a str,
    text: &'a str,
    reasons: Vec<&'a str>,
    bounce: Vec<Bounced<'a>>,
    attachments: Vec<Attached<'a>>,
    opt_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_out_rule: Option<&'a str>,
    folded: &'a str,
    sha256: String,
    micros: u64,
}

#[derive(Serialize)]
struct Bounced<'a> {
    address: &'a str,
    kind: &'a str,
    status: Option<&'a str>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Attached<'a> {
    name: &'a str,
    media_type: &'a str,
    bytes: usize,
    sha256: String,
}

/// Reads everything that was ordered; gives how many could not be read.
pub fn run(order: &Order, out: &mut impl Write) -> anyhow::Result<usize> {
    let mut unread = 0;
    for path in &order.files {
        let mut input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?)
        };
        if order.jsonl {
            unread += lines_or_mail(order, path, input, out)?;
            continue;
        }
        let mut raw = Vec::new();
        input.read_to_end(&mut raw).with_context(|| format!("cannot read {}", path.display()))?;
        match read(&raw, order.body_text) {
            Ok(read) => explain(&path.display().to_string(), &read, out)?,
            Err(error) => {
                unread += 1;
                writeln!(out, "{}: cannot be read as a mail: {error}\n", path.display())?;
            }
        }
    }
    Ok(unread)
}

fn lines_or_mail(order: &Order, path: &Path, input: Box<dyn Read>, out: &mut impl Write) -> anyhow::Result<usize> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    // A mail cannot begin with a brace, a line of JSON must.
    if input.fill_buf()?.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        let mut raw = Vec::new();
        input.read_to_end(&mut raw)?;
        return tell(&Value::String(path.display().to_string()), &raw, order.body_text, out);
    }
    let mut unread = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(unread);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let asked: Asked = match serde_json::from_slice(&line) {
            Ok(asked) => asked,
            Err(error) => {
                unread += 1;
                writeln!(out, "{}", serde_json::json!({ "id": null, "error": format!("not a line of {{id, raw_b64}} or {{id, text}}: {error}") }))?;
                continue;
            }
        };
        unread += match (&asked.raw_b64, &asked.text) {
            (Some(encoded), _) => match STANDARD.decode(encoded) {
                Ok(raw) => tell(&asked.id, &raw, order.body_text, out)?,
                Err(error) => {
                    writeln!(out, "{}", serde_json::json!({ "id": asked.id, "error": format!("raw_b64 is not Base64: {error}") }))?;
                    1
                }
            },
            (None, Some(text)) => tell(&asked.id, text.as_bytes(), true, out)?,
            (None, None) => {
                writeln!(out, "{}", serde_json::json!({ "id": asked.id, "error": "neither raw_b64 nor text" }))?;
                1
            }
        };
    }
}

struct Done {
    mail: ParsedMail,
    understood: Understanding,
    sha256: String,
    micros: u64,
}

fn read(raw: &[u8], body_text: bool) -> Result<Done, String> {
    let began = Instant::now();
    let mail = if body_text {
        ParsedMail { parts: vec![TextPart::Plain(String::from_utf8_lossy(raw).replace("\r\n", "\n"), Flow::default())], ..ParsedMail::default() }
    } else {
        mime::parse(raw, &Transport::default()).map_err(|error| error.to_string())?
    };
    // There is no keyring here: a token that nobody can check is nobody's.
    let understood = understand::mail(&mail, &[], |_| false);
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(Done { mail, understood, sha256: hex::encode(sha256(raw)), micros })
}

fn tell(id: &Value, raw: &[u8], body_text: bool, out: &mut impl Write) -> anyhow::Result<usize> {
    let done = match read(raw, body_text) {
        Ok(done) => done,
        Err(error) => {
            writeln!(out, "{}", serde_json::json!({ "id": id, "error": error }))?;
            return Ok(1);
        }
    };
    let Understanding { verdict, visible, wants_out } = &done.understood;
    let told = Told {
        id,
        class: verdict.class.as_str(),
        text: if verdict.class.is_for_people() { &visible.text } else { "" },
        reasons: verdict.reasons.iter().map(String::as_str).chain(visible.reasons.iter().copied()).collect(),
        bounce: failures(&verdict.fates)
            .map(|(fate, kind)| Bounced { address: &fate.address, kind, status: fate.status.as_deref(), reason: &fate.reason })
            .collect(),
        attachments: done
            .mail
            .attachments
            .iter()
            .filter(|file| !file.decorative)
            .map(|file| Attached { name: &file.filename, media_type: &file.content_type, bytes: file.bytes.len(), sha256: hex::encode(sha256(&file.bytes)) })
            .collect(),
        opt_out: wants_out.is_some(),
        opt_out_rule: *wants_out,
        folded: &visible.folded,
        sha256: done.sha256,
        micros: done.micros,
    };
    serde_json::to_writer(&mut *out, &told)?;
    writeln!(out)?;
    Ok(0)
}

fn failures(fates: &[Fate]) -> impl Iterator<Item = (&Fate, &'static str)> {
    fates.iter().filter_map(|fate| fate.kind.map(|kind| (fate, kind.as_str())))
}

fn explain(name: &str, done: &Done, out: &mut impl Write) -> std::io::Result<()> {
    let Understanding { verdict, visible, wants_out } = &done.understood;
    writeln!(out, "{name}")?;
    writeln!(out, "  from         {} {}", done.mail.from, done.mail.from_name)?;
    writeln!(out, "  subject      {}", done.mail.subject)?;
    writeln!(out, "  class        {}: {}", verdict.class.as_str(), verdict.reason())?;
    for (fate, kind) in failures(&verdict.fates) {
        writeln!(out, "  bounce       {} {kind} {}: {}", fate.address, fate.status.as_deref().unwrap_or("(no code)"), fate.reason)?;
    }
    if let Some(rule) = wants_out {
        writeln!(out, "  opt-out      asked for, by “{rule}”; over e-mail it only sends a link to confirm")?;
    }
    for file in &done.mail.attachments {
        let put_in = if file.decorative { " (put in by a program)" } else { "" };
        writeln!(
            out,
            "  attachment   {} · {} · {} bytes · sha256 {}{put_in}",
            file.filename,
            file.content_type,
            file.bytes.len(),
            hex::encode(sha256(&file.bytes))
        )?;
    }
    if !visible.reasons.is_empty() {
        writeln!(out, "  reply        found because {}", visible.reasons.join("; "))?;
    }
    writeln!(out, "  raw sha256   {}", done.sha256)?;
    writeln!(out, "  took         {} µs", done.micros)?;
    for (title, text) in [("the visible reply", &visible.text), ("folded away", &visible.folded)] {
        if !text.is_empty() {
            writeln!(out, "  ── {title} ──")?;
            for line in text.lines() {
                writeln!(out, "  │ {line}")?;
            }
        }
    }
    writeln!(out)
}
