//! Tables `conversations`, `conversation_events`: one alert with one correspondent, or one correspondent in the tray.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::schema::{conversation_events, conversations};
use super::written::written;
use super::{Conn, pauses};
use crate::domain::At;
use crate::domain::place::{self, Urgency};
use crate::on;

/// The unit of the officers' inbox.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversations, treat_none_as_default_value = false)]
pub struct ConversationRow {
    /// Time-ordered id.
    pub id: i64,
    /// For URLs and the API.
    pub public_id: String,
    /// None in the tray.
    pub alert_id: Option<i64>,
    /// With whom.
    pub correspondent_id: i64,
    /// `open` or `closed`.
    pub status: String,
    /// `certain`, `probable`, `unattributed`.
    pub certainty: String,
    /// Whose inbox.
    pub owner_id: Option<i64>,
    /// Whose team's inbox.
    pub team_id: Option<i64>,
    /// The channel last used, by name, and
    pub channel: String,
    /// its kind.
    pub channel_kind: String,
    /// Our number or mailbox that they last wrote to: answers go out from it.
    pub our_address: String,
    /// They answered a copy that was sent to somebody else.
    pub third_party: bool,
    /// Nobody has opened it since the last message in.
    pub unread: bool,
    /// The first words of the last message.
    pub preview: String,
    /// Messages both ways.
    pub messages_count: i64,
    /// Attachments in them.
    pub attachments_count: i64,
    /// Other alerts it may belong to, ranked, with reasons.
    pub candidates: serde_json::Value,
    /// Rises with every change; an answer names the version it was written against.
    pub version: i64,
    /// When a person first wrote.
    pub first_human_at: Option<At>,
    /// When the last message came or went.
    pub last_message_at: At,
    /// When it began.
    pub created_at: At,
    /// When it was closed.
    pub closed_at: Option<At>,
    /// An `Urgency` word.
    pub urgency: String,
    /// When a person wrote to whom nobody has answered.
    pub waiting_since: Option<At>,
    /// When an answer is due.
    pub due_at: Option<At>,
    /// Since when the clock stands still.
    pub paused_at: Option<At>,
    /// What came of it, in a word, if it was closed with one.
    pub outcome: Option<String>,
    /// Who is writing an answer, and
    pub claimed_by: Option<i64>,
    /// how long that holds.
    pub claimed_until: Option<At>,
    /// Where it stands in every list: see [`crate::domain::place`].
    pub place: i64,
}

/// Something that happened to a conversation.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversation_events, treat_none_as_default_value = false)]
pub struct ConversationEventRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which conversation.
    pub conversation_id: i64,
    /// Who did it.
    pub officer_id: Option<i64>,
    /// `moved`, `closed`, `reopened`, `opted_out`, `handed_over`, …
    pub kind: String,
    /// A sentence for the page.
    pub detail: String,
    /// When.
    pub created_at: At,
}

/// What a new message changes.
#[derive(Clone, Debug)]
pub struct Touch {
    /// First words.
    pub preview: String,
    /// Attachments it brought.
    pub attachments: i64,
    /// It came in, from a person: marks unread and opens again.
    pub inbound: bool,
    /// Channel name, kind and our address, if it tells where answers should go.
    pub via: Option<(String, String, String)>,
    /// When.
    pub at: At,
}

/// The conversation of an alert (or the tray) with a correspondent.
pub async fn find_of(conn: &mut Conn, alert_id: Option<i64>, correspondent_id: i64) -> QueryResult<Option<ConversationRow>> {
    match alert_id {
        Some(alert_id) => on!(conn, c => conversations::table
            .filter(conversations::alert_id.eq(alert_id).and(conversations::correspondent_id.eq(correspondent_id)))
            .select(ConversationRow::as_select())
            .first(c)
            .await
            .optional()),
        None => on!(conn, c => conversations::table
            .filter(conversations::alert_id.is_null().and(conversations::correspondent_id.eq(correspondent_id)))
            .select(ConversationRow::as_select())
            .first(c)
            .await
            .optional()),
    }
}

/// Adds a conversation unless there is one; gives the one that stands, and whether it is the new one.
pub async fn insert_or_find(conn: &mut Conn, row: ConversationRow) -> QueryResult<(ConversationRow, bool)> {
    if on!(conn, c => diesel::insert_into(conversations::table).values(&row).on_conflict_do_nothing().execute(c).await)? > 0 {
        return Ok((row, true));
    }
    // Another node was first.
    let stands = find_of(conn, row.alert_id, row.correspondent_id).await?.ok_or(diesel::result::Error::NotFound)?;
    Ok((stands, false))
}

