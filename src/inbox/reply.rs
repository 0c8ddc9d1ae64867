//! Answering. No answer goes that was written without having seen what came in since, and of two at once only one goes.

use diesel::QueryResult;

use super::{changed, claim, clock, first_words};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::delivery::Purpose;
use crate::domain::{Address, ids};
use crate::outbound::compose::{self, Quote};
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::accounts::OfficerRow;
use crate::store::conversations::{self, ConversationRow, Touch};
use crate::store::messages::{self, MessageRow};
use crate::store::{Conn, correspondents, presences};

/// The longest text that carriers take, in characters.
pub const LONGEST_TEXT: usize = 1_600;

/// Why a conversation with somebody whose number may have changed hands takes no answer.
pub const NOT_THEIRS_ANY_MORE: &str = "This number may be somebody else's now: an answer could reach a stranger. What is texted from it next is a conversation of its own, and can be answered there";

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyOutcome {
    /// It is on its way.
    Sent,
    /// Something changed since the officer looked: they must see it first. Nothing was sent; their words are kept.
    Changed,
    /// This colleague is answering. Nothing was sent; their words are kept.
    Answering(String),
    /// It cannot go, for this reason.
    Refused(&'static str),
}

/// An answer to a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Which.
    pub conversation_id: i64,
    /// The version that the officer had before their eyes; none for an API client that has none.
    pub version: Option<i64>,
    /// The words.
    pub text: &'a str,
    /// Send also if a colleague is answering.
    pub take_over: bool,
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
    send(app, Answer { conversation_id, version, text, take_over: officer.is_none() }, officer, actor).await
}

/// Answers a conversation.
pub async fn send(app: &App, answer: Answer<'_>, officer: Option<&OfficerRow>, actor: &Actor) -> QueryResult<ReplyOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn
        .transaction(async |conn| {
            let outcome = send_in(conn, app, answer, officer, actor).await?;
            if let Some(officer) = officer {
                let id = answer.conversation_id;
                if outcome == ReplyOutcome::Sent {
                    presences::drop_draft(conn, id, officer.id).await?;
                    presences::release(conn, id, officer.id).await?;
                } else {
                    claim::keep_in(conn, id, officer.id, answer.text, app.now()).await?;
                }
            }
            Ok::<_, diesel::result::Error>(outcome)
        })
        .await?;
    drop(conn);
    if outcome == ReplyOutcome::Sent {
        app.wake().outbox();
        changed(app, answer.conversation_id).await?;
    }
    Ok(outcome)
}

