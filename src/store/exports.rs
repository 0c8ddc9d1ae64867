//! Table `exports`: conversations taken out as evidence. A queue by lease, and the record of what went out.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{export_messages, exports, messages};
use crate::domain::At;
use crate::{insert_all, on};

/// One export.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = exports, treat_none_as_default_value = false)]
pub struct ExportRow {
    /// Time-ordered id.
    pub id: i64,
    /// For URLs.
    pub public_id: String,
    /// Of which conversation.
    pub conversation_id: i64,
    /// Who asked.
    pub officer_id: i64,
    /// `waiting`, `ready` or `failed`.
    pub status: String,
    /// Files written so far, of
    pub files_done: i64,
    /// so many; 0 until it is known.
    pub files_total: i64,
    /// Of the ZIP.
    pub size_bytes: i64,
    /// Of the ZIP, which is in `files/` under it.
    pub sha256: Option<Vec<u8>>,
    /// Of its manifest.
    pub manifest_sha256: Option<Vec<u8>>,
    /// Why it failed.
    pub reason: Option<String>,
    /// Times that it was begun.
    pub tries: i64,
    /// Who makes it, and
    pub lease_owner: Option<String>,
    /// until when.
    pub lease_until: Option<At>,
    /// When it was asked for.
    pub created_at: At,
    /// When it was ready or had failed.
    pub finished_at: Option<At>,
}

/// A message that went out with it.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = export_messages)]
struct ExportMessage {
    export_id: i64,
    message_id: i64,
}

/// What became of one.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = exports)]
pub struct Finished {
    /// `ready` or `failed`.
    pub status: String,
    /// All of them.
    pub files_done: i64,
    /// Of the ZIP.
    pub size_bytes: i64,
    /// Of the ZIP.
    pub sha256: Option<Vec<u8>>,
    /// Of its manifest.
    pub manifest_sha256: Option<Vec<u8>>,
    /// Why it failed.
    pub reason: Option<String>,
    /// When.
    pub finished_at: Option<At>,
}

/// Adds one that waits.
pub async fn insert(conn: &mut Conn, row: &ExportRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(exports::table).values(row).execute(c).await)
}

/// By public id.
pub async fn find(conn: &mut Conn, public_id: &str) -> QueryResult<Option<ExportRow>> {
    on!(conn, c => exports::table.filter(exports::public_id.eq(public_id)).select(ExportRow::as_select()).first(c).await.optional())
}

/// Exports of a conversation, newest first: asked for there, or of messages that are all there now.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<ExportRow>> {
    let moved = list_moved_into(conn, conversation_id).await?;
    on!(conn, c => exports::table
        .filter(exports::conversation_id.eq(conversation_id).or(exports::id.eq_any(&moved)))
        .order(exports::id.desc())
        .limit(20)
        .select(ExportRow::as_select())
        .load(c)
        .await)
}

/// Exports whose messages are all in a conversation, wherever they were when it was made.
pub async fn list_moved_into(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<i64>> {
    let here: Vec<i64> = on!(conn, c => export_messages::table
        .inner_join(messages::table)
        .filter(messages::conversation_id.eq(conversation_id))
        .select(export_messages::export_id)
        .distinct()
        .load(c)
        .await)?;
    let elsewhere: Vec<i64> = on!(conn, c => export_messages::table
        .inner_join(messages::table)
        .filter(export_messages::export_id.eq_any(&here).and(messages::conversation_id.ne(conversation_id)))
        .select(export_messages::export_id)
        .distinct()
        .load(c)
        .await)?;
    Ok(here.into_iter().filter(|id| !elsewhere.contains(id)).collect())
}

/// Notes which messages went out with an export.
pub async fn note_messages(conn: &mut Conn, id: i64, message_ids: &[i64]) -> QueryResult<usize> {
    let rows: Vec<_> = message_ids.iter().map(|message_id| ExportMessage { export_id: id, message_id: *message_id }).collect();
    insert_all!(conn, export_messages::table, rows)
}

/// Whether any waits, made by somebody or not.
pub async fn is_any_waiting(conn: &mut Conn) -> QueryResult<bool> {
    let found: Option<i64> = on!(conn, c => exports::table.filter(exports::status.eq("waiting")).select(exports::id).first(c).await.optional())?;
    Ok(found.is_some())
}

/// Leases the oldest export that waits and that nobody makes.
pub async fn claim(conn: &mut Conn, owner: &str, lease_ms: i64) -> QueryResult<Option<ExportRow>> {
    let now = conn.db_now().await?;
    let free = exports::status.eq("waiting").and(exports::lease_until.is_null().or(exports::lease_until.lt(now)));
    let found: Option<i64> = on!(conn, c => exports::table.filter(free).order(exports::id).select(exports::id).first(c).await.optional())?;
    let Some(id) = found else { return Ok(None) };
    // Another node may have been quicker.
    let taken =
        exports::table.filter(exports::id.eq(id).and(exports::status.eq("waiting")).and(exports::lease_until.is_null().or(exports::lease_until.lt(now))));
    on!(conn, c => diesel::update(taken)
        .set((
            exports::lease_owner.eq(Some(owner)),
            exports::lease_until.eq(Some(now.plus_ms(lease_ms))),
            exports::tries.eq(exports::tries + 1),
        ))
        .returning(ExportRow::as_returning())
        .get_result(c)
        .await
        .optional())
}

/// How far it has come; renews the lease. Gives 0 if it is no longer this owner's.
pub async fn note_progress(conn: &mut Conn, id: i64, owner: &str, done: i64, total: i64, lease_ms: i64) -> QueryResult<usize> {
    let until = conn.db_now().await?.plus_ms(lease_ms);
    on!(conn, c => diesel::update(exports::table.filter(exports::id.eq(id).and(exports::lease_owner.eq(owner)).and(exports::status.eq("waiting"))))
        .set((exports::files_done.eq(done), exports::files_total.eq(total), exports::lease_until.eq(Some(until))))
        .execute(c)
        .await)
}

/// Ends it; gives 0 if it is no longer this owner's.
pub async fn finish(conn: &mut Conn, id: i64, owner: &str, finished: &Finished) -> QueryResult<usize> {
    on!(conn, c => diesel::update(exports::table.filter(exports::id.eq(id).and(exports::lease_owner.eq(owner)).and(exports::status.eq("waiting"))))
        .set(finished)
        .execute(c)
        .await)
}
