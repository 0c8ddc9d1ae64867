//! The watcher: when each message was there to be read, as anybody else with the database sees it.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use huecry::clock::Clock;
use huecry::domain::Ids;
use huecry::on;
use huecry::store::schema::messages;
use huecry::store::{Conn, Db};

const EVERY: Duration = Duration::from_millis(5);
/// Ids are made a little before they are committed, and not committed in order: so each look reaches back, most of them
/// a little, some further, a few to the beginning. What a short look misses is seen later than it came: never earlier.
const LOOKS: [(u32, i64); 2] = [(2_000, i64::MAX), (20, 3_000)];
const SHORT_MS: i64 = 250;

/// Looks until all of them are there, or the time is over; gives the moment that each was first seen, by serial.
pub(crate) async fn watch(db: Db, count: usize, deadline: Instant) -> anyhow::Result<Vec<Option<Instant>>> {
    let mut seen = vec![None; count];
    let (mut missing, mut looks) = (count, 0_u32);
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while missing > 0 && Instant::now() < deadline {
        tick.tick().await;
        looks += 1;
        let back_ms = LOOKS.iter().find(|(every, _)| looks.is_multiple_of(*every)).map_or(SHORT_MS, |(_, back_ms)| *back_ms);
        let texts = texts_since(&mut db.read().await?, back_ms).await?;
        let now = Instant::now();
        for text in texts {
            let serial: Option<usize> = text.rsplit(' ').next().and_then(|serial| serial.parse().ok());
            if let Some(first @ None) = serial.and_then(|serial| seen.get_mut(serial)) {
                *first = Some(now);
                missing -= 1;
            }
        }
    }
    Ok(seen)
}

async fn texts_since(conn: &mut Conn, back_ms: i64) -> QueryResult<Vec<String>> {
    let floor = if back_ms == i64::MAX { 0 } else { Ids::floor(Clock::default().now().plus_ms(-back_ms)) };
    on!(conn, c => messages::table.filter(messages::id.gt(floor)).select(messages::text).load(c).await)
}

/// Messages, and how many of them are tied to their alert by the pair of numbers.
pub(crate) async fn count(db: &Db) -> anyhow::Result<(i64, i64)> {
    let mut conn = db.read().await?;
    let all = on!(&mut conn, c => messages::table.count().get_result(c).await)?;
    let tied = on!(&mut conn, c => messages::table.filter(messages::method.eq("pair")).count().get_result(c).await)?;
    Ok((all, tied))
}
