//! Read models of alerts: the list with its figures, the progress of one, and what the public may see.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use crate::domain::At;
use crate::on;
use crate::store::Conn;

/// One line of the list.
#[derive(Clone, QueryableByName)]
pub struct ListRow {
    /// Internal id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Public reference.
    #[diesel(sql_type = Text)]
    pub reference: String,
    /// Title.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// Kind word.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Urgency word.
    #[diesel(sql_type = Text)]
    pub urgency: String,
    /// Status word.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// When it was published.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub published_at: Option<At>,
    /// Whose.
    #[diesel(sql_type = Text)]
    pub owner: String,
    /// A `Hold` word, if it is held.
    #[diesel(sql_type = Nullable<Text>)]
    pub hold: Option<String>,
    /// It goes out no sooner.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub starts_at: Option<At>,
    /// Replies from people.
    #[diesel(sql_type = BigInt)]
    pub replies: i64,
    /// Copies that it will have, while they are being queued; 0 once all are.
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
    /// Not all copies stand yet as its hold says.
    #[diesel(sql_type = Bool)]
    pub unsettled: bool,
}

/// Copies that failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FailureRow {
    /// The provider's code, or ours.
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    /// What was said of one of them; it may name an address.
    #[diesel(sql_type = Nullable<Text>)]
    pub detail: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// Of these, how many had left before: they came back undelivered.
    #[diesel(sql_type = BigInt)]
    pub had_left: i64,
}

/// Deliveries of one alert by channel and status.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct StatusCount {
    /// `sms` or `email`.
    #[diesel(sql_type = Text)]
    pub channel_kind: String,
    /// The channel's name.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Status word.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// What the public page shows of a live alert.
#[derive(Clone, QueryableByName)]
pub struct PublicRow {
    /// Public reference.
    #[diesel(sql_type = Text)]
    pub reference: String,
    /// Title.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// The text as it went to phones.
    #[diesel(sql_type = Text)]
    pub body: String,
    /// Urgency word.
    #[diesel(sql_type = Text)]
    pub urgency: String,
    /// Internal id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// When it was published.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub published_at: Option<At>,
}

/// The newest alerts; of one owner if given.
pub async fn list(conn: &mut Conn, owner_id: Option<i64>, limit: i64) -> QueryResult<Vec<ListRow>> {
    let owner = owner_id.map(|id| format!("WHERE a.owner_id = {id} ")).unwrap_or_default();
    list_where(conn, &owner, limit).await
}

/// The figures of one alert.
pub async fn get(conn: &mut Conn, alert_id: i64) -> QueryResult<Option<ListRow>> {
    Ok(list_where(conn, &format!("WHERE a.id = {alert_id} "), 1).await?.pop())
}

async fn list_where(conn: &mut Conn, condition: &str, limit: i64) -> QueryResult<Vec<ListRow>> {
    let query = format!(
        "SELECT a.id, a.reference, a.title, a.kind, a.urgency, a.status, a.hold, a.starts_at, a.published_at, a.unsettled, o.name AS owner, \
         CASE WHEN a.fanned_out_at IS NULL THEN a.expected_sms + a.expected_email ELSE 0 END AS expected, \
         (SELECT COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id \
             WHERE c.alert_id = a.id AND m.direction = 'in' AND m.class = 'reply') AS replies \
         FROM alerts a JOIN officers o ON o.id = a.owner_id {condition}ORDER BY a.id DESC LIMIT $1"
    );
    on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(limit).load(c).await)
}

/// How many alerts there are; of one owner if given.
pub async fn count(conn: &mut Conn, owner_id: Option<i64>) -> QueryResult<i64> {
    use crate::store::schema::alerts;
    match owner_id {
        Some(owner) => on!(conn, c => alerts::table.filter(alerts::owner_id.eq(owner)).count().get_result(c).await),
        None => on!(conn, c => alerts::table.count().get_result(c).await),
    }
}

/// Deliveries of an alert by channel and status, out of an index alone; `tally` asks no oftener than that is worth.
pub async fn progress(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<StatusCount>> {
    let query = "SELECT channel_kind, channel, status, COUNT(*) AS count FROM deliveries WHERE alert_id = $1 AND source_id = $1 AND purpose = 'alert' \
         GROUP BY status, channel_kind, channel ORDER BY status, channel_kind, channel";
    on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(alert_id).load(c).await)
}

/// Why copies of an alert failed, the commonest reason first; `tally` asks no oftener than that is worth.
pub async fn failures(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<FailureRow>> {
    let query = "SELECT error_code AS code, MIN(error_detail) AS detail, COUNT(*) AS count, COUNT(accepted_at) AS had_left FROM deliveries \
         WHERE alert_id = $1 AND source_id = $1 AND purpose = 'alert' \
         AND status IN ('permanent_failure', 'temporary_failure', 'technical_failure', 'suppressed', 'expired') GROUP BY error_code ORDER BY 3 DESC, 1";
    on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(alert_id).load(c).await)
}

