//! Splitting: a message and those after it become a conversation of their own. Both histories are kept.

use diesel::QueryResult;

use super::undo::{self, Before, Made};
use super::{carry, changed, event, evidence, holds};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::ids;
use crate::store::alerts::{self, AlertRow};
use crate::store::conversations::{self, ConversationRow};
use crate::store::messages::{self, MessageRow};
use crate::store::moves::{self, MoveRow};
use crate::store::wake::Change;
use crate::store::{Conn, accounts, deliveries};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitOutcome {
    /// The messages are in the conversation of this public id now.
    Split(String),
    /// It has no such message.
    NoSuchMessage,
    /// It is the first: nothing would be left.
    First,
    /// There is no such alert.
    NoSuchAlert,
    /// They are with that alert, or in the tray, already.
    SamePlace,
}

/// Takes a message and those after it to another alert, or to the tray if none is named.
pub async fn split(app: &App, conversation_id: i64, message: &str, reference: Option<&str>, actor: &Actor) -> QueryResult<SplitOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| split_in(conn, app, conversation_id, message, reference, actor).await).await?;
    drop(conn);
    if let SplitOutcome::Split(there) = &outcome {
        changed(app, conversation_id).await?;
        app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: Some(there.clone()) });
    }
    Ok(outcome)
}

async fn split_in(conn: &mut Conn, app: &App, conversation_id: i64, message: &str, reference: Option<&str>, actor: &Actor) -> QueryResult<SplitOutcome> {
    let alert = match reference {
        Some(reference) => match alerts::find_by_reference(conn, reference).await? {
            Some(alert) => Some(alert),
            None => return Ok(SplitOutcome::NoSuchAlert),
        },
        None => None,
    };
    let row = conversations::get_locked(conn, conversation_id).await?;
    if row.alert_id == alert.as_ref().map(|alert| alert.id) {
        return Ok(SplitOutcome::SamePlace);
    }
    let all = messages::list_of(conn, conversation_id).await?;
    let Some(at) = all.iter().position(|known| known.public_id == message) else { return Ok(SplitOutcome::NoSuchMessage) };
    let (stays, goes) = all.split_at_checked(at).unwrap_or((&all, &[]));
    if !stays.iter().any(|known| known.direction == "in") {
        return Ok(SplitOutcome::First);
    }
    let mut before = Before::of(conn, conversation_id).await?;
    before.add_messages(conn, conversation_id).await?;
    before.add_unread(conversation_id, row.unread);
    let there = target(conn, app, &row, alert.as_ref(), &mut before).await?;
    let place = alert.as_ref().map_or_else(|| "the tray".to_owned(), |alert| alert.reference.clone());
    let ids: Vec<i64> = goes.iter().map(|known| known.id).collect();
    let carried: Vec<i64> = goes.iter().filter_map(|known| known.delivery_id).collect();
    let sentence = format!("Split: {} went to {place}", counted(goes.len()));
    evidence::keep_apart(conn, app, &ids, there.id, actor).await?;
    messages::move_some(conn, conversation_id, &ids, there.id).await?;
    holds::spread(conn, app, conversation_id, there.id).await?;
    let confidence = if alert.is_some() { "certain" } else { "unattributed" };
    messages::set_attribution_of(conn, &ids, confidence, &format!("Split off to {place} by an officer")).await?;
    deliveries::move_some(conn, &carried, there.id, there.alert_id).await?;
    if let Some(alert) = &alert {
        let moved = follow(app, &row, there.id, alert, goes, actor);
        moves::append(conn, &moved).await?;
        before.made(Made::Move(moved.id));
    }
    before.add_mark(conn, there.id).await?;
    let (here_now, there_now) = (carry::run_clock(conn, conversation_id, app.now()).await?, carry::run_clock(conn, there.id, app.now()).await?);
    carry::some(conn, &here_now, &there_now, stays, goes).await?;
    conversations::set_unread(conn, there.id, true).await?;
    for id in [conversation_id, there.id] {
        event(conn, app, id, actor, "split", &sentence).await?;
    }
    let detail = serde_json::json!({ "into": there.id, "messages": ids.len() });
    audit::note(conn, app.ids(), app.now(), actor, "conversation.split", ("conversation", Some(conversation_id)), detail).await?;
    undo::offer(conn, app, actor, &sentence, before).await?;
    Ok(SplitOutcome::Split(there.public_id))
}

fn counted(messages: usize) -> String {
    if messages == 1 { "one message".to_owned() } else { format!("{messages} messages") }
}

/// Where they go: the person's conversation there, or a new one.
async fn target(conn: &mut Conn, app: &App, row: &ConversationRow, alert: Option<&AlertRow>, before: &mut Before) -> QueryResult<ConversationRow> {
    if let Some(there) = conversations::find_of(conn, alert.map(|alert| alert.id), row.correspondent_id).await? {
        before.add(conn, there.id).await?;
        before.add_unread(there.id, there.unread);
        return Ok(there);
    }
    let owner = match alert {
        Some(alert) => accounts::find_officer(conn, alert.owner_id).await?.map(|owner| owner.id),
        None => None,
    };
    let now = app.now();
    let fresh = ConversationRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        alert_id: alert.map(|alert| alert.id),
        status: "open".to_owned(),
        certainty: if alert.is_some() { "certain" } else { "unattributed" }.to_owned(),
        owner_id: owner,
        team_id: alert.and_then(|alert| alert.team_id),
        unread: false,
        preview: String::new(),
        messages_count: 0,
        attachments_count: 0,
        candidates: serde_json::json!([]),
        version: 0,
        first_human_at: None,
        created_at: now,
        closed_at: None,
        urgency: "none".to_owned(),
        waiting_since: None,
        due_at: None,
        paused_at: None,
        outcome: None,
        claimed_by: None,
        claimed_until: None,
        ..row.clone()
    };
    let (there, new) = conversations::insert_or_find(conn, fresh).await?;
    if new {
        before.made(Made::Conversation(there.id));
    }
    Ok(there)
}

/// What leads the next messages of this person to the alert.
fn follow(app: &App, row: &ConversationRow, there: i64, alert: &AlertRow, goes: &[MessageRow], actor: &Actor) -> MoveRow {
    let tie =
        |known: &MessageRow| serde_json::json!({ "message": known.id, "method": known.method, "confidence": known.confidence, "evidence": known.evidence });
    MoveRow {
        id: app.next_id(),
        correspondent_id: row.correspondent_id,
        conversation_id: there,
        officer_id: actor.officer_id(),
        from_alert_id: row.alert_id,
        to_alert_id: alert.id,
        before: goes.iter().filter(|known| known.direction == "in").map(tie).collect(),
        moved_at: app.now(),
    }
}
