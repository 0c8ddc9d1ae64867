//! Table `conversation_moves`: what an officer tied by hand. Later messages follow it; how the moved ones were tied before
//! stays readable here.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{alerts, conversation_moves, correspondents};
use crate::domain::At;
use crate::on;

/// A conversation moved from one alert (or the tray) to another.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversation_moves, treat_none_as_default_value = false)]
pub struct MoveRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose messages.
    pub correspondent_id: i64,
    /// Where they are now.
    pub conversation_id: i64,
    /// By whom.
    pub officer_id: Option<i64>,
    /// From which alert; none for the tray.
    pub from_alert_id: Option<i64>,
    /// To which.
    pub to_alert_id: i64,
    /// `message`, `method`, `confidence`, `evidence` of each message as it was tied before.
    pub before: serde_json::Value,
    /// When.
    pub moved_at: At,
}

/// Keeps a move.
pub async fn append(conn: &mut Conn, row: &MoveRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(conversation_moves::table).values(row).execute(c).await)
}

/// What was moved by hand of these people, oldest first: the person's key, the move, the reference of the alert it went to.
pub async fn list_of(conn: &mut Conn, match_keys: &[Vec<u8>]) -> QueryResult<Vec<(Vec<u8>, MoveRow, String)>> {
    on!(conn, c => conversation_moves::table
        .inner_join(correspondents::table)
        .inner_join(alerts::table.on(alerts::id.eq(conversation_moves::to_alert_id)))
        .filter(correspondents::match_key.eq_any(match_keys))
        .order((conversation_moves::moved_at, conversation_moves::id))
        .select((correspondents::match_key, MoveRow::as_select(), alerts::reference))
        .load(c)
        .await)
}
