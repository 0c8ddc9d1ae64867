//! Closing with what came of it, and opening again.

use diesel::QueryResult;

use super::undo::{self, Before};
use super::{changed, clock, event, is_as_seen, note};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::closing::{self, Outcome};
use crate::store::Conn;
use crate::store::conversations::{self, Standing};

/// What came of closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It is closed.
    Closed,
    /// It was closed so already.
    Already,
    /// Something changed since the officer looked: they must see it first. Nothing was done.
    Changed,
}

/// Closes a conversation with what came of it and perhaps a note. Gives false if it is closed so already.
pub async fn close(app: &App, conversation_id: i64, outcome: Option<Outcome>, remark: &str, actor: &Actor) -> QueryResult<bool> {
    let done = close_as_seen(app, conversation_id, None, outcome, remark, actor).await?;
    Ok(done == CloseOutcome::Closed)
}

/// The same by somebody who had this version before their eyes: what came in since is not closed away.
pub async fn close_as_seen(
    app: &App,
    conversation_id: i64,
    version: Option<i64>,
    outcome: Option<Outcome>,
    remark: &str,
    actor: &Actor,
) -> QueryResult<CloseOutcome> {
    let mut conn = app.write().await?;
    let closed = conn
        .transaction(async |conn| {
            if !is_as_seen(conn, conversation_id, version).await? {
                return Ok(CloseOutcome::Changed);
            }
            let Some(before) = close_in(conn, app, conversation_id, outcome, remark, actor).await? else { return Ok(CloseOutcome::Already) };
            undo::offer(conn, app, actor, &sentence(outcome), before).await?;
            Ok::<_, diesel::result::Error>(CloseOutcome::Closed)
        })
        .await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(closed)
}

/// What a closing is called.
pub(super) fn sentence(outcome: Option<Outcome>) -> String {
    outcome.map_or_else(|| "Closed".to_owned(), |outcome| format!("Closed: {}", outcome.label()))
}

/// The same within a transaction; gives how it stood, or none if it is closed so already.
pub(super) async fn close_in(
    conn: &mut Conn,
    app: &App,
    conversation_id: i64,
    outcome: Option<Outcome>,
    remark: &str,
    actor: &Actor,
) -> QueryResult<Option<Before>> {
    let row = conversations::get_locked(conn, conversation_id).await?;
    let word = outcome.map(|outcome| outcome.as_str().to_owned());
    // Of whom was erased there is nothing else to say.
    if row.status == "closed" && (word.is_none() || row.outcome == word || row.outcome.as_deref() == Some(closing::ERASED)) {
        return Ok(None);
    }
    if !remark.is_empty() {
        note::add_in(conn, app, &row, remark, actor).await?;
    }
    // After the note: taking back the closing leaves what was written.
    let mut before = Before::of(conn, conversation_id).await?;
    before.add_mark(conn, conversation_id).await?;
    let closed_at = row.closed_at.or(Some(app.now()));
    let standing = Standing { status: "closed".to_owned(), closed_at, outcome: word.clone(), ..Standing::of(&row) };
    conversations::set_standing(conn, conversation_id, &standing.placed(row.last_message_at)).await?;
    clock::take_up_in(conn, app, conversation_id, actor).await?;
    event(conn, app, conversation_id, actor, "closed", &sentence(outcome)).await?;
    let detail = serde_json::json!({ "outcome": word });
    audit::note(conn, app.ids(), app.now(), actor, "conversation.close", ("conversation", Some(conversation_id)), detail).await?;
    Ok(Some(before))
}

/// Opens or closes a conversation.
pub async fn set_open(app: &App, conversation_id: i64, open: bool, actor: &Actor) -> QueryResult<()> {
    if !open {
        return close(app, conversation_id, None, "", actor).await.map(|_| ());
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if conversations::get_locked(conn, conversation_id).await?.outcome.as_deref() == Some(closing::ERASED) {
            return Ok(());
        }
        let before = Before::of(conn, conversation_id).await?;
        if conversations::set_status(conn, conversation_id, "open", None).await? > 0 {
            event(conn, app, conversation_id, actor, "reopened", "Opened again").await?;
            let subject = ("conversation", Some(conversation_id));
            audit::note(conn, app.ids(), app.now(), actor, "conversation.reopen", subject, serde_json::json!({})).await?;
            undo::offer(conn, app, actor, "Opened again", before).await?;
        }
        Ok::<_, diesel::result::Error>(())
    })
    .await?;
    drop(conn);
    changed(app, conversation_id).await
}
