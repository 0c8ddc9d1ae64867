//! Read model of the press desk: counts by hour, alert and channel. Never a name, an address or a word.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamp};
use diesel_async::RunQueryDsl;

use crate::domain::{At, Ids};
use crate::on;
use crate::store::Conn;
use crate::store::months::SOURCE_DAYS;

/// A count in one hour.
#[derive(Clone, Debug, QueryableByName)]
pub struct HourCount {
    /// The start of the hour, UTC.
    #[diesel(sql_type = Timestamp)]
    pub hour: At,
    /// `reply_in`, `opted_out`, `delivered`, `failed`.
    #[diesel(sql_type = Text)]
    pub what: String,
    /// `sms` or `email`.
    #[diesel(sql_type = Text)]
    pub channel_kind: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// A count of one alert.
#[derive(Clone, Debug, QueryableByName)]
pub struct AlertCount {
    /// Internal id.
    #[diesel(sql_type = BigInt)]
    pub alert_id: i64,
    /// `reply_in`, `opted_out`, `sent`, `delivered`, `failed`.
    #[diesel(sql_type = Text)]
    pub what: String,
    /// `sms` or `email`.
    #[diesel(sql_type = Text)]
    pub channel_kind: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// What the figures are narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// One alert.
    pub alert_id: Option<i64>,
    /// `sms` or `email`.
    pub channel_kind: Option<&'static str>,
}

impl Filter {
    fn condition(&self) -> String {
        let alert = self.alert_id.map(|id| format!(" AND alert_id = {id}")).unwrap_or_default();
        let channel = self.channel_kind.map(|kind| format!(" AND channel_kind = '{kind}'")).unwrap_or_default();
        alert + &channel
    }
}

/// Our words for the ends of deliveries.
const ENDS: &str = "CASE status WHEN 'delivered' THEN 'delivered' ELSE 'failed' END";
const FAILED: &str = "('temporary_failure', 'permanent_failure', 'technical_failure', 'expired')";
/// The provider took it: what waits, was taken back or was refused at once has not left.
const LEFT: &str = "(status IN ('accepted', 'delivered', 'unconfirmed') OR (accepted_at IS NOT NULL AND status IN ('temporary_failure', 'permanent_failure', 'technical_failure')))";

/// Replies, opt-outs and ends of deliveries by hour since then.
pub async fn by_hour(conn: &mut Conn, since: At, filter: &Filter) -> QueryResult<Vec<HourCount>> {
    let bucket = |column: &str, pg: bool| if pg { format!("date_trunc('hour', {column})") } else { format!("strftime('%Y-%m-%d %H:00:00', {column})") };
    let pg = matches!(conn, Conn::Pg(_));
    let (event_hour, delivery_hour, narrowed) = (bucket("created_at", pg), bucket("finished_at", pg), filter.condition());
    let floor = Ids::floor(since.minus_days(SOURCE_DAYS));
    let query = format!(
        "SELECT {event_hour} AS hour, kind AS what, channel_kind, COUNT(*) AS count FROM events \
         WHERE kind IN ('reply_in', 'opted_out') AND created_at >= $1{narrowed} GROUP BY 1, 2, 3 \
         UNION ALL SELECT {delivery_hour} AS hour, {ENDS} AS what, channel_kind, COUNT(*) AS count FROM deliveries \
         WHERE finished_at >= $1 AND source_id >= {floor} AND purpose = 'alert' AND (status = 'delivered' OR status IN {FAILED}){narrowed} GROUP BY 1, 2, 3"
    );
    on!(conn, c => diesel::sql_query(&query).bind::<Timestamp, _>(since).load(c).await)
}

/// Everything by alert for alerts published since then.
pub async fn by_alert(conn: &mut Conn, since: At, filter: &Filter) -> QueryResult<Vec<AlertCount>> {
    let narrowed = filter.condition();
    let recent = "alert_id IN (SELECT id FROM alerts WHERE published_at >= $1)";
    // An alert's copies name it as their source, so that months from before it are left alone.
    let floor = Ids::floor(since.minus_days(SOURCE_DAYS));
    let query = format!(
        "SELECT alert_id, kind AS what, channel_kind, COUNT(*) AS count FROM events \
         WHERE kind IN ('reply_in', 'opted_out') AND created_at >= $1 AND {recent}{narrowed} \
         GROUP BY 1, 2, 3 \
         UNION ALL SELECT alert_id, {ENDS} AS what, channel_kind, COUNT(*) AS count FROM deliveries \
         WHERE purpose = 'alert' AND source_id >= {floor} AND {recent} AND (status = 'delivered' OR status IN {FAILED}){narrowed} GROUP BY 1, 2, 3 \
         UNION ALL SELECT alert_id, 'sent' AS what, channel_kind, COUNT(*) AS count FROM deliveries \
         WHERE purpose = 'alert' AND source_id >= {floor} AND {recent} AND {LEFT}{narrowed} GROUP BY 1, 2, 3"
    );
    on!(conn, c => diesel::sql_query(&query).bind::<Timestamp, _>(since).load(c).await)
}

/// Of the alerts published since then: how many, and of how many people were told what came of them.
pub async fn told_since(conn: &mut Conn, since: At, alert_id: Option<i64>) -> QueryResult<(i64, i64)> {
    use crate::store::schema::{alerts, outcomes};
    let told = outcomes::table.filter(outcomes::alert_id.eq(alerts::id));
    let all: Vec<(i64, bool)> = on!(conn, c => alerts::table
        .filter(alerts::published_at.ge(since))
        .select((alerts::id, diesel::dsl::exists(told)))
        .load(c)
        .await)?;
    let counted: Vec<bool> = all.into_iter().filter(|(id, _)| alert_id.is_none_or(|only| only == *id)).map(|(_, told)| told).collect();
    let count = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
    Ok((count(counted.len()), count(counted.iter().filter(|told| **told).count())))
}

/// Alerts published since then, newest first: id, reference, title, when.
pub async fn alerts_since(conn: &mut Conn, since: At) -> QueryResult<Vec<(i64, String, String, Option<At>)>> {
    use crate::store::schema::alerts;
    on!(conn, c => alerts::table
        .filter(alerts::published_at.ge(since))
        .order(alerts::id.desc())
        .limit(200)
        .select((alerts::id, alerts::reference, alerts::title, alerts::published_at))
        .load(c)
        .await)
}
