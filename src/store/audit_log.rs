//! Tables `audit_log`, `audit_heads`: append-only. Rows are inserted unchained; the sealer chains them later.

use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{audit_heads, audit_log};
use crate::domain::{At, Ids};
use crate::on;

/// Who did what to which subject. Ids only: no words, no addresses.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    /// Time-ordered id.
    pub id: i64,
    /// `officer`, `resident`, `system` or `api:NAME`.
    pub actor: String,
    /// The officer, if one acted.
    pub officer_id: Option<i64>,
    /// A dotted word: `conversation.view`.
    pub action: String,
    /// `conversation`, `alert`, …
    pub subject_kind: String,
    /// Its id.
    pub subject_id: Option<i64>,
    /// More, without personal data.
    pub detail: serde_json::Value,
    /// When.
    pub created_at: At,
}

/// An entry as it stands in the table, with its seal if it has one.
#[derive(Clone, Debug, Queryable)]
pub struct SealedRow {
    /// Time-ordered id.
    pub id: i64,
    /// Who.
    pub actor: String,
    /// The officer, if one acted.
    pub officer_id: Option<i64>,
    /// What.
    pub action: String,
    /// To what.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: Option<i64>,
    /// The JSON's text, as it stands in the column.
    pub detail: String,
    /// When it was noted.
    pub created_at: At,
    /// Its place in the chain, from 1 on.
    pub sealed_seq: Option<i64>,
    /// The hash of the entry before it.
    pub previous_hash: Option<Vec<u8>>,
    /// Its own.
    pub hash: Option<Vec<u8>>,
    /// When it was sealed.
    pub sealed_at: Option<At>,
}

/// What sealing writes into a row.
#[derive(Clone, Debug)]
pub struct Seal {
    /// Which row.
    pub id: i64,
    /// Its place.
    pub seq: i64,
    /// The hash of the entry before it.
    pub previous_hash: Vec<u8>,
    /// Its own.
    pub hash: Vec<u8>,
}

/// How far the log was sealed on a day.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = audit_heads)]
pub struct AuditHeadRow {
    /// `2026-11-22`, in UTC; `genesis` before the first entry.
    pub day: String,
    /// The last entry's place.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Our signature.
    pub mac: Vec<u8>,
    /// When it was sealed.
    pub sealed_at: At,
}

/// An entry with its seal, as a selection; `detail` as text, for it is hashed as it stands.
macro_rules! entry {
    () => {
        (
            audit_log::id,
            audit_log::actor,
            audit_log::officer_id,
            audit_log::action,
            audit_log::subject_kind,
            audit_log::subject_id,
            sql::<Text>("CAST(detail AS TEXT)"),
            audit_log::created_at,
            audit_log::sealed_seq,
            audit_log::previous_hash,
            audit_log::hash,
            audit_log::sealed_at,
        )
    };
}

/// Appends an entry.
pub async fn insert(conn: &mut Conn, row: &AuditRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(audit_log::table).values(row).execute(c).await)
}

/// Entries on one subject, oldest first.
pub async fn list_of(conn: &mut Conn, subject_kind: &str, subject_id: i64) -> QueryResult<Vec<AuditRow>> {
    on!(conn, c => audit_log::table
        .filter(audit_log::subject_kind.eq(subject_kind).and(audit_log::subject_id.eq(subject_id)))
        .order(audit_log::id)
        .select(AuditRow::as_select())
        .load(c)
        .await)
}

