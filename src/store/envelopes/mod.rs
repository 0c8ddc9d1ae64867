//! Tables `envelopes`, `envelope_keys`: raw inbound exactly as received, and what makes a retry the same one.

mod insert;

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{envelope_keys, envelopes};
use super::written::{Written, clock_in, written};
use crate::domain::At;
use crate::on;

/// Raw inbound bytes and headers.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = envelopes, treat_none_as_default_value = false)]
pub struct EnvelopeRow {
    /// Time-ordered id.
    pub id: i64,
    /// The configured channel's name.
    pub channel: String,
    /// `sms_inbound`, `sms_status`, `email`.
    pub kind: String,
    /// The provider's id, or the body's hash.
    pub dedupe_key: String,
    /// Who it is from, as far as `verify` could tell.
    pub match_key: Option<Vec<u8>>,
    /// Envelopes of one correspondent share a lane; lanes are worked in parallel.
    pub lane: i64,
    /// Path and query that it came to, or the mailbox.
    pub target: String,
    /// `name: value` lines.
    pub headers: Vec<u8>,
    /// The body, unless it is in `files/`.
    pub body: Option<Vec<u8>>,
    /// Content hash of the file that holds it, in hexadecimal.
    pub body_file: Option<String>,
    /// Its size.
    pub body_bytes: i64,
    /// Of the body.
    pub sha256: Vec<u8>,
    /// `received`, `processed`, `parked`.
    pub status: String,
    /// Came without a provider id, and the same body came before.
    pub possible_duplicate: bool,
    /// An exact STOP, whose suppression was committed with this row.
    pub stopped: bool,
    /// Why it is parked.
    pub reason: Option<String>,
    /// Who is working on it, and
    pub lease_owner: Option<String>,
    /// until when.
    pub lease_until: Option<At>,
    /// Times that it was taken up; what ends the program counts too.
    pub tries: i64,
    /// When it came in.
    pub received_at: At,
    /// When it was dealt with.
    pub processed_at: Option<At>,
    /// What its seal in the audit log is salted with; goes with it.
    pub salt: Option<Vec<u8>>,
    /// The entry of the audit log that has its seal.
    pub noted_in: Option<i64>,
}

impl std::fmt::Debug for EnvelopeRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({}, {}, {} bytes)", self.id, self.kind, self.body_bytes)
    }
}

/// Stores those envelopes whose key is new; gives the ids that were stored. On PostgreSQL it is one statement and needs no
/// transaction around it.
///
/// Two processes with the same node number could make the same id: that is an error, for a row that was passed over would be
/// acknowledged and lost.
pub async fn insert_new(conn: &mut Conn, rows: Vec<EnvelopeRow>) -> QueryResult<HashSet<i64>> {
    match conn {
        Conn::Pg(c) => {
            let ids: Vec<i64> = diesel_async::RunQueryDsl::get_results(insert::InsertGroup::of(&rows, None), &mut **c).await?;
            Ok(ids.into_iter().collect())
        }
        Conn::Lite(c) => {
            c.spawn_blocking(move |lite| {
                let mut fresh = HashSet::new();
                for row in &rows {
                    if insert::insert_one(lite, row)? {
                        fresh.insert(row.id);
                    }
                }
                Ok(fresh)
            })
            .await
        }
    }
}

/// What is noted of a group in the audit log.
#[derive(Clone, Debug)]
pub struct Noted<'a> {
    /// The entry's id, which the rows name.
    pub entry_id: i64,
    /// What was done.
    pub action: &'a str,
    /// When.
    pub at: At,
    /// A seal for each row, in their order; none for what is not noted.
    pub seals: &'a [Option<String>],
}

/// The same on PostgreSQL with the entry of the audit log, in one statement, which names those that were stored.
pub async fn insert_noted(conn: &mut diesel_async::AsyncPgConnection, rows: &[EnvelopeRow], noted: &Noted<'_>) -> QueryResult<HashSet<i64>> {
    let ids: Vec<i64> = diesel_async::RunQueryDsl::get_results(insert::InsertGroup::of(rows, Some(noted)), conn).await?;
    Ok(ids.into_iter().collect())
}

/// Leases waiting envelopes of these lanes in the order they came.
///
/// One whose correspondent has an earlier envelope with another node is left alone: each person's are dealt with in order.
pub async fn claim(conn: &mut Conn, lanes: &[i64], owner: &str, limit: i64, lease_ms: i64) -> QueryResult<Vec<EnvelopeRow>> {
    let claimable = written::<Bool>("id")
        .pick("SELECT id FROM envelopes WHERE status = 'received' AND lane")
        .any_of(lanes)
        .sql(" AND (lease_until IS NULL OR lease_until < ")
        .clock(0)
        .sql(") ORDER BY id LIMIT ")
        .int(limit)
        .picked();
    let mut rows: Vec<EnvelopeRow> = on!(conn, c => diesel::update(envelopes::table.filter(claimable))
        .set((
            envelopes::lease_owner.eq(Some(owner)),
            envelopes::lease_until.eq(clock_in(lease_ms)),
            envelopes::tries.eq(envelopes::tries + 1),
        ))
        .returning(EnvelopeRow::as_returning())
        .get_results(c)
        .await)?;
    rows.sort_unstable_by_key(|row| row.id);
    leave_those_behind_others(conn, rows, owner).await
}

