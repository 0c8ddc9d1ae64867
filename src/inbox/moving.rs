//! Tying a conversation to another alert by an officer's hand. Both histories are kept.

use diesel::QueryResult;

use super::assign::{self, Receiver};
use super::undo::{self, Before, Made};
use super::{carry, changed, event, evidence, holds};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::store::alerts::AlertRow;
use crate::store::conversations::{self, ConversationRow};
use crate::store::messages;
use crate::store::moves::{self, MoveRow};
use crate::store::wake::Change;
use crate::store::{Conn, accounts, alerts, deliveries};

/// What came of moving a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveOutcome {
    /// It is there now, under this public id.
    Moved(String),
    /// There is no such alert.
    NoSuchAlert,
    /// It is there already.
    Already,
}

/// Ties a conversation to an alert by an officer's hand; if they have one there already, the two become one.
pub async fn move_to(app: &App, conversation_id: i64, reference: &str, actor: &Actor) -> QueryResult<MoveOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| move_in(conn, app, conversation_id, reference, actor).await).await?;
    drop(conn);
    if let MoveOutcome::Moved(there) = &outcome {
        changed(app, conversation_id).await?;
        app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: Some(there.clone()) });
    }
    Ok(outcome)
}

async fn move_in(conn: &mut Conn, app: &App, conversation_id: i64, reference: &str, actor: &Actor) -> QueryResult<MoveOutcome> {
    let Some(alert) = alerts::find_by_reference(conn, reference).await? else { return Ok(MoveOutcome::NoSuchAlert) };
    let conversation = conversations::get_locked(conn, conversation_id).await?;
    if conversation.alert_id == Some(alert.id) {
        confirm(conn, app, &conversation, &alert, actor).await?;
        return Ok(MoveOutcome::Already);
    }
    let from = match conversation.alert_id {
        Some(id) => alerts::get(conn, id).await?.reference,
        None => "the tray".to_owned(),
    };
    let sentence = format!("Moved from {from} to {}", alert.reference);
    let attributions = messages::list_attributions(conn, conversation.id).await?;
    let was =
        attributions.last().map_or_else(String::new, |last| format!(" (it had been tied as {}: {})", last.confidence, last.evidence.trim_end_matches('.')));
    let mut before = Before::of(conn, conversation.id).await?;
    before.add_messages(conn, conversation.id).await?;
    before.add_unread(conversation.id, conversation.unread);
    messages::set_attribution(conn, conversation.id, "officer", &format!("{sentence} by an officer")).await?;
    let there = conversations::find_of(conn, Some(alert.id), conversation.correspondent_id).await?;
    let (target, public_id) = match there {
        Some(there) => {
            before.add(conn, there.id).await?;
            before.add_unread(there.id, there.unread);
            before.add_mark(conn, conversation.id).await?;
            before.add_mark(conn, there.id).await?;
            merge(conn, app, &conversation, &there, &alert, actor).await?;
            event(conn, app, conversation.id, actor, "moved", &format!("{sentence}{was}")).await?;
            (there.id, there.public_id)
        }
        None => {
            let owner = accounts::find_officer(conn, alert.owner_id).await?.map(|owner| owner.id);
            conversations::set_alert(conn, conversation.id, alert.id, owner, alert.team_id).await?;
            deliveries::move_conversation(conn, conversation.id, conversation.id, alert.id).await?;
            (conversation.id, conversation.public_id.clone())
        }
    };
    conversations::set_unread(conn, target, true).await?;
    before.made(Made::Nudges(tell(conn, app, target, actor).await?));
    event(conn, app, target, actor, "moved", &format!("{sentence}{was}")).await?;
    let moved = MoveRow {
        id: app.next_id(),
        correspondent_id: conversation.correspondent_id,
        conversation_id: target,
        officer_id: actor.officer_id(),
        from_alert_id: conversation.alert_id,
        to_alert_id: alert.id,
        before: serde_json::to_value(&attributions).unwrap_or_default(),
        moved_at: app.now(),
    };
    moves::append(conn, &moved).await?;
    before.made(Made::Move(moved.id));
    let detail = serde_json::json!({ "from": conversation.alert_id, "to": alert.id, "into": target });
    audit::note(conn, app.ids(), app.now(), actor, "conversation.move", ("conversation", Some(conversation_id)), detail).await?;
    undo::offer(conn, app, actor, &sentence, before).await?;
    Ok(MoveOutcome::Moved(public_id))
}

/// "Yes, this one": what was probable is now known.
async fn confirm(conn: &mut Conn, app: &App, conversation: &ConversationRow, alert: &AlertRow, actor: &Actor) -> QueryResult<()> {
    if conversation.certainty == "certain" {
        return Ok(());
    }
    messages::set_attribution(conn, conversation.id, "officer", &format!("Confirmed as {} by an officer", alert.reference)).await?;
    conversations::set_certainty(conn, conversation.id, "certain", &serde_json::json!([])).await?;
    event(conn, app, conversation.id, actor, "confirmed", &format!("Confirmed as {}", alert.reference)).await
}

async fn merge(conn: &mut Conn, app: &App, conversation: &ConversationRow, there: &ConversationRow, alert: &AlertRow, actor: &Actor) -> QueryResult<()> {
    let coming: Vec<i64> = messages::list_of(conn, conversation.id).await?.iter().map(|message| message.id).collect();
    evidence::keep_apart(conn, app, &coming, there.id, actor).await?;
    let (from, to) = (carry::run_clock(conn, conversation.id, app.now()).await?, carry::run_clock(conn, there.id, app.now()).await?);
    messages::move_all(conn, conversation.id, there.id).await?;
    // Their next answer carries the token of what we sent in the old one: it must lead here.
    deliveries::move_conversation(conn, conversation.id, there.id, alert.id).await?;
    holds::spread(conn, app, conversation.id, there.id).await?;
    carry::all(conn, &from, &to, app.now()).await
}

/// Whoever has it now is told, unless they did it themselves.
async fn tell(conn: &mut Conn, app: &App, id: i64, actor: &Actor) -> QueryResult<Vec<i64>> {
    let row = conversations::get(conn, id).await?;
    let to = match (row.owner_id, row.team_id) {
        (Some(owner), _) => Receiver::Officer(owner),
        (None, Some(team)) => Receiver::Team(team),
        (None, None) => return Ok(Vec::new()),
    };
    let by = match actor.officer_id() {
        Some(officer) => accounts::find_officer(conn, officer).await?,
        None => None,
    };
    let name = by.as_ref().map_or("Another system", |officer| officer.name.as_str());
    assign::tell(conn, app, id, to, by.as_ref().map(|officer| officer.id), &format!("{name} moved a conversation to an alert of yours")).await
}
