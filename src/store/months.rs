//! The months of the tables that grow for ever: made ahead, watched, and dropped whole when all in them is past its time.
//!
//! Only PostgreSQL has them (migration `lay_out_months` says by what each table goes, and why); on SQLite every function here
//! finds nothing to do. Ids tell the time, so a month is a range of ids.

use std::time::Duration;

use chrono::{Datelike, Months, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamp};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{Conn, settings};
use crate::domain::{At, Ids};

/// Months that stand ready beyond the present one.
pub const AHEAD: u32 = 3;
/// A delivery is made no more than so many days after what made it: what asks by time may leave older months alone. A parked
/// envelope that is replayed later still gets its answer; only the months in which it is looked for again are bounded.
pub const SOURCE_DAYS: i64 = 100;
/// In months with more rows than this nothing is deleted row by row: they go whole, up to a month later.
pub const LARGE_ROWS: i64 = 1_000_000;

/// A table by month, and the id by which it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByMonth {
    /// Its name.
    pub table: &'static str,
    /// The column.
    pub key: &'static str,
    /// True of a row `r` that must stay when its month goes; `$1` is the moment before which it must have ended.
    stays: &'static str,
}

/// All of them; what hangs on another comes after it.
pub const BY_MONTH: &[ByMonth] = &[
    ByMonth { table: "deliveries", key: "source_id", stays: DELIVERY_STAYS },
    ByMonth { table: "attempts", key: "delivery_id", stays: "($1::timestamp IS NULL OR EXISTS (SELECT 1 FROM deliveries d WHERE d.id = r.delivery_id))" },
    ByMonth { table: "envelopes", key: "id", stays: ENVELOPE_STAYS },
    ByMonth { table: "receipts", key: "envelope_id", stays: "($1::timestamp IS NULL OR EXISTS (SELECT 1 FROM envelopes e WHERE e.id = r.envelope_id))" },
];
/// The same as `retention::due` says of one row at a time; a test holds the two together.
const DELIVERY_STAYS: &str = "(COALESCE(r.finished_at, r.created_at) >= $1 OR r.status IN ('queued', 'held', 'leased', 'sending') \
     OR EXISTS (SELECT 1 FROM messages m WHERE m.delivery_id = r.id) OR EXISTS (SELECT 1 FROM conversations c WHERE c.id = r.conversation_id))";
const ENVELOPE_STAYS: &str = "(r.processed_at IS NULL OR r.processed_at >= $1 OR r.status <> 'processed' \
     OR EXISTS (SELECT 1 FROM messages m WHERE m.envelope_id = r.id))";

/// One month of a table.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Month {
    /// `deliveries_2026_11`.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The first id, and
    #[diesel(sql_type = BigInt)]
    pub low: i64,
    /// the first of the next month.
    #[diesel(sql_type = BigInt)]
    pub high: i64,
    /// About how many rows it has.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

/// What was disposed of with a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Rows that went.
    pub rows: i64,
    /// Rows that stayed, in a smaller table of the same month.
    pub kept: i64,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = Timestamp)]
    at: At,
}

async fn count(c: &mut AsyncPgConnection, query: String) -> QueryResult<i64> {
    diesel::sql_query(query).get_result::<Count>(c).await.map(|row| row.n)
}

/// Makes this month and the next ones where they are not there; gives how many were made. Nodes take turns.
pub async fn make_ahead(conn: &mut Conn, now: At) -> QueryResult<i64> {
    conn.transaction(async |conn| match conn {
        Conn::Pg(c) => make_ahead_on_pg(c, Some(now)).await,
        Conn::Lite(_) => Ok(0),
    })
    .await
}

