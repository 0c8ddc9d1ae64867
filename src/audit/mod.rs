//! The audit log: every view, change, export, unmask and erasure of personal data is an entry.
//!
//! Entries hold ids, never words or addresses, so that erasure stays possible. Rows are inserted unchained; `seal` chains
//! them a moment later, `chain` says what is hashed and how, `verify` reads the whole log again and says what was tampered with.

pub mod chain;
pub mod kept;
pub mod originals;
pub mod seal;
pub mod verify;
pub mod words;

use diesel::QueryResult;
use serde_json::Value;

use crate::domain::{At, Ids};
use crate::store::{Conn, audit_log};

/// Who acted.
#[derive(Clone, Debug)]
pub enum Actor {
    /// A signed-in officer.
    Officer(i64),
    /// A resident on their own account.
    Resident,
    /// A partner or system by API key.
    Key(String),
    /// We ourselves.
    System,
}

impl Actor {
    /// The officer's id, if one acted.
    pub const fn officer_id(&self) -> Option<i64> {
        match self {
            Self::Officer(id) => Some(*id),
            _ => None,
        }
    }
}

/// Notes one act.
pub async fn note(conn: &mut Conn, ids: &Ids, now: At, actor: &Actor, action: &str, subject: (&str, Option<i64>), detail: Value) -> QueryResult<()> {
    note_as(conn, ids.next(now), now, actor, action, subject, detail).await
}

/// Notes one act under an id that is known already.
async fn note_as(conn: &mut Conn, id: i64, now: At, actor: &Actor, action: &str, subject: (&str, Option<i64>), detail: Value) -> QueryResult<()> {
    let row = audit_log::AuditRow {
        id,
        actor: match actor {
            Actor::Officer(_) => "officer".to_owned(),
            Actor::Resident => "resident".to_owned(),
            Actor::Key(name) => format!("api:{name}"),
            Actor::System => "system".to_owned(),
        },
        officer_id: actor.officer_id(),
        action: action.to_owned(),
        subject_kind: subject.0.to_owned(),
        subject_id: subject.1,
        detail,
        created_at: now,
    };
    audit_log::insert(conn, &row).await.map(|_| ())
}

/// Notes that a key, or an officer on a person's behalf, was given these conversations: an entry for each. One that the same key
/// was given since that moment is not noted again.
pub async fn note_given(conn: &mut Conn, ids: &Ids, now: At, actor: &Actor, action: &str, conversations: &[i64], since: Option<At>) -> QueryResult<()> {
    let known = match (actor, since) {
        (Actor::Key(name), Some(since)) => audit_log::list_subjects_since(conn, action, &format!("api:{name}"), since).await?,
        _ => Vec::new(),
    };
    for id in conversations.iter().filter(|id| !known.contains(id)) {
        note(conn, ids, now, actor, action, ("conversation", Some(*id)), serde_json::json!({})).await?;
    }
    Ok(())
}

/// Whether an officer opened a conversation since that moment; a page that refreshed itself or fetched ahead did not.
pub async fn has_looked(conn: &mut Conn, officer_id: i64, conversation_id: i64, since: At) -> QueryResult<bool> {
    audit_log::has_looked(conn, officer_id, conversation_id, since).await
}

/// Whether an officer's lists showed all of these since that moment.
pub async fn was_listed(conn: &mut Conn, officer_id: i64, shown: &[i64], since: At) -> QueryResult<bool> {
    if shown.is_empty() {
        return Ok(true);
    }
    let known = audit_log::list_shown_since(conn, LISTED, officer_id, since).await?;
    Ok(shown.iter().all(|id| known.contains(id)))
}

/// Notes which conversations a list showed.
pub async fn note_listed(conn: &mut Conn, ids: &Ids, now: At, officer_id: i64, list: &str, shown: &[i64]) -> QueryResult<()> {
    let detail = serde_json::json!({ "list": list, "shown": shown });
    note(conn, ids, now, &Actor::Officer(officer_id), LISTED, ("inbox", None), detail).await
}

/// The action of an entry that a list was shown.
const LISTED: &str = "inbox.list";
