//! Table `legal_holds`: conversations that are kept whatever their age, for a crime, a complaint or a court, until lifted.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{conversations, legal_holds};
use crate::domain::At;
use crate::on;

/// One hold.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = legal_holds, treat_none_as_default_value = false)]
pub struct HoldRow {
    /// Time-ordered id.
    pub id: i64,
    /// What is held.
    pub conversation_id: i64,
    /// A `HoldReason` word.
    pub reason: String,
    /// Of what: a crime number, a complaint's.
    pub reference: String,
    /// Who set it.
    pub officer_id: i64,
    /// Since when.
    pub from_at: At,
    /// Until when.
    pub lifted_at: Option<At>,
    /// Who lifted it.
    pub lifted_by: Option<i64>,
}

/// Adds one.
pub async fn insert(conn: &mut Conn, row: &HoldRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(legal_holds::table).values(row).execute(c).await)
}

/// Lifts one that stands; gives it as it is now.
pub async fn lift(conn: &mut Conn, id: i64, officer_id: i64, now: At) -> QueryResult<Option<HoldRow>> {
    on!(conn, c => diesel::update(legal_holds::table.filter(legal_holds::id.eq(id).and(legal_holds::lifted_at.is_null())))
        .set((legal_holds::lifted_at.eq(Some(now)), legal_holds::lifted_by.eq(Some(officer_id))))
        .returning(HoldRow::as_returning())
        .get_result(c)
        .await
        .optional())
}

/// What stands on a conversation, oldest first.
pub async fn list_standing_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<HoldRow>> {
    on!(conn, c => legal_holds::table
        .filter(legal_holds::conversation_id.eq(conversation_id).and(legal_holds::lifted_at.is_null()))
        .order(legal_holds::id)
        .select(HoldRow::as_select())
        .load(c)
        .await)
}

/// Every hold that stands, the oldest first, with its conversation's public id.
pub async fn list_standing(conn: &mut Conn, limit: i64) -> QueryResult<Vec<(HoldRow, String)>> {
    on!(conn, c => legal_holds::table
        .inner_join(conversations::table)
        .filter(legal_holds::lifted_at.is_null())
        .order(legal_holds::from_at)
        .limit(limit)
        .select((HoldRow::as_select(), conversations::public_id))
        .load(c)
        .await)
}
