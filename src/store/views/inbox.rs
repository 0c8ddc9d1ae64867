//! Read model of the inbox: one row a conversation, with who, what and how sure.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use crate::domain::At;
use crate::on;
use crate::store::Conn;

/// One line of the list.
#[derive(Clone, QueryableByName)]
pub struct InboxRow {
    /// Internal id, for the cursor.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// For the link.
    #[diesel(sql_type = Text)]
    pub public_id: String,
    /// `sms` or `email`.
    #[diesel(sql_type = Text)]
    pub channel_kind: String,
    /// The correspondent's address in full: mask it before it is shown.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// The name in their mail.
    #[diesel(sql_type = Nullable<Text>)]
    pub correspondent_name: Option<String>,
    /// The name they registered with.
    #[diesel(sql_type = Nullable<Text>)]
    pub resident_name: Option<String>,
    /// First words.
    #[diesel(sql_type = Text)]
    pub preview: String,
    /// When the last message came or went.
    #[diesel(sql_type = Timestamp)]
    pub last_message_at: At,
    /// Nobody has opened it yet.
    #[diesel(sql_type = Bool)]
    pub unread: bool,
    /// The alert's.
    #[diesel(sql_type = Nullable<Text>)]
    pub reference: Option<String>,
    /// The alert's.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// The alert's.
    #[diesel(sql_type = Nullable<Text>)]
    pub urgency: Option<String>,
    /// How sure the tie is.
    #[diesel(sql_type = Text)]
    pub certainty: String,
    /// How many files.
    #[diesel(sql_type = BigInt)]
    pub attachments_count: i64,
    /// How many messages.
    #[diesel(sql_type = BigInt)]
    pub messages_count: i64,
    /// Whose inbox.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<String>,
    /// `open` or `closed`.
    #[diesel(sql_type = Text)]
    pub status: String,
}

/// Who is looking, and so what they may see.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// The officer.
    pub officer_id: i64,
    /// Their team.
    pub team_id: Option<i64>,
}

/// Which part of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Owned by the officer.
    Mine,
    /// Of the officer's team.
    Team,
    /// The tray.
    Unattributed,
    /// Closed ones of the officer or team.
    Closed,
}

impl View {
    /// Conversations of this part, as a condition on `c`. Ids are our own numbers.
    fn condition(self, scope: Scope) -> String {
        let (officer, team) = (scope.officer_id, scope.team_id.unwrap_or(-1));
        match self {
            Self::Mine => format!("c.status = 'open' AND c.owner_id = {officer}"),
            Self::Team => format!("c.status = 'open' AND c.team_id = {team}"),
            Self::Unattributed => "c.status = 'open' AND c.alert_id IS NULL".to_owned(),
            Self::Closed => format!("c.status = 'closed' AND (c.owner_id = {officer} OR c.team_id = {team} OR c.alert_id IS NULL)"),
        }
    }
}

/// Where a page of the list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Last message of the last row.
    pub at: At,
    /// Its id.
    pub id: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many there are in each part.
#[derive(Clone, Copy, Debug, Default, QueryableByName)]
pub struct Counts {
    /// Owned by the officer.
    #[diesel(sql_type = BigInt)]
    pub mine: i64,
    /// Of them, not opened yet.
    #[diesel(sql_type = BigInt)]
    pub unread: i64,
    /// Of the team.
    #[diesel(sql_type = BigInt)]
    pub team: i64,
    /// In the tray.
    #[diesel(sql_type = BigInt)]
    pub unattributed: i64,
    /// Closed.
    #[diesel(sql_type = BigInt)]
    pub closed: i64,
}

/// Up to `limit` rows after the cursor, newest first.
pub async fn list(conn: &mut Conn, view: View, scope: Scope, alert_id: Option<i64>, after: Option<Cursor>, limit: i64) -> QueryResult<Vec<InboxRow>> {
    let alert = alert_id.map(|id| format!(" AND c.alert_id = {id}")).unwrap_or_default();
    let query = format!(
        "SELECT c.id, c.public_id, c.channel_kind, k.address, k.name AS correspondent_name, r.name AS resident_name, c.preview, \
         c.last_message_at, c.unread, al.reference, al.title, al.urgency, c.certainty, c.attachments_count, c.messages_count, \
         o.name AS owner, c.status \
         FROM conversations c JOIN correspondents k ON k.id = c.correspondent_id \
         LEFT JOIN alerts al ON al.id = c.alert_id LEFT JOIN officers o ON o.id = c.owner_id \
         LEFT JOIN addresses ad ON ad.match_key = k.match_key LEFT JOIN residents r ON r.id = ad.resident_id \
         WHERE {}{alert} AND (c.last_message_at, c.id) < ($1, $2) ORDER BY c.last_message_at DESC, c.id DESC LIMIT $3",
        view.condition(scope)
    );
    let after = after.unwrap_or(Cursor { at: At::from_unix_ms(253_000_000_000_000), id: i64::MAX });
    on!(conn, c => diesel::sql_query(&query)
        .bind::<Timestamp, _>(after.at)
        .bind::<BigInt, _>(after.id)
        .bind::<BigInt, _>(limit)
        .load(c)
        .await)
}

/// How many rows a part has, perhaps of one alert only.
pub async fn count(conn: &mut Conn, view: View, scope: Scope, alert_id: Option<i64>) -> QueryResult<i64> {
    let alert = alert_id.map(|id| format!(" AND c.alert_id = {id}")).unwrap_or_default();
    let query = format!("SELECT COUNT(*) AS n FROM conversations c WHERE {}{alert}", view.condition(scope));
    let number: Number = on!(conn, c => diesel::sql_query(&query).get_result(c).await)?;
    Ok(number.n)
}

/// Every count that the navigation shows.
pub async fn counts(conn: &mut Conn, scope: Scope) -> QueryResult<Counts> {
    let of = |view: View| format!("(SELECT COUNT(*) FROM conversations c WHERE {})", view.condition(scope));
    let query = format!(
        "SELECT {} AS mine, (SELECT COUNT(*) FROM conversations c WHERE {} AND c.unread) AS unread, {} AS team, {} AS unattributed, {} AS closed",
        of(View::Mine),
        View::Mine.condition(scope),
        of(View::Team),
        of(View::Unattributed),
        of(View::Closed)
    );
    on!(conn, c => diesel::sql_query(&query).get_result(c).await)
}

/// A conversation of the API's list: by alert, or the tray.
pub async fn list_for_api(conn: &mut Conn, alert_id: Option<i64>, after_id: i64, limit: i64) -> QueryResult<Vec<crate::store::conversations::ConversationRow>> {
    use crate::store::conversations::ConversationRow;
    use crate::store::schema::conversations;
    match alert_id {
        Some(alert_id) => on!(conn, c => conversations::table
            .filter(conversations::alert_id.eq(alert_id).and(conversations::id.gt(after_id)))
            .order(conversations::id)
            .limit(limit)
            .select(ConversationRow::as_select())
            .load(c)
            .await),
        None => on!(conn, c => conversations::table
            .filter(conversations::alert_id.is_null().and(conversations::id.gt(after_id)))
            .order(conversations::id)
            .limit(limit)
            .select(ConversationRow::as_select())
            .load(c)
            .await),
    }
}
