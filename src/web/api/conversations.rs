//! Conversations by API: of an alert, or in the tray; and answers.

use actix_web::{HttpResponse, web};
use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Client, Problem};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::inbox::{self, ReplyOutcome};
use crate::store::conversations::{self, ConversationRow};
use crate::store::messages::{self, AttachmentRow, MessageRow};
use crate::store::views::inbox as lists;
use crate::store::{Conn, alerts, correspondents};

/// A key that reads a conversation again and again leaves an entry an hour.
const STANDS_MS: i64 = 3_600_000;

/// A page of conversations.
#[derive(Debug, Serialize, ToSchema)]
pub struct Conversations {
    conversations: Vec<ConversationOut>,
    /// Give it as `cursor` for the next page; none when this is the last.
    next_cursor: Option<String>,
}

/// A conversation with its messages in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConversationOut {
    id: String,
    alert: Option<String>,
    /// It rises with everything that comes in or is done: name it in an answer.
    version: i64,
    /// `open` or `closed`.
    status: String,
    /// `certain`, `probable` or `unattributed`.
    certainty: String,
    channel: String,
    correspondent: CorrespondentOut,
    messages: Vec<MessageOut>,
}

/// Whom with, as an id that stays the same and a masked address.
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrespondentOut {
    id: String,
    address_masked: String,
    name: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageOut {
    id: String,
    /// `in` or `out`.
    direction: String,
    /// `sms` or `email`.
    channel: String,
    class: String,
    subject: Option<String>,
    text: String,
    received_at: String,
    attribution: AttributionOut,
    third_party: bool,
    /// How far a mail's sender is who it says; none for texts.
    sender: Option<SenderOut>,
    possible_duplicate: bool,
    attachments: Vec<AttachmentOut>,
}

/// Whether a mail's sender is who it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct SenderOut {
    /// `confirmed`, `unknown` or `refused`.
    trust: String,
    evidence: String,
}

/// How it was tied.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttributionOut {
    method: String,
    confidence: String,
    evidence: String,
}

/// A file.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttachmentOut {
    filename: String,
    content_type: String,
    size_bytes: i64,
    sha256: String,
}

/// Where a page begins.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// From the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// An answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReply {
    /// What to say.
    text: String,
    /// The conversation's, as it was when it was read: the answer is refused if something came in since.
    version: i64,
}

/// Conversations of an alert.
#[utoipa::path(get, path = "/api/v1/alerts/{reference}/conversations", params(("reference" = String, Path), Page), security(("key" = [])),
    responses((status = 200, body = Conversations), (status = 401), (status = 404)))]
pub async fn of_alert(client: Client, reference: web::Path<String>, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let key = client.require("inbox").await?;
    let (app, page) = (client.app.clone(), page.into_inner());
    let list = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &reference).await?.ok_or(Problem::NotFound("alert"))?;
            list(&app, &key.name, Some((alert.id, alert.reference)), page).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(list))
}

/// Conversations that are tied to no alert yet.
#[utoipa::path(get, path = "/api/v1/unattributed", params(Page), security(("key" = [])), responses((status = 200, body = Conversations), (status = 401)))]
pub async fn unattributed(client: Client, page: web::Query<Page>) -> Result<HttpResponse, Problem> {
    let key = client.require("inbox").await?;
    let (app, page) = (client.app.clone(), page.into_inner());
    let list = app.clone().run(async move { list(&app, &key.name, None, page).await }).await?;
    Ok(HttpResponse::Ok().json(list))
}

async fn list(app: &App, key: &str, alert: Option<(i64, String)>, page: Page) -> Result<Conversations, Problem> {
    let limit = page.limit.unwrap_or(50).clamp(1, 200);
    let after = match page.cursor.as_deref() {
        None | Some("") => 0,
        Some(cursor) => cursor.parse().map_err(|_| Problem::Invalid(vec![("cursor".to_owned(), "Use next_cursor of the page before".to_owned())]))?,
    };
    // As of one moment: a conversation and its messages fit together.
    let (ids, out, next_cursor) = app.read().await?.snapshot(async |conn| read(conn, alert.as_ref(), after, limit).await).await?;
    let (actor, now) = (Actor::Key(key.to_owned()), app.now());
    let detail = serde_json::json!({ "conversations": out.len() });
    app.write()
        .await?
        .transaction(async |conn| {
            audit::note(conn, app.ids(), now, &actor, "conversations.read", ("alert", alert.map(|(id, _)| id)), detail).await?;
            audit::note_given(conn, app.ids(), now, &actor, "conversation.read", &ids, Some(now.plus_ms(-STANDS_MS))).await
        })
        .await?;
    Ok(Conversations { conversations: out, next_cursor })
}

