//! The officers' use cases: read, answer, close, move. What an officer may not see does not exist for them.

pub mod clock;
pub mod evidence;
pub mod reading;
pub mod saved;
pub mod search;
pub mod sight;

use diesel::QueryResult;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::delivery::Purpose;
use crate::domain::{Address, ids};
use crate::outbound::compose;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::accounts::OfficerRow;
use crate::store::conversations::{self, ConversationEventRow, Touch};
use crate::store::messages::{self, MessageRow};
use crate::store::moves::{self, MoveRow};
use crate::store::wake::Change;
use crate::store::{Conn, accounts, alerts, correspondents, deliveries};

/// The longest text that carriers take, in characters.
pub const LONGEST_TEXT: usize = 1_600;

/// Why a conversation with somebody whose number may have changed hands takes no answer.
pub const NOT_THEIRS_ANY_MORE: &str = "This number may be somebody else's now: an answer could reach a stranger. What is texted from it next is a conversation of its own, and can be answered there";

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// It is on its way.
    Sent,
    /// Something changed since the officer looked: they must see it first. Nothing was sent.
    Changed,
    /// It cannot go, for this reason.
    Refused(&'static str),
}

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

/// Answers a conversation. `version` is the one that the officer had before their eyes; none for an API client that has none.
pub async fn reply(
    app: &App,
    conversation_id: i64,
    version: Option<i64>,
    text: &str,
    officer: Option<&OfficerRow>,
    actor: &Actor,
) -> QueryResult<ReplyOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| reply_in(conn, app, conversation_id, version, text, officer, actor).await).await?;
    drop(conn);
    if outcome == ReplyOutcome::Sent {
        app.wake().outbox();
        changed(app, conversation_id).await?;
    }
    Ok(outcome)
}

async fn reply_in(
    conn: &mut Conn,
    app: &App,
    conversation_id: i64,
    version: Option<i64>,
    text: &str,
    officer: Option<&OfficerRow>,
    actor: &Actor,
) -> QueryResult<ReplyOutcome> {
    let conversation = conversations::get_locked(conn, conversation_id).await?;
    if version.is_some_and(|version| version != conversation.version) {
        return Ok(ReplyOutcome::Changed);
    }
    let correspondent = correspondents::get(conn, conversation.correspondent_id).await?;
    let to = Address::from_stored(&correspondent.kind, &correspondent.address);
    if correspondent.owner_doubt_at.is_some() {
        // It would go to whoever has the number now, from a talk that was another's.
        return Ok(ReplyOutcome::Refused(NOT_THEIRS_ANY_MORE));
    }
    if !answerable(&to) {
        return Ok(ReplyOutcome::Refused("They wrote from an address that cannot be answered"));
    }
    if matches!(to, Address::Phone(_)) && text.chars().count() > LONGEST_TEXT {
        return Ok(ReplyOutcome::Refused("A text can have 1,600 characters at the most"));
    }
    let (now, message_id) = (app.now(), app.next_id());
    let last = messages::last_inbound(conn, conversation.id).await?;
    let answered = last.as_ref().and_then(|message| message.message_id_header.clone());
    let subject = last.as_ref().and_then(|message| message.subject.clone()).map(|subject| re(&subject));
    let brand = &app.config().branding.name;
    let signed = officer.map_or_else(|| app.config().branding.force.clone(), |officer| officer.name.clone());
    let body = match to {
        Address::Phone(_) => text.to_owned(),
        Address::Email(_) => compose::render_answer(text, &signed, brand),
    };
    let single = Single {
        purpose: Purpose::Reply,
        source_id: message_id,
        to,
        from: Some(conversation.our_address.clone()),
        channel: Some(conversation.channel.clone()),
        subject: subject.clone(),
        body,
        alert_id: conversation.alert_id,
        conversation_id: Some(conversation.id),
        references: answered.iter().cloned().collect(),
        in_reply_to: answered,
    };
    let delivery_id = match enqueue::enqueue(conn, app, single).await? {
        EnqueueOutcome::Queued(id) => id,
        EnqueueOutcome::Suppressed => return Ok(ReplyOutcome::Refused("They have opted out: nothing can be sent to them on this channel")),
        EnqueueOutcome::NoChannel => return Ok(ReplyOutcome::Refused("No channel of this kind is configured")),
    };
    let message = MessageRow {
        id: message_id,
        public_id: ids::public_id(),
        conversation_id: conversation.id,
        direction: "out".to_owned(),
        channel: conversation.channel.clone(),
        channel_kind: conversation.channel_kind.clone(),
        class: "reply".to_owned(),
        subject,
        text: text.to_owned(),
        folded: String::new(),
        envelope_id: None,
        ordinal: 0,
        delivery_id: Some(delivery_id),
        officer_id: officer.map(|officer| officer.id),
        message_id_header: None,
        method: "officer".to_owned(),
        confidence: "certain".to_owned(),
        evidence: String::new(),
        third_party: false,
        sender_trust: None,
        sender_evidence: None,
        possible_duplicate: false,
        raw_sha256: None,
        received_at: now,
    };
    messages::insert(conn, &message).await?;
    let preview = format!("You: {}", text.split_whitespace().collect::<Vec<_>>().join(" ")).chars().take(160).collect();
    conversations::touch(conn, conversation.id, &Touch { preview, attachments: 0, inbound: false, via: None, at: now }).await?;
    conversations::set_answered(conn, conversation.id, now).await?;
    clock::take_up_in(conn, app, conversation.id, actor).await?;
    conversations::set_unread(conn, conversation.id, false).await?;
    audit::note(conn, app.ids(), now, actor, "conversation.reply", ("conversation", Some(conversation.id)), serde_json::json!({ "message": message_id }))
        .await?;
    Ok(ReplyOutcome::Sent)
}

