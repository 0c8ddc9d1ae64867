//! What came in is noted: one entry for each commit of intake, with a seal for every original in it, so that nobody can change
//! an original together with its own hash. docs/evidence.md says what a seal covers.
//!
//! An entry holds ids and salted seals. The salt goes with the original, so that the log says nothing of one that is gone.

use std::collections::BTreeMap;

use diesel::QueryResult;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Actor;
use super::chain::Encoding;
use crate::domain::At;
use crate::files::{Files, sha256};
use crate::store::Conn;
use crate::store::audit_log::SealedRow;
use crate::store::envelopes::{self, EnvelopeRow};

/// The entry's action.
pub const RECEIVED: &str = "envelope.received";
/// Originals that are read together: each may be a quarter of a megabyte.
const TOGETHER: usize = 64;

/// What a seal covers.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// What its seal is salted with.
    pub salt: &'a [u8],
    /// Its id.
    pub id: i64,
    /// The channel's name.
    pub channel: &'a str,
    /// `sms_inbound` or `email`.
    pub kind: &'a str,
    /// Path and query that it came to, or the mailbox.
    pub target: &'a str,
    /// `name: value` lines.
    pub headers: &'a [u8],
    /// SHA-256 of the body.
    pub body: &'a [u8],
    /// When it came in.
    pub received_at: At,
}

impl<'a> Original<'a> {
    /// Of a row that bears a salt.
    pub fn of(row: &'a EnvelopeRow) -> Option<Self> {
        Some(Self {
            salt: row.salt.as_deref()?,
            id: row.id,
            channel: &row.channel,
            kind: &row.kind,
            target: &row.target,
            headers: &row.headers,
            body: &row.sha256,
            received_at: row.received_at,
        })
    }

    /// Its seal, in hexadecimal.
    pub fn seal(&self) -> String {
        let encoded = Encoding::default()
            .text("huecry-original-1")
            .text(&hex::encode(self.salt))
            .number(self.id)
            .text(self.channel)
            .text(self.kind)
            .text(self.target)
            .text(&hex::encode(Sha256::digest(self.headers)))
            .text(&hex::encode(self.body))
            .time(self.received_at);
        hex::encode(Sha256::digest(encoded.bytes()))
    }
}

/// Notes what came in under the id of an entry that its rows name already.
pub async fn note_received(conn: &mut Conn, now: At, entry_id: i64, seals: &[(i64, String)]) -> QueryResult<()> {
    let sealed: BTreeMap<String, &String> = seals.iter().map(|(id, seal)| (id.to_string(), seal)).collect();
    super::note_as(conn, entry_id, now, &Actor::System, RECEIVED, ("envelope", None), json!({ "sealed": sealed })).await
}

/// The seals that an entry holds, by the originals' ids.
pub fn named(detail: &str) -> BTreeMap<i64, String> {
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    let sealed = detail.get("sealed").and_then(Value::as_object).cloned().unwrap_or_default();
    sealed.into_iter().filter_map(|(id, seal)| Some((id.parse().ok()?, seal.as_str()?.to_owned()))).collect()
}

/// Holds an original to the entry that its row names. The body is held to its hash by whoever reads it.
pub fn holds(row: &EnvelopeRow, entry: &SealedRow) -> bool {
    Some(entry.id) == row.noted_in
        && entry.action == RECEIVED
        && Original::of(row).is_some_and(|original| named(&entry.detail).get(&row.id).is_some_and(|seal| *seal == original.seal()))
}

/// What became of the originals that an entry names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// The first that is not as it was noted, as a sentence.
    pub fault: Option<String>,
    /// How many are as they were.
    pub whole: i64,
    /// How many are kept no more.
    pub gone: i64,
}

/// Holds every original that is still kept to an entry, body and all.
pub(super) async fn compare(conn: &mut Conn, files: &Files, entry: &SealedRow) -> QueryResult<Compared> {
    let (sealed, mut compared) = (named(&entry.detail), Compared::default());
    let ids: Vec<i64> = sealed.keys().copied().collect();
    for some in ids.chunks(TOGETHER) {
        let rows = envelopes::list_by_ids(conn, some).await?;
        compared.gone += i64::try_from(some.len().saturating_sub(rows.len())).unwrap_or(i64::MAX);
        for row in rows {
            let seal = Original::of(&row).map(|original| original.seal());
            let same = row.noted_in == Some(entry.id) && seal.as_ref() == sealed.get(&row.id) && is_body(files, &row).await;
            if !same {
                compared.fault = Some(format!("the original {} was changed after it came in: entry {} has another seal for it", row.id, entry.id));
                return Ok(compared);
            }
            compared.whole += 1;
        }
    }
    Ok(compared)
}

/// Whether the body gives the hash that its row names.
async fn is_body(files: &Files, row: &EnvelopeRow) -> bool {
    match (&row.body, &row.body_file) {
        (Some(body), _) => sha256(body).as_slice() == row.sha256,
        // What is read from there is held to its name.
        (None, Some(name)) => hex::decode(name).is_ok_and(|hash| hash == row.sha256) && files.get(&row.sha256).await.is_ok(),
        (None, None) => false,
    }
}
