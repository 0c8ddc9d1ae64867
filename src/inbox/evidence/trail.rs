//! `[pure]` `audit.jsonl`: the entries of the audit log that are about a conversation, each with its seal, so that each can be
//! checked by itself: whoever has the entry can compute its hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audit::chain::{self, Head};
use crate::audit::originals::{RECEIVED, named};
use crate::domain::At;
use crate::store::audit_log::SealedRow;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    sealed_seq: Option<i64>,
    previous_hash: Option<String>,
    hash: Option<String>,
    id: i64,
    actor: String,
    officer_id: Option<i64>,
    /// For readers: the hash does not cover it.
    officer: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: Option<i64>,
    /// The column's text, as it is hashed.
    detail: String,
    created_at_us: i64,
    sealed_at_us: Option<i64>,
    /// For readers.
    created_at: String,
}

/// The last line: how far the log was sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    head: String,
    sealed_at: String,
}

/// The file's text: an entry a line, oldest first, and the head.
pub fn render(rows: &[SealedRow], officer: impl Fn(i64) -> Option<String>, head: Head, sealed_at: At) -> Result<String, serde_json::Error> {
    let mut text = String::new();
    for row in rows {
        let entry = Entry {
            sealed_seq: row.sealed_seq,
            previous_hash: row.previous_hash.as_ref().map(hex::encode),
            hash: row.hash.as_ref().map(hex::encode),
            id: row.id,
            actor: row.actor.clone(),
            officer_id: row.officer_id,
            officer: row.officer_id.and_then(&officer),
            action: row.action.clone(),
            subject_kind: row.subject_kind.clone(),
            subject_id: row.subject_id,
            detail: row.detail.clone(),
            created_at_us: row.created_at.naive().and_utc().timestamp_micros(),
            sealed_at_us: row.sealed_at.map(|at| at.naive().and_utc().timestamp_micros()),
            created_at: row.created_at.rfc3339(),
        };
        text.push_str(&serde_json::to_string(&entry)?);
        text.push('\n');
    }
    text.push_str(&serde_json::to_string(&Last { head: head.to_string(), sealed_at: sealed_at.rfc3339() })?);
    text.push('\n');
    Ok(text)
}

/// Computes the hash of every sealed entry again.
pub fn check(text: &str) -> Result<(), String> {
    let lines: Vec<&str> = text.lines().collect();
    let Some((last, entries)) = lines.split_last() else { return Err("audit.jsonl is empty".to_owned()) };
    let last: Last = serde_json::from_str(last).map_err(|_| "audit.jsonl does not end with the log's head".to_owned())?;
    let head: Head = last.head.parse().map_err(|error| format!("audit.jsonl: {error}"))?;
    for (index, line) in entries.iter().enumerate() {
        let entry: Entry = serde_json::from_str(line).map_err(|error| format!("line {} of audit.jsonl is no entry ({error})", index + 1))?;
        let faulty = || format!("line {} of audit.jsonl does not give the hash that it names", index + 1);
        let (Some(seq), Some(previous), Some(hash), Some(sealed_at)) = (entry.sealed_seq, &entry.previous_hash, &entry.hash, entry.sealed_at_us) else {
            continue;
        };
        let (previous, sealed_at) = (hex::decode(previous).map_err(|_| faulty())?, at(sealed_at).ok_or_else(faulty)?);
        let row = SealedRow {
            id: entry.id,
            actor: entry.actor,
            officer_id: entry.officer_id,
            action: entry.action,
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id,
            detail: entry.detail,
            created_at: at(entry.created_at_us).ok_or_else(faulty)?,
            sealed_seq: None,
            previous_hash: None,
            hash: None,
            sealed_at: None,
        };
        if hex::encode(chain::hash(&row, seq, &previous, sealed_at)) != *hash || seq > head.seq {
            return Err(faulty());
        }
    }
    Ok(())
}

/// The seals of originals that the entries hold, by the entry's id.
pub fn received(text: &str) -> BTreeMap<i64, BTreeMap<i64, String>> {
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()).filter(|entry| entry.action == RECEIVED);
    entries.map(|entry| (entry.id, named(&entry.detail))).collect()
}

pub(super) fn at(micros: i64) -> Option<At> {
    chrono::DateTime::from_timestamp_micros(micros).map(At::from)
}
