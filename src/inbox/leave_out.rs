//! Leaving a person out by an officer's hand, as a STOP does: no alert, no outcome and no answer goes to that address until they
//! say otherwise themselves. For those who ask for it in words that no machine may act on, and for whoever says it to an officer.

use diesel::QueryResult;

use super::undo::{self, Before, Made};
use super::{changed, event};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::{Address, At};
use crate::store::Conn;
use crate::store::conversations::{self, ConversationEventRow};
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::deliveries;
use crate::store::messages::MessageRow;
use crate::store::residents::{self, ConsentRow};
use crate::store::suppressions::{self, SuppressionRow};

/// The longest reason, in characters.
pub const LONGEST: usize = 200;
/// Why the address is left out, in a word of the suppressions.
const BY_OFFICER: &str = "officer";

/// Why it is not known whether somebody wants to hear more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// They asked by mail, and have not pressed the link that was sent to their address.
    Unconfirmed,
    /// Their words may mean it: they were asked to reply STOP if so.
    Perhaps,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveOutOutcome {
    /// Nothing goes to them there any more.
    LeftOut,
    /// So it was already.
    Already,
}

/// How everything stood that leaving somebody out changes beside the conversation.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct LeftOut {
    conversation_id: i64,
    /// What is set against the address.
    suppression_id: i64,
    /// It had been lifted before, by this; none if there had been nothing.
    lifted_by: Option<String>,
    /// What was to go to them, and how it stood.
    waiting: Vec<(i64, String)>,
}

/// Whether it is in doubt that they want to hear more.
pub(super) async fn doubt(conn: &mut Conn, person: &CorrespondentRow, messages: &[MessageRow], events: &[ConversationEventRow]) -> QueryResult<Option<Doubt>> {
    let asked_at = events.iter().filter(|event| event.kind == "opt_out_asked").map(|event| event.created_at).max();
    let said_at = messages.iter().filter(|message| message.class == "opt_out_review").map(|message| message.received_at).max();
    let settled = async |conn: &mut Conn, at: At| suppressions::was_set_since(conn, &person.match_key, channel_of(person), at).await;
    if let Some(at) = asked_at
        && !settled(conn, at).await?
    {
        return Ok(Some(Doubt::Unconfirmed));
    }
    Ok(match said_at {
        Some(at) if !settled(conn, at).await? => Some(Doubt::Perhaps),
        _ => None,
    })
}

fn channel_of(person: &CorrespondentRow) -> &'static str {
    Address::from_stored(&person.kind, &person.address).channel_kind()
}

/// Leaves the person of a conversation out at the address they wrote from.
pub async fn leave_out(app: &App, conversation_id: i64, reason: &str, actor: &Actor) -> QueryResult<LeaveOutOutcome> {
    let mut conn = app.write().await?;
    let done = conn.transaction(async |conn| leave_out_in(conn, app, conversation_id, reason, actor).await).await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(done)
}

async fn leave_out_in(conn: &mut Conn, app: &App, conversation_id: i64, reason: &str, actor: &Actor) -> QueryResult<LeaveOutOutcome> {
    let row = conversations::get_locked(conn, conversation_id).await?;
    let person = correspondents::get(conn, row.correspondent_id).await?;
    let (channel, now) = (channel_of(&person), app.now());
    if suppressions::find_standing(conn, &person.match_key, channel).await?.is_some() {
        return Ok(LeaveOutOutcome::Already);
    }
    let mut before = Before::of(conn, conversation_id).await?;
    let known = suppressions::find(conn, &person.match_key, channel, "all").await?;
    let suppression = SuppressionRow {
        id: app.next_id(),
        match_key: person.match_key.clone(),
        channel: channel.to_owned(),
        scope: "all".to_owned(),
        reason: BY_OFFICER.to_owned(),
        evidence: format!("an officer left them out, in conversation {conversation_id}"),
        source_envelope_id: None,
        created_at: now,
        lifted_at: None,
        lifted_by: None,
    };
    suppressions::suppress(conn, &suppression).await?;
    let waiting = deliveries::list_waiting(conn, &person.match_key, channel).await?;
    deliveries::suppress_waiting(conn, &person.match_key, channel, now).await?;
    note_consent(conn, app, &person, "stopped", reason, actor).await?;
    let what = if channel == "sms" { "no texts go" } else { "no e-mail goes" };
    let sentence = format!("Left out: {what} to them");
    event(conn, app, conversation_id, actor, "left_out", &format!("{sentence} ({reason})")).await?;
    let detail = serde_json::json!({ "channel": channel });
    audit::note(conn, app.ids(), now, actor, "conversation.leave_out", ("conversation", Some(conversation_id)), detail).await?;
    conversations::touch_standing(conn, conversation_id).await?;
    before.made(Made::LeftOut(LeftOut {
        conversation_id,
        suppression_id: known.as_ref().map_or(suppression.id, |known| known.id),
        lifted_by: known.map(|known| known.lifted_by.unwrap_or_default()),
        waiting,
    }));
    undo::offer(conn, app, actor, &sentence, before).await?;
    Ok(LeaveOutOutcome::LeftOut)
}

/// Whether what was set is still as the officer left it: nobody has asked since.
pub(super) async fn stands(conn: &mut Conn, left: &LeftOut) -> QueryResult<bool> {
    suppressions::is_untouched(conn, left.suppression_id, BY_OFFICER).await
}

/// Takes it back: they get what they were to get.
pub(super) async fn take_back(conn: &mut Conn, app: &App, left: &LeftOut, actor: &Actor) -> QueryResult<usize> {
    let row = conversations::get(conn, left.conversation_id).await?;
    let person = correspondents::get(conn, row.correspondent_id).await?;
    match &left.lifted_by {
        Some(by) => suppressions::lift_again(conn, left.suppression_id, by, app.now()).await?,
        None => suppressions::delete(conn, left.suppression_id).await?,
    };
    note_consent(conn, app, &person, "taken_back", "the officer took it back at once", actor).await?;
    deliveries::restore_waiting(conn, &left.waiting).await
}

async fn note_consent(conn: &mut Conn, app: &App, person: &CorrespondentRow, action: &str, evidence: &str, actor: &Actor) -> QueryResult<()> {
    let resident = residents::find_of(conn, person).await?;
    let row = ConsentRow {
        id: app.next_id(),
        resident_id: resident.map(|(resident, _)| resident.id),
        match_key: person.match_key.clone(),
        action: action.to_owned(),
        channel: channel_of(person).to_owned(),
        source: actor.officer_id().map_or_else(|| "officer".to_owned(), |id| format!("officer:{id}")),
        wording: String::new(),
        evidence: evidence.to_owned(),
        created_at: app.now(),
    };
    residents::append_consent(conn, vec![row]).await.map(|_| ())
}
