//! Reads the whole log again, from the first entry on, and says the first thing that is not as it was sealed.
//!
//! Entries are read in pages, so that the memory it takes does not grow with the log.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use serde::Serialize;

use super::chain::{self, GENESIS, GENESIS_DAY, Head, HeadKey};
use super::originals;
use super::seal::day_of;
use crate::domain::At;
use crate::files::Files;
use crate::store::audit_log::{self, AuditHeadRow, SealedRow};
use crate::store::{Conn, Db};

const PAGE: i64 = 2_000;
/// An entry that was sealed this much later than it says it was noted is pointed out: it may have been slipped in.
const LATE_MS: i64 = 10 * 60_000;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Whether everything is as it was sealed.
    pub ok: bool,
    /// The first fault, as a sentence.
    pub fault: Option<String>,
    /// Sealed entries that were read and are as they were.
    pub entries: i64,
    /// The last of them, as `SEQ:HASH`.
    pub head: String,
    /// Entries that wait for the sealer: these prove nothing yet.
    pub unsealed: i64,
    /// Entries sealed more than ten minutes after the moment that they name.
    pub late: i64,
    /// Originals that are as they were noted when they came in.
    pub originals: i64,
    /// Originals that were noted and are kept no more.
    pub originals_gone: i64,
}

/// Reads all of it. `given` is a head that was kept elsewhere.
pub async fn verify(db: &Db, files: &Files, key: &HeadKey, given: Option<Head>) -> QueryResult<Verified> {
    db.read().await?.snapshot(async |conn| read(conn, files, key, given).await).await
}

async fn read(conn: &mut Conn, files: &Files, key: &HeadKey, given: Option<Head>) -> QueryResult<Verified> {
    let (mut originals, mut originals_gone) = (0, 0);
    let mut reading = Reading::of(&audit_log::list_heads(conn).await?, key, given);
    while reading.fault.is_none() {
        let page = audit_log::list_sealed_after(conn, reading.last.seq, PAGE).await?;
        // Numbers below 1 are nobody's: they would never be read otherwise.
        if reading.last.seq == 0 && audit_log::count_numbered_below(conn, 1).await? > 0 {
            reading.fail("an entry bears a number below 1: it was written by another hand".to_owned());
        }
        for row in &page {
            reading.next(row);
            if reading.fault.is_none() && row.action == originals::RECEIVED {
                let compared = originals::compare(conn, files, row).await?;
                originals += compared.whole;
                originals_gone += compared.gone;
                if let Some(fault) = compared.fault {
                    reading.fail(fault);
                }
            }
        }
        if page.is_empty() {
            break;
        }
    }
    reading.finish();
    for row in audit_log::list_unsealed(conn, PAGE).await? {
        if row.hash.is_some() || row.previous_hash.is_some() || row.sealed_at.is_some() {
            reading.fail(format!("the entry with the id {} was sealed and has lost its number", row.id));
        }
    }
    Ok(Verified {
        ok: reading.fault.is_none(),
        fault: reading.fault,
        entries: reading.last.seq,
        head: reading.last.to_string(),
        unsealed: audit_log::count_unsealed(conn).await?,
        late: reading.late,
        originals,
        originals_gone,
    })
}

struct Reading {
    last: Head,
    /// Heads to come, by number.
    heads: BTreeMap<i64, Head>,
    days: BTreeSet<String>,
    /// The number that the newest head names.
    end: i64,
    given: Option<Head>,
    late: i64,
    fault: Option<String>,
}

impl Reading {
    fn of(rows: &[AuditHeadRow], key: &HeadKey, given: Option<Head>) -> Self {
        let mut reading = Self {
            last: Head { seq: 0, hash: GENESIS },
            heads: BTreeMap::new(),
            days: BTreeSet::new(),
            end: rows.iter().map(|row| row.seq).max().unwrap_or(0),
            given: given.filter(|given| given.seq > 0),
            late: 0,
            fault: None,
        };
        for row in rows {
            reading.days.insert(row.day.clone());
            match key.check(row) {
                Some(head) => {
                    reading.heads.insert(head.seq, head);
                }
                None => reading.fail(format!("the head of {} bears no signature of ours: it was changed, or the keyring is another", row.day)),
            }
        }
        if !reading.days.contains(GENESIS_DAY) {
            reading.fail("the first row of audit_heads was removed".to_owned());
        }
        reading
    }

