//! Weighing a conversation by THRIVE: threat, harm, risk, investigation, vulnerability, engagement.
//!
//! Each weighing is kept and none is changed; the history and the export have all of them in words.

use diesel::QueryResult;

use super::{changed, event};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::store::thrives::{self, ThriveRow};

/// The longest that one of them may be, in characters.
pub const LONGEST: usize = 300;

/// The field in a form, its name, and what it asks.
pub const FIELDS: [(&str, &str, &str); 6] = [
    ("threat", "Threat", "What is threatened, and by whom?"),
    ("harm", "Harm", "What harm was done, or may be?"),
    ("risk", "Risk", "How likely is it?"),
    ("investigation", "Investigation", "What is there to look into?"),
    ("vulnerability", "Vulnerability", "Who cannot look after themselves?"),
    ("engagement", "Engagement", "What will they do, and what did we tell them?"),
];

/// The fields of a weighing in their order, by name.
pub fn words(row: &ThriveRow) -> Vec<(&'static str, &str)> {
    let said = [&row.threat, &row.harm, &row.risk, &row.investigation, &row.vulnerability, &row.engagement];
    FIELDS.iter().zip(said).map(|((_, name, _), said)| (*name, said.as_str())).collect()
}

/// What is to be mended: the field and what to do.
pub fn check(said: &[String; 6]) -> Option<(&'static str, &'static str)> {
    if said.iter().all(String::is_empty) {
        return Some(("threat", "Fill in at least one of the six"));
    }
    let long = FIELDS.iter().zip(said).find(|(_, said)| said.chars().count() > LONGEST);
    long.map(|((field, ..), _)| (*field, "Shorten it to 300 characters or fewer"))
}

/// Keeps a weighing. Nobody who is answering must see it first: it changes nothing that was said.
pub async fn weigh(app: &App, conversation_id: i64, said: [String; 6], actor: &Actor) -> QueryResult<()> {
    let [threat, harm, risk, investigation, vulnerability, engagement] = said;
    let row = ThriveRow {
        id: app.next_id(),
        conversation_id,
        officer_id: actor.officer_id(),
        threat,
        harm,
        risk,
        investigation,
        vulnerability,
        engagement,
        created_at: app.now(),
    };
    let filled: Vec<String> = words(&row).into_iter().filter(|(_, said)| !said.is_empty()).map(|(name, said)| format!("{name}: {said}")).collect();
    let sentence = format!("Weighed (THRIVE). {}", filled.join("; "));
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        thrives::append(conn, &row).await?;
        event(conn, app, conversation_id, actor, "weighed", &sentence).await?;
        let subject = ("conversation", Some(conversation_id));
        audit::note(conn, app.ids(), app.now(), actor, "conversation.weigh", subject, serde_json::json!({ "thrive": row.id })).await
    })
    .await?;
    drop(conn);
    changed(app, conversation_id).await
}