/// Whether an answer can ever arrive.
pub fn answerable(address: &Address) -> bool {
    match address {
        Address::Phone(phone) => phone.e164().starts_with('+'),
        Address::Email(email) => email.as_str().contains('@'),
    }
}

fn re(subject: &str) -> String {
    if subject.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("re:")) { subject.to_owned() } else { format!("Re: {subject}") }
}

/// Opens or closes a conversation.
pub async fn set_open(app: &App, conversation_id: i64, open: bool, actor: &Actor) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let (status, closed_at, word, sentence) = if open { ("open", None, "reopened", "Opened again") } else { ("closed", Some(now), "closed", "Closed") };
        if conversations::set_status(conn, conversation_id, status, closed_at).await? > 0 {
            note(conn, app, conversation_id, actor, word, sentence).await?;
            if !open {
                clock::take_up_in(conn, app, conversation_id, actor).await?;
            }
            let action = if open { "conversation.reopen" } else { "conversation.close" };
            audit::note(conn, app.ids(), now, actor, action, ("conversation", Some(conversation_id)), serde_json::json!({})).await?;
        }
        Ok::<_, diesel::result::Error>(())
    })
    .await?;
    drop(conn);
    changed(app, conversation_id).await
}

/// Marks a conversation as not read.
pub async fn set_unread(app: &App, conversation_id: i64) -> QueryResult<()> {
    let mut conn = app.write().await?;
    conversations::set_unread(&mut conn, conversation_id, true).await?;
    drop(conn);
    changed(app, conversation_id).await
}

/// Ties a conversation to an alert by an officer's hand; if they have one there already, the two become one.
pub async fn move_to(app: &App, conversation_id: i64, reference: &str, actor: &Actor) -> QueryResult<MoveOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| move_in(conn, app, conversation_id, reference, actor).await).await?;
    drop(conn);
    if matches!(outcome, MoveOutcome::Moved(_)) {
        changed(app, conversation_id).await?;
    }
    Ok(outcome)
}

