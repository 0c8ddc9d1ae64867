//! Notes: what officers write to each other on a conversation. They are never sent.

use diesel::QueryResult;

use super::{changed, first_words};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::ids;
use crate::store::Conn;
use crate::store::conversations::{self, ConversationRow};
use crate::store::messages::{self, MessageRow};
use crate::store::presences;

/// The longest note, in characters.
pub const LONGEST: usize = 4_000;

/// Adds a note.
pub async fn add(app: &App, conversation_id: i64, text: &str, actor: &Actor) -> QueryResult<()> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let row = conversations::get_locked(conn, conversation_id).await?;
        add_in(conn, app, &row, text, actor).await?;
        // It is kept: what was begun of it is not needed any more.
        if let Some(officer_id) = actor.officer_id() {
            presences::drop_note_draft(conn, conversation_id, officer_id).await?;
        }
        Ok::<_, diesel::result::Error>(())
    })
    .await?;
    drop(conn);
    changed(app, conversation_id).await
}

/// The same within a transaction.
pub(super) async fn add_in(conn: &mut Conn, app: &App, conversation: &ConversationRow, text: &str, actor: &Actor) -> QueryResult<()> {
    let now = app.now();
    let row = MessageRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        conversation_id: conversation.id,
        direction: "note".to_owned(),
        channel: conversation.channel.clone(),
        channel_kind: conversation.channel_kind.clone(),
        class: "note".to_owned(),
        subject: None,
        text: text.to_owned(),
        folded: String::new(),
        envelope_id: None,
        ordinal: 0,
        delivery_id: None,
        officer_id: actor.officer_id(),
        message_id_header: None,
        method: "officer".to_owned(),
        confidence: "certain".to_owned(),
        evidence: String::new(),
        third_party: false,
        sender_trust: None,
        sender_evidence: None,
        possible_duplicate: false,
        raw_sha256: None,
        received_at: now,
    };
    messages::insert(conn, &row).await?;
    conversations::touch_note(conn, conversation.id).await?;
    if conversation.preview.is_empty() {
        conversations::set_preview(conn, conversation.id, &first_words(text)).await?;
    }
    let detail = serde_json::json!({ "message": row.id });
    audit::note(conn, app.ids(), now, actor, "conversation.note", ("conversation", Some(conversation.id)), detail).await
}
