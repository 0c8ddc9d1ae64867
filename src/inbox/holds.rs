//! Legal holds: a conversation that is needed is kept whatever the rules say, until somebody with leave lifts the hold.

use diesel::QueryResult;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::inbox;
use crate::store::Conn;
use crate::store::conversations::{self, ConversationRow};
use crate::store::legal_holds::{self, HoldRow};

crate::words! {
    /// Why something must be kept.
    HoldReason {
        /// A crime is being investigated.
        Investigation = "investigation",
        /// A case is before a court, or may be.
        Proceedings = "proceedings",
        /// Somebody complained.
        Complaint = "complaint",
        /// Somebody asked for what we hold, or for it to be erased, and it is not settled.
        Request = "request",
    }
}

impl HoldReason {
    /// For people.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Investigation => "A crime is being investigated",
            Self::Proceedings => "A case is before a court, or may be",
            Self::Complaint => "A complaint or a review",
            Self::Request => "A request for information that is not settled",
        }
    }
}

/// The longest reference, in characters.
pub const LONGEST_REFERENCE: usize = 60;

/// Whether a hold may be set so: the reason is one, and somebody can find out later what it is for.
pub fn judge(reason: &str, reference: &str) -> Result<HoldReason, (&'static str, &'static str)> {
    let reason = reason.parse().map_err(|_| ("hold-reason", "Choose why this must be kept"))?;
    match reference.chars().count() {
        0..3 => Err(("hold-reference", "Give a reference, such as the crime number, by which others can see what this is kept for")),
        3..=LONGEST_REFERENCE => Ok(reason),
        _ => Err(("hold-reference", "Use 60 characters or fewer")),
    }
}

/// Holds a conversation. What has to be mended is given with its field.
pub async fn set(app: &App, by: i64, conversation: &ConversationRow, reason: &str, reference: &str) -> QueryResult<Result<(), (&'static str, &'static str)>> {
    let reference = reference.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = match judge(reason, &reference) {
        Ok(reason) => reason,
        Err(fault) => return Ok(Err(fault)),
    };
    let (now, actor) = (app.now(), Actor::Officer(by));
    let row = HoldRow {
        id: app.next_id(),
        conversation_id: conversation.id,
        reason: reason.as_str().to_owned(),
        reference: reference.clone(),
        officer_id: by,
        from_at: now,
        lifted_at: None,
        lifted_by: None,
    };
    app.write()
        .await?
        .transaction(async |conn| {
            // Disposal locks the row too: whoever comes second finds what the first did.
            conversations::get_locked(conn, conversation.id).await?;
            legal_holds::insert(conn, &row).await?;
            inbox::event(conn, app, conversation.id, &actor, "held", &format!("Kept for {reference}")).await?;
            let detail = serde_json::json!({ "hold": row.id, "reason": reason.as_str() });
            audit::note(conn, app.ids(), now, &actor, "conversation.hold", ("conversation", Some(conversation.id)), detail).await
        })
        .await?;
    inbox::changed(app, conversation.id).await?;
    Ok(Ok(()))
}

/// What must be kept is the messages, wherever an officer puts them: what stands on one conversation stands on the other as well.
pub(super) async fn spread(conn: &mut Conn, app: &App, from: i64, to: i64) -> QueryResult<()> {
    let there = legal_holds::list_standing_of(conn, to).await?;
    for hold in legal_holds::list_standing_of(conn, from).await? {
        if !there.iter().any(|known| (&known.reason, &known.reference) == (&hold.reason, &hold.reference)) {
            legal_holds::insert(conn, &HoldRow { id: app.next_id(), conversation_id: to, ..hold }).await?;
        }
    }
    Ok(())
}

/// Lifts a hold; gives whether it stood.
pub async fn lift(app: &App, by: i64, id: i64) -> QueryResult<bool> {
    let (now, actor) = (app.now(), Actor::Officer(by));
    let lifted = app
        .write()
        .await?
        .transaction(async |conn| {
            let Some(row) = legal_holds::lift(conn, id, by, now).await? else { return Ok(None) };
            inbox::event(conn, app, row.conversation_id, &actor, "hold_lifted", &format!("No longer kept for {}", row.reference)).await?;
            let detail = serde_json::json!({ "hold": row.id, "reason": row.reason });
            audit::note(conn, app.ids(), now, &actor, "conversation.hold_lift", ("conversation", Some(row.conversation_id)), detail).await?;
            Ok::<_, diesel::result::Error>(Some(row.conversation_id))
        })
        .await?;
    if let Some(conversation_id) = lifted {
        inbox::changed(app, conversation_id).await?;
    }
    Ok(lifted.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_says_why_and_what_for() {
        assert_eq!(judge("investigation", "26*123456"), Ok(HoldReason::Investigation));
        for (reason, reference, field) in [
            ("", "26*123456", "hold-reason"),
            ("whim", "26*123456", "hold-reason"),
            ("complaint", "x", "hold-reference"),
            ("complaint", &"x".repeat(61), "hold-reference"),
        ] {
            assert_eq!(judge(reason, reference).unwrap_err().0, field, "{reason} {reference}");
        }
    }
}
