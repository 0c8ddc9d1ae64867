//! Table `nudges`: what an officer is told beside the list, once each, until they have seen it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::conversations::ConversationRow;
use super::schema::{conversations, nudges, urgencies};
use crate::domain::At;
use crate::on;

/// One thing told to one officer.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = nudges, treat_none_as_default_value = false)]
pub struct NudgeRow {
    /// Time-ordered id.
    pub id: i64,
    /// To whom.
    pub officer_id: i64,
    /// About which conversation.
    pub conversation_id: i64,
    /// `urgent`, `waiting_24`, `waiting_48`, `waiting_66`, `overdue`, `desk`, `handed_over`.
    pub kind: String,
    /// A sentence without anything that the public wrote.
    pub detail: String,
    /// The moment that made it due: the same thing at another moment is told again.
    pub for_moment: At,
    /// When it was told.
    pub created_at: At,
    /// When they looked at the conversation.
    pub seen_at: Option<At>,
}

/// Tells; gives how many were not told before.
pub async fn insert(conn: &mut Conn, rows: Vec<NudgeRow>) -> QueryResult<Vec<NudgeRow>> {
    let mut fresh = Vec::new();
    for row in rows {
        if on!(conn, c => diesel::insert_into(nudges::table).values(&row).on_conflict_do_nothing().execute(c).await)? > 0 {
            fresh.push(row);
        }
    }
    Ok(fresh)
}

/// What an officer has not seen yet and what nobody has dealt with since, each with its conversation: where life may be at risk
/// first, then the latest.
pub async fn list_unseen(conn: &mut Conn, officer_id: i64, limit: i64) -> QueryResult<Vec<(NudgeRow, ConversationRow)>> {
    let calls = || nudges::kind.eq_any(["urgent", "desk"]);
    let untaken = urgencies::table.filter(urgencies::conversation_id.eq(conversations::id).and(urgencies::acknowledged_at.is_null()));
    let clock = || nudges::kind.like("waiting%").or(nudges::kind.eq("overdue"));
    let waits = nudges::for_moment.nullable().eq(conversations::waiting_since);
    on!(conn, c => nudges::table
        .inner_join(conversations::table)
        .filter(nudges::officer_id.eq(officer_id).and(nudges::seen_at.is_null()))
        .filter(calls().and(conversations::status.eq("open")).and(diesel::dsl::exists(untaken))
            .or(clock().and(conversations::status.eq("open")).and(waits))
            .or(diesel::dsl::not(calls().or(clock()))))
        .order((calls().desc(), nudges::id.desc()))
        .limit(limit)
        .select((NudgeRow::as_select(), ConversationRow::as_select()))
        .load(c)
        .await)
}

/// They looked at the conversation.
pub async fn set_seen(conn: &mut Conn, officer_id: i64, conversation_id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(nudges::table
        .filter(nudges::officer_id.eq(officer_id).and(nudges::conversation_id.eq(conversation_id)).and(nudges::seen_at.is_null())))
        .set(nudges::seen_at.eq(Some(at)))
        .execute(c)
        .await)
}

/// Open conversations whose answer is due by `due_by` and of which nobody was told as `kind`, the earliest first.
pub async fn list_due(conn: &mut Conn, kind: &str, due_by: At, limit: i64) -> QueryResult<Vec<ConversationRow>> {
    on!(conn, c => conversations::table
        .filter(conversations::status.eq("open").and(conversations::due_at.le(due_by)))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            nudges::table.filter(
                nudges::conversation_id
                    .eq(conversations::id)
                    .and(nudges::kind.eq(kind))
                    .and(nudges::for_moment.nullable().eq(conversations::waiting_since)),
            ),
        )))
        .order((conversations::due_at, conversations::id))
        .limit(limit)
        .select(ConversationRow::as_select())
        .load(c)
        .await)
}

/// An urgent conversation, with when it became so.
#[derive(Clone, Debug, QueryableByName)]
pub struct Urgent {
    /// The conversation.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Since when.
    #[diesel(sql_type = Timestamp)]
    pub raised_at: At,
    /// How urgent.
    #[diesel(sql_type = Text)]
    pub urgency: String,
}

/// Conversations where life may be at risk, that nobody has taken up and of which nobody was told yet.
pub async fn list_untold(conn: &mut Conn, limit: i64) -> QueryResult<Vec<Urgent>> {
    let query = "SELECT c.id, u.raised_at, c.urgency FROM urgencies u JOIN conversations c ON c.id = u.conversation_id \
         WHERE u.acknowledged_at IS NULL AND u.desk_told_at IS NULL AND c.status = 'open' AND c.urgency = 'life' \
         AND NOT EXISTS (SELECT 1 FROM nudges n WHERE n.conversation_id = c.id AND n.kind = 'urgent' AND n.for_moment = u.raised_at) \
         ORDER BY u.raised_at LIMIT $1";
    on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(limit).load(c).await)
}

/// Those at risk that stood at `raised_by` and that nobody has taken up: the duty desk's.
pub async fn list_unacknowledged(conn: &mut Conn, raised_by: At, limit: i64) -> QueryResult<Vec<Urgent>> {
    let query = "SELECT c.id, u.raised_at, c.urgency FROM urgencies u JOIN conversations c ON c.id = u.conversation_id \
         WHERE u.acknowledged_at IS NULL AND u.desk_told_at IS NULL AND c.status = 'open' AND c.urgency = 'life' AND u.raised_at <= $1 ORDER BY u.raised_at LIMIT $2";
    on!(conn, c => diesel::sql_query(query).bind::<Timestamp, _>(raised_by).bind::<BigInt, _>(limit).load(c).await)
}