/// By public id.
pub async fn find(conn: &mut Conn, public_id: &str) -> QueryResult<Option<ConversationRow>> {
    on!(conn, c => conversations::table.filter(conversations::public_id.eq(public_id)).select(ConversationRow::as_select()).first(c).await.optional())
}

/// By id, locked until the transaction ends (SQLite's writer is alone anyway).
pub async fn get_locked(conn: &mut Conn, id: i64) -> QueryResult<ConversationRow> {
    on!(conn, c =>
        pg conversations::table.find(id).select(ConversationRow::as_select()).for_update().first(c).await,
        lite conversations::table.find(id).select(ConversationRow::as_select()).first(c).await)
}

/// By id.
pub async fn get(conn: &mut Conn, id: i64) -> QueryResult<ConversationRow> {
    on!(conn, c => conversations::table.find(id).select(ConversationRow::as_select()).first(c).await)
}

/// Notes a new message on its conversation, in one statement either way: this is on the path of every reply.
pub async fn touch(conn: &mut Conn, id: i64, touch: &Touch) -> QueryResult<()> {
    use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
    let counts = (
        conversations::preview.eq(&touch.preview),
        conversations::messages_count.eq(conversations::messages_count + 1),
        conversations::attachments_count.eq(conversations::attachments_count + touch.attachments),
        conversations::version.eq(conversations::version + 1),
        conversations::last_message_at.eq(touch.at),
    );
    let Some((channel, kind, our_address)) = &touch.via else {
        return on!(conn, c => diesel::update(conversations::table.find(id)).set(counts).execute(c).await).map(|_| ());
    };
    let via = (conversations::channel.eq(channel), conversations::channel_kind.eq(kind), conversations::our_address.eq(our_address));
    if touch.inbound {
        // The clock runs from the first message that nobody has answered. What was closed begins anew.
        let due_at = place::due(touch.at, 0);
        let fresh = "CASE WHEN waiting_since IS NULL OR status = 'closed' THEN ";
        let opened = (
            conversations::unread.eq(true),
            conversations::status.eq("open"),
            conversations::closed_at.eq(None::<At>),
            conversations::first_human_at.eq(written::<Nullable<Timestamp>>("COALESCE(first_human_at, ").at(touch.at).sql(")")),
            conversations::waiting_since.eq(written::<Nullable<Timestamp>>(fresh).at(touch.at).sql(" ELSE waiting_since END")),
            conversations::due_at.eq(written::<Nullable<Timestamp>>(fresh).at(due_at).sql(" ELSE due_at END")),
            conversations::paused_at.eq(written::<Nullable<Timestamp>>("CASE WHEN status = 'closed' THEN NULL ELSE paused_at END")),
            conversations::urgency.eq(written::<Text>("CASE WHEN status = 'closed' THEN 'none' ELSE urgency END")),
            conversations::outcome.eq(None::<String>),
            conversations::place.eq(written::<BigInt>(fresh)
                .int(due_at.unix_ms())
                .sql(" + CASE WHEN status = 'closed' OR urgency = 'none' THEN 200000000000000 WHEN urgency = 'raised' THEN 100000000000000 ELSE 0 END ELSE place END")),
        );
        on!(conn, c => diesel::update(conversations::table.find(id)).set((counts, via, opened)).execute(c).await).map(|_| ())
    } else {
        on!(conn, c => diesel::update(conversations::table.find(id)).set((counts, via)).execute(c).await).map(|_| ())
    }
}

/// Marks as read or unread; does not count as a change.
pub async fn set_unread(conn: &mut Conn, id: i64, unread: bool) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.filter(conversations::id.eq(id).and(conversations::unread.ne(unread))))
        .set(conversations::unread.eq(unread))
        .execute(c)
        .await)
}

/// How a conversation stands towards its clock and its officers: what one act changes together.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = conversations, treat_none_as_null = true)]
pub struct Standing {
    /// `open` or `closed`.
    pub status: String,
    /// When it was closed.
    pub closed_at: Option<At>,
    /// What came of it.
    pub outcome: Option<String>,
    /// An `Urgency` word.
    pub urgency: String,
    /// Since when somebody waits for an answer.
    pub waiting_since: Option<At>,
    /// When it is due.
    pub due_at: Option<At>,
    /// Since when the clock stands still.
    pub paused_at: Option<At>,
    /// Where it stands in every list.
    pub place: i64,
}

impl Standing {
    /// As a conversation stands now.
    pub fn of(row: &ConversationRow) -> Self {
        Self {
            status: row.status.clone(),
            closed_at: row.closed_at,
            outcome: row.outcome.clone(),
            urgency: row.urgency.clone(),
            waiting_since: row.waiting_since,
            due_at: row.due_at,
            paused_at: row.paused_at,
            place: row.place,
        }
    }

