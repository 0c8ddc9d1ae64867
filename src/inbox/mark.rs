//! Marking a conversation urgent by hand, or not, with the reason.

use diesel::QueryResult;

use super::undo::{self, Before};
use super::{changed, event};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::place::Urgency;
use crate::store::conversations::{self, Standing};
use crate::store::marks::{self, MarkRow};

/// The longest reason, in characters.
pub const LONGEST: usize = 400;

/// What came of marking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkOutcome {
    /// It is so now.
    Marked,
    /// It was so already.
    Already,
    /// Something changed since the officer looked: they must see it before they call it less urgent. Nothing was done.
    Changed,
}

/// Sets the urgency; gives false if it is so already.
pub async fn mark(app: &App, conversation_id: i64, urgency: Urgency, reason: &str, actor: &Actor) -> QueryResult<bool> {
    let done = mark_as_seen(app, conversation_id, None, urgency, reason, actor).await?;
    Ok(done == MarkOutcome::Marked)
}

/// The same by somebody who had this version before their eyes: it is never lowered over what came in since.
pub async fn mark_as_seen(app: &App, conversation_id: i64, version: Option<i64>, urgency: Urgency, reason: &str, actor: &Actor) -> QueryResult<MarkOutcome> {
    let now = app.now();
    let mut conn = app.write().await?;
    let done = conn
        .transaction(async |conn| {
            let row = conversations::get_locked(conn, conversation_id).await?;
            if row.urgency == urgency.as_str() {
                return Ok(MarkOutcome::Already);
            }
            let lowers = row.urgency.parse().is_ok_and(|stands: Urgency| urgency < stands);
            if lowers && version.is_some_and(|version| version != row.version) {
                return Ok(MarkOutcome::Changed);
            }
            let mut before = Before::of(conn, conversation_id).await?;
            before.add_mark(conn, conversation_id).await?;
            let standing = Standing { urgency: urgency.as_str().to_owned(), ..Standing::of(&row) };
            conversations::set_standing(conn, conversation_id, &standing.placed(row.last_message_at)).await?;
            if urgency == Urgency::None {
                marks::clear(conn, conversation_id).await?;
            } else {
                let mark = MarkRow {
                    conversation_id,
                    reasons: serde_json::json!([{ "kind": "By hand", "said": reason }]),
                    raised_at: now,
                    raised_by: actor.officer_id(),
                    // Whoever marks it has seen it.
                    acknowledged_at: Some(now),
                    acknowledged_by: actor.officer_id(),
                    desk_told_at: None,
                    level: urgency.as_str().to_owned(),
                };
                marks::set(conn, &mark).await?;
            }
            let sentence = sentence(urgency);
            event(conn, app, conversation_id, actor, "urgency", &format!("{sentence}: {reason}")).await?;
            let subject = ("conversation", Some(conversation_id));
            let detail = serde_json::json!({ "urgency": urgency.as_str(), "before": row.urgency });
            audit::note(conn, app.ids(), now, actor, "conversation.mark", subject, detail).await?;
            undo::offer(conn, app, actor, sentence, before).await?;
            Ok::<_, diesel::result::Error>(MarkOutcome::Marked)
        })
        .await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(done)
}

const fn sentence(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Life => "Marked: risk to life",
        Urgency::Raised => "Marked as urgent",
        Urgency::None => "Marked as not urgent",
    }
}
