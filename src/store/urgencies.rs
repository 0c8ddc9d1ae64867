//! Table `urgencies`: why a conversation is urgent, since when, and who has taken it up.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::conversations::{self, Standing};
use super::schema::urgencies;
use crate::domain::At;
use crate::domain::place::Urgency;
use crate::on;

/// Why, since when, by whom.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = urgencies, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct UrgencyRow {
    /// Of which conversation.
    pub conversation_id: i64,
    /// Each with `kind` and `said`, the words that fired.
    pub reasons: serde_json::Value,
    /// Since when somebody should look.
    pub raised_at: At,
    /// By whose hand; none: by the rules.
    pub raised_by: Option<i64>,
    /// When somebody took it up.
    pub acknowledged_at: Option<At>,
    /// Who.
    pub acknowledged_by: Option<i64>,
    /// When the duty desk was told that nobody had.
    pub desk_told_at: Option<At>,
    /// The highest `Urgency` word since an officer last said otherwise, also while the conversation was closed.
    pub level: String,
}

/// What stands of a conversation.
pub async fn find(conn: &mut Conn, conversation_id: i64) -> QueryResult<Option<UrgencyRow>> {
    on!(conn, c => urgencies::table.find(conversation_id).select(UrgencyRow::as_select()).first(c).await.optional())
}

/// Raises a conversation's urgency with reasons; what is as urgent already is raised again, so that somebody looks again.
/// What is less urgent than what stands adds its reasons and calls nobody.
pub async fn raise(conn: &mut Conn, conversation_id: i64, urgency: Urgency, reasons: &serde_json::Value, at: At, by: Option<i64>) -> QueryResult<()> {
    let row = conversations::get_locked(conn, conversation_id).await?;
    let stands: Urgency = row.urgency.parse().unwrap_or(Urgency::None);
    if urgency > stands {
        let standing = Standing { urgency: urgency.as_str().to_owned(), ..Standing::of(&row) };
        conversations::set_standing(conn, conversation_id, &standing.placed(row.last_message_at)).await?;
    }
    let known = find(conn, conversation_id).await?;
    let level = known.as_ref().and_then(|known| known.level.parse().ok()).unwrap_or(Urgency::None).max(urgency);
    let known = known.filter(|_| stands != Urgency::None);
    let mut all = known.as_ref().map_or_else(|| serde_json::json!([]), |known| known.reasons.clone());
    if let (Some(all), Some(more)) = (all.as_array_mut(), reasons.as_array()) {
        for reason in more {
            if !all.contains(reason) {
                all.push(reason.clone());
            }
        }
    }
    let fresh = UrgencyRow {
        conversation_id,
        reasons: all,
        raised_at: at,
        raised_by: by,
        acknowledged_at: None,
        acknowledged_by: None,
        desk_told_at: None,
        level: level.as_str().to_owned(),
    };
    let row = match known {
        Some(known) if urgency < stands => UrgencyRow { reasons: fresh.reasons, ..known },
        _ => fresh,
    };
    on!(conn, c => diesel::insert_into(urgencies::table)
        .values(&row)
        .on_conflict(urgencies::conversation_id)
        .do_update()
        .set(&row)
        .execute(c)
        .await)
    .map(|_| ())
}

/// Lowers a conversation's urgency by an officer's hand.
pub async fn lower(conn: &mut Conn, conversation_id: i64, urgency: Urgency) -> QueryResult<()> {
    let row = conversations::get_locked(conn, conversation_id).await?;
    let standing = Standing { urgency: urgency.as_str().to_owned(), ..Standing::of(&row) };
    conversations::set_standing(conn, conversation_id, &standing.placed(row.last_message_at)).await.map(|_| ())
}

/// Somebody has taken it up; gives whether it was waiting for that.
pub async fn acknowledge(conn: &mut Conn, conversation_id: i64, officer_id: Option<i64>, at: At) -> QueryResult<bool> {
    on!(conn, c => diesel::update(urgencies::table.filter(urgencies::conversation_id.eq(conversation_id).and(urgencies::acknowledged_at.is_null())))
        .set((urgencies::acknowledged_at.eq(Some(at)), urgencies::acknowledged_by.eq(officer_id)))
        .execute(c)
        .await)
    .map(|changed| changed > 0)
}

/// The duty desk knows.
pub async fn set_desk_told(conn: &mut Conn, conversation_id: i64, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(urgencies::table.find(conversation_id)).set(urgencies::desk_told_at.eq(Some(at))).execute(c).await)
}
