//! Table `events`: append-only; ids and kinds only. Feeds live pages, press figures and partners' webhooks.

use diesel::prelude::*;

use super::Conn;
use super::schema::events;
use crate::domain::At;
use crate::insert_all;

/// Something that happened.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub struct EventRow {
    /// Time-ordered id.
    pub id: i64,
    /// `reply_in`, `opted_out`, `opted_in`, `joined`, `left`.
    pub kind: String,
    /// The alert it belongs to.
    pub alert_id: Option<i64>,
    /// The conversation.
    pub conversation_id: Option<i64>,
    /// `sms` or `email`.
    pub channel_kind: String,
    /// When.
    pub created_at: At,
}

/// Appends events.
pub async fn append(conn: &mut Conn, rows: Vec<EventRow>) -> QueryResult<usize> {
    insert_all!(conn, events::table, rows)
}
