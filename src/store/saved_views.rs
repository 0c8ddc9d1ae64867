//! Table `saved_views`: lists of the inbox that an officer keeps under a name.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::saved_views;
use crate::domain::At;
use crate::on;

/// A list under a name.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = saved_views)]
pub struct SavedViewRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose.
    pub officer_id: i64,
    /// What they call it.
    pub name: String,
    /// The query of the address line: `view=team&photo=1`.
    pub query: String,
    /// When.
    pub created_at: At,
}

/// Keeps a list; one of that name is replaced.
pub async fn put(conn: &mut Conn, row: &SavedViewRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(saved_views::table)
        .values(row)
        .on_conflict((saved_views::officer_id, saved_views::name))
        .do_update()
        .set(saved_views::query.eq(&row.query))
        .execute(c)
        .await)
}

/// An officer's, by name.
pub async fn list_of(conn: &mut Conn, officer_id: i64) -> QueryResult<Vec<SavedViewRow>> {
    on!(conn, c => saved_views::table
        .filter(saved_views::officer_id.eq(officer_id))
        .order(saved_views::name)
        .select(SavedViewRow::as_select())
        .load(c)
        .await)
}

/// Forgets one of an officer's.
pub async fn delete(conn: &mut Conn, officer_id: i64, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(saved_views::table.filter(saved_views::officer_id.eq(officer_id).and(saved_views::id.eq(id)))).execute(c).await)
}
