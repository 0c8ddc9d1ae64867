//! Table `pauses`: times in which a conversation's clock stands still, each with its reason.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::conversations::{self, Standing};
use super::schema::pauses;
use crate::domain::{At, place};
use crate::on;

/// One pause.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = pauses, treat_none_as_default_value = false)]
pub struct PauseRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which conversation.
    pub conversation_id: i64,
    /// Who stopped the clock.
    pub officer_id: Option<i64>,
    /// Why.
    pub reason: String,
    /// From when
    pub began_at: At,
    /// until when; none while it lasts.
    pub ended_at: Option<At>,
}

/// A conversation's pauses in order.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<PauseRow>> {
    on!(conn, c => pauses::table
        .filter(pauses::conversation_id.eq(conversation_id))
        .order(pauses::id)
        .select(PauseRow::as_select())
        .load(c)
        .await)
}

/// Stops the clock of a conversation that waits; gives whether it did.
pub async fn begin(conn: &mut Conn, pause: &PauseRow) -> QueryResult<bool> {
    let row = conversations::get_locked(conn, pause.conversation_id).await?;
    if row.due_at.is_none() || row.paused_at.is_some() || row.status != "open" {
        return Ok(false);
    }
    on!(conn, c => diesel::insert_into(pauses::table).values(pause).execute(c).await)?;
    let standing = Standing { due_at: None, paused_at: Some(pause.began_at), ..Standing::of(&row) };
    conversations::set_standing(conn, row.id, &standing.placed(row.last_message_at)).await?;
    Ok(true)
}

/// Ends whatever pause stands, for the record alone. What came in before it began, and was worked on after, ends it at once.
pub async fn stop(conn: &mut Conn, conversation_id: i64, at: At) -> QueryResult<()> {
    for pause in list_of(conn, conversation_id).await?.into_iter().filter(|pause| pause.ended_at.is_none()) {
        let ended_at = at.max(pause.began_at);
        on!(conn, c => diesel::update(pauses::table.find(pause.id)).set(pauses::ended_at.eq(Some(ended_at))).execute(c).await)?;
    }
    Ok(())
}

/// A pause that was ended goes on: what ended it was taken back.
pub async fn restore(conn: &mut Conn, conversation_id: i64, began_at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(pauses::table.filter(pauses::conversation_id.eq(conversation_id).and(pauses::began_at.eq(began_at))))
        .set(pauses::ended_at.eq(None::<At>))
        .execute(c)
        .await)
}

/// Lets the clock run on: due later by as long as it stood still since the person wrote. Gives whether it had stood.
pub async fn end(conn: &mut Conn, conversation_id: i64, at: At) -> QueryResult<bool> {
    let row = conversations::get_locked(conn, conversation_id).await?;
    let (Some(since), Some(_)) = (row.waiting_since, row.paused_at) else { return Ok(false) };
    stop(conn, conversation_id, at).await?;
    let stood = list_of(conn, conversation_id).await?;
    let paused_ms = stood.iter().filter(|pause| pause.began_at >= since).map(|pause| pause.ended_at.unwrap_or(at).since_ms(pause.began_at)).sum();
    let standing = Standing { due_at: Some(place::due(since, paused_ms)), paused_at: None, ..Standing::of(&row) };
    conversations::set_standing(conn, conversation_id, &standing.placed(row.last_message_at)).await?;
    Ok(true)
}