async fn send_in(conn: &mut Conn, app: &App, answer: Answer<'_>, officer: Option<&OfficerRow>, actor: &Actor) -> QueryResult<ReplyOutcome> {
    let conversation = conversations::get_locked(conn, answer.conversation_id).await?;
    if answer.version.is_some_and(|version| version != conversation.version) {
        return Ok(ReplyOutcome::Changed);
    }
    if let (Some(officer), false) = (officer, answer.take_over)
        && let Some((name, _)) = claim::answering(conn, &conversation, officer.id, app.now()).await?
    {
        return Ok(ReplyOutcome::Answering(name));
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
    if matches!(to, Address::Phone(_)) && answer.text.chars().count() > LONGEST_TEXT {
        return Ok(ReplyOutcome::Refused("A text can have 1,600 characters at the most"));
    }
    let message_id = app.next_id();
    let single = compose(conn, app, &conversation, to, message_id, answer.text, officer).await?;
    let subject = single.subject.clone();
    let delivery_id = match enqueue::enqueue(conn, app, single).await? {
        EnqueueOutcome::Queued(id) => id,
        EnqueueOutcome::Suppressed => return Ok(ReplyOutcome::Refused("They have opted out: nothing can be sent to them on this channel")),
        EnqueueOutcome::NoChannel => return Ok(ReplyOutcome::Refused("No channel of this kind is configured")),
    };
    let row = MessageRow { officer_id: officer.map(|officer| officer.id), subject, ..outgoing(app, &conversation, message_id, delivery_id, answer.text) };
    file(conn, app, &conversation, &row, actor).await?;
    Ok(ReplyOutcome::Sent)
}

/// The text as it goes out: to whom, from where, under which mail.
async fn compose(
    conn: &mut Conn,
    app: &App,
    conversation: &ConversationRow,
    to: Address,
    message_id: i64,
    text: &str,
    officer: Option<&OfficerRow>,
) -> QueryResult<Single> {
    let last = messages::last_inbound(conn, conversation.id).await?;
    let answered = last.as_ref().and_then(|message| message.message_id_header.clone());
    let subject = last.as_ref().and_then(|message| message.subject.clone()).map(|subject| re(&subject));
    let body = match to {
        Address::Phone(_) => text.to_owned(),
        Address::Email(_) => {
            let signed = officer.map_or_else(|| app.config().branding.force.clone(), |officer| officer.name.clone());
            let quotes = quotes(conn, conversation.id, last.as_ref(), &app.config().branding.name).await?;
            compose::render_answer(text, &signed, &app.config().branding.name, &quotes)
        }
    };
    Ok(Single {
        purpose: Purpose::Reply,
        source_id: message_id,
        to,
        from: Some(conversation.our_address.clone()),
        channel: Some(conversation.channel.clone()),
        subject,
        body,
        alert_id: conversation.alert_id,
        conversation_id: Some(conversation.id),
        references: answered.iter().cloned().collect(),
        in_reply_to: answered,
    })
}

/// What stands under an answer by mail: their visible words and our last answer to them, nobody else's.
async fn quotes(conn: &mut Conn, conversation_id: i64, theirs: Option<&MessageRow>, brand: &str) -> QueryResult<Vec<Quote>> {
    let of = |row: &MessageRow, who: &str| Quote { who: who.to_owned(), at: row.received_at, text: row.text.clone() };
    let mut quotes: Vec<Quote> = theirs.filter(|row| row.channel_kind == "email" && !row.text.is_empty()).map(|row| of(row, "you")).into_iter().collect();
    if let Some(ours) = messages::last_outbound(conn, conversation_id).await? {
        quotes.push(of(&ours, brand));
    }
    Ok(quotes)
}

/// A message of ours, as it stands in the conversation.
fn outgoing(app: &App, conversation: &ConversationRow, id: i64, delivery_id: i64, text: &str) -> MessageRow {
    MessageRow {
        id,
        public_id: ids::public_id(),
        conversation_id: conversation.id,
        direction: "out".to_owned(),
        channel: conversation.channel.clone(),
        channel_kind: conversation.channel_kind.clone(),
        class: "reply".to_owned(),
        subject: None,
        text: text.to_owned(),
        folded: String::new(),
        envelope_id: None,
        ordinal: 0,
        delivery_id: Some(delivery_id),
        officer_id: None,
        message_id_header: None,
        method: "officer".to_owned(),
        confidence: "certain".to_owned(),
        evidence: String::new(),
        third_party: false,
        sender_trust: None,
        sender_evidence: None,
        possible_duplicate: false,
        raw_sha256: None,
        received_at: app.now(),
    }
}

async fn file(conn: &mut Conn, app: &App, conversation: &ConversationRow, row: &MessageRow, actor: &Actor) -> QueryResult<()> {
    messages::insert(conn, row).await?;
    let preview = first_words(&format!("You: {}", row.text));
    let now = row.received_at;
    conversations::touch(conn, conversation.id, &Touch { preview, attachments: 0, inbound: false, via: None, at: now }).await?;
    conversations::set_answered(conn, conversation.id, now).await?;
    clock::take_up_in(conn, app, conversation.id, actor).await?;
    conversations::set_unread(conn, conversation.id, false).await?;
    let detail = serde_json::json!({ "message": row.id });
    audit::note(conn, app.ids(), now, actor, "conversation.reply", ("conversation", Some(conversation.id)), detail).await
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
