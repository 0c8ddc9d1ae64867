//! Tables `messages`, `attachments`: what was said, by whom, how it was tied. What is added here is found by search from then on.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{attachments, messages};
use super::{Conn, search_entries};
use crate::domain::At;
use crate::{insert_all, on};

/// One inbound or outbound text within a conversation.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub struct MessageRow {
    /// Time-ordered id.
    pub id: i64,
    /// For URLs and the API.
    pub public_id: String,
    /// Of which conversation.
    pub conversation_id: i64,
    /// `in`, `out`, or `note` for what officers write to each other.
    pub direction: String,
    /// The configured channel's name.
    pub channel: String,
    /// `sms` or `email`.
    pub channel_kind: String,
    /// `reply`, `opt_out`, `opt_in`, `auto_reply`, `bounce`.
    pub class: String,
    /// Mail subject.
    pub subject: Option<String>,
    /// What the person wrote.
    pub text: String,
    /// What was folded away: quotes, signatures.
    pub folded: String,
    /// The raw original.
    pub envelope_id: Option<i64>,
    /// Its place in the envelope.
    pub ordinal: i64,
    /// The delivery that carries it out, or that it is about.
    pub delivery_id: Option<i64>,
    /// Who wrote it, if an officer did.
    pub officer_id: Option<i64>,
    /// Without angle brackets.
    pub message_id_header: Option<String>,
    /// How it was tied to its alert.
    pub method: String,
    /// `certain`, `probable`, `unattributed`.
    pub confidence: String,
    /// A sentence an officer can check.
    pub evidence: String,
    /// From another address than the one we wrote to.
    pub third_party: bool,
    /// Came without an id, and the same came before.
    pub possible_duplicate: bool,
    /// Of the raw original.
    pub raw_sha256: Option<Vec<u8>>,
    /// When it came in or was written.
    pub received_at: At,
    /// A `Trust` word for a mail: how far its sender is who it says, and
    pub sender_trust: Option<String>,
    /// why.
    pub sender_evidence: Option<String>,
}

impl std::fmt::Debug for MessageRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({}, {}, {} bytes)", self.id, self.direction, self.text.len())
    }
}

/// A file that came with a message; its bytes are in `files/` under its hash.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attachments)]
pub struct AttachmentRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which message.
    pub message_id: i64,
    /// Its place.
    pub ordinal: i64,
    /// Cleaned.
    pub filename: String,
    /// By its bytes where they tell, else as declared.
    pub content_type: String,
    /// Decoded.
    pub size_bytes: i64,
    /// Of the decoded bytes.
    pub sha256: Vec<u8>,
    /// `unscanned`, `clean`, `infected`.
    pub scan: String,
    /// When it came.
    pub created_at: At,
}

/// Adds a message; gives 0 if the same envelope made it before.
pub async fn insert(conn: &mut Conn, row: &MessageRow) -> QueryResult<usize> {
    let inserted = on!(conn, c => diesel::insert_into(messages::table)
        .values(row)
        .on_conflict((messages::envelope_id, messages::ordinal))
        .do_nothing()
        .execute(c)
        .await)?;
    if inserted > 0 {
        search_entries::enter(conn, vec![search_entries::of_message(row)]).await?;
    }
    Ok(inserted)
}

/// Adds attachments.
pub async fn insert_attachments(conn: &mut Conn, rows: Vec<AttachmentRow>) -> QueryResult<usize> {
    let entries = rows.iter().map(search_entries::of_file).collect();
    let inserted = insert_all!(conn, attachments::table, rows)?;
    search_entries::enter(conn, entries).await?;
    Ok(inserted)
}

/// A conversation's messages in order.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<MessageRow>> {
    on!(conn, c => messages::table
        .filter(messages::conversation_id.eq(conversation_id))
        .order((messages::received_at, messages::id))
        .select(MessageRow::as_select())
        .load(c)
        .await)
}

/// Messages of many conversations in order, for the API.
pub async fn list_of_many(conn: &mut Conn, conversation_ids: &[i64]) -> QueryResult<Vec<MessageRow>> {
    on!(conn, c => messages::table
        .filter(messages::conversation_id.eq_any(conversation_ids))
        .order((messages::received_at, messages::id))
        .select(MessageRow::as_select())
        .load(c)
        .await)
}

/// The newest messages before this id, newest first.
pub async fn list_before(conn: &mut Conn, id: i64, limit: i64) -> QueryResult<Vec<MessageRow>> {
    on!(conn, c => messages::table
        .filter(messages::id.lt(id))
        .order(messages::id.desc())
        .limit(limit)
        .select(MessageRow::as_select())
        .load(c)
        .await)
}