async fn leave_those_behind_others(conn: &mut Conn, rows: Vec<EnvelopeRow>, owner: &str) -> QueryResult<Vec<EnvelopeRow>> {
    let keys: Vec<Vec<u8>> = rows.iter().filter_map(|row| row.match_key.clone()).collect();
    if keys.is_empty() {
        return Ok(rows);
    }
    let elsewhere: Vec<(Option<Vec<u8>>, i64)> = on!(conn, c => envelopes::table
        .filter(envelopes::match_key.eq_any(keys.iter().map(Some).collect::<Vec<_>>())
            .and(waiting())
            .and(envelopes::id.lt(rows.last().map_or(0, |row| row.id))))
        .select((envelopes::match_key, envelopes::id))
        .load(c)
        .await)?;
    // Whoever holds the earlier one: also this worker itself may have one that a lost database kept it from giving back.
    let here: HashSet<i64> = rows.iter().map(|row| row.id).collect();
    let elsewhere: Vec<_> = elsewhere.into_iter().filter(|(_, id)| !here.contains(id)).collect();
    let behind = |row: &EnvelopeRow| row.match_key.is_some() && elsewhere.iter().any(|(key, id)| *key == row.match_key && *id < row.id);
    let (later, now): (Vec<_>, Vec<_>) = rows.into_iter().partition(behind);
    if !later.is_empty() {
        let ids: Vec<i64> = later.iter().map(|row| row.id).collect();
        give_back(conn, &ids, owner, -1).await?;
    }
    Ok(now)
}

fn waiting() -> Written<Bool> {
    written("status = 'received'")
}

/// Hands envelopes back after a fault of ours, to be claimed again; gives how many this worker still held.
pub async fn release(conn: &mut Conn, ids: &[i64], owner: &str) -> QueryResult<usize> {
    give_back(conn, ids, owner, 0).await
}

async fn give_back(conn: &mut Conn, ids: &[i64], owner: &str, tries: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(envelopes::table.filter(
            envelopes::id.eq_any(ids).and(envelopes::status.eq("received")).and(envelopes::lease_owner.eq(owner))))
        .set((envelopes::lease_owner.eq(None::<String>), envelopes::lease_until.eq(None::<At>), envelopes::tries.eq(envelopes::tries + tries)))
        .execute(c)
        .await)
}

/// Dealt with; gives how many this worker still held.
pub async fn mark_processed(conn: &mut Conn, ids: &[i64], owner: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(envelopes::table.filter(
            envelopes::id.eq_any(ids).and(envelopes::status.eq("received")).and(envelopes::lease_owner.eq(owner))))
        .set((envelopes::status.eq("processed"), envelopes::processed_at.eq(Some(now)), envelopes::lease_owner.eq(None::<String>), envelopes::lease_until.eq(None::<At>)))
        .execute(c)
        .await)
}

/// Set aside, visibly: it cannot be understood, and waiting will not help.
pub async fn park(conn: &mut Conn, id: i64, reason: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(envelopes::table.filter(envelopes::id.eq(id).and(envelopes::status.eq("received"))))
        .set((
            envelopes::status.eq("parked"),
            envelopes::reason.eq(Some(reason)),
            envelopes::processed_at.eq(Some(now)),
            envelopes::lease_owner.eq(None::<String>),
            envelopes::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Puts a parked envelope back to be dealt with again; gives 0 if it was not parked.
pub async fn replay(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(envelopes::table.filter(envelopes::id.eq(id).and(envelopes::status.eq("parked"))))
        .set((envelopes::status.eq("received"), envelopes::reason.eq(None::<String>), envelopes::processed_at.eq(None::<At>), envelopes::tries.eq(0)))
        .execute(c)
        .await)
}

/// By id.
pub async fn find(conn: &mut Conn, id: i64) -> QueryResult<Option<EnvelopeRow>> {
    on!(conn, c => envelopes::table.find(id).select(EnvelopeRow::as_select()).first(c).await.optional())
}

/// Those of these ids that are still kept.
pub async fn list_by_ids(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<EnvelopeRow>> {
    on!(conn, c => envelopes::table.filter(envelopes::id.eq_any(ids)).select(EnvelopeRow::as_select()).load(c).await)
}

/// How many wait to be dealt with.
pub async fn count_waiting(conn: &mut Conn) -> QueryResult<i64> {
    on!(conn, c => envelopes::table.filter(waiting()).count().get_result(c).await)
}

/// How many there are of a status.
pub async fn count_of(conn: &mut Conn, status: &str) -> QueryResult<i64> {
    on!(conn, c => envelopes::table.filter(envelopes::status.eq(status)).count().get_result(c).await)
}

/// Parked envelopes, newest first.
pub async fn list_parked(conn: &mut Conn, limit: i64) -> QueryResult<Vec<EnvelopeRow>> {
    on!(conn, c => envelopes::table
        .filter(written::<Bool>("status = 'parked'"))
        .order(envelopes::id.desc())
        .limit(limit)
        .select(EnvelopeRow::as_select())
        .load(c)
        .await)
}

/// Takes back an envelope of this very transaction: what it holds turned out to be a replay.
pub async fn take_back(conn: &mut Conn, id: i64) -> QueryResult<()> {
    on!(conn, c => diesel::delete(envelope_keys::table.filter(envelope_keys::envelope_id.eq(id))).execute(c).await)?;
    on!(conn, c => diesel::delete(envelopes::table.find(id)).execute(c).await)?;
    Ok(())
}