/// Entries on subjects of one kind with their seals, oldest first.
pub async fn list_sealed_of(conn: &mut Conn, subject_kind: &str, subject_ids: &[i64]) -> QueryResult<Vec<SealedRow>> {
    let mut found = Vec::new();
    // SQLite takes some 32,000 parameters.
    for ids in subject_ids.chunks(10_000) {
        let ids: Vec<Option<i64>> = ids.iter().copied().map(Some).collect();
        let rows: Vec<SealedRow> = on!(conn, c => audit_log::table
            .filter(audit_log::subject_kind.eq(subject_kind).and(audit_log::subject_id.eq_any(&ids)))
            .order(audit_log::id)
            .select(entry!())
            .load(c)
            .await)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Entries by their ids with their seals, oldest first.
pub async fn list_sealed_by_ids(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<SealedRow>> {
    let mut found = Vec::new();
    for some in ids.chunks(10_000) {
        let rows: Vec<SealedRow> = on!(conn, c => audit_log::table.filter(audit_log::id.eq_any(some)).order(audit_log::id).select(entry!()).load(c).await)?;
        found.extend(rows);
    }
    Ok(found)
}

/// From which conversations messages were moved or split off into one, each with the entry that says so, the latest first.
pub async fn list_moves_into(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<(i64, i64)>> {
    // It is written by us: no blank stands in it, and what follows the number is a comma or the end.
    let named = |end: &str| format!("%\"into\":{conversation_id}{end}%");
    let says = || sql::<Text>("CAST(detail AS TEXT)");
    let rows: Vec<(Option<i64>, i64)> = on!(conn, c => audit_log::table
        .filter(audit_log::action.eq_any(["conversation.move", "conversation.split"]))
        .filter(says().like(named(",")).or(says().like(named("}"))))
        .order(audit_log::id.desc())
        .select((audit_log::subject_id, audit_log::id))
        .load(c)
        .await)?;
    Ok(rows.into_iter().filter_map(|(from, id)| Some((from.filter(|from| *from != conversation_id)?, id))).collect())
}

/// The id of the first entry of an action.
pub async fn first_of(conn: &mut Conn, action: &str) -> QueryResult<Option<i64>> {
    on!(conn, c => audit_log::table.filter(audit_log::action.eq(action)).order(audit_log::id).select(audit_log::id).first(c).await.optional())
}

/// Whether an officer opened a conversation since that moment.
pub async fn has_looked(conn: &mut Conn, officer_id: i64, conversation_id: i64, since: At) -> QueryResult<bool> {
    let looked = audit_log::subject_kind
        .eq("conversation")
        .and(audit_log::subject_id.eq(conversation_id))
        .and(audit_log::officer_id.eq(officer_id))
        .and(audit_log::action.eq("conversation.view"))
        .and(audit_log::id.ge(Ids::floor(since)));
    let found: Option<i64> = on!(conn, c => audit_log::table
        .filter(looked)
        .filter(sql::<Text>("CAST(detail AS TEXT)").eq("{}"))
        .select(audit_log::id)
        .first(c)
        .await
        .optional())?;
    Ok(found.is_some())
}

/// What somebody who is no officer did this to since that moment.
pub async fn list_subjects_since(conn: &mut Conn, action: &str, actor: &str, since: At) -> QueryResult<Vec<i64>> {
    let rows: Vec<Option<i64>> = on!(conn, c => audit_log::table
        .filter(audit_log::action.eq(action).and(audit_log::id.ge(Ids::floor(since))).and(audit_log::actor.eq(actor)))
        .select(audit_log::subject_id)
        .load(c)
        .await)?;
    Ok(rows.into_iter().flatten().collect())
}

/// What an officer's lists showed since that moment.
pub async fn list_shown_since(conn: &mut Conn, action: &str, officer_id: i64, since: At) -> QueryResult<HashSet<i64>> {
    let rows: Vec<serde_json::Value> = on!(conn, c => audit_log::table
        .filter(audit_log::officer_id.eq(officer_id).and(audit_log::id.ge(Ids::floor(since))).and(audit_log::action.eq(action)))
        .select(audit_log::detail)
        .load(c)
        .await)?;
    let shown = rows.iter().filter_map(|detail| detail.get("shown").and_then(serde_json::Value::as_array)).flatten();
    Ok(shown.filter_map(serde_json::Value::as_i64).collect())
}

/// The oldest entries that are not sealed yet, by their ids.
pub async fn list_unsealed(conn: &mut Conn, limit: i64) -> QueryResult<Vec<SealedRow>> {
    on!(conn, c => audit_log::table
        .filter(audit_log::sealed_seq.is_null())
        .order(audit_log::id)
        .limit(limit)
        .select(entry!())
        .load(c)
        .await)
}

/// How many entries are not sealed yet.
pub async fn count_unsealed(conn: &mut Conn) -> QueryResult<i64> {
    on!(conn, c => audit_log::table.filter(audit_log::sealed_seq.is_null()).count().get_result(c).await)
}

/// How many entries bear a number below this one.
pub async fn count_numbered_below(conn: &mut Conn, seq: i64) -> QueryResult<i64> {
    on!(conn, c => audit_log::table.filter(audit_log::sealed_seq.lt(seq)).count().get_result(c).await)
}

/// Sealed entries after one, in the order of the chain.
pub async fn list_sealed_after(conn: &mut Conn, seq: i64, limit: i64) -> QueryResult<Vec<SealedRow>> {
    on!(conn, c => audit_log::table
        .filter(audit_log::sealed_seq.gt(seq))
        .order(audit_log::sealed_seq)
        .limit(limit)
        .select(entry!())
        .load(c)
        .await)
}

/// Writes seals into rows that have none; gives how many were sealed. One statement on PostgreSQL, one hop on SQLite.
pub async fn seal(conn: &mut Conn, seals: Vec<Seal>, sealed_at: At) -> QueryResult<usize> {
    match conn {
        Conn::Pg(c) => {
            let ids: Vec<i64> = seals.iter().map(|seal| seal.id).collect();
            let seqs: Vec<i64> = seals.iter().map(|seal| seal.seq).collect();
            let (previous, hashes): (Vec<Vec<u8>>, Vec<Vec<u8>>) = seals.into_iter().map(|seal| (seal.previous_hash, seal.hash)).unzip();
            diesel::sql_query(
                "UPDATE audit_log SET sealed_seq = s.seq, previous_hash = s.previous, hash = s.hash, sealed_at = $5 \
                 FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) AS s(id, seq, previous, hash) \
                 WHERE audit_log.id = s.id AND audit_log.sealed_seq IS NULL",
            )
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Array<BigInt>, _>(seqs)
            .bind::<Array<Binary>, _>(previous)
            .bind::<Array<Binary>, _>(hashes)
            .bind::<Timestamp, _>(sealed_at)
            .execute(&mut **c)
            .await
        }
        Conn::Lite(c) => {
            c.spawn_blocking(move |lite| {
                seals.into_iter().try_fold(0, |sealed, seal| {
                    let row = audit_log::table.filter(audit_log::id.eq(seal.id).and(audit_log::sealed_seq.is_null()));
                    let change = diesel::update(row).set((
                        audit_log::sealed_seq.eq(Some(seal.seq)),
                        audit_log::previous_hash.eq(Some(seal.previous_hash)),
                        audit_log::hash.eq(Some(seal.hash)),
                        audit_log::sealed_at.eq(Some(sealed_at)),
                    ));
                    Ok(sealed + diesel::RunQueryDsl::execute(change, lite)?)
                })
            })
            .await
        }
    }
}

/// Takes the sealer's turn until the transaction ends: one node seals at a time.
pub async fn take_turn(conn: &mut Conn, genesis: &str) -> QueryResult<bool> {
    let row = audit_heads::table.find(genesis).select(audit_heads::seq);
    // On SQLite the transaction that writes is the only one.
    let found: Option<i64> = on!(conn, c => pg row.for_update().first(c).await.optional(), lite row.first(c).await.optional())?;
    Ok(found.is_some())
}

/// The newest head.
pub async fn last_head(conn: &mut Conn) -> QueryResult<Option<AuditHeadRow>> {
    on!(conn, c => audit_heads::table.order(audit_heads::seq.desc()).select(AuditHeadRow::as_select()).first(c).await.optional())
}

/// Every head, oldest first.
pub async fn list_heads(conn: &mut Conn) -> QueryResult<Vec<AuditHeadRow>> {
    on!(conn, c => audit_heads::table.order(audit_heads::seq).select(AuditHeadRow::as_select()).load(c).await)
}

/// Sets the head of its day.
pub async fn put_head(conn: &mut Conn, row: &AuditHeadRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(audit_heads::table)
        .values(row)
        .on_conflict(audit_heads::day)
        .do_update()
        .set(row)
        .execute(c)
        .await)
}