/// By public id.
pub async fn find(conn: &mut Conn, public_id: &str) -> QueryResult<Option<MessageRow>> {
    on!(conn, c => messages::table.filter(messages::public_id.eq(public_id)).select(MessageRow::as_select()).first(c).await.optional())
}

/// Inbound mails with one of these Message-IDs.
pub async fn find_inbound_by_header(conn: &mut Conn, ids: &[String]) -> QueryResult<Vec<MessageRow>> {
    on!(conn, c => messages::table
        .filter(messages::message_id_header.eq_any(ids.iter().map(Some).collect::<Vec<_>>()).and(messages::direction.eq("in")))
        .select(MessageRow::as_select())
        .load(c)
        .await)
}

/// The last inbound mail of a conversation, which an answer goes under.
pub async fn last_inbound(conn: &mut Conn, conversation_id: i64) -> QueryResult<Option<MessageRow>> {
    on!(conn, c => messages::table
        .filter(messages::conversation_id.eq(conversation_id).and(messages::direction.eq("in")))
        .order((messages::received_at.desc(), messages::id.desc()))
        .select(MessageRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Our last mail or text in a conversation.
pub async fn last_outbound(conn: &mut Conn, conversation_id: i64) -> QueryResult<Option<MessageRow>> {
    on!(conn, c => messages::table
        .filter(messages::conversation_id.eq(conversation_id).and(messages::direction.eq("out")))
        .order((messages::received_at.desc(), messages::id.desc()))
        .select(MessageRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Attachments of these messages in order.
pub async fn list_attachments(conn: &mut Conn, message_ids: &[i64]) -> QueryResult<Vec<AttachmentRow>> {
    on!(conn, c => attachments::table
        .filter(attachments::message_id.eq_any(message_ids))
        .order((attachments::message_id, attachments::ordinal))
        .select(AttachmentRow::as_select())
        .load(c)
        .await)
}

/// Moves every message of one conversation into another.
pub async fn move_all(conn: &mut Conn, from: i64, to: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(messages::table.filter(messages::conversation_id.eq(from)))
        .set(messages::conversation_id.eq(to))
        .execute(c)
        .await)
}

/// How a message was tied.
#[derive(Clone, Debug, Queryable, Selectable, serde::Serialize)]
#[diesel(table_name = messages)]
pub struct AttributionRow {
    /// The message.
    #[serde(rename = "message")]
    pub id: i64,
    /// How.
    pub method: String,
    /// How sure.
    pub confidence: String,
    /// Why.
    pub evidence: String,
}

/// How the inbound messages of a conversation are tied, in order.
pub async fn list_attributions(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<AttributionRow>> {
    on!(conn, c => messages::table
        .filter(messages::conversation_id.eq(conversation_id).and(messages::direction.eq("in")))
        .order((messages::received_at, messages::id))
        .select(AttributionRow::as_select())
        .load(c)
        .await)
}

/// Notes that an officer tied the inbound messages of a conversation by hand.
pub async fn set_attribution(conn: &mut Conn, conversation_id: i64, method: &str, evidence: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(messages::table.filter(messages::conversation_id.eq(conversation_id).and(messages::direction.eq("in"))))
        .set((messages::method.eq(method), messages::confidence.eq("certain"), messages::evidence.eq(evidence)))
        .execute(c)
        .await)
}

/// How many messages there are of a direction.
pub async fn count_of(conn: &mut Conn, direction: &str) -> QueryResult<i64> {
    on!(conn, c => messages::table.filter(messages::direction.eq(direction)).count().get_result(c).await)
}

/// Moves these messages of one conversation into another.
pub async fn move_some(conn: &mut Conn, from: i64, ids: &[i64], to: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(messages::table.filter(messages::conversation_id.eq(from).and(messages::id.eq_any(ids))))
        .set(messages::conversation_id.eq(to))
        .execute(c)
        .await)
}

/// Notes how an officer tied these messages by hand, as far as people wrote them.
pub async fn set_attribution_of(conn: &mut Conn, ids: &[i64], confidence: &str, evidence: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(messages::table.filter(messages::id.eq_any(ids).and(messages::direction.eq("in"))))
        .set((messages::method.eq("officer"), messages::confidence.eq(confidence), messages::evidence.eq(evidence)))
        .execute(c)
        .await)
}