type Read = (Vec<i64>, Vec<ConversationOut>, Option<String>);

async fn read(conn: &mut Conn, alert: Option<&(i64, String)>, after: i64, limit: i64) -> QueryResult<Read> {
    let mut rows = lists::list_for_api(conn, alert.map(|(id, _)| *id), after, limit + 1).await?;
    let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(50));
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut messages = messages::list_of_many(conn, &ids).await?;
    // What officers write to each other leaves the force by no door.
    messages.retain(|message| message.direction != "note");
    let message_ids: Vec<i64> = messages.iter().map(|message| message.id).collect();
    let files = messages::list_attachments(conn, &message_ids).await?;
    let mut out = Vec::with_capacity(rows.len());
    for row in &rows {
        let correspondent = correspondents::get(conn, row.correspondent_id).await?;
        let theirs = messages.iter().filter(|message| message.conversation_id == row.id).map(|message| message_out(message, &files)).collect();
        out.push(conversation_out(row, alert.map(|(_, reference)| reference.clone()), &correspondent, theirs));
    }
    Ok((ids, out, next_cursor))
}

fn conversation_out(
    row: &ConversationRow,
    alert: Option<String>,
    correspondent: &correspondents::CorrespondentRow,
    messages: Vec<MessageOut>,
) -> ConversationOut {
    ConversationOut {
        id: row.public_id.clone(),
        alert,
        version: row.version,
        status: row.status.clone(),
        certainty: row.certainty.clone(),
        channel: row.channel_kind.clone(),
        correspondent: CorrespondentOut {
            id: correspondent.public_id.clone(),
            address_masked: crate::domain::address::mask(&correspondent.address),
            name: correspondent.name.clone(),
        },
        messages,
    }
}

fn message_out(message: &MessageRow, files: &[AttachmentRow]) -> MessageOut {
    let file = |file: &AttachmentRow| AttachmentOut {
        filename: file.filename.clone(),
        content_type: file.content_type.clone(),
        size_bytes: file.size_bytes,
        sha256: hex::encode(&file.sha256),
    };
    MessageOut {
        id: message.public_id.clone(),
        direction: message.direction.clone(),
        channel: message.channel_kind.clone(),
        class: message.class.clone(),
        subject: message.subject.clone(),
        text: message.text.clone(),
        received_at: message.received_at.rfc3339(),
        attribution: AttributionOut { method: message.method.clone(), confidence: message.confidence.clone(), evidence: message.evidence.clone() },
        third_party: message.third_party,
        sender: message.sender_trust.clone().zip(message.sender_evidence.clone()).map(|(trust, evidence)| SenderOut { trust, evidence }),
        possible_duplicate: message.possible_duplicate,
        attachments: files.iter().filter(|row| row.message_id == message.id).map(file).collect(),
    }
}

/// Answers a conversation.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/replies", params(("id" = String, Path)), request_body = NewReply, security(("key" = [])),
    responses((status = 202), (status = 401), (status = 404), (status = 409), (status = 422)))]
pub async fn reply(client: Client, id: web::Path<String>, body: web::Bytes) -> Result<HttpResponse, Problem> {
    let key = client.require("inbox").await?;
    let new: NewReply = serde_json::from_slice(&body).map_err(|error| Problem::unreadable(&error))?;
    if new.text.trim().is_empty() || new.text.chars().count() > 4_000 {
        return Err(Problem::Invalid(vec![("text".to_owned(), "Give 1 to 4,000 characters".to_owned())]));
    }
    let app = client.app.clone();
    let outcome = app
        .clone()
        .run(async move {
            let found = conversations::find(&mut app.read().await?, &id).await?.ok_or(Problem::NotFound("conversation"))?;
            Ok::<_, Problem>(inbox::reply(&app, found.id, Some(new.version), new.text.trim(), None, &Actor::Key(key.name)).await?)
        })
        .await?;
    match outcome {
        ReplyOutcome::Sent => Ok(HttpResponse::Accepted().json(serde_json::json!({ "status": "queued" }))),
        ReplyOutcome::Changed | ReplyOutcome::Answering(_) => Err(Problem::Conflict("the conversation changed; read it again".to_owned())),
        ReplyOutcome::Refused(reason) => Err(Problem::Conflict(reason.to_owned())),
    }
}
