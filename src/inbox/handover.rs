//! Recording that a conversation goes on in another system of the force, under its reference there.

use diesel::QueryResult;

use super::undo::{self, Before, Made};
use super::{changed, event};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::store::conversations;
use crate::store::handovers::{self, HandoverRow};

/// Systems that most forces have, as suggestions.
pub const SYSTEMS: [&str; 5] = ["Crime recording", "Command and control", "Intelligence", "Missing persons", "Digital evidence"];

/// The longest name and reference, in characters.
pub const LONGEST: usize = 80;

/// Records a hand-over to a system.
pub async fn record(app: &App, conversation_id: i64, system: &str, reference: &str, actor: &Actor) -> QueryResult<()> {
    let row = HandoverRow {
        id: app.next_id(),
        conversation_id,
        officer_id: actor.officer_id(),
        system: system.to_owned(),
        reference: reference.to_owned(),
        created_at: app.now(),
    };
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        conversations::get_locked(conn, conversation_id).await?;
        let mut before = Before::of(conn, conversation_id).await?;
        handovers::insert(conn, &row).await?;
        before.made(Made::Handover(row.id));
        let sentence = format!("Handed over to {system}, {reference}");
        event(conn, app, conversation_id, actor, "handed_over", &sentence).await?;
        let subject = ("conversation", Some(conversation_id));
        audit::note(conn, app.ids(), app.now(), actor, "conversation.hand_to_system", subject, serde_json::json!({ "handover": row.id })).await?;
        undo::offer(conn, app, actor, &sentence, before).await
    })
    .await?;
    drop(conn);
    changed(app, conversation_id).await
}
