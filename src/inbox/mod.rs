//! The officers' use cases: read, answer, close, move, hand over, take back. What an officer may not see does not exist for them.

pub mod assign;
pub mod bulk;
pub mod canned;
mod carry;
pub mod claim;
pub mod clock;
pub mod close;
pub mod desk;
pub mod elsewhere;
pub mod evidence;
pub mod handover;
pub mod holds;
pub mod informants;
pub mod leave_out;
pub mod looks;
pub mod mark;
pub mod moving;
pub mod note;
pub mod reading;
pub mod reply;
pub mod saved;
pub mod search;
pub mod sight;
pub mod split;
pub mod tag;
pub mod thrive;
pub mod undo;
pub mod unmask;

use diesel::QueryResult;

pub use close::set_open;
pub use moving::{MoveOutcome, move_to};
pub use reply::{LONGEST_TEXT, NOT_THEIRS_ANY_MORE, ReplyOutcome, answerable, reply};

use crate::app::App;
use crate::audit::Actor;
use crate::store::Conn;
use crate::store::conversations::{self, ConversationEventRow};
use crate::store::wake::Change;

/// Marks a conversation as not read.
pub async fn set_unread(app: &App, conversation_id: i64) -> QueryResult<()> {
    let mut conn = app.write().await?;
    conversations::set_unread(&mut conn, conversation_id, true).await?;
    drop(conn);
    changed(app, conversation_id).await
}

/// Notes an event of a conversation, for its history.
async fn event(conn: &mut Conn, app: &App, conversation_id: i64, actor: &Actor, kind: &str, detail: &str) -> QueryResult<()> {
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

/// Whether a conversation is as somebody saw it last; yes if they do not say. Locks it.
async fn is_as_seen(conn: &mut Conn, conversation_id: i64, version: Option<i64>) -> QueryResult<bool> {
    let Some(version) = version else { return Ok(true) };
    Ok(conversations::get_locked(conn, conversation_id).await?.version == version)
}

/// Tells open pages.
async fn changed(app: &App, conversation_id: i64) -> QueryResult<()> {
    let mut conn = app.read().await?;
    let conversation = conversations::get(&mut conn, conversation_id).await?;
    app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: Some(conversation.public_id) });
    Ok(())
}

/// The first words of a text, for the lists.
fn first_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
}
