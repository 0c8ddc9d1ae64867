//! The sealer: chains what was noted, once a second, one node at a time.
//!
//! It goes on from the newest head, never from the newest row, so that a row that was taken out leaves a gap for ever. Rows
//! are sealed in the order in which they are seen: one that commits late, under an older id, is sealed later and never passed
//! over. What it cannot know is what stood in a row before it was sealed: see docs/evidence.md.

use std::sync::Mutex;

use diesel::QueryResult;

use super::chain::{self, GENESIS_DAY, Head, HeadKey};
use super::kept::Kept;
use crate::domain::At;
use crate::store::audit_log::{self, AuditHeadRow, Seal};
use crate::store::{Conn, Db};

/// How many entries are sealed in one transaction.
const BATCH: i64 = 500;

/// Why nothing is sealed any more. Entries go on being noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The row before the first entry is gone.
    #[error("the first row of audit_heads was removed")]
    NoGenesis,
    /// The newest head was written by somebody else.
    #[error("the newest head in audit_heads bears no signature of ours: it was changed, or the keyring is another")]
    Forged,
    /// The newest head lies before one that this process has seen.
    #[error(
        "the newest head in audit_heads lies before one that was sealed already: the log was set back (if it was restored from a backup, remove the file audit-head beside the keyring)"
    )]
    SetBack,
}

/// What came of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealOutcome {
    /// The log ends there now; whether more waited than a batch holds.
    Sealed(Head, bool),
    /// Nothing waits.
    Nothing,
    /// Nothing may be sealed until somebody has looked.
    Refused(Refusal),
}

/// Seals, and remembers how far it had come.
pub struct Sealer {
    key: HeadKey,
    seen: Mutex<Option<Head>>,
    kept: Option<Kept>,
}

impl Sealer {
    /// Signs heads with this key.
    pub fn new(key: HeadKey) -> Self {
        Self { key, seen: Mutex::new(None), kept: None }
    }

    /// The same, going on from what an earlier process kept, and keeping how far it comes.
    pub fn keeping(key: HeadKey, kept: Kept) -> Self {
        Self { seen: Mutex::new(kept.read(&key)), key, kept: Some(kept) }
    }

    /// Seals what waits, up to a batch.
    pub async fn run_once(&self, db: &Db) -> QueryResult<SealOutcome> {
        if audit_log::list_unsealed(&mut db.read().await?, 1).await?.is_empty() {
            return Ok(SealOutcome::Nothing);
        }
        let outcome = db.write().await?.transaction(async |conn| self.seal(conn).await).await?;
        if let SealOutcome::Sealed(head, _) = outcome {
            self.remember(head);
            if let Some(kept) = &self.kept
                && let Err(error) = kept.write(&self.key, head, db.read().await?.db_now().await?)
            {
                tracing::warn!(%error, "how far the audit log is sealed could not be kept beside the keyring");
            }
        }
        Ok(outcome)
    }

    fn remember(&self, head: Head) {
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if seen.is_none_or(|seen| seen.seq <= head.seq) {
            *seen = Some(head);
        }
    }

    fn was_set_back(&self, head: Head) -> bool {
        let seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        seen.is_some_and(|seen| head.seq < seen.seq || (head.seq == seen.seq && head.hash != seen.hash))
    }

    async fn seal(&self, conn: &mut Conn) -> QueryResult<SealOutcome> {
        if !audit_log::take_turn(conn, GENESIS_DAY).await? {
            return Ok(SealOutcome::Refused(Refusal::NoGenesis));
        }
        let Some(last) = audit_log::last_head(conn).await? else { return Ok(SealOutcome::Refused(Refusal::NoGenesis)) };
        let Some(mut head) = self.key.check(&last) else { return Ok(SealOutcome::Refused(Refusal::Forged)) };
        if self.was_set_back(head) {
            return Ok(SealOutcome::Refused(Refusal::SetBack));
        }
        let rows = audit_log::list_unsealed(conn, BATCH).await?;
        if rows.is_empty() {
            return Ok(SealOutcome::Nothing);
        }
        let sealed_at = conn.db_now().await?;
        let mut seals = Vec::with_capacity(rows.len());
        for row in &rows {
            let next = Head { seq: head.seq + 1, hash: chain::hash(row, head.seq + 1, &head.hash, sealed_at) };
            seals.push(Seal { id: row.id, seq: next.seq, previous_hash: head.hash.to_vec(), hash: next.hash.to_vec() });
            head = next;
        }
        let count = audit_log::seal(conn, seals, sealed_at).await?;
        if count != rows.len() {
            // A row changed under the lock, which only somebody else's hand does.
            return Err(diesel::result::Error::RollbackTransaction);
        }
        audit_log::put_head(conn, &self.head_of(head, sealed_at)).await?;
        Ok(SealOutcome::Sealed(head, i64::try_from(count) == Ok(BATCH)))
    }

    fn head_of(&self, head: Head, sealed_at: At) -> AuditHeadRow {
        let day = day_of(sealed_at);
        let mac = self.key.sign(&day, head, sealed_at).to_vec();
        AuditHeadRow { day, seq: head.seq, hash: head.hash.to_vec(), mac, sealed_at }
    }
}

/// The day of a moment, in UTC.
pub fn day_of(at: At) -> String {
    at.utc().format("%Y-%m-%d").to_string()
}

/// How far the log is sealed, since when, and how many entries wait.
pub async fn head(conn: &mut Conn) -> QueryResult<(Head, At, i64)> {
    let row = audit_log::last_head(conn).await?.ok_or(diesel::result::Error::NotFound)?;
    let hash = row.hash.as_slice().try_into().unwrap_or_default();
    Ok((Head { seq: row.seq, hash }, row.sealed_at, audit_log::count_unsealed(conn).await?))
}
