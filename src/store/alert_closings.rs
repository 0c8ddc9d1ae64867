//! Table `alert_closings`: why nothing was told of what came of an alert that was closed.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::alert_closings;
use crate::domain::At;
use crate::on;

/// The reason.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = alert_closings, treat_none_as_default_value = false)]
pub struct AlertClosingRow {
    /// Of which alert.
    pub alert_id: i64,
    /// Who closed it.
    pub officer_id: Option<i64>,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub created_at: At,
}

/// Keeps it; the first one stands.
pub async fn insert(conn: &mut Conn, row: &AlertClosingRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(alert_closings::table).values(row).on_conflict_do_nothing().execute(c).await)
}

/// Of an alert.
pub async fn find(conn: &mut Conn, alert_id: i64) -> QueryResult<Option<AlertClosingRow>> {
    on!(conn, c => alert_closings::table.find(alert_id).select(AlertClosingRow::as_select()).first(c).await.optional())
}

/// It was opened again: the reason does not hold any more.
pub async fn delete(conn: &mut Conn, alert_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(alert_closings::table.find(alert_id)).execute(c).await)
}
