//! Table `correspondents`: whoever writes to us or is written to, known by an address.
//!
//! A mobile number is given to somebody else some months after its owner let it go. Once a number may have changed hands
//! (`owner_doubt_at`: they say that it is the wrong one, or it failed for good and again a week later), the row stays with its
//! conversations, which take no more answers; the next message from the number is a new person's: the old row is succeeded, a
//! new one begins, and nothing of before is tied to it. The doubt is not taken back by a code: that somebody confirms the number
//! proves who has it now, not who had it then. What it lifts is the stop on sending (`addresses.bad_at`).

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
    /// Since when the number may be somebody else's. What is of before is neither shown to it nor tied to what it sends.
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

/// By match key: the one who has the address now, as far as we know.
pub async fn find_by_match_key(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<CorrespondentRow>> {
    on!(conn, c => correspondents::table
        .filter(correspondents::match_key.eq(match_key).and(correspondents::succeeded_at.is_null()))
        .select(CorrespondentRow::as_select())
        .first(c)
        .await
        .optional())
}

/// By id.
pub async fn get(conn: &mut Conn, id: i64) -> QueryResult<CorrespondentRow> {
    on!(conn, c => correspondents::table.find(id).select(CorrespondentRow::as_select()).first(c).await)
}

/// Notes that the number of the one who has it now may be somebody else's since then. A doubt that stands is not moved.
pub async fn doubt_owner(conn: &mut Conn, match_key: &[u8], at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(correspondents::table.filter(
            correspondents::match_key.eq(match_key).and(correspondents::succeeded_at.is_null()).and(correspondents::owner_doubt_at.is_null())))
        .set(correspondents::owner_doubt_at.eq(Some(at)))
        .execute(c)
        .await)
}

/// Takes back the doubt of that very moment: what gave rise to it proved nothing.
pub async fn trust_owner(conn: &mut Conn, match_key: &[u8], doubted_at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(correspondents::table.filter(
            correspondents::match_key.eq(match_key).and(correspondents::succeeded_at.is_null()).and(correspondents::owner_doubt_at.eq(doubted_at))))
        .set(correspondents::owner_doubt_at.eq(None::<At>))
        .execute(c)
        .await)
}

/// Makes room for whoever has the number now. Gives how many made way.
pub async fn succeed(conn: &mut Conn, id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(correspondents::table.filter(correspondents::id.eq(id).and(correspondents::succeeded_at.is_null())))
        .set(correspondents::succeeded_at.eq(Some(at)))
        .execute(c)
        .await)
}

/// When a number was last said or seen to have changed hands, before that moment.
pub async fn doubted_since(conn: &mut Conn, match_key: &[u8], before: At) -> QueryResult<Option<At>> {
    use diesel::dsl::max;
    on!(conn, c => correspondents::table
        .filter(correspondents::match_key.eq(match_key).and(correspondents::owner_doubt_at.is_not_null()).and(correspondents::owner_doubt_at.lt(before)))
        .select(max(correspondents::owner_doubt_at))
        .first(c)
        .await)
}