    /// With its place worked out anew; `last_at` is when its last message came or went.
    #[must_use]
    pub fn placed(mut self, last_at: At) -> Self {
        let urgency = self.urgency.parse().unwrap_or(Urgency::None);
        self.place = place::of(self.status == "open", urgency, self.due_at, self.closed_at.unwrap_or(last_at));
        self
    }
}

/// Sets how a conversation stands; it counts as a change.
pub async fn set_standing(conn: &mut Conn, id: i64, standing: &Standing) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id))
        .set((standing, conversations::version.eq(conversations::version + 1)))
        .execute(c)
        .await)
}

/// Opens or closes. What is closed keeps its clock, so that opening it again is as if it had never been closed.
pub async fn set_status(conn: &mut Conn, id: i64, status: &str, closed_at: Option<At>) -> QueryResult<usize> {
    let row = get_locked(conn, id).await?;
    if row.status == status {
        return Ok(0);
    }
    let standing = Standing { status: status.to_owned(), closed_at, outcome: None, ..Standing::of(&row) };
    set_standing(conn, id, &standing.placed(row.last_message_at)).await
}

/// Stops the clock: somebody was answered.
pub async fn set_answered(conn: &mut Conn, id: i64, at: At) -> QueryResult<usize> {
    let row = get_locked(conn, id).await?;
    if row.paused_at.is_some() {
        pauses::stop(conn, id, at).await?;
    }
    let standing = Standing { waiting_since: None, due_at: None, paused_at: None, ..Standing::of(&row) };
    set_standing(conn, id, &standing.placed(at)).await
}

/// Ties a conversation to an alert by an officer's hand.
pub async fn set_alert(conn: &mut Conn, id: i64, alert_id: i64, owner_id: Option<i64>, team_id: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id))
        .set((
            conversations::alert_id.eq(Some(alert_id)),
            conversations::certainty.eq("certain"),
            conversations::owner_id.eq(owner_id),
            conversations::team_id.eq(team_id),
            conversations::version.eq(conversations::version + 1),
        ))
        .execute(c)
        .await)
}

/// Sets how sure the tie is.
pub async fn set_certainty(conn: &mut Conn, id: i64, certainty: &str, candidates: &serde_json::Value) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id))
        .set((conversations::certainty.eq(certainty), conversations::candidates.eq(candidates)))
        .execute(c)
        .await)
}

/// Adds up a conversation's counts again after messages were moved in or out.
pub async fn recount(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    let query = "UPDATE conversations SET version = version + 1, \
         messages_count = (SELECT COUNT(*) FROM messages WHERE conversation_id = conversations.id), \
         attachments_count = (SELECT COUNT(*) FROM attachments a JOIN messages m ON m.id = a.message_id WHERE m.conversation_id = conversations.id), \
         last_message_at = COALESCE((SELECT MAX(received_at) FROM messages WHERE conversation_id = conversations.id), last_message_at) WHERE id = $1";
    on!(conn, c => diesel::sql_query(query).bind::<diesel::sql_types::BigInt, _>(id).execute(c).await)
}

/// Notes an event.
pub async fn append_event(conn: &mut Conn, row: &ConversationEventRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(conversation_events::table).values(row).execute(c).await)
}

/// A conversation's events in order.
pub async fn list_events(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<ConversationEventRow>> {
    on!(conn, c => conversation_events::table
        .filter(conversation_events::conversation_id.eq(conversation_id))
        .order(conversation_events::id)
        .select(ConversationEventRow::as_select())
        .load(c)
        .await)
}

/// When a person first wrote in it.
pub async fn set_first_human(conn: &mut Conn, id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id)).set(conversations::first_human_at.eq(Some(at))).execute(c).await)
}

/// Hands a conversation to an officer, or to the team alone.
pub async fn set_owner(conn: &mut Conn, id: i64, owner_id: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id))
        .set((conversations::owner_id.eq(owner_id), conversations::version.eq(conversations::version + 1)))
        .execute(c)
        .await)
}

/// Notes an officer's own message, which is not sent: it counts as a change, but moves nothing in the lists.
pub async fn touch_note(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id))
        .set((conversations::messages_count.eq(conversations::messages_count + 1), conversations::version.eq(conversations::version + 1)))
        .execute(c)
        .await)
}

/// Notes that something about its person has changed, which whoever answers must see first.
pub async fn touch_standing(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id)).set(conversations::version.eq(conversations::version + 1)).execute(c).await)
}

/// The first words of a conversation in the lists.
pub async fn set_preview(conn: &mut Conn, id: i64, preview: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(id)).set(conversations::preview.eq(preview)).execute(c).await)
}
