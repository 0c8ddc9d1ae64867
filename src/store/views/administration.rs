//! Read models of the administrators' lists.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use crate::domain::{At, Ids};
use crate::on;
use crate::store::Conn;

/// A number of something.
#[derive(Clone, Debug, QueryableByName)]
pub struct Count {
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// How many officers each team has whose accounts are open.
pub async fn count_officers_by_team(conn: &mut Conn) -> QueryResult<Vec<Count>> {
    let query = "SELECT team_id AS id, COUNT(*) AS count FROM officers WHERE team_id IS NOT NULL AND disabled_at IS NULL GROUP BY team_id";
    on!(conn, c => diesel::sql_query(query).load(c).await)
}

/// When each officer was last seen, of those with a session.
#[derive(Clone, Debug, QueryableByName)]
pub struct LastSeen {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub officer_id: i64,
    /// When.
    #[diesel(sql_type = Timestamp)]
    pub last_at: At,
    /// Sessions that stand.
    #[diesel(sql_type = BigInt)]
    pub sessions: i64,
}

/// When each officer was last seen, of those with a session.
pub async fn list_last_seen(conn: &mut Conn, now: At) -> QueryResult<Vec<LastSeen>> {
    let query = "SELECT officer_id, MAX(last_seen_at) AS last_at, COUNT(*) AS sessions FROM sessions WHERE officer_id IS NOT NULL AND expires_at > $1 GROUP BY officer_id";
    on!(conn, c => diesel::sql_query(query).bind::<Timestamp, _>(now).load(c).await)
}

/// What moves on a channel.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    /// Texts and mails that wait their turn.
    pub waiting: i64,
    /// When one was last taken from us, within the last week.
    pub sent_at: Option<At>,
    /// When one last came, within the last week.
    pub received_at: Option<At>,
}

#[derive(QueryableByName)]
struct Moment {
    #[diesel(sql_type = Nullable<Timestamp>)]
    at: Option<At>,
}

const WEEK: i64 = 7;

/// What moves on a channel.
pub async fn traffic(conn: &mut Conn, channel: &str, now: At) -> QueryResult<Traffic> {
    use crate::store::schema::deliveries;
    let waiting = on!(conn, c => deliveries::table
        .filter(deliveries::channel.eq(channel).and(deliveries::status.eq_any(["queued", "leased"])))
        .count()
        .get_result(c)
        .await)?;
    // By the primary key backwards, no further than a week: there is no index by channel and time, and none is needed.
    let floor = Ids::floor(now.minus_days(WEEK));
    let sent = "SELECT accepted_at AS at FROM deliveries WHERE id > $1 AND channel = $2 AND accepted_at IS NOT NULL ORDER BY id DESC LIMIT 1";
    let came = "SELECT received_at AS at FROM envelopes WHERE id > $1 AND channel = $2 ORDER BY id DESC LIMIT 1";
    let mut moments = Vec::new();
    for query in [sent, came] {
        let found: Option<Moment> = on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(floor).bind::<Text, _>(channel).get_result(c).await.optional())?;
        moments.push(found.and_then(|moment| moment.at));
    }
    let received_at = moments.pop().flatten();
    Ok(Traffic { waiting, sent_at: moments.pop().flatten(), received_at })
}
