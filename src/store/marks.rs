//! Table `urgencies`, as far as an officer's hand goes: marking a conversation urgent, and taking that back.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::Conn;
use super::schema::urgencies;
use crate::domain::At;
use crate::domain::place::Urgency;
use crate::on;

/// Why a conversation is urgent, and who has taken it up.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = urgencies, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct MarkRow {
    /// Which conversation.
    pub conversation_id: i64,
    /// `kind` and `said` of each reason.
    pub reasons: serde_json::Value,
    /// Since when.
    pub raised_at: At,
    /// By whose hand; none for a rule.
    pub raised_by: Option<i64>,
    /// When somebody took it up, and
    pub acknowledged_at: Option<At>,
    /// who.
    pub acknowledged_by: Option<i64>,
    /// When the duty desk was told.
    pub desk_told_at: Option<At>,
    /// The highest `Urgency` word since an officer last said otherwise.
    #[serde(default)]
    pub level: String,
}

impl MarkRow {
    /// The highest urgency since an officer last said otherwise.
    pub fn level_of(&self) -> Urgency {
        self.level.parse().unwrap_or(Urgency::None)
    }
}

/// Of a conversation.
pub async fn find(conn: &mut Conn, conversation_id: i64) -> QueryResult<Option<MarkRow>> {
    on!(conn, c => urgencies::table.find(conversation_id).select(MarkRow::as_select()).first(c).await.optional())
}

/// Sets it, in the place of the one before.
pub async fn set(conn: &mut Conn, row: &MarkRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(urgencies::table)
        .values(row)
        .on_conflict(urgencies::conversation_id)
        .do_update()
        .set(row)
        .execute(c)
        .await)
}

/// Takes it away.
pub async fn clear(conn: &mut Conn, conversation_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(urgencies::table.find(conversation_id)).execute(c).await)
}
