//! Table `canned_answers`: answers that are written once and sent often.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::canned_answers;
use crate::domain::At;
use crate::on;

/// An answer with fields in braces.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = canned_answers, treat_none_as_default_value = false)]
pub struct CannedRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose own it is.
    pub officer_id: Option<i64>,
    /// Whose team's it is. Without either it is the force's.
    pub team_id: Option<i64>,
    /// What it is called in the list.
    pub name: String,
    /// The words, with fields such as `{name}`.
    pub body: String,
    /// When it was written.
    pub created_at: At,
    /// Since when it is not offered any more.
    pub retired_at: Option<At>,
}

/// Adds one.
pub async fn insert(conn: &mut Conn, row: &CannedRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(canned_answers::table).values(row).execute(c).await)
}

/// By id, if it is still offered.
pub async fn find(conn: &mut Conn, id: i64) -> QueryResult<Option<CannedRow>> {
    on!(conn, c => canned_answers::table
        .filter(canned_answers::id.eq(id).and(canned_answers::retired_at.is_null()))
        .select(CannedRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Sets its name and words.
pub async fn set(conn: &mut Conn, id: i64, name: &str, body: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(canned_answers::table.find(id)).set((canned_answers::name.eq(name), canned_answers::body.eq(body))).execute(c).await)
}

/// Offers it no more.
pub async fn retire(conn: &mut Conn, id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(canned_answers::table.find(id)).set(canned_answers::retired_at.eq(Some(at))).execute(c).await)
}

/// What an officer of this team is offered, by name: their own, their team's, the force's.
pub async fn list_for(conn: &mut Conn, officer_id: i64, team_id: Option<i64>) -> QueryResult<Vec<CannedRow>> {
    // No team has this id: an officer without one is offered none of a team's.
    let team_id = team_id.unwrap_or(-1);
    on!(conn, c => canned_answers::table
        .filter(canned_answers::retired_at.is_null().and(
            canned_answers::officer_id.eq(officer_id)
                .or(canned_answers::team_id.eq(team_id))
                .or(canned_answers::officer_id.is_null().and(canned_answers::team_id.is_null()))))
        .order((canned_answers::name, canned_answers::id))
        .select(CannedRow::as_select())
        .load(c)
        .await)
}
