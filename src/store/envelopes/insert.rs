//! Storing a group of envelopes: keys and rows in one statement on PostgreSQL, in one hop to the blocking pool on SQLite.
//!
//! On PostgreSQL the statement takes arrays, so that its text does not vary with the size of the group: it is prepared once
//! and is a transaction of its own. With one statement for each size, parsing them was a third of the server's work.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text, Timestamp};

use super::{EnvelopeRow, Noted};
use crate::domain::At;
use crate::store::schema::{envelope_keys, envelopes};

const COLUMNS: &str = ") AS arrived (id, channel, kind, dedupe_key, match_key, lane, target, headers, body, body_file, body_bytes, sha256, \
     possible_duplicate, stopped, received_at, salt, noted_in, seal)), \
     fresh AS (INSERT INTO envelope_keys (channel, kind, dedupe_key, envelope_id, created_at) \
     SELECT channel, kind, dedupe_key, id, received_at FROM arrived ORDER BY channel, kind, dedupe_key \
     ON CONFLICT DO NOTHING RETURNING envelope_id), \
     noted AS (INSERT INTO audit_log (id, actor, action, subject_kind, detail, created_at) SELECT ";
const NOTED: &str = ", 'envelope', json_build_object('sealed', json_object_agg(id::text, seal)), ";
const STORED: &str = " FROM arrived JOIN fresh ON envelope_id = id WHERE seal IS NOT NULL HAVING COUNT(*) > 0) \
     INSERT INTO envelopes (id, channel, kind, dedupe_key, match_key, lane, target, headers, body, body_file, body_bytes, sha256, status, \
     possible_duplicate, stopped, tries, received_at, salt, noted_in) \
     SELECT id, channel, kind, dedupe_key, match_key, lane, target, headers, body, body_file, body_bytes, sha256, 'received', \
     possible_duplicate, stopped, 0, received_at, salt, noted_in FROM arrived JOIN fresh ON envelope_id = id RETURNING id";

/// Envelopes as PostgreSQL arrays, one a column.
pub(super) struct InsertGroup<'a> {
    id: Vec<i64>,
    channel: Vec<&'a str>,
    kind: Vec<&'a str>,
    dedupe_key: Vec<&'a str>,
    match_key: Vec<Option<&'a [u8]>>,
    lane: Vec<i64>,
    target: Vec<&'a str>,
    headers: Vec<&'a [u8]>,
    body: Vec<Option<&'a [u8]>>,
    body_file: Vec<Option<&'a str>>,
    body_bytes: Vec<i64>,
    sha256: Vec<&'a [u8]>,
    possible_duplicate: Vec<bool>,
    stopped: Vec<bool>,
    received_at: Vec<At>,
    salt: Vec<Option<&'a [u8]>>,
    noted_in: Vec<Option<i64>>,
    /// None for what is not noted, and for all of them where the caller notes it.
    seal: Vec<Option<&'a str>>,
    entry_id: i64,
    action: &'a str,
    at: At,
}

impl<'a> InsertGroup<'a> {
    pub(super) fn of(rows: &'a [EnvelopeRow], noted: Option<&'a Noted<'a>>) -> Self {
        let seals = noted.map_or(&[][..], |noted| noted.seals);
        Self {
            id: rows.iter().map(|row| row.id).collect(),
            channel: rows.iter().map(|row| row.channel.as_str()).collect(),
            kind: rows.iter().map(|row| row.kind.as_str()).collect(),
            dedupe_key: rows.iter().map(|row| row.dedupe_key.as_str()).collect(),
            match_key: rows.iter().map(|row| row.match_key.as_deref()).collect(),
            lane: rows.iter().map(|row| row.lane).collect(),
            target: rows.iter().map(|row| row.target.as_str()).collect(),
            headers: rows.iter().map(|row| row.headers.as_slice()).collect(),
            body: rows.iter().map(|row| row.body.as_deref()).collect(),
            body_file: rows.iter().map(|row| row.body_file.as_deref()).collect(),
            body_bytes: rows.iter().map(|row| row.body_bytes).collect(),
            sha256: rows.iter().map(|row| row.sha256.as_slice()).collect(),
            possible_duplicate: rows.iter().map(|row| row.possible_duplicate).collect(),
            stopped: rows.iter().map(|row| row.stopped).collect(),
            received_at: rows.iter().map(|row| row.received_at).collect(),
            salt: rows.iter().map(|row| row.salt.as_deref()).collect(),
            noted_in: rows.iter().map(|row| row.noted_in).collect(),
            seal: rows.iter().enumerate().map(|(index, _)| seals.get(index).and_then(Option::as_deref)).collect(),
            entry_id: noted.map_or(0, |noted| noted.entry_id),
            action: noted.map_or("", |noted| noted.action),
            at: noted.map_or(At::from_unix_ms(0), |noted| noted.at),
        }
    }
}

impl QueryId for InsertGroup<'_> {
    type QueryId = InsertGroup<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertGroup<'_> {
    type SqlType = BigInt;
}

impl QueryFragment<Pg> for InsertGroup<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH arrived AS (SELECT * FROM unnest(");
        out.push_bind_param::<Array<BigInt>, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.channel)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.dedupe_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.match_key)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.lane)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.target)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.headers)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.body)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.body_file)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.body_bytes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Binary>, _>(&self.sha256)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Bool>, _>(&self.possible_duplicate)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Bool>, _>(&self.stopped)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Timestamp>, _>(&self.received_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.salt)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.noted_in)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.seal)?;
        out.push_sql(COLUMNS);
        out.push_bind_param::<BigInt, _>(&self.entry_id)?;
        out.push_sql("::bigint, 'system', ");
        out.push_bind_param::<Text, _>(&self.action)?;
        out.push_sql(NOTED);
        out.push_bind_param::<Timestamp, _>(&self.at)?;
        out.push_sql(STORED);
        Ok(())
    }
}

impl<Conn> diesel::query_dsl::RunQueryDsl<Conn> for InsertGroup<'_> {}

/// One row on SQLite: whether its key was new.
pub(super) fn insert_one(lite: &mut SqliteConnection, row: &EnvelopeRow) -> QueryResult<bool> {
    let key = (
        envelope_keys::channel.eq(&row.channel),
        envelope_keys::kind.eq(&row.kind),
        envelope_keys::dedupe_key.eq(&row.dedupe_key),
        envelope_keys::envelope_id.eq(row.id),
        envelope_keys::created_at.eq(row.received_at),
    );
    let fresh = diesel::insert_into(envelope_keys::table).values(key).on_conflict_do_nothing().execute(lite)? > 0;
    if fresh {
        diesel::insert_into(envelopes::table).values(row).execute(lite)?;
    }
    Ok(fresh)
}
