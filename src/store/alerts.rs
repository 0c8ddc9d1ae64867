//! Tables `alerts`, `alert_texts`, `alert_areas`, `alert_groups`, `alert_exclusions`: what is published and for whom.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{alert_areas, alert_exclusions, alert_groups, alert_texts, alerts, areas, interest_groups};
use crate::domain::At;
use crate::{insert_all, on};

/// What an officer publishes.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = alerts, treat_none_as_default_value = false)]
pub struct AlertRow {
    /// Time-ordered id.
    pub id: i64,
    /// Public: `K7Q2M`.
    pub reference: String,
    /// An `AlertKind` word.
    pub kind: String,
    /// An `Urgency` word.
    pub urgency: String,
    /// For officers and the public page.
    pub title: String,
    /// An `AlertStatus` word.
    pub status: String,
    /// The text version in force.
    pub version: i64,
    /// Whose inbox the replies go to.
    pub owner_id: i64,
    /// The owner's team at publishing.
    pub team_id: Option<i64>,
    /// Idempotency token of the form or request that made it.
    pub token: Option<String>,
    /// On a doubtful hand-over: send again rather than lose.
    pub send_again_on_doubt: bool,
    /// The highest address id in the audience: who joins later gets no copy.
    pub audience_mark: i64,
    /// The last address id that the fan-out has dealt with.
    pub audience_cursor: i64,
    /// The worker that fans it out, and
    pub fan_out_owner: Option<String>,
    /// until when.
    pub fan_out_until: Option<At>,
    /// How many texts the officer was told it would make.
    pub expected_sms: i64,
    /// How many mails.
    pub expected_email: i64,
    /// When it was written.
    pub created_at: At,
    /// When it was published.
    pub published_at: Option<At>,
    /// When the last delivery was queued.
    pub fanned_out_at: Option<At>,
    /// When it was closed.
    pub closed_at: Option<At>,
    /// Whether it asks for answers.
    pub two_way: bool,
    /// Addresses in its areas at publishing: copies, those left out and those still to come add up to it.
    pub audience_size: i64,
    /// Copies by text that the fan-out has queued.
    pub queued_sms: i64,
    /// Copies by mail.
    pub queued_email: i64,
    /// A `Hold` word while nothing more of it may leave, and
    pub hold: Option<String>,
    /// since when.
    pub held_at: Option<At>,
    /// Its deliveries do not all stand yet as `hold` says.
    pub unsettled: bool,
    /// It goes out no sooner, and
    pub starts_at: Option<At>,
    /// why: a `Wait` word.
    pub starts_why: Option<String>,
}

/// One text of an alert version.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = alert_texts)]
pub struct AlertTextRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which alert.
    pub alert_id: i64,
    /// Of which version.
    pub version: i64,
    /// BCP 47.
    pub language: String,
    /// `sms` or `email`.
    pub channel_kind: String,
    /// Subject of the mail; empty for texts.
    pub subject: String,
    /// The text as the officer wrote it.
    pub body: String,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = alert_areas)]
struct AlertArea {
    alert_id: i64,
    area_id: i64,
}

#[derive(Insertable, Clone)]
#[diesel(table_name = alert_groups)]
struct AlertGroup {
    alert_id: i64,
    interest_group_id: i64,
}

/// Inserts an alert with its texts, areas and groups.
pub async fn insert(conn: &mut Conn, alert: &AlertRow, texts: Vec<AlertTextRow>, area_ids: &[i64], group_ids: &[i64]) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(alerts::table).values(alert).execute(c).await)?;
    insert_all!(conn, alert_texts::table, texts)?;
    let areas: Vec<_> = area_ids.iter().map(|area_id| AlertArea { alert_id: alert.id, area_id: *area_id }).collect();
    insert_all!(conn, alert_areas::table, areas)?;
    let groups: Vec<_> = group_ids.iter().map(|id| AlertGroup { alert_id: alert.id, interest_group_id: *id }).collect();
    insert_all!(conn, alert_groups::table, groups)?;
    Ok(())
}

/// An alert by its reference.
pub async fn find_by_reference(conn: &mut Conn, reference: &str) -> QueryResult<Option<AlertRow>> {
    on!(conn, c => alerts::table.filter(alerts::reference.eq(reference)).select(AlertRow::as_select()).first(c).await.optional())
}

/// The alert that this form or request made before.
pub async fn find_by_token(conn: &mut Conn, token: &str) -> QueryResult<Option<AlertRow>> {
    on!(conn, c => alerts::table.filter(alerts::token.eq(token)).select(AlertRow::as_select()).first(c).await.optional())
}

/// An alert by id.
pub async fn get(conn: &mut Conn, id: i64) -> QueryResult<AlertRow> {
    on!(conn, c => alerts::table.find(id).select(AlertRow::as_select()).first(c).await)
}

