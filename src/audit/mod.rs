//! The audit log: every view, change, export, unmask and erasure of personal data is an entry.
//!
//! Entries hold ids, never words or addresses, so that erasure stays possible. Rows are inserted unchained; `seal` chains
//! them a moment later, `chain` says what is hashed and how, `verify` reads the whole log again and says what was tampered with.

pub mod chain;
pub mod seal;
pub mod verify;

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
    let row = audit_log::AuditRow {
        id: ids.next(now),
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