    fn fail(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    fn next(&mut self, row: &SealedRow) {
        if self.fault.is_some() {
            return;
        }
        match self.check(row) {
            Ok((head, late)) => {
                self.last = head;
                self.late += i64::from(late);
            }
            Err(fault) => self.fail(fault),
        }
    }

    /// The entry's place in the chain, if it is what follows; and whether it came late.
    fn check(&self, row: &SealedRow) -> Result<(Head, bool), String> {
        let due = self.last.seq + 1;
        let named = format!("entry {due} (id {})", row.id);
        match row.sealed_seq {
            Some(seq) if seq == due => {}
            Some(seq) => return Err(missing(due, seq)),
            None => return Err(format!("entry {due} has lost its number")),
        }
        let (Some(previous), Some(hash), Some(sealed_at)) = (&row.previous_hash, &row.hash, row.sealed_at) else {
            return Err(format!("{named} has lost its seal"));
        };
        let found = chain::hash(row, due, previous, sealed_at);
        if found.as_slice() != hash {
            return Err(format!("{named} was changed after it was sealed: what stands in it no longer gives its hash"));
        }
        if previous.as_slice() != self.last.hash {
            return Err(format!("{named} does not follow the entry before it: one of the two was replaced"));
        }
        if self.given.is_some_and(|given| given.seq == due && given.hash != found) {
            return Err(format!("{named} is not the one that the given head names: the log was written anew"));
        }
        if self.heads.get(&due).is_some_and(|head| head.hash != found) {
            return Err(format!("{named} is not the one that its day's head names: the log was written anew"));
        }
        let day = day_of(sealed_at);
        if !self.days.contains(&day) {
            return Err(format!("{named} was sealed on {day}, and that day's head was removed"));
        }
        Ok((Head { seq: due, hash: found }, sealed_at.since_ms(row.created_at) > LATE_MS))
    }

    fn finish(&mut self) {
        let last = self.last.seq;
        if last < self.end {
            self.fail(ends_early(last, self.end, "its newest head"));
        } else if last > self.end {
            self.fail(format!("the log goes on to entry {last}, past its newest head at {}: the sealer did not write that", self.end));
        }
        if let Some(given) = self.given.filter(|given| given.seq > last) {
            self.fail(ends_early(last, given.seq, "the given head"));
        }
    }
}

fn missing(due: i64, found: i64) -> String {
    if found == due + 1 { format!("entry {due} was removed") } else { format!("entries {due} to {} were removed", found - 1) }
}

fn ends_early(last: i64, named: i64, by: &str) -> String {
    let removed = if named == last + 1 { format!("entry {named} was removed") } else { format!("entries {} to {named} were removed", last + 1) };
    format!("the log ends at entry {last}, but {by} names entry {named}: {removed}")
}

/// The report for people.
pub fn told(verified: &Verified, at: At) -> String {
    let waiting = match verified.unsealed {
        0 => String::new(),
        1 => "\n1 entry waits for the sealer and proves nothing yet.".to_owned(),
        more => format!("\n{more} entries wait for the sealer and prove nothing yet."),
    };
    let late = match verified.late {
        0 => String::new(),
        1 => "\n1 entry was sealed more than ten minutes after the moment it names: look at it.".to_owned(),
        more => format!("\n{more} entries were sealed more than ten minutes after the moment they name: look at them."),
    };
    match &verified.fault {
        None => format!(
            "The audit log is whole: {} entries, none changed and none missing.\nHead: {}\nKeep the head somewhere else: without it, nobody can tell whether the last entries were cut off with their day's head. Read at {}.{waiting}{late}\n{}",
            verified.entries,
            verified.head,
            at.rfc3339(),
            told_originals(verified)
        ),
        Some(fault) => format!("The audit log was tampered with: {fault}.\nThe {} entries before that are as they were sealed.{waiting}", verified.entries),
    }
}

fn told_originals(verified: &Verified) -> String {
    let gone = match verified.originals_gone {
        0 => String::new(),
        gone => format!(" {gone} more were noted and are kept no more: retention and erasure say in the log what they took."),
    };
    format!("Originals as they came in: {}, none changed.{gone}", verified.originals)
}
