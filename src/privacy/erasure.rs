//! Erasure: what is held of a person goes, but for what must be kept: holds and evidence, that nothing is to be sent to them,
//! the audit log, and counts that no longer say of whom they are.
//!
//! What search and recognition have of the words goes in the same transaction.

use diesel::QueryResult;
use serde_json::json;

use super::people;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::closing;
use crate::store::conversations::ConversationEventRow;
use crate::store::wake::Change;
use crate::store::{conversations, forgotten_files, people as rows, retention};

/// What an administrator types so that it happens.
pub const WORD: &str = "ERASE";

/// What went, and what had to stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Conversations whose words went.
    pub conversations: usize,
    /// Their messages.
    pub messages: usize,
    /// Conversations that are held or evidence.
    pub kept: usize,
    /// Files and originals that nobody else needs.
    pub originals: usize,
    /// Deliveries that no longer say to whom they went.
    pub deliveries: usize,
}

fn line(app: &App, conversation_id: i64, tombstone: &str) -> ConversationEventRow {
    ConversationEventRow {
        id: app.next_id(),
        conversation_id,
        officer_id: None,
        kind: closing::ERASED.to_owned(),
        detail: tombstone.to_owned(),
        created_at: app.now(),
    }
}

/// Erases the person of this public id, in one transaction; none if there is nobody.
pub async fn erase(app: &App, by: i64, public_id: &str) -> QueryResult<Option<Erased>> {
    let (now, day) = (app.now(), app.now().utc().format("%-d %B %Y"));
    let tombstone = format!("Erased on {day} because the person asked for it.");
    // Looks at a whole table, so that it is read before anything is locked.
    let mut loose = Vec::new();
    {
        let mut conn = app.read().await?;
        let Some(person) = people::read(&mut conn, public_id).await? else { return Ok(None) };
        for span in &person.spans {
            loose.extend(rows::list_loose_envelopes(&mut conn, span).await?);
        }
    }
    let mut conn = app.write().await?;
    let erased = conn
        .transaction(async |conn| {
            let Some(person) = people::read(conn, public_id).await? else { return Ok(None) };
            let (mut erased, mut kept, mut files) = (Erased::default(), Vec::new(), Vec::new());
            let nobody: Vec<u8> = rand::random::<[u8; 16]>().to_vec();
            for talk in &person.talks {
                conversations::get_locked(conn, talk.row.id).await?;
                // Looked at again under the lock: a hold may have come since.
                if retention::is_protected(conn, talk.row.id).await? {
                    kept.push(talk.row.id);
                    continue;
                }
                let originals = retention::own_envelopes(conn, talk.row.id).await?;
                files.extend(retention::files_of_conversation(conn, talk.row.id).await?);
                erased.messages += rows::erase_messages(conn, talk.row.id, &tombstone).await?;
                rows::close_erased(conn, talk.row.id, now).await?;
                // What stands in the thread from now on, in place of every message.
                conversations::append_event(conn, &line(app, talk.row.id, &tombstone)).await?;
                let (gone, large) = retention::delete_envelopes(conn, &originals).await?;
                erased.originals += gone;
                files.extend(large);
                erased.conversations += 1;
            }
            for row in &person.correspondents {
                // Evidence names whom it is of.
                if !person.talks.iter().any(|talk| talk.row.correspondent_id == row.id && kept.contains(&talk.row.id)) {
                    rows::erase_correspondent(conn, row.id, &rand::random::<[u8; 16]>()).await?;
                }
            }
            for span in &person.spans {
                // Whoever else's conversation under that key must be kept stays whole too.
                let whole = retention::list_protected_of(conn, &span.key).await?;
                erased.deliveries += rows::erase_deliveries(conn, span, &whole, &nobody, now).await?;
                rows::erase_traces(conn, span).await?;
            }
            let (gone, large) = retention::delete_envelopes(conn, &loose).await?;
            erased.originals += gone;
            files.extend(large);
            forgotten_files::note(conn, &files, now).await?;
            if let Some(resident) = &person.resident {
                rows::delete_resident(conn, resident.id).await?;
            }
            erased.kept = kept.len();
            let detail = json!({
                "conversations": erased.conversations, "messages": erased.messages, "kept": erased.kept,
                "originals": erased.originals, "deliveries": erased.deliveries,
            });
            audit::note(conn, app.ids(), now, &Actor::Officer(by), "person.erase", person.subject(), detail).await?;
            Ok::<_, diesel::result::Error>(Some(erased))
        })
        .await?;
    drop(conn);
    app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: None });
    Ok(erased)
}
