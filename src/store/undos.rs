//! Tables `undos`, `undo_parts`: what can be taken back for half a minute, and how everything stood before.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::schema::{conversation_moves, conversations, deliveries, legal_holds, messages, undo_parts, undos};
use super::{Conn, pauses};
use crate::domain::At;
use crate::on;

/// Something that an officer did and may take back.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = undos, treat_none_as_default_value = false)]
pub struct UndoRow {
    /// Time-ordered id.
    pub id: i64,
    /// What its form carries.
    pub token: String,
    /// Who did it: nobody else takes it back.
    pub officer_id: i64,
    /// What was done, for people.
    pub sentence: String,
    /// When.
    pub created_at: At,
    /// When it was taken back.
    pub used_at: Option<At>,
}

/// One transaction's share of it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = undo_parts)]
pub struct UndoPartRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which act.
    pub undo_id: i64,
    /// The conversation that was acted on.
    pub conversation_id: i64,
    /// How all that was changed stood before.
    pub before: serde_json::Value,
}

/// What acts change of a conversation, as it stood.
#[derive(Clone, Debug, Queryable, Selectable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = conversations, treat_none_as_null = true)]
pub struct Stood {
    /// Its alert.
    pub alert_id: Option<i64>,
    /// How sure.
    pub certainty: String,
    /// The others it may belong to.
    pub candidates: serde_json::Value,
    /// Whose.
    pub owner_id: Option<i64>,
    /// Whose team's.
    pub team_id: Option<i64>,
    /// Open or closed.
    pub status: String,
    /// Since when.
    pub closed_at: Option<At>,
    /// With what.
    pub outcome: Option<String>,
    /// An `Urgency` word.
    pub urgency: String,
    /// The clock.
    pub waiting_since: Option<At>,
    /// The clock.
    pub due_at: Option<At>,
    /// The clock.
    pub paused_at: Option<At>,
    /// Its place in the lists.
    pub place: i64,
    /// First words.
    pub preview: String,
    /// Counts.
    pub messages_count: i64,
    /// Counts.
    pub attachments_count: i64,
    /// When a person first wrote.
    pub first_human_at: Option<At>,
    /// When the last message came or went.
    pub last_message_at: At,
}

/// How a message stood.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, Deserialize)]
#[diesel(table_name = messages)]
pub struct Tie {
    /// Which message.
    pub id: i64,
    /// Where it was.
    pub conversation_id: i64,
    /// How it was tied.
    pub method: String,
    /// How sure.
    pub confidence: String,
    /// Why.
    pub evidence: String,
}

/// Where a delivery belonged.
#[derive(Clone, Debug, Queryable, Selectable, Serialize, Deserialize)]
#[diesel(table_name = deliveries)]
pub struct Carried {
    /// Which delivery.
    pub id: i64,
    /// Its conversation.
    pub conversation_id: Option<i64>,
    /// Its alert.
    pub alert_id: Option<i64>,
}

/// Notes an act that may be taken back.
pub async fn insert(conn: &mut Conn, row: &UndoRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(undos::table).values(row).execute(c).await)
}

/// Adds a transaction's share.
pub async fn insert_part(conn: &mut Conn, row: &UndoPartRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(undo_parts::table).values(row).execute(c).await)
}

/// What an act of many is called once it is known how it went.
pub async fn set_sentence(conn: &mut Conn, id: i64, sentence: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(undos::table.find(id)).set(undos::sentence.eq(sentence)).execute(c).await)
}

/// The last thing that an officer did since then and has not taken back.
pub async fn latest(conn: &mut Conn, officer_id: i64, since: At) -> QueryResult<Option<UndoRow>> {
    let last: Option<UndoRow> = on!(conn, c => undos::table
        .filter(undos::officer_id.eq(officer_id))
        .order(undos::id.desc())
        .select(UndoRow::as_select())
        .first(c)
        .await
        .optional())?;
    Ok(last.filter(|last| last.created_at > since && last.used_at.is_none()))
}

