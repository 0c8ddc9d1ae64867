//! Table `thrives`: how officers weighed a conversation, each time anew; the last one counts.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::thrives;
use crate::domain::At;
use crate::on;

/// One weighing.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = thrives, treat_none_as_default_value = false)]
pub struct ThriveRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which conversation.
    pub conversation_id: i64,
    /// Who weighed it.
    pub officer_id: Option<i64>,
    /// What is threatened, and by whom.
    pub threat: String,
    /// What harm was done or may be.
    pub harm: String,
    /// How likely it is.
    pub risk: String,
    /// What there is to look into.
    pub investigation: String,
    /// Who cannot look after themselves.
    pub vulnerability: String,
    /// What they and others will do, and what we told them.
    pub engagement: String,
    /// When.
    pub created_at: At,
}

/// Keeps one.
pub async fn append(conn: &mut Conn, row: &ThriveRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(thrives::table).values(row).execute(c).await)
}

/// Those of a conversation, the latest first.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<ThriveRow>> {
    on!(conn, c => thrives::table
        .filter(thrives::conversation_id.eq(conversation_id))
        .order(thrives::id.desc())
        .select(ThriveRow::as_select())
        .load(c)
        .await)
}