/// The same within a transaction of PostgreSQL, by its own clock if none is given.
pub(super) async fn make_ahead_on_pg(c: &mut AsyncPgConnection, now: Option<At>) -> QueryResult<i64> {
    let now = match now {
        Some(now) => now,
        None => diesel::sql_query("SELECT now() AT TIME ZONE 'utc' AS at").get_result::<First>(c).await?.at,
    };
    let present = now.naive().date().with_day(1).unwrap_or_default();
    let months: Vec<NaiveDate> = (0..=AHEAD).filter_map(|ahead| present.checked_add_months(Months::new(ahead))).collect();
    let mut wanted = Vec::new();
    for by in BY_MONTH {
        for month in &months {
            let name = format!("{}_{}", by.table, month.format("%Y_%m"));
            wanted.push((name, format!("SELECT add_month('{}', '{}', '{month}')::int::bigint AS n", by.table, by.key)));
        }
    }
    let names = wanted.iter().map(|(name, _)| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let there = format!("SELECT COUNT(*) AS n FROM pg_class WHERE relname IN ({names}) AND relnamespace = current_schema()::regnamespace");
    if count(c, there).await? == i64::try_from(wanted.len()).unwrap_or(i64::MAX) {
        return Ok(0);
    }
    take_turn(c).await?;
    let mut made = 0;
    for (_, make) in wanted {
        made += count(c, make).await?;
    }
    Ok(made)
}

/// A month of which too much must stay is not read again for so long.
pub const LOOK_AGAIN_DAYS: i64 = 7;
/// Whoever writes a row waits for whoever waits to change what months there are: no longer than this, several times.
const WAIT: &str = "200ms";
const TRIES: u32 = 20;
/// Between two tries, so that what waited gets through.
const PAUSE: Duration = Duration::from_millis(400);

/// Whoever changes what months there are does so alone, and gives up rather than hold up those who send.
async fn take_turn(c: &mut AsyncPgConnection) -> QueryResult<()> {
    c.batch_execute("SET LOCAL lock_timeout = '5s'; SELECT pg_advisory_xact_lock(8485373)").await
}

/// Rows that came before their month was made, by table: each is an alarm. Their months are made, which moves them there.
pub async fn gather_strays(conn: &mut Conn) -> QueryResult<Vec<(&'static str, i64)>> {
    let mut strays = Vec::new();
    for by in BY_MONTH {
        let found = conn
            .transaction(async |conn| {
                let Conn::Pg(c) = conn else { return Ok(0) };
                let there = format!("SELECT COUNT(*) AS n FROM (SELECT 1 FROM {}_default LIMIT 1) AS strays", by.table);
                if count(c, there).await? == 0 {
                    return Ok(0);
                }
                take_turn(c).await?;
                let all = count(c, format!("SELECT COUNT(*) AS n FROM {}_default", by.table)).await?;
                let months = format!(
                    "SELECT DISTINCT date_trunc('month', to_timestamp((({0} >> 22) + 1577836800000) / 1000.0) AT TIME ZONE 'utc') AS at FROM {1}_default \
                     WHERE {0} >= 0 ORDER BY 1 LIMIT 36",
                    by.key, by.table
                );
                for First { at } in diesel::sql_query(months).load::<First>(c).await? {
                    let make = format!("SELECT add_month('{}', '{}', $1)::int::bigint AS n", by.table, by.key);
                    diesel::sql_query(make).bind::<Timestamp, _>(at).get_result::<Count>(c).await?;
                }
                Ok::<_, diesel::result::Error>(all)
            })
            .await?;
        if found > 0 {
            strays.push((by.table, found));
        }
    }
    Ok(strays)
}

/// The months of a table, oldest first; none on SQLite.
pub async fn list(conn: &mut Conn, by: &ByMonth) -> QueryResult<Vec<Month>> {
    let Conn::Pg(c) = conn else { return Ok(Vec::new()) };
    let query = format!(
        "SELECT name, (found)[1]::bigint AS low, (found)[2]::bigint AS high, rows FROM (SELECT c.relname::text AS name, \
         regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''(-?\\d+)''\\) TO \\(''(-?\\d+)''\\)') AS found, \
         GREATEST(c.reltuples, 0)::bigint AS rows FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = '{}'::regclass) AS months WHERE found IS NOT NULL ORDER BY low",
        by.table
    );
    diesel::sql_query(query).load(c).await
}

/// The ranges of ids in which nothing is deleted row by row: their months are large, and not yet wholly past their time.
pub async fn left_to_months(conn: &mut Conn, table: &str, before: At) -> QueryResult<Vec<(i64, i64)>> {
    let Some(by) = BY_MONTH.iter().find(|by| by.table == table) else { return Ok(Vec::new()) };
    let months = list(conn, by).await?;
    Ok(months.into_iter().filter(|month| month.rows > LARGE_ROWS && month.high > Ids::floor(before)).map(|month| (month.low, month.high)).collect())
}

/// Until when a month need not be looked at: too much of it must stay. Kept for all nodes.
pub async fn looked_until(conn: &mut Conn, month: &Month) -> QueryResult<Option<At>> {
    let until = settings::find(conn, &looked(&month.name)).await?;
    Ok(until.and_then(|ms| ms.parse().ok()).map(At::from_unix_ms))
}

/// Notes that a month was looked at in vain.
pub async fn note_looked(conn: &mut Conn, month: &Month, now: At) -> QueryResult<usize> {
    settings::put(conn, &looked(&month.name), &now.plus_ms(LOOK_AGAIN_DAYS * 86_400_000).unix_ms().to_string()).await
}

/// Has all months of a table looked at again: what they hang on went.
pub async fn look_again(conn: &mut Conn, table: &str) -> QueryResult<usize> {
    settings::delete_like(conn, &format!("{}%", looked(table))).await
}

fn looked(name: &str) -> String {
    format!("month looked at: {name}")
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    kept: i64,
    #[diesel(sql_type = BigInt)]
    newest: i64,
}

/// Disposes of one month if it is wholly from before then and most of it may go: what must stay is copied into a new table,
/// which takes the old one's place. `None` if it is left to be deleted row by row. Must run in a transaction.
///
/// Whoever records by an id alone looks into every month, so that a lock on one of them holds up all sending: there is none but
/// for the moment in which the tables change places. Until then what stays is locked row by row, so that nobody changes it, and
/// nothing is to have come in.
pub async fn dispose(conn: &mut Conn, by: &ByMonth, month: &Month, before: At) -> QueryResult<Option<Gone>> {
    let Conn::Pg(c) = conn else { return Ok(None) };
    if month.high > Ids::floor(before) {
        return Ok(None);
    }
    let c: &mut AsyncPgConnection = c;
    take_turn(c).await?;
    let (table, name, stays, key, low, high) = (by.table, month.name.as_str(), by.stays, by.key, month.low, month.high);
    let sum = format!("SELECT COUNT(*) AS rows, COUNT(*) FILTER (WHERE {stays}) AS kept, COALESCE(MAX(r.id), 0) AS newest FROM {name} r");
    let Sum { rows, kept, newest } = diesel::sql_query(sum).bind::<Timestamp, _>(before).get_result(c).await?;
    if rows > 0 && kept * 2 > rows {
        return Ok(None);
    }
    if table == "envelopes" {
        let files = format!(
            "INSERT INTO forgotten_files (sha256, since_at) SELECT DISTINCT decode(r.body_file, 'hex'), $1::timestamp FROM {name} r \
             WHERE r.body_file ~ '^([0-9a-f]{{2}})+$' AND NOT {stays} ON CONFLICT DO NOTHING"
        );
        diesel::sql_query(files).bind::<Timestamp, _>(before).execute(c).await?;
    }
    let mut change = format!("ALTER TABLE {table} DETACH PARTITION {name}; DROP TABLE {name}");
    if kept > 0 {
        c.batch_execute(&format!(
            "CREATE TABLE {name}_kept (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES); \
             ALTER TABLE {name}_kept ADD CONSTRAINT within CHECK ({key} IS NOT NULL AND {key} >= {low} AND {key} < {high})"
        ))
        .await?;
        let copy = format!("INSERT INTO {name}_kept SELECT r.* FROM {name} r WHERE {stays} FOR UPDATE OF r");
        diesel::sql_query(copy).bind::<Timestamp, _>(before).execute(c).await?;
        // With the constraint nothing is read through while all wait.
        let place = format!(
            "; ALTER TABLE {name}_kept RENAME TO {name}; SELECT tend_month('{name}'); ALTER TABLE {table} ATTACH PARTITION {name} \
             FOR VALUES FROM ({low}) TO ({high}); ALTER TABLE {name} DROP CONSTRAINT within"
        );
        change.push_str(&place);
    }
    let came = format!("SELECT COUNT(*) AS n FROM (SELECT 1 FROM {name} WHERE id > {newest} LIMIT 1) AS later");
    for tried in 1.. {
        let changed: QueryResult<bool> = c
            .transaction(async |c| {
                c.batch_execute(&format!("SET LOCAL lock_timeout = '{WAIT}'; LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")).await?;
                if count(c, came.clone()).await? > 0 {
                    return Ok(false);
                }
                c.batch_execute(&change).await?;
                Ok(true)
            })
            .await;
        match changed {
            Ok(true) => break,
            Ok(false) => return Err(diesel::result::Error::RollbackTransaction),
            Err(error) if tried >= TRIES || !is_lock_timeout(&error) => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    Ok(Some(Gone { rows: rows - kept, kept }))
}

/// Diesel has no word of its own for it.
fn is_lock_timeout(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, told) if told.message().contains("lock timeout"))
}
