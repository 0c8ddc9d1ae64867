//! What is held of an alert: `alerts.hold` says at once that nothing more of it leaves, and the deliveries follow in chunks.
//!
//! A claim passes over an alert that is held, and what is leased of one is not handed over (`outbox`). So that a claim need not
//! pass over a million rows each time, they are then taken out of the queue here; and put back when the hold is lifted. Every
//! chunk locks the alert, so that two changes of mind cannot leave some rows in the wrong state.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::alerts::{self, AlertRow};
use super::schema::alerts as table;
use crate::domain::At;
use crate::domain::alert::{AlertStatus, Hold};
use crate::domain::delivery::Status;
use crate::on;

/// What a delivery that was taken back bears, so that it can be told from one cancelled for another reason.
pub const TAKEN_BACK: &str = "taken_back";

/// The alert, which nobody else changes until this transaction ends.
pub async fn lock(conn: &mut Conn, alert_id: i64) -> QueryResult<AlertRow> {
    match conn {
        Conn::Pg(c) => table::table.find(alert_id).select(AlertRow::as_select()).for_no_key_update().first(&mut **c).await,
        Conn::Lite(_) => alerts::get(conn, alert_id).await,
    }
}

/// Holds an alert, or lets it go on. Must run in the transaction that locked it.
pub async fn set(conn: &mut Conn, alert_id: i64, hold: Option<Hold>, status: AlertStatus, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(table::table.find(alert_id))
        .set((
            table::hold.eq(hold.map(Hold::as_str)),
            table::held_at.eq(hold.map(|_| now)),
            table::status.eq(status.as_str()),
            table::unsettled.eq(true),
        ))
        .execute(c)
        .await)
}

/// Brings up to so many deliveries of an alert to where its hold says; gives how many moved. Must run in a transaction.
///
/// What is past its time when the alert goes on is not queued again, but ends.
pub async fn settle(conn: &mut Conn, alert_id: i64, limit: i64, now: At) -> QueryResult<usize> {
    let alert = lock(conn, alert_id).await?;
    let hold: Option<Hold> = alert.hold.as_deref().and_then(|word| word.parse().ok());
    let moved = match hold {
        Some(Hold::Paused | Hold::Quiet) => {
            let held = format!("status = '{}', rank = {}, lease_owner = NULL, lease_until = NULL", Status::Held.as_str(), Status::Held.rank());
            step(conn, alert_id, &["queued", "leased"], "", &held, None, limit).await?
        }
        Some(Hold::TakenBack) => {
            let word = Status::Cancelled;
            let gone = format!(
                "status = '{}', rank = {}, error_code = '{TAKEN_BACK}', error_detail = 'the alert was taken back', lease_owner = NULL, lease_until = NULL, finished_at = $1",
                word.as_str(),
                word.rank()
            );
            step(conn, alert_id, &["queued", "leased", "held"], "", &gone, Some(now), limit).await?
        }
        None => {
            // It is for good: no clock that is fast may say it alone.
            let now = now.min(conn.db_now().await?);
            // SQLite numbers parameters as they come: the moment is named once.
            let (late, word) = ("expires_at <= w.now", Status::Expired);
            let back = format!(
                "status = CASE WHEN {late} THEN '{}' ELSE 'queued' END, rank = CASE WHEN {late} THEN {} ELSE 0 END, \
                 finished_at = CASE WHEN {late} THEN w.now END, next_attempt_at = w.now, error_code = NULL, error_detail = NULL FROM (SELECT $1 AS now) AS w",
                word.as_str(),
                word.rank()
            );
            let back = match conn {
                // PostgreSQL takes a parameter on its own for a text.
                Conn::Pg(_) => back.replace("SELECT $1 AS", "SELECT $1::timestamp AS"),
                Conn::Lite(_) => back,
            };
            step(conn, alert_id, &["held", "cancelled"], &format!(" AND (status = 'held' OR error_code = '{TAKEN_BACK}')"), &back, Some(now), limit).await?
        }
    };
    // Fewer than were asked for may be all, or those beside what a dispatcher was marking: only none is all.
    if moved == 0 {
        on!(conn, c => diesel::update(table::table.find(alert_id)).set(table::unsettled.eq(false)).execute(c).await)?;
    }
    Ok(moved)
}