/// An officer's act by its token.
pub async fn find(conn: &mut Conn, token: &str, officer_id: i64) -> QueryResult<Option<UndoRow>> {
    on!(conn, c => undos::table
        .filter(undos::token.eq(token).and(undos::officer_id.eq(officer_id)))
        .select(UndoRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Takes it for undoing; 0 if somebody was first.
pub async fn set_used(conn: &mut Conn, id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(undos::table.filter(undos::id.eq(id).and(undos::used_at.is_null()))).set(undos::used_at.eq(Some(at))).execute(c).await)
}

/// Its parts, the last first.
pub async fn list_parts(conn: &mut Conn, undo_id: i64) -> QueryResult<Vec<UndoPartRow>> {
    on!(conn, c => undo_parts::table
        .filter(undo_parts::undo_id.eq(undo_id))
        .order(undo_parts::id.desc())
        .select(UndoPartRow::as_select())
        .load(c)
        .await)
}

/// Forgets what nobody can take back any more.
pub async fn forget(conn: &mut Conn, before: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(undos::table.filter(undos::created_at.lt(before))).execute(c).await)
}

/// How a conversation stands.
pub async fn look(conn: &mut Conn, conversation_id: i64) -> QueryResult<Stood> {
    on!(conn, c => conversations::table.find(conversation_id).select(Stood::as_select()).first(c).await)
}

/// How its messages are tied.
pub async fn list_ties(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<Tie>> {
    on!(conn, c => messages::table.filter(messages::conversation_id.eq(conversation_id)).order(messages::id).select(Tie::as_select()).load(c).await)
}

/// In which conversations messages are: message, conversation.
pub async fn list_places(conn: &mut Conn, message_ids: &[i64]) -> QueryResult<Vec<(i64, i64)>> {
    let mut found = Vec::new();
    for some in message_ids.chunks(10_000) {
        let rows: Vec<(i64, i64)> =
            on!(conn, c => messages::table.filter(messages::id.eq_any(some)).select((messages::id, messages::conversation_id)).load(c).await)?;
        found.extend(rows);
    }
    Ok(found)
}

/// The deliveries that belong to it.
pub async fn list_carried(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<Carried>> {
    on!(conn, c => deliveries::table.filter(deliveries::conversation_id.eq(conversation_id)).order(deliveries::id).select(Carried::as_select()).load(c).await)
}

/// Sets a conversation as it stood; it counts as a change.
pub async fn restore(conn: &mut Conn, conversation_id: i64, stood: &Stood) -> QueryResult<usize> {
    if let Some(began_at) = stood.paused_at {
        pauses::restore(conn, conversation_id, began_at).await?;
    }
    on!(conn, c => diesel::update(conversations::table.find(conversation_id))
        .set((stood, conversations::version.eq(conversations::version + 1)))
        .execute(c)
        .await)
}

/// Sets a message as it was tied.
pub async fn restore_tie(conn: &mut Conn, tie: &Tie) -> QueryResult<usize> {
    on!(conn, c => diesel::update(messages::table.find(tie.id))
        .set((
            messages::conversation_id.eq(tie.conversation_id),
            messages::method.eq(&tie.method),
            messages::confidence.eq(&tie.confidence),
            messages::evidence.eq(&tie.evidence),
        ))
        .execute(c)
        .await)
}

/// Sets where a delivery belonged.
pub async fn restore_carried(conn: &mut Conn, carried: &Carried) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.find(carried.id))
        .set((deliveries::conversation_id.eq(carried.conversation_id), deliveries::alert_id.eq(carried.alert_id)))
        .execute(c)
        .await)
}

/// Takes back that later messages follow a move.
pub async fn forget_move(conn: &mut Conn, move_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(conversation_moves::table.find(move_id)).execute(c).await)
}

/// Deletes a conversation that an act made, if nothing is in it.
pub async fn delete_empty(conn: &mut Conn, conversation_id: i64) -> QueryResult<usize> {
    let in_it: i64 = on!(conn, c => messages::table.filter(messages::conversation_id.eq(conversation_id)).count().get_result(c).await)?;
    if in_it > 0 {
        return Ok(0);
    }
    // What somebody holds stays, empty or not: the database would refuse besides.
    let held: i64 = on!(conn, c => legal_holds::table.filter(legal_holds::conversation_id.eq(conversation_id)).count().get_result(c).await)?;
    if held > 0 {
        return Ok(0);
    }
    on!(conn, c => diesel::delete(conversations::table.find(conversation_id)).execute(c).await)
}
