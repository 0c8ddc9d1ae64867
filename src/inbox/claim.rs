//! Who has a conversation open, who is writing an answer, and the words so far.
//!
//! A claim tells colleagues that somebody is answering. It runs out by itself and can be taken over: it never holds anybody up
//! for ever.

use diesel::QueryResult;

use super::changed;
use crate::app::App;
use crate::domain::At;
use crate::store::accounts::OfficerRow;
use crate::store::conversations::ConversationRow;
use crate::store::presences::{self, DraftRow, NoteDraftRow};
use crate::store::{Conn, accounts, conversations};

/// How long a claim holds after the last word.
pub const CLAIM_MS: i64 = 5 * 60_000;
/// How long after its last sign a page counts as open; it gives one every 20 seconds.
pub const HERE_MS: i64 = 60_000;
/// The longest draft, in characters.
const LONGEST: usize = 20_000;

/// Who else is about, as an officer sees it.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Names of others who have it open.
    pub here: Vec<String>,
    /// Who else is answering, and until when that holds.
    pub answering: Option<(String, At)>,
    /// What this officer has begun to write.
    pub draft: Option<DraftRow>,
    /// The note that they have begun.
    pub note: Option<NoteDraftRow>,
}

/// Who else is about.
pub async fn around(conn: &mut Conn, app: &App, conversation: &ConversationRow, officer_id: i64) -> QueryResult<Around> {
    let now = app.now();
    let here = if app.config().inbox.presence { presences::list_here(conn, conversation.id, now.plus_ms(-HERE_MS)).await? } else { Vec::new() };
    Ok(Around {
        here: here.into_iter().filter(|(id, _)| *id != officer_id).map(|(_, name)| name).collect(),
        answering: answering(conn, conversation, officer_id, now).await?,
        draft: presences::find_draft(conn, conversation.id, officer_id).await?,
        note: presences::find_note_draft(conn, conversation.id, officer_id).await?,
    })
}

/// Who else is answering.
pub(super) async fn answering(conn: &mut Conn, conversation: &ConversationRow, officer_id: i64, now: At) -> QueryResult<Option<(String, At)>> {
    let (Some(by), Some(until)) = (conversation.claimed_by, conversation.claimed_until) else { return Ok(None) };
    if by == officer_id || until <= now {
        return Ok(None);
    }
    Ok(accounts::find_officer(conn, by).await?.map(|other| (other.name, until)))
}

/// Notes that an officer has it open; gives who else is about.
pub async fn here(app: &App, conversation_id: i64, officer: &OfficerRow) -> QueryResult<Around> {
    let mut conn = app.write().await?;
    if app.config().inbox.presence {
        presences::set_here(&mut conn, conversation_id, officer.id, app.now()).await?;
    }
    let row = conversations::get(&mut conn, conversation_id).await?;
    around(&mut conn, app, &row, officer.id).await
}

/// Keeps what an officer has written so far and claims the conversation while they write. Nothing written ends the claim.
pub async fn write(app: &App, conversation_id: i64, officer: &OfficerRow, text: &str) -> QueryResult<Around> {
    let now = app.now();
    let mut conn = app.write().await?;
    let before = conversations::get(&mut conn, conversation_id).await?;
    if text.trim().is_empty() {
        presences::drop_draft(&mut conn, conversation_id, officer.id).await?;
        presences::release(&mut conn, conversation_id, officer.id).await?;
    } else {
        keep_in(&mut conn, conversation_id, officer.id, text, now).await?;
        presences::claim(&mut conn, conversation_id, officer.id, now, now.plus_ms(CLAIM_MS)).await?;
    }
    let row = conversations::get(&mut conn, conversation_id).await?;
    let around = around(&mut conn, app, &row, officer.id).await?;
    drop(conn);
    if before.claimed_by != row.claimed_by {
        changed(app, conversation_id).await?;
    }
    Ok(around)
}

/// Keeps a draft.
pub(super) async fn keep_in(conn: &mut Conn, conversation_id: i64, officer_id: i64, text: &str, now: At) -> QueryResult<()> {
    let row = DraftRow { conversation_id, officer_id, text: text.chars().take(LONGEST).collect(), saved_at: now };
    presences::save_draft(conn, &row).await.map(|_| ())
}

/// Keeps the note that an officer has begun; nothing written throws it away. It is no answer: nobody is held up by it.
pub async fn write_note(app: &App, conversation_id: i64, officer: &OfficerRow, text: &str) -> QueryResult<()> {
    let mut conn = app.write().await?;
    if text.trim().is_empty() {
        return presences::drop_note_draft(&mut conn, conversation_id, officer.id).await.map(|_| ());
    }
    let text = text.chars().take(LONGEST).collect();
    let row = NoteDraftRow { conversation_id, officer_id: officer.id, text, saved_at: app.now() };
    presences::save_note_draft(&mut conn, &row).await.map(|_| ())
}

/// An officer has left the page: what they wrote stays, their claim ends.
pub async fn leave(app: &App, conversation_id: i64, officer: &OfficerRow) -> QueryResult<()> {
    let mut conn = app.write().await?;
    presences::set_gone(&mut conn, conversation_id, officer.id).await?;
    let released = presences::release(&mut conn, conversation_id, officer.id).await?;
    drop(conn);
    if released > 0 { changed(app, conversation_id).await } else { Ok(()) }
}

/// Forgets who was here.
pub async fn forget(app: &App) -> QueryResult<()> {
    presences::forget(&mut app.write().await?, app.now().plus_ms(-HERE_MS)).await.map(|_| ())
}
