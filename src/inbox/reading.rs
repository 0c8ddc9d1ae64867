//! Opening a conversation: everything its page shows, with the audit entry that every view leaves.

use diesel::QueryResult;

use super::elsewhere::{self, Elsewhere};
use super::leave_out::{self, Doubt};
use super::{search, sight};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::store::Conn;
use crate::store::accounts::{self, OfficerRow, TeamRow};
use crate::store::alerts::{self, AlertRow};
use crate::store::conversations::{self, ConversationEventRow, ConversationRow};
use crate::store::correspondents::{self, CorrespondentRow};
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::findings::{self, FindingRow};
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::store::nudges;
use crate::store::pauses::{self, PauseRow};
use crate::store::presences;
use crate::store::residents::{self, ResidentRow};
use crate::store::suppressions::{self, SuppressionRow};
use crate::store::urgencies::{self, UrgencyRow};
use crate::store::wake::Change;

/// A conversation with all that belongs to it.
pub struct Opened {
    /// The conversation.
    pub conversation: ConversationRow,
    /// With whom.
    pub correspondent: CorrespondentRow,
    /// If they registered: who, their groups, their places.
    pub resident: Option<(ResidentRow, Vec<String>, Vec<String>)>,
    /// The alert with the text that went out on this channel.
    pub alert: Option<(AlertRow, String)>,
    /// Alerts that it may belong to, in order, with reasons.
    pub candidates: Vec<(AlertRow, String)>,
    /// Other current alerts that it may belong to.
    pub elsewhere: Elsewhere,
    /// Messages in order.
    pub messages: Vec<MessageRow>,
    /// Their files.
    pub attachments: Vec<AttachmentRow>,
    /// What was recognised in the messages, in order.
    pub findings: Vec<FindingRow>,
    /// The same once each, with how many other conversations of theirs have it.
    pub shared: Vec<search::Shared>,
    /// The deliveries that carry our answers.
    pub deliveries: Vec<DeliveryRow>,
    /// What happened.
    pub events: Vec<ConversationEventRow>,
    /// Everyone, for names.
    pub officers: Vec<OfficerRow>,
    /// Teams, for names.
    pub teams: Vec<TeamRow>,
    /// What stands against the address.
    pub suppression: Option<SuppressionRow>,
    /// They seem to want no more, and nothing has come of it yet.
    pub doubt: Option<Doubt>,
    /// Why it is urgent, and who has taken it up.
    pub urgency: Option<UrgencyRow>,
    /// Times in which its clock stood still.
    pub pauses: Vec<PauseRow>,
}

/// How long a page that shows what is new goes on by the look that opened it.
const STANDS_MS: i64 = 3_600_000;

/// Why a conversation is opened. The audit entry says so; only what an officer looked at is marked as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// An officer looks at it.
    Looked,
    /// Their page shows what is new.
    Refreshed,
    /// Their page fetched it ahead of them: they may never look.
    Ahead,
}

/// Opens a conversation for an officer; none if it does not exist for them.
pub async fn open(app: &App, officer: &OfficerRow, public_id: &str, look: Look) -> QueryResult<Option<Opened>> {
    let Some(conversation) = find(app, officer, public_id).await? else { return Ok(None) };
    note_view(app, officer, &conversation, look).await?;
    read_for(app, officer, conversation.id).await.map(Some)
}

/// What an open page shows anew. It is a look only if the conversation has changed since the version that the page has.
pub async fn refresh(app: &App, officer: &OfficerRow, public_id: &str, shown: Option<i64>) -> QueryResult<Option<Opened>> {
    let Some(conversation) = find(app, officer, public_id).await? else { return Ok(None) };
    let opened = read_for(app, officer, conversation.id).await?;
    if shown != Some(opened.conversation.version) {
        note_view(app, officer, &conversation, Look::Refreshed).await?;
    }
    Ok(Some(opened))
}

async fn read_for(app: &App, officer: &OfficerRow, id: i64) -> QueryResult<Opened> {
    let now = app.now();
    let read_all = async |conn: &mut Conn| {
        let mut opened = read(conn, id, now).await?;
        let sight = sight::of_in(conn, officer, now).await?;
        opened.shared = search::shared(conn, &opened.findings, &sight).await?;
        Ok(opened)
    };
    app.read().await?.snapshot(read_all).await
}

/// The conversation of this public id, if it exists for this officer.
pub async fn find(app: &App, officer: &OfficerRow, public_id: &str) -> QueryResult<Option<ConversationRow>> {
    let mut conn = app.read().await?;
    let sight = sight::of_in(&mut conn, officer, app.now()).await?;
    Ok(conversations::find(&mut conn, public_id).await?.filter(|found| sight::sees(&sight, found)))
}