/// Moves the next of an alert's copies that stand so.
///
/// They are taken in the order of the index by which the alert is counted, status by status: what was moved is not there any more,
/// so that a chunk costs the same however many there are. Ordered by id, all that wait would be read and sorted for each.
async fn step(conn: &mut Conn, alert_id: i64, from: &[&str], and: &str, set: &str, at: Option<At>, limit: i64) -> QueryResult<usize> {
    // The month of the alert alone is looked into; SQLite has none, and takes the index by source if it is named.
    let of = match conn {
        Conn::Pg(_) => format!("source_id = {alert_id} AND alert_id = {alert_id} AND purpose = 'alert'"),
        Conn::Lite(_) => format!("alert_id = {alert_id} AND purpose = 'alert'"),
    };
    let parts: Vec<String> = from
        .iter()
        .map(|status| {
            format!(
                "SELECT id FROM (SELECT id FROM deliveries WHERE {of} AND status = '{status}'{and} ORDER BY channel_kind, channel LIMIT {limit}) AS {status}"
            )
        })
        .collect();
    let pick = format!("SELECT id FROM ({}) AS next LIMIT {limit}", parts.join(" UNION ALL "));
    let which = format!("status IN ('{}'){and}", from.join("', '"));
    // Which are to be taken is worked out once; what a dispatcher is marking at this moment is waited for, and then has left.
    let these = match conn {
        Conn::Pg(_) => format!("deliveries.source_id = {alert_id} AND deliveries.id = ANY(ARRAY({pick}))"),
        Conn::Lite(_) => format!("deliveries.id IN ({pick})"),
    };
    let statement = format!("UPDATE deliveries SET {set} WHERE {these} AND {which}");
    match at {
        Some(at) => on!(conn, c => diesel::sql_query(&statement).bind::<Timestamp, _>(at).execute(c).await),
        None => on!(conn, c => diesel::sql_query(&statement).execute(c).await),
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// What there is to do: looked up by small indexes, since it is asked every second.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Work {
    /// The hour of an alert has come.
    #[diesel(sql_type = Bool)]
    pub due: bool,
    /// Some are held for quiet hours.
    #[diesel(sql_type = Bool)]
    pub quiet: bool,
    /// Something came back into the queue of one that is held.
    #[diesel(sql_type = Bool)]
    pub stray: bool,
    /// The deliveries of some do not all stand as their hold says.
    #[diesel(sql_type = Bool)]
    pub unsettled: bool,
}

/// Of an alert that was held since `$1`, and whose deliveries were in order, something is in the queue.
const STRAY: &str = "hold IS NOT NULL AND NOT unsettled AND held_at > $1 AND EXISTS \
     (SELECT 1 FROM deliveries d WHERE d.alert_id = alerts.id AND d.source_id = alerts.id AND d.purpose = 'alert' AND d.status = 'queued')";

/// Of an alert that was published since `$2` in this urgency, `$1`, something still goes out, and nothing holds it.
const LOUD: &str = "urgency = $1 AND hold IS NULL AND published_at > $2 AND (status = 'publishing' OR EXISTS \
     (SELECT 1 FROM deliveries d WHERE d.alert_id = alerts.id AND d.source_id = alerts.id AND d.purpose = 'alert' AND d.status IN ('queued', 'leased')))";

/// Whether there is anything to do; strays only of what was held since then.
pub async fn look(conn: &mut Conn, since: At, now: At) -> QueryResult<Work> {
    // SQLite numbers parameters as they come.
    let query = format!(
        "SELECT EXISTS (SELECT 1 FROM alerts WHERE {STRAY}) AS stray, \
         EXISTS (SELECT 1 FROM alerts WHERE status = 'scheduled' AND starts_at <= $2 AND hold IS NULL) AS due, \
         EXISTS (SELECT 1 FROM alerts WHERE hold = 'quiet') AS quiet, EXISTS (SELECT 1 FROM alerts WHERE unsettled) AS unsettled"
    );
    on!(conn, c => diesel::sql_query(&query).bind::<Timestamp, _>(since).bind::<Timestamp, _>(now).get_result(c).await)
}

/// Alerts whose deliveries do not all stand as their hold says: the most urgent first.
pub async fn list_unsettled(conn: &mut Conn) -> QueryResult<Vec<i64>> {
    let query = "SELECT id FROM alerts WHERE unsettled ORDER BY CASE urgency WHEN 'life_at_risk' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, id";
    let rows: Vec<Id> = on!(conn, c => diesel::sql_query(query).load(c).await)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Notes those of which something came back into the queue, as after a hand-over that failed; gives how many.
pub async fn note_stray(conn: &mut Conn, since: At) -> QueryResult<usize> {
    let statement = format!("UPDATE alerts SET unsettled = TRUE WHERE {STRAY}");
    on!(conn, c => diesel::sql_query(&statement).bind::<Timestamp, _>(since).execute(c).await)
}

/// Whether anything of this urgency is going out. `since` is how long ago an alert may have been published.
pub async fn is_loud(conn: &mut Conn, urgency: &str, since: At) -> QueryResult<bool> {
    let query = format!("SELECT id FROM alerts WHERE {LOUD} LIMIT 1");
    let found: Vec<Id> = on!(conn, c => diesel::sql_query(&query).bind::<Text, _>(urgency).bind::<Timestamp, _>(since).load(c).await)?;
    Ok(!found.is_empty())
}

/// Holds what is going out of this urgency: quiet hours have begun.
pub async fn hush(conn: &mut Conn, urgency: &str, since: At, now: At) -> QueryResult<usize> {
    // SQLite numbers parameters as they come.
    let statement =
        format!("UPDATE alerts SET hold = 'quiet', unsettled = TRUE, held_at = $3 WHERE id IN (SELECT id FROM alerts WHERE {LOUD}) AND hold IS NULL");
    let statement = match conn {
        Conn::Pg(_) => statement,
        Conn::Lite(_) => statement.replace("$3", "?3").replace("$1", "?1").replace("$2", "?2"),
    };
    on!(conn, c => diesel::sql_query(&statement).bind::<Text, _>(urgency).bind::<Timestamp, _>(since).bind::<Timestamp, _>(now).execute(c).await)
}

/// Lets go on what quiet hours held: they are over.
pub async fn unhush(conn: &mut Conn, urgency: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(table::table.filter(table::hold.eq(Hold::Quiet.as_str()).and(table::urgency.eq(urgency))))
        .set((table::hold.eq(None::<String>), table::held_at.eq(None::<At>), table::unsettled.eq(true)))
        .execute(c)
        .await)
}

/// Ids of alerts whose hour has come.
pub async fn list_due(conn: &mut Conn, now: At) -> QueryResult<Vec<i64>> {
    on!(conn, c => table::table
        .filter(table::status.eq(AlertStatus::Scheduled.as_str()).and(table::starts_at.le(now)).and(table::hold.is_null()))
        .order(table::starts_at)
        .select(table::id)
        .load(c)
        .await)
}

/// An alert's hour has come: its audience is the one of now. Gives 0 if another began it.
pub async fn begin(conn: &mut Conn, alert_id: i64, mark: i64, size: i64, (sms, email): (i64, i64), now: At) -> QueryResult<usize> {
    let still = table::id.eq(alert_id).and(table::status.eq(AlertStatus::Scheduled.as_str())).and(table::hold.is_null());
    on!(conn, c => diesel::update(table::table.filter(still))
        .set((
            table::status.eq(AlertStatus::Publishing.as_str()),
            table::published_at.eq(Some(now)),
            table::audience_mark.eq(mark),
            table::audience_size.eq(size),
            table::expected_sms.eq(sms),
            table::expected_email.eq(email),
        ))
        .execute(c)
        .await)
}

/// It is still quiet when its hour comes, for the hours were changed meanwhile.
pub async fn put_off(conn: &mut Conn, alert_id: i64, starts_at: At, why: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(table::table.find(alert_id)).set((table::starts_at.eq(Some(starts_at)), table::starts_why.eq(Some(why)))).execute(c).await)
}

/// Whether any copy of an alert has not left.
pub async fn any_waits(conn: &mut Conn, alert_id: i64) -> QueryResult<bool> {
    let query = format!(
        "SELECT id FROM deliveries WHERE alert_id = {alert_id} AND source_id = {alert_id} AND purpose = 'alert' \
         AND status IN ('queued', 'leased', 'held') LIMIT 1"
    );
    let rows: Vec<Id> = on!(conn, c => diesel::sql_query(&query).load(c).await)?;
    Ok(!rows.is_empty())
}
