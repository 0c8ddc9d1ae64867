//! Table `password_resets`: links by which an officer chooses a new password. Only digests are kept.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::password_resets;
use crate::domain::At;
use crate::on;

/// A link that was made.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = password_resets, treat_none_as_default_value = false)]
pub struct ResetRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose password.
    pub officer_id: i64,
    /// SHA-256 of what stands in the link.
    pub token_digest: Vec<u8>,
    /// When it was made.
    pub created_at: At,
    /// After this it counts for nothing.
    pub expires_at: At,
    /// When it was used.
    pub used_at: Option<At>,
}

/// Keeps a link and takes back those that the officer had: only the last one counts.
pub async fn replace(conn: &mut Conn, row: &ResetRow) -> QueryResult<usize> {
    delete_of(conn, row.officer_id).await?;
    on!(conn, c => diesel::insert_into(password_resets::table).values(row).execute(c).await)
}

/// The link with this digest, if it can still be used.
pub async fn find(conn: &mut Conn, digest: &[u8], now: At) -> QueryResult<Option<ResetRow>> {
    on!(conn, c => password_resets::table
        .filter(password_resets::token_digest.eq(digest).and(password_resets::expires_at.gt(now)).and(password_resets::used_at.is_null()))
        .select(ResetRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Uses a link up; gives 0 if it was used meanwhile.
pub async fn mark_used(conn: &mut Conn, id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(password_resets::table.filter(password_resets::id.eq(id).and(password_resets::used_at.is_null())))
        .set(password_resets::used_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// Takes every link of an officer back.
pub async fn delete_of(conn: &mut Conn, officer_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(password_resets::table.filter(password_resets::officer_id.eq(officer_id))).execute(c).await)
}