async fn move_in(conn: &mut Conn, app: &App, conversation_id: i64, reference: &str, actor: &Actor) -> QueryResult<MoveOutcome> {
    let Some(alert) = alerts::find_by_reference(conn, reference).await? else { return Ok(MoveOutcome::NoSuchAlert) };
    let conversation = conversations::get_locked(conn, conversation_id).await?;
    if conversation.alert_id == Some(alert.id) {
        // "Yes, this one": what was probable is now known.
        if conversation.certainty != "certain" {
            messages::set_attribution(conn, conversation.id, "officer", &format!("Confirmed as {} by an officer", alert.reference)).await?;
            conversations::set_certainty(conn, conversation.id, "certain", &serde_json::json!([])).await?;
            note(conn, app, conversation.id, actor, "confirmed", &format!("Confirmed as {}", alert.reference)).await?;
        }
        return Ok(MoveOutcome::Already);
    }
    let from = match conversation.alert_id {
        Some(id) => alerts::get(conn, id).await?.reference,
        None => "the tray".to_owned(),
    };
    let sentence = format!("Moved from {from} to {}", alert.reference);
    let before = messages::list_attributions(conn, conversation.id).await?;
    let was = before.last().map_or_else(String::new, |last| format!(" (it had been tied as {}: {})", last.confidence, last.evidence.trim_end_matches('.')));
    messages::set_attribution(conn, conversation.id, "officer", &format!("{sentence} by an officer")).await?;
    let owner = accounts::find_officer(conn, alert.owner_id).await?.map(|owner| owner.id);
    let (target, public_id) = match conversations::find_of(conn, Some(alert.id), conversation.correspondent_id).await? {
        Some(there) => {
            messages::move_all(conn, conversation.id, there.id).await?;
            // Their next answer carries the token of what we sent in the old one: it must lead here.
            deliveries::move_conversation(conn, conversation.id, there.id, alert.id).await?;
            conversations::recount(conn, there.id).await?;
            conversations::recount(conn, conversation.id).await?;
            conversations::set_status(conn, conversation.id, "closed", Some(app.now())).await?;
            conversations::set_status(conn, there.id, "open", None).await?;
            conversations::set_unread(conn, there.id, true).await?;
            note(conn, app, conversation.id, actor, "moved", &format!("{sentence}{was}")).await?;
            (there.id, there.public_id)
        }
        None => {
            conversations::set_alert(conn, conversation.id, alert.id, owner, alert.team_id).await?;
            deliveries::move_conversation(conn, conversation.id, conversation.id, alert.id).await?;
            (conversation.id, conversation.public_id)
        }
    };
    note(conn, app, target, actor, "moved", &format!("{sentence}{was}")).await?;
    let moved = MoveRow {
        id: app.next_id(),
        correspondent_id: conversation.correspondent_id,
        conversation_id: target,
        officer_id: actor.officer_id(),
        from_alert_id: conversation.alert_id,
        to_alert_id: alert.id,
        before: serde_json::to_value(&before).unwrap_or_default(),
        moved_at: app.now(),
    };
    moves::append(conn, &moved).await?;
    let detail = serde_json::json!({ "from": conversation.alert_id, "to": alert.id, "into": target });
    audit::note(conn, app.ids(), app.now(), actor, "conversation.move", ("conversation", Some(conversation_id)), detail).await?;
    Ok(MoveOutcome::Moved(public_id))
}

async fn note(conn: &mut Conn, app: &App, conversation_id: i64, actor: &Actor, kind: &str, detail: &str) -> QueryResult<()> {
    let row = ConversationEventRow {
        id: app.next_id(),
        conversation_id,
        officer_id: actor.officer_id(),
        kind: kind.to_owned(),
        detail: detail.to_owned(),
        created_at: app.now(),
    };
    conversations::append_event(conn, &row).await.map(|_| ())
}

async fn changed(app: &App, conversation_id: i64) -> QueryResult<()> {
    let mut conn = app.read().await?;
    let conversation = conversations::get(&mut conn, conversation_id).await?;
    app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: Some(conversation.public_id) });
    Ok(())
}
