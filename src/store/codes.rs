//! Table `codes`: one-time codes for joining and coming back. Only digests are kept.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::codes;
use crate::domain::At;
use crate::on;

/// A code that was sent, and what it will do.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = codes, treat_none_as_default_value = false)]
pub struct CodeRow {
    /// Time-ordered id.
    pub id: i64,
    /// In the form: which code is being answered.
    pub ticket: String,
    /// `join` or `sign_in`.
    pub purpose: String,
    /// The address that it was sent to.
    pub match_key: Vec<u8>,
    /// HMAC of ticket and code.
    pub code_digest: Vec<u8>,
    /// What was asked for: the joining form, or nothing.
    pub payload: serde_json::Value,
    /// Wrong answers so far.
    pub tries: i64,
    /// After this it counts for nothing.
    pub expires_at: At,
    /// When it was used.
    pub used_at: Option<At>,
    /// When it was made.
    pub created_at: At,
}

/// Keeps a new code.
pub async fn insert(conn: &mut Conn, row: &CodeRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(codes::table).values(row).execute(c).await)
}

/// A code by its ticket, used or not.
pub async fn find(conn: &mut Conn, ticket: &str) -> QueryResult<Option<CodeRow>> {
    on!(conn, c => codes::table.filter(codes::ticket.eq(ticket)).select(CodeRow::as_select()).first(c).await.optional())
}

/// Takes one of the tries; gives 0 if none is left, so that parallel guesses cannot share one.
pub async fn take_try(conn: &mut Conn, id: i64, most: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(codes::table.filter(codes::id.eq(id).and(codes::tries.lt(most)).and(codes::used_at.is_null())))
        .set(codes::tries.eq(codes::tries + 1))
        .execute(c)
        .await)
}

/// Marks a code as used; gives 0 if it was used already.
pub async fn mark_used(conn: &mut Conn, id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(codes::table.filter(codes::id.eq(id).and(codes::used_at.is_null())))
        .set(codes::used_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// How many codes an address was sent since then: the brake on flooding somebody's phone.
pub async fn count_since(conn: &mut Conn, match_key: &[u8], since: At) -> QueryResult<i64> {
    on!(conn, c => codes::table.filter(codes::match_key.eq(match_key).and(codes::created_at.gt(since))).count().get_result(c).await)
}
