//! Table `working_copies`: copies with something taken out; their bytes are in `files/`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::working_copies;
use crate::domain::At;
use crate::on;

/// One copy.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = working_copies, treat_none_as_default_value = false)]
pub struct WorkingCopyRow {
    /// Time-ordered id.
    pub id: i64,
    /// For URLs.
    pub public_id: String,
    /// Of which message.
    pub message_id: i64,
    /// Of which file of it; none for its words.
    pub attachment_id: Option<i64>,
    /// `picture` or `words`.
    pub kind: String,
    /// Of the copy.
    pub filename: String,
    /// Of the copy.
    pub content_type: String,
    /// Of the copy.
    pub size_bytes: i64,
    /// Of the copy.
    pub sha256: Vec<u8>,
    /// What was done, as a sentence.
    pub done: String,
    /// The same for machines, without what was taken out.
    pub detail: serde_json::Value,
    /// By whom.
    pub officer_id: i64,
    /// When.
    pub created_at: At,
}

/// Adds one.
pub async fn insert(conn: &mut Conn, row: &WorkingCopyRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(working_copies::table).values(row).execute(c).await)
}

/// By public id.
pub async fn find(conn: &mut Conn, public_id: &str) -> QueryResult<Option<WorkingCopyRow>> {
    on!(conn, c => working_copies::table
        .filter(working_copies::public_id.eq(public_id))
        .select(WorkingCopyRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Copies of these messages and their files, oldest first.
pub async fn list_of(conn: &mut Conn, message_ids: &[i64]) -> QueryResult<Vec<WorkingCopyRow>> {
    on!(conn, c => working_copies::table
        .filter(working_copies::message_id.eq_any(message_ids))
        .order(working_copies::id)
        .select(WorkingCopyRow::as_select())
        .load(c)
        .await)
}