/// Alerts by ids.
pub async fn list_by_ids(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<AlertRow>> {
    on!(conn, c => alerts::table.filter(alerts::id.eq_any(ids)).select(AlertRow::as_select()).load(c).await)
}

/// Alerts that are asked about now, the newest first.
pub async fn list_current(conn: &mut Conn, limit: i64) -> QueryResult<Vec<AlertRow>> {
    on!(conn, c => alerts::table
        .filter(alerts::status.eq_any(["publishing", "live", "taken_back"]))
        .order(alerts::id.desc())
        .limit(limit)
        .select(AlertRow::as_select())
        .load(c)
        .await)
}

/// The texts in force.
pub async fn list_texts(conn: &mut Conn, alert_id: i64, version: i64) -> QueryResult<Vec<AlertTextRow>> {
    on!(conn, c => alert_texts::table
        .filter(alert_texts::alert_id.eq(alert_id).and(alert_texts::version.eq(version)))
        .select(AlertTextRow::as_select())
        .load(c)
        .await)
}

/// Ids and names of the alert's areas.
pub async fn list_areas(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => alert_areas::table
        .inner_join(areas::table)
        .filter(alert_areas::alert_id.eq(alert_id))
        .order(areas::name)
        .select((areas::id, areas::name))
        .load(c)
        .await)
}

/// Ids and names of the alert's groups.
pub async fn list_groups(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => alert_groups::table
        .inner_join(interest_groups::table)
        .filter(alert_groups::alert_id.eq(alert_id))
        .order(interest_groups::name)
        .select((interest_groups::id, interest_groups::name))
        .load(c)
        .await)
}

/// Why how many addresses were left out.
pub async fn list_exclusions(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<(String, i64)>> {
    on!(conn, c => alert_exclusions::table
        .filter(alert_exclusions::alert_id.eq(alert_id))
        .order(alert_exclusions::count.desc())
        .select((alert_exclusions::reason, alert_exclusions::count))
        .load(c)
        .await)
}

/// Adds a chunk's count to an exclusion reason.
pub async fn add_exclusions(conn: &mut Conn, alert_id: i64, reason: &str, count: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(alert_exclusions::table)
        .values((alert_exclusions::alert_id.eq(alert_id), alert_exclusions::reason.eq(reason), alert_exclusions::count.eq(count)))
        .on_conflict((alert_exclusions::alert_id, alert_exclusions::reason))
        .do_update()
        .set(alert_exclusions::count.eq(alert_exclusions::count + count))
        .execute(c)
        .await)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Longer than any lease of a fan-out: one that ends later was taken before the database's clock was put back.
const TOO_FAR_MS: i64 = 120_000;

/// Leases one alert whose fan-out is not finished, the most urgent first; this worker's own again, if nothing is more urgent.
pub async fn claim_fan_out(conn: &mut Conn, owner: &str, lease_ms: i64) -> QueryResult<Option<AlertRow>> {
    let now = conn.db_now().await?;
    let claim = |lock: &str| {
        format!(
            "UPDATE alerts SET fan_out_owner = $1, fan_out_until = $2 WHERE id = (SELECT id FROM alerts WHERE status = 'publishing' AND hold IS NULL \
             AND (fan_out_until IS NULL OR fan_out_until < $3 OR fan_out_until > $4 OR fan_out_owner = $5) \
             ORDER BY CASE urgency WHEN 'life_at_risk' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, id LIMIT 1 {lock}) RETURNING id"
        )
    };
    let lock = match conn {
        Conn::Pg(_) => "FOR UPDATE SKIP LOCKED",
        Conn::Lite(_) => "",
    };
    let claimed: Vec<Id> = on!(conn, c => diesel::sql_query(claim(lock))
        .bind::<Text, _>(owner)
        .bind::<Timestamp, _>(now.plus_ms(lease_ms))
        .bind::<Timestamp, _>(now)
        .bind::<Timestamp, _>(now.plus_ms(TOO_FAR_MS))
        .bind::<Text, _>(owner)
        .load(c)
        .await)?;
    match claimed.into_iter().next() {
        Some(claimed) => get(conn, claimed.id).await.map(Some),
        None => Ok(None),
    }
}

/// Gives back what this worker has leased for fan-out, so that another need not wait for it.
pub async fn release_fan_out(conn: &mut Conn, owner: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(alerts::table.filter(alerts::status.eq("publishing").and(alerts::fan_out_owner.eq(owner))))
        .set((alerts::fan_out_owner.eq(None::<String>), alerts::fan_out_until.eq(None::<At>)))
        .execute(c)
        .await)
}

/// Closes a live alert; gives 0 if it was not live.
pub async fn close(conn: &mut Conn, alert_id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(alerts::table.filter(alerts::id.eq(alert_id).and(alerts::status.eq("live"))))
        .set((alerts::status.eq("closed"), alerts::closed_at.eq(Some(now))))
        .execute(c)
        .await)
}

/// Opens an alert again that was closed no longer ago than then; gives 0 if it was not.
pub async fn reopen(conn: &mut Conn, alert_id: i64, since: At) -> QueryResult<usize> {
    let lately = alerts::id.eq(alert_id).and(alerts::status.eq("closed")).and(alerts::closed_at.ge(since));
    on!(conn, c => diesel::update(alerts::table.filter(lately)).set((alerts::status.eq("live"), alerts::closed_at.eq(None::<At>))).execute(c).await)
}