/// Copies of an alert whose hand-over began before then and has had no answer.
pub async fn unanswered(conn: &mut Conn, alert_id: i64, before: At) -> QueryResult<i64> {
    let query =
        "SELECT COUNT(*) AS count FROM deliveries WHERE alert_id = $1 AND source_id = $1 AND purpose = 'alert' AND status = 'sending' AND sending_at < $2";
    let found: Count = on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(alert_id).bind::<Timestamp, _>(before).get_result(c).await)?;
    Ok(found.count)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    reference: String,
}

/// The alert that goes before this one, if any does: more urgent, or as urgent and older, with copies that wait. Only those
/// published since then are looked at.
pub async fn ahead_of(conn: &mut Conn, alert_id: i64, since: At) -> QueryResult<Option<String>> {
    let turn = |of: &str| format!("CASE {of}.urgency WHEN 'life_at_risk' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END");
    let (theirs, own) = (turn("a"), turn("m"));
    let query = format!(
        "SELECT a.reference FROM alerts a JOIN alerts m ON m.id = $1 WHERE a.id <> m.id AND a.hold IS NULL AND a.published_at > $2 \
         AND ({theirs} < {own} OR ({theirs} = {own} AND a.id < m.id)) AND EXISTS (SELECT 1 FROM deliveries d WHERE d.alert_id = a.id \
         AND d.source_id = a.id AND d.purpose = 'alert' AND d.status IN ('queued', 'leased')) ORDER BY {theirs}, a.id LIMIT 1"
    );
    let found: Vec<Named> = on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(alert_id).bind::<Timestamp, _>(since).load(c).await)?;
    Ok(found.into_iter().next().map(|row| row.reference))
}

/// Live alerts for the public page: where life is at risk first, then the newest.
pub async fn list_public(conn: &mut Conn, limit: i64) -> QueryResult<Vec<PublicRow>> {
    let query = "SELECT a.id, a.reference, a.title, a.urgency, a.published_at, t.body FROM alerts a \
         JOIN alert_texts t ON t.alert_id = a.id AND t.version = a.version AND t.channel_kind = 'sms' AND t.language = 'en' \
         WHERE a.status IN ('publishing', 'live') ORDER BY CASE a.urgency WHEN 'life_at_risk' THEN 0 ELSE 1 END, a.id DESC LIMIT $1";
    on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(limit).load(c).await)
}

/// Alerts that were closed since then and of which it was told what came of them, the last closed first, for the public page.
pub async fn list_told(conn: &mut Conn, since: At, limit: i64) -> QueryResult<Vec<PublicRow>> {
    let query = "SELECT a.id, a.reference, a.title, a.urgency, a.published_at, t.body FROM alerts a \
         JOIN alert_texts t ON t.alert_id = a.id AND t.version = a.version AND t.channel_kind = 'sms' AND t.language = 'en' \
         WHERE a.status = 'closed' AND a.closed_at >= $1 AND EXISTS (SELECT 1 FROM outcomes o WHERE o.alert_id = a.id) \
         ORDER BY a.closed_at DESC, a.id DESC LIMIT $2";
    on!(conn, c => diesel::sql_query(query).bind::<Timestamp, _>(since).bind::<BigInt, _>(limit).load(c).await)
}

/// An alert to choose.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct ChoiceRow {
    /// Public reference.
    pub reference: String,
    /// Title.
    pub title: String,
    /// Status word.
    pub status: String,
}

/// Alerts to choose from, newest first: those that went out, unless they were closed before then, and the chosen one whatever it is.
pub async fn list_choices(conn: &mut Conn, closed_since: At, chosen: &str, limit: i64) -> QueryResult<Vec<ChoiceRow>> {
    use crate::store::schema::alerts;
    let out = alerts::status.eq_any(["publishing", "live", "taken_back"]);
    let lately = alerts::status.eq("closed").and(alerts::closed_at.ge(closed_since));
    let columns = (alerts::reference, alerts::title, alerts::status);
    let mut choices: Vec<ChoiceRow> = on!(conn, c => alerts::table.filter(out.or(lately)).order(alerts::id.desc()).limit(limit).select(columns).load(c).await)?;
    if !chosen.is_empty() && choices.iter().all(|choice| choice.reference != chosen) {
        let rest: Vec<ChoiceRow> = on!(conn, c => alerts::table.filter(alerts::reference.eq(chosen)).select(columns).load(c).await)?;
        choices.extend(rest);
    }
    Ok(choices)
}
