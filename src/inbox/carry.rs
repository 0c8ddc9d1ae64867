//! What goes along when messages go to another conversation: since when somebody waits, how urgent it is and why.
//!
//! What had been dealt with where it stood stays dealt with; what waited there waits here, by the same clock.

use diesel::QueryResult;

use super::first_words;
use crate::domain::At;
use crate::domain::place::{self, Urgency};
use crate::store::Conn;
use crate::store::conversations::{self, ConversationRow, Standing};
use crate::store::marks::{self, MarkRow};
use crate::store::messages::{self, MessageRow};
use crate::store::pauses;

/// Lets the clock of a conversation run before anything is taken from it or added to it; gives it as it stands then.
pub(super) async fn run_clock(conn: &mut Conn, id: i64, now: At) -> QueryResult<ConversationRow> {
    pauses::end(conn, id, now).await?;
    conversations::get_locked(conn, id).await
}

/// All of one conversation has come into another; the messages are moved, both rows are as they stood with their clocks
/// running. What is left behind is closed and empty.
pub(super) async fn all(conn: &mut Conn, from: &ConversationRow, to: &ConversationRow, now: At) -> QueryResult<()> {
    conversations::recount(conn, from.id).await?;
    conversations::recount(conn, to.id).await?;
    let left = Standing { status: "closed".to_owned(), closed_at: Some(now), outcome: None, waiting_since: None, due_at: None, ..Standing::of(from) };
    conversations::set_standing(conn, from.id, &Standing { urgency: Urgency::None.as_str().to_owned(), ..left }.placed(now)).await?;
    let waits = |row: &ConversationRow| row.waiting_since.filter(|_| row.status == "open").map(|since| (since, due_of(row, since)));
    let came = Came { waits: waits(from), urgency: urgency_of(from), first_human_at: from.first_human_at };
    add(conn, to, &came).await?;
    marks_into(conn, from.id, to.id).await?;
    marks::clear(conn, from.id).await?;
    preview(conn, to.id).await
}

/// Some messages of one conversation have gone to another; the messages are moved, both rows are as they stood with their
/// clocks running.
pub(super) async fn some(conn: &mut Conn, from: &ConversationRow, to: &ConversationRow, stays: &[MessageRow], goes: &[MessageRow]) -> QueryResult<()> {
    conversations::recount(conn, from.id).await?;
    conversations::recount(conn, to.id).await?;
    let here = waits_in(from, stays);
    let there = waits_in(from, goes);
    // Who waits must wait somewhere.
    let here = here.or_else(|| from.waiting_since.filter(|_| there.is_none()).map(|since| (since, due_of(from, since))));
    let standing = Standing { waiting_since: here.map(|(since, _)| since), due_at: here.map(|(_, due)| due), paused_at: None, ..Standing::of(from) };
    let stood = conversations::get_locked(conn, from.id).await?;
    conversations::set_standing(conn, from.id, &standing.placed(stood.last_message_at)).await?;
    let wrote = |known: &&MessageRow| known.direction == "in" && calls(known);
    add(conn, to, &Came { waits: there, urgency: urgency_of(from), first_human_at: goes.iter().find(wrote).map(|known| known.received_at) }).await?;
    marks_into(conn, from.id, to.id).await?;
    preview(conn, from.id).await?;
    preview(conn, to.id).await
}

/// What comes into a conversation.
struct Came {
    waits: Option<(At, At)>,
    urgency: Urgency,
    first_human_at: Option<At>,
}

fn urgency_of(row: &ConversationRow) -> Urgency {
    if row.status == "open" { row.urgency.parse().unwrap_or(Urgency::None) } else { Urgency::None }
}

fn due_of(row: &ConversationRow, since: At) -> At {
    row.due_at.unwrap_or_else(|| place::due(since, 0))
}

fn calls(message: &MessageRow) -> bool {
    !matches!(message.class.as_str(), "opt_out" | "opt_in")
}

/// Since when somebody waits among these messages of a conversation, and until when. What came before anybody waited was
/// answered or closed.
fn waits_in(row: &ConversationRow, own: &[MessageRow]) -> Option<(At, At)> {
    let since = row.waiting_since?;
    let first = own.iter().find(|known| known.direction == "in" && calls(known) && known.received_at >= since)?;
    Some((first.received_at, due_of(row, since).plus_ms(first.received_at.since_ms(since))))
}

async fn add(conn: &mut Conn, to: &ConversationRow, came: &Came) -> QueryResult<()> {
    // As when somebody writes: what was closed begins anew.
    let open = to.status == "open";
    let own = to.waiting_since.filter(|_| open).map(|since| (since, due_of(to, since)));
    let waits = match (own, came.waits) {
        (Some((since, due)), Some((other, other_due))) => Some((since.min(other), due.min(other_due))),
        (own, came) => own.or(came),
    };
    let standing = Standing {
        status: "open".to_owned(),
        closed_at: None,
        outcome: None,
        urgency: urgency_of(to).max(came.urgency).as_str().to_owned(),
        waiting_since: waits.map(|(since, _)| since),
        due_at: waits.map(|(_, due)| due),
        paused_at: None,
        ..Standing::of(to)
    };
    let last_at = conversations::get_locked(conn, to.id).await?.last_message_at;
    conversations::set_standing(conn, to.id, &standing.placed(last_at)).await?;
    if let Some(first) = came.first_human_at.filter(|first| to.first_human_at.is_none_or(|known| *first < known)) {
        conversations::set_first_human(conn, to.id, first).await?;
    }
    Ok(())
}

/// Why one is urgent holds for the other too. Whichever of the two nobody has taken up yet is still to be taken up.
async fn marks_into(conn: &mut Conn, from: i64, to: i64) -> QueryResult<()> {
    let Some(came) = marks::find(conn, from).await? else { return Ok(()) };
    let both = match marks::find(conn, to).await? {
        None => MarkRow { conversation_id: to, ..came },
        Some(own) => {
            let waits = |mark: &MarkRow| mark.acknowledged_at.is_none();
            let (first, other) = if waits(&came) && (!waits(&own) || came.raised_at < own.raised_at) { (came, own) } else { (own, came) };
            let level = first.level_of().max(other.level_of()).as_str().to_owned();
            let mut reasons = first.reasons.as_array().cloned().unwrap_or_default();
            for reason in other.reasons.as_array().into_iter().flatten() {
                if !reasons.contains(reason) {
                    reasons.push(reason.clone());
                }
            }
            MarkRow { conversation_id: to, reasons: reasons.into(), level, ..first }
        }
    };
    marks::set(conn, &both).await.map(|_| ())
}

async fn preview(conn: &mut Conn, id: i64) -> QueryResult<()> {
    let all = messages::list_of(conn, id).await?;
    if let Some(last) = all.iter().rev().find(|known| known.direction != "note") {
        let words = if last.direction == "out" { format!("You: {}", last.text) } else { last.text.clone() };
        conversations::set_preview(conn, id, &first_words(&words)).await?;
    }
    Ok(())
}
