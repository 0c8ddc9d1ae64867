//! `[pure]` What the seal of an audit entry covers, byte by byte, so that anybody can compute it without this program.
//!
//! # The encoding
//! Every value is written as a netstring: its length in bytes as a decimal number, `:`, the bytes, `,` – so `conversation` is
//! `12:conversation,`. A null is `-,`. Numbers are decimal, times are whole microseconds since 1970 (UTC) in decimal, hashes
//! are 64 lower-case hexadecimal digits, `detail` is the text of the JSON exactly as it stands in the column.
//!
//! The hash of an entry is the SHA-256 of these twelve values, in this order: `huecry-audit-1`, `sealed_seq`,
//! `previous_hash`, `id`, `actor`, `officer_id`, `action`, `subject_kind`, `subject_id`, `detail`, `created_at`, `sealed_at`.
//! The first entry has number 1 and a previous hash of 64 zeros; every other has the hash of the entry before it.
//!
//! A day's head is signed: HMAC-SHA256, under a key that is not in the database, over `huecry-audit-head-1`, `day`, `seq`,
//! `hash`, `sealed_at`, encoded the same way.

use std::io::Write;

use sha2::{Digest, Sha256};

use crate::domain::At;
use crate::domain::token::mac;
use crate::store::audit_log::{AuditHeadRow, SealedRow};

/// What stands before the first entry.
pub const GENESIS: [u8; 32] = [0; 32];

/// How far a log is sealed: the number and the hash of its last entry. Written `SEQ:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the entry; 0 before the first.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.hash))
    }
}

/// What was given is not a head.
#[derive(Debug, thiserror::Error)]
#[error("a head is written SEQ:HASH, with the number of an entry and 64 hexadecimal digits, as `huecry audit head` prints it")]
pub struct NotAHead;

impl std::str::FromStr for Head {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (seq, hash) = text.trim().split_once(':').ok_or(NotAHead)?;
        let hash = hex::decode(hash).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(NotAHead)?;
        Ok(Self { seq: seq.parse().ok().filter(|seq| *seq >= 0).ok_or(NotAHead)?, hash })
    }
}

/// Values one after the other, each with its length before it.
#[derive(Default)]
pub(super) struct Encoding(Vec<u8>);

impl Encoding {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn text(mut self, value: &str) -> Self {
        // Writing to memory does not fail.
        let _written = write!(self.0, "{}:", value.len());
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(b',');
        self
    }

    pub(super) fn number(self, value: i64) -> Self {
        self.text(&value.to_string())
    }

    fn maybe(mut self, value: Option<i64>) -> Self {
        match value {
            Some(value) => self.number(value),
            None => {
                self.0.extend_from_slice(b"-,");
                self
            }
        }
    }

    pub(super) fn time(self, at: At) -> Self {
        self.number(at.naive().and_utc().timestamp_micros())
    }
}

/// The hash of an entry, with this number, after this hash, sealed at this moment.
pub fn hash(row: &SealedRow, seq: i64, previous: &[u8], sealed_at: At) -> [u8; 32] {
    let encoded = Encoding::default()
        .text("huecry-audit-1")
        .number(seq)
        .text(&hex::encode(previous))
        .number(row.id)
        .text(&row.actor)
        .maybe(row.officer_id)
        .text(&row.action)
        .text(&row.subject_kind)
        .maybe(row.subject_id)
        .text(&row.detail)
        .time(row.created_at)
        .time(sealed_at);
    Sha256::digest(&encoded.0).into()
}

/// Signs heads, under a key that is made of the keyring's.
#[derive(Clone)]
pub struct HeadKey([u8; 32]);

impl HeadKey {
    /// From the installation's match secret, which is never changed.
    pub fn of(secret: &[u8]) -> Self {
        Self(mac(secret, &[b"audit heads"]))
    }

    /// The signature of a day's head.
    pub fn sign(&self, day: &str, head: Head, sealed_at: At) -> [u8; 32] {
        let encoded = Encoding::default().text("huecry-audit-head-1").text(day).number(head.seq).text(&hex::encode(head.hash)).time(sealed_at);
        mac(&self.0, &[&encoded.0])
    }

    /// The head of a row, if it bears our signature; the one before the first entry bears none.
    pub fn check(&self, row: &AuditHeadRow) -> Option<Head> {
        let head = Head { seq: row.seq, hash: row.hash.as_slice().try_into().ok()? };
        let genuine =
            if row.day == GENESIS_DAY { head.seq == 0 && head.hash == GENESIS } else { self.sign(&row.day, head, row.sealed_at).as_slice() == row.mac };
        genuine.then_some(head)
    }
}

/// The day of the head before the first entry.
pub const GENESIS_DAY: &str = "genesis";

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> SealedRow {
        SealedRow {
            id: 42,
            actor: "officer".into(),
            officer_id: Some(7),
            action: "conversation.view".into(),
            subject_kind: "conversation".into(),
            subject_id: None,
            detail: "{}".into(),
            created_at: At::from_unix_ms(1_000),
            sealed_seq: None,
            previous_hash: None,
            hash: None,
            sealed_at: None,
        }
    }

    #[test]
    fn the_encoding_is_the_one_that_is_described() {
        let zeros = "0".repeat(64);
        let written = format!("14:huecry-audit-1,1:1,64:{zeros},2:42,7:officer,1:7,17:conversation.view,12:conversation,-,2:{{}},7:1000000,7:2000000,");
        let expected: [u8; 32] = Sha256::digest(written.as_bytes()).into();
        assert_eq!(hash(&row(), 1, &GENESIS, At::from_unix_ms(2_000)), expected);
    }

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head { seq: 12, hash: [0xab; 32] };
        assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
        for wrong in ["", "12", "12:", "12:zz", "-1:00", &format!("-1:{}", "0".repeat(64)), &format!("1:{}", "0".repeat(62))] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_head_that_was_changed_bears_no_signature_of_ours() {
        let (key, head, at) = (HeadKey::of(&[7; 32]), Head { seq: 3, hash: [1; 32] }, At::from_unix_ms(5));
        let row = AuditHeadRow { day: "2026-11-22".into(), seq: 3, hash: vec![1; 32], mac: key.sign("2026-11-22", head, at).to_vec(), sealed_at: at };
        assert_eq!(key.check(&row), Some(head));
        for changed in [
            AuditHeadRow { day: "2026-11-23".into(), ..row.clone() },
            AuditHeadRow { seq: 2, ..row.clone() },
            AuditHeadRow { hash: vec![2; 32], ..row.clone() },
            AuditHeadRow { sealed_at: At::from_unix_ms(6), ..row.clone() },
            AuditHeadRow { day: GENESIS_DAY.into(), ..row.clone() },
        ] {
            assert_eq!(key.check(&changed), None, "{changed:?}");
        }
        assert_eq!(HeadKey::of(&[8; 32]).check(&row), None);
    }
}
