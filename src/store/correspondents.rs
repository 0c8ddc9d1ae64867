//! Table `correspondents`: whoever writes to us or is written to, known by an address.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::correspondents;
use crate::domain::At;
use crate::on;

/// A person behind an address; a resident's or a stranger's.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = correspondents, treat_none_as_default_value = false)]
pub struct CorrespondentRow {
    /// Time-ordered id.
    pub id: i64,
    /// For URLs and the API.
    pub public_id: String,
    /// HMAC of the normalised address.
    pub match_key: Vec<u8>,
    /// `phone` or `email`.
    pub kind: String,
    /// In full: answers go here.
    pub address: String,
    /// As the mail gave it, if it did.
    pub name: Option<String>,
    /// When we first met.
    pub created_at: At,
    /// Since when the address may be somebody else's.
    pub owner_doubt_at: Option<At>,
}

/// Adds a correspondent unless there is one of this match key; gives the one that stands.
pub async fn insert_or_find(conn: &mut Conn, row: CorrespondentRow) -> QueryResult<CorrespondentRow> {
    if on!(conn, c => diesel::insert_into(correspondents::table).values(&row).on_conflict_do_nothing().execute(c).await)? > 0 {
        return Ok(row);
    }
    // Another node was first: what stands now is the one.
    find_by_match_key(conn, &row.match_key).await?.ok_or(diesel::result::Error::NotFound)
}

/// By match key.
pub async fn find_by_match_key(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<CorrespondentRow>> {
    on!(conn, c => correspondents::table
        .filter(correspondents::match_key.eq(match_key))
        .select(CorrespondentRow::as_select())
        .first(c)
        .await
        .optional())
}

/// By id.
pub async fn get(conn: &mut Conn, id: i64) -> QueryResult<CorrespondentRow> {
    on!(conn, c => correspondents::table.find(id).select(CorrespondentRow::as_select()).first(c).await)
}

/// Notes that an address may be somebody else's from now on.
pub async fn doubt_owner(conn: &mut Conn, match_key: &[u8], at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(correspondents::table.filter(correspondents::match_key.eq(match_key)))
        .set(correspondents::owner_doubt_at.eq(Some(at)))
        .execute(c)
        .await)
}
