//! Tables `presences`, `drafts`, `note_drafts`: who has a conversation open, and what they have begun to write. Claims stand on
//! the conversation itself.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{conversations, drafts, note_drafts, officers, presences};
use crate::domain::At;
use crate::on;

/// An answer that an officer has begun.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = drafts)]
pub struct DraftRow {
    /// To which conversation.
    pub conversation_id: i64,
    /// By whom.
    pub officer_id: i64,
    /// The words so far.
    pub text: String,
    /// When they were kept.
    pub saved_at: At,
}

impl std::fmt::Debug for DraftRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({}, {} bytes)", self.conversation_id, self.text.len())
    }
}

/// A note to colleagues that an officer has begun.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = note_drafts)]
pub struct NoteDraftRow {
    /// On which conversation.
    pub conversation_id: i64,
    /// By whom.
    pub officer_id: i64,
    /// The words so far.
    pub text: String,
    /// When they were kept.
    pub saved_at: At,
}

impl std::fmt::Debug for NoteDraftRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NoteDraft({}, {} bytes)", self.conversation_id, self.text.len())
    }
}

/// Notes that an officer has a conversation open.
pub async fn set_here(conn: &mut Conn, conversation_id: i64, officer_id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(presences::table)
        .values((presences::conversation_id.eq(conversation_id), presences::officer_id.eq(officer_id), presences::seen_at.eq(at)))
        .on_conflict((presences::conversation_id, presences::officer_id))
        .do_update()
        .set(presences::seen_at.eq(at))
        .execute(c)
        .await)
}

/// Notes that they have left it.
pub async fn set_gone(conn: &mut Conn, conversation_id: i64, officer_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(presences::table.find((conversation_id, officer_id))).execute(c).await)
}

/// Ids and names of those who have it open, seen since then, by name.
pub async fn list_here(conn: &mut Conn, conversation_id: i64, since: At) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => presences::table
        .inner_join(officers::table)
        .filter(presences::conversation_id.eq(conversation_id).and(presences::seen_at.gt(since)))
        .order(officers::name)
        .select((officers::id, officers::name))
        .load(c)
        .await)
}

/// Forgets who was seen last before then.
pub async fn forget(conn: &mut Conn, before: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(presences::table.filter(presences::seen_at.lt(before))).execute(c).await)
}

/// Lets an officer be the one who answers until then, unless another one is; their own claim is renewed. Gives 0 if another is.
pub async fn claim(conn: &mut Conn, conversation_id: i64, officer_id: i64, now: At, until: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.filter(conversations::id.eq(conversation_id).and(
            conversations::claimed_by.is_null()
                .or(conversations::claimed_by.eq(officer_id))
                .or(conversations::claimed_until.is_null())
                .or(conversations::claimed_until.le(now)))))
        .set((conversations::claimed_by.eq(Some(officer_id)), conversations::claimed_until.eq(Some(until))))
        .execute(c)
        .await)
}

/// Ends an officer's claim. Gives 0 if it is not theirs.
pub async fn release(conn: &mut Conn, conversation_id: i64, officer_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.filter(conversations::id.eq(conversation_id).and(conversations::claimed_by.eq(officer_id))))
        .set((conversations::claimed_by.eq(None::<i64>), conversations::claimed_until.eq(None::<At>)))
        .execute(c)
        .await)
}

/// Keeps a draft in the place of the one before.
pub async fn save_draft(conn: &mut Conn, row: &DraftRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(drafts::table)
        .values(row)
        .on_conflict((drafts::conversation_id, drafts::officer_id))
        .do_update()
        .set((drafts::text.eq(&row.text), drafts::saved_at.eq(row.saved_at)))
        .execute(c)
        .await)
}

/// Throws a draft away.
pub async fn drop_draft(conn: &mut Conn, conversation_id: i64, officer_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(drafts::table.find((conversation_id, officer_id))).execute(c).await)
}

/// An officer's draft to a conversation.
pub async fn find_draft(conn: &mut Conn, conversation_id: i64, officer_id: i64) -> QueryResult<Option<DraftRow>> {
    on!(conn, c => drafts::table.find((conversation_id, officer_id)).select(DraftRow::as_select()).first(c).await.optional())
}

/// Keeps the draft of a note in the place of the one before.
pub async fn save_note_draft(conn: &mut Conn, row: &NoteDraftRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(note_drafts::table)
        .values(row)
        .on_conflict((note_drafts::conversation_id, note_drafts::officer_id))
        .do_update()
        .set((note_drafts::text.eq(&row.text), note_drafts::saved_at.eq(row.saved_at)))
        .execute(c)
        .await)
}

/// Throws the draft of a note away.
pub async fn drop_note_draft(conn: &mut Conn, conversation_id: i64, officer_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(note_drafts::table.find((conversation_id, officer_id))).execute(c).await)
}

/// The note that an officer has begun on a conversation.
pub async fn find_note_draft(conn: &mut Conn, conversation_id: i64, officer_id: i64) -> QueryResult<Option<NoteDraftRow>> {
    on!(conn, c => note_drafts::table.find((conversation_id, officer_id)).select(NoteDraftRow::as_select()).first(c).await.optional())
}
