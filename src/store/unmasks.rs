//! Table `unmasks`: who has seen an address in full, why, and how long their page goes on showing it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::unmasks;
use crate::domain::At;
use crate::on;

/// One look at an address.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = unmasks)]
pub struct UnmaskRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose address: the correspondent of this conversation.
    pub conversation_id: i64,
    /// Who saw it.
    pub officer_id: i64,
    /// An `UnmaskReason` word.
    pub reason: String,
    /// Their own words, or empty.
    pub words: String,
    /// When.
    pub created_at: At,
    /// Until when their page shows it.
    pub until_at: At,
}

/// Adds one.
pub async fn insert(conn: &mut Conn, row: &UnmaskRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(unmasks::table).values(row).execute(c).await)
}

/// Until when an officer's page shows the address, if it does at this moment.
pub async fn shown_until(conn: &mut Conn, conversation_id: i64, officer_id: i64, now: At) -> QueryResult<Option<At>> {
    on!(conn, c => unmasks::table
        .filter(unmasks::conversation_id.eq(conversation_id).and(unmasks::officer_id.eq(officer_id)).and(unmasks::until_at.gt(now)))
        .order(unmasks::until_at.desc())
        .select(unmasks::until_at)
        .first(c)
        .await
        .optional())
}

/// Every look at the address from a conversation, oldest first.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<UnmaskRow>> {
    on!(conn, c => unmasks::table
        .filter(unmasks::conversation_id.eq(conversation_id))
        .order(unmasks::id)
        .select(UnmaskRow::as_select())
        .load(c)
        .await)
}
