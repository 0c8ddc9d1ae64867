//! Read model of those who reply to many alerts.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use crate::domain::At;
use crate::on;
use crate::store::Conn;
use crate::store::schema::{conversations, messages};

/// What somebody wrote in one of their conversations.
#[derive(Clone, Queryable)]
pub struct ReplyText {
    /// Who.
    pub correspondent_id: i64,
    /// Where.
    pub conversation_id: i64,
    /// Their words.
    pub text: String,
}

impl std::fmt::Debug for ReplyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplyText({}, {} bytes)", self.conversation_id, self.text.len())
    }
}

/// A conversation of somebody who has several.
#[derive(Clone, QueryableByName)]
pub struct CandidateRow {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub correspondent_id: i64,
    /// Their address in full: mask it before it is shown.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// The conversation.
    #[diesel(sql_type = Text)]
    pub public_id: String,
    /// About which alert.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub alert_id: Option<i64>,
    /// Whose.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub owner_id: Option<i64>,
    /// Whose team's.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub team_id: Option<i64>,
    /// When its last message came or went.
    #[diesel(sql_type = Timestamp)]
    pub last_message_at: At,
}

/// Replies to alerts by these correspondents since then.
pub async fn list_replies(conn: &mut Conn, correspondent_ids: &[i64], since: At) -> QueryResult<Vec<ReplyText>> {
    on!(conn, c => messages::table
        .inner_join(conversations::table)
        .filter(conversations::correspondent_id.eq_any(correspondent_ids).and(conversations::alert_id.is_not_null()))
        .filter(messages::direction.eq("in").and(messages::class.eq("reply")).and(messages::received_at.ge(since)))
        .select((conversations::correspondent_id, messages::conversation_id, messages::text))
        .load(c)
        .await)
}

/// The conversations, latest first, of the correspondents who have that many about alerts since then: of the latest of these
/// people, as many as are asked for.
pub async fn list_candidates(conn: &mut Conn, least: i64, since: At, people: i64) -> QueryResult<Vec<CandidateRow>> {
    // SQLite numbers parameters as they come, so that they are bound in that order.
    let query = "SELECT c.correspondent_id, k.address, c.public_id, c.alert_id, c.owner_id, c.team_id, c.last_message_at \
         FROM (SELECT correspondent_id, MAX(last_message_at) AS latest FROM conversations \
               WHERE alert_id IS NOT NULL AND last_message_at >= $1 GROUP BY correspondent_id HAVING COUNT(*) >= $2 ORDER BY latest DESC LIMIT $3) AS p \
         JOIN conversations c ON c.correspondent_id = p.correspondent_id AND c.alert_id IS NOT NULL AND c.last_message_at >= $1 \
         JOIN correspondents k ON k.id = c.correspondent_id ORDER BY c.last_message_at DESC, c.id DESC";
    on!(conn, c => diesel::sql_query(query)
        .bind::<Timestamp, _>(since)
        .bind::<BigInt, _>(least)
        .bind::<BigInt, _>(people)
        .load(c)
        .await)
}
