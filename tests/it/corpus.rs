//! Every mail of `fixtures/email`, read as `huecry inspect email` reads it and held against its label.
//!
//! Words are compared with white space as one: how a program wrapped its lines is no matter. A mail that is known to be read
//! otherwise than labelled stands in [`KNOWN_MISSES`] with what is missing, and fails the test once it is read right.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;

const KNOWN_MISSES: &[(&str, &str)] = &[
    ("auto_reply/council_bilingual_acknowledgement_no_headers", "no header marks it: it is probable, and an officer sees it"),
    ("reply/qqmail_chinese_gb18030", "the nickname that QQ Mail puts under a letter has no mark of its own"),
    ("reply/lotus_notes_danish_corporate_signature", "a closing above a card stays: most people type it"),
    ("malformed/mixed_charsets_all_mislabelled", "a file name in raw Latin-1 has its letters replaced"),
];

fn mails() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(crate::support::checkout().join("fixtures/email")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            found.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "eml")));
        }
    }
    found.sort();
    found
}

fn inspect(files: Vec<PathBuf>) -> BTreeMap<String, Value> {
    let mut out = Vec::new();
    let order = huecry::inspect::email::Order { files, body_text: false, jsonl: true };
    huecry::inspect::email::run(&order, &mut out).unwrap();
    let lines = String::from_utf8(out).unwrap();
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).map(|told| (told["id"].as_str().unwrap().to_owned(), told)).collect()
}

fn words(value: &Value) -> String {
    value.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What of a label is not met.
fn faults(label: &Value, told: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |what: &str, wanted: String, got: String| {
        if wanted != got {
            faults.push(format!("{what}\n    wanted {wanted}\n    got    {got}"));
        }
    };
    check("class", label["class"].to_string(), told["class"].to_string());
    let human = matches!(label["class"].as_str(), Some("reply" | "probable_auto_reply"));
    if human {
        check("text", words(&label["text"]), words(&told["text"]));
        check("opt_out", label["opt_out"].to_string(), told["opt_out"].to_string());
        let names = |list: &Value| list.as_array().into_iter().flatten().map(|file| words(&file["name"])).collect::<Vec<_>>().join(", ");
        check("attachments", names(&label["attachments"]), names(&told["attachments"]));
    }
    let bounces = |list: &Value| {
        let mut all: Vec<String> =
            list.as_array().into_iter().flatten().map(|one| format!("{} {}", words(&one["address"]).to_lowercase(), words(&one["kind"]))).collect();
        all.sort();
        all.join(", ")
    };
    check("bounce", bounces(&label["bounce"]), bounces(&told["bounce"]));
    faults
}

#[test]
fn every_mail_is_read_as_it_is_labelled() {
    let mails = mails();
    assert!(mails.len() >= 250, "{} mails", mails.len());
    let told = inspect(mails.clone());
    let (mut complaint, mut blind) = (String::new(), 0);
    for path in &mails {
        let label: Value = serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        blind += usize::from(label["half"] == "blind");
        let name = format!("{}/{}", path.parent().unwrap().file_name().unwrap().to_str().unwrap(), path.file_stem().unwrap().to_str().unwrap());
        let faults = told.get(path.to_str().unwrap()).map_or_else(|| vec!["it was not read at all".to_owned()], |told| faults(&label, told));
        match (faults.is_empty(), KNOWN_MISSES.iter().any(|(known, _)| *known == name)) {
            (true, true) => writeln!(complaint, "{name} is read right now: take it off the list of known misses").unwrap(),
            (false, false) => writeln!(complaint, "{name}\n  {}", faults.join("\n  ")).unwrap(),
            _ => {}
        }
    }
    assert!(blind * 2 >= mails.len(), "at least half is labelled by somebody who has not seen the rules");
    assert!(complaint.is_empty(), "{complaint}");
}

#[test]
fn no_word_that_a_person_wrote_is_lost_between_what_is_shown_and_what_is_folded() {
    let mails = mails();
    let told = inspect(mails.clone());
    for path in mails {
        let label: Value = serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        let Some(told) = told.get(path.to_str().unwrap()).filter(|told| told["class"] == "reply") else { continue };
        let both = format!("{} {}", words(&told["text"]), words(&told["folded"]));
        for word in words(&label["text"]).split(' ').filter(|word| *word != ">") {
            assert!(both.contains(word), "{word} of {} is gone", path.display());
        }
    }
}