/// An officer looks at what their page fetched ahead, as it was at this version; false if it does not exist for them any
/// more. What came in since stays unread: their page shows it next.
pub async fn look(app: &App, officer: &OfficerRow, public_id: &str, version: Option<i64>) -> QueryResult<bool> {
    let Some(conversation) = find(app, officer, public_id).await? else { return Ok(false) };
    note_view(app, officer, &conversation, Look::Looked).await?;
    if version.is_some_and(|version| version < conversation.version) && conversation.unread {
        super::set_unread(app, conversation.id).await?;
    }
    Ok(true)
}

async fn note_view(app: &App, officer: &OfficerRow, conversation: &ConversationRow, look: Look) -> QueryResult<()> {
    let mut conn = app.write().await?;
    let was_unread = conn
        .transaction(async |conn| {
            let subject = ("conversation", Some(conversation.id));
            let detail = match look {
                Look::Looked => serde_json::json!({}),
                // A page that shows what is new was opened before; what was not opened is looked at now.
                Look::Refreshed if !audit::has_looked(conn, officer.id, conversation.id, app.now().plus_ms(-STANDS_MS)).await? => serde_json::json!({}),
                Look::Refreshed => serde_json::json!({ "live": true }),
                Look::Ahead => serde_json::json!({ "ahead": true }),
            };
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "conversation.view", subject, detail).await?;
            if look != Look::Looked {
                return Ok(0);
            }
            if app.config().inbox.presence {
                presences::set_here(conn, conversation.id, officer.id, app.now()).await?;
            }
            nudges::set_seen(conn, officer.id, conversation.id, app.now()).await?;
            conversations::set_unread(conn, conversation.id, false).await
        })
        .await?;
    if was_unread > 0 {
        app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: Some(conversation.public_id.clone()) });
    }
    Ok(())
}

/// All of it as of one moment: what the page shows and the version that an answer names fit together.
async fn read(conn: &mut Conn, id: i64, now: At) -> QueryResult<Opened> {
    let conversation = conversations::get(conn, id).await?;
    let correspondent = correspondents::get(conn, conversation.correspondent_id).await?;
    let registered = residents::find_of(conn, &correspondent).await?;
    let resident = match registered {
        Some((resident, _)) => {
            let groups = residents::list_groups(conn, resident.id).await?.into_iter().map(|(_, name)| name).collect();
            let places = residents::list_places(conn, resident.id).await?;
            Some((resident, groups, places))
        }
        None => None,
    };
    let alert = match conversation.alert_id {
        Some(id) => {
            let alert = alerts::get(conn, id).await?;
            let texts = alerts::list_texts(conn, id, alert.version).await?;
            let text = texts.into_iter().find(|text| text.channel_kind == conversation.channel_kind).map(|text| text.body).unwrap_or_default();
            Some((alert, text))
        }
        None => None,
    };
    let listed: Vec<crate::inbound::thread::Candidate> = serde_json::from_value(conversation.candidates.clone()).unwrap_or_default();
    let ids: Vec<i64> = listed.iter().map(|candidate| candidate.alert_id).collect();
    let rows = alerts::list_by_ids(conn, &ids).await?;
    let candidates =
        listed.into_iter().filter_map(|candidate| rows.iter().find(|row| row.id == candidate.alert_id).map(|row| (row.clone(), candidate.reason))).collect();
    let messages = messages::list_of(conn, conversation.id).await?;
    let events = conversations::list_events(conn, conversation.id).await?;
    let elsewhere = elsewhere::of(conn, now, &conversation, &correspondent, resident.as_ref().map(|(resident, ..)| resident)).await?;
    let message_ids: Vec<i64> = messages.iter().map(|message| message.id).collect();
    let delivery_ids: Vec<i64> = messages.iter().filter_map(|message| message.delivery_id).collect();
    Ok(Opened {
        resident,
        alert,
        candidates,
        elsewhere,
        attachments: messages::list_attachments(conn, &message_ids).await?,
        findings: findings::list_of(conn, &message_ids).await?,
        shared: Vec::new(),
        deliveries: deliveries::list_by_ids(conn, &delivery_ids).await?,
        doubt: leave_out::doubt(conn, &correspondent, &messages, &events).await?,
        events,
        officers: accounts::list_officers(conn).await?,
        teams: accounts::list_teams(conn).await?,
        urgency: urgencies::find(conn, conversation.id).await?.filter(|_| conversation.urgency != "none"),
        pauses: pauses::list_of(conn, conversation.id).await?,
        suppression: suppressions::find_standing(conn, &correspondent.match_key, if correspondent.kind == "phone" { "sms" } else { "email" }).await?,
        messages,
        correspondent,
        conversation,
    })
}
