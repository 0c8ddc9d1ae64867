//! Who is at work on a database: every process that serves one holds a shared mark on it for as long as it lives, and whoever
//! must be alone with it asks for the mark whole.
//!
//! On SQLite the mark is a lock on a file beside the database (its name and `.serving`), held by every command that opens it; on PostgreSQL
//! an advisory lock on the direct connection that carries wake-ups, so that it is seen from every machine. The system and the
//! server let go of either when a process ends, however it ends.

use std::fs::{File, TryLockError};

use diesel::ConnectionError;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{BigInt, Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// The advisory lock of those who serve a PostgreSQL database.
const SERVING: i64 = 8_485_372;

/// The mark, given back when this is dropped.
#[derive(Debug)]
pub struct Presence(#[allow(dead_code, reason = "held, not read")] Option<File>);

fn file_of(url: &str) -> Option<String> {
    let path = url.strip_prefix("sqlite:")?.trim_start_matches("//");
    (path != ":memory:").then(|| format!("{path}.serving"))
}

fn mark(url: &str, take: impl FnOnce(&File) -> Result<(), TryLockError>) -> std::io::Result<Option<Presence>> {
    let Some(path) = file_of(url) else { return Ok(Some(Presence(None))) };
    let file = File::create(path)?;
    match take(&file) {
        Ok(()) => Ok(Some(Presence(Some(file)))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Says that this process is at work on a SQLite database; none if somebody must be alone with it. On PostgreSQL this says
/// nothing: [`say_on_pg`] does.
pub fn say(url: &str) -> std::io::Result<Option<Presence>> {
    mark(url, File::try_lock_shared)
}

/// Asks to be alone with a SQLite database; none if anybody is at work on it.
pub fn alone(url: &str) -> std::io::Result<Option<Presence>> {
    mark(url, File::try_lock)
}

/// The advisory lock of the node that has the first number; the others follow.
const NODES: i64 = 8_486_000;

/// The number of a node, held for as long as this connection lasts.
pub struct Numbered {
    conn: AsyncPgConnection,
    /// 0 to 1023.
    pub node: u16,
}

impl std::fmt::Debug for Numbered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Numbered({})", self.node)
    }
}

impl Numbered {
    /// Whether the number is still held.
    pub async fn lasts(&mut self) -> bool {
        diesel::sql_query("SELECT 1").execute(&mut self.conn).await.is_ok()
    }
}

/// Takes this number, or the next that nobody has; `None` if all are taken. For PostgreSQL: the URL is that of a direct connection.
pub async fn take_number(url: &str, wish: u16) -> QueryResult<Option<Numbered>> {
    let broken = |error: ConnectionError| Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(error.to_string()));
    let mut conn = super::wake::pg_connection(url).await.map_err(broken)?;
    // Far apart, so that two that wish for the same are not beside each other's next.
    let step: u16 = 2 * (rand::random::<u16>() % 512) + 1;
    for turn in 0..1_024_u16 {
        let node = wish.wrapping_add(turn.wrapping_mul(step)) % 1_024;
        let query = "SELECT pg_try_advisory_lock($1) AS taken";
        let taken: Taken = diesel::sql_query(query).bind::<BigInt, _>(NODES + i64::from(node)).get_result(&mut conn).await?;
        if taken.taken {
            return Ok(Some(Numbered { conn, node }));
        }
    }
    Ok(None)
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

async fn ask(conn: &mut AsyncPgConnection, query: &str) -> QueryResult<bool> {
    diesel::sql_query(query).bind::<BigInt, _>(SERVING).get_result::<Taken>(conn).await.map(|row| row.taken)
}

/// Says on this connection, for as long as it lasts, that a gateway serves the database; false if somebody must be alone.
pub async fn say_on_pg(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    ask(conn, "SELECT pg_try_advisory_lock_shared($1) AS taken").await
}

/// Asks on this connection to be alone with the database; false if a gateway serves it.
pub async fn alone_on_pg(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    ask(conn, "SELECT pg_try_advisory_lock($1) AS taken").await
}
