//! Migrations: embedded in the program, run by `huecry migrate`, by `serve` at start, and by the tests.

use diesel::SqliteConnection;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Brings the database up to date; gives the versions that were run. Nodes that start together take turns.
pub async fn run(url: &str) -> anyhow::Result<Vec<String>> {
    let ran = with_harness(url, |mut harness| harness.up()).await?;
    if !url.starts_with("sqlite:") {
        let mut conn = super::wake::pg_connection(url).await?;
        conn.transaction(async |conn| super::months::make_ahead_on_pg(conn, None).await).await?;
    }
    Ok(ran)
}

/// Takes the last migration back. For tests and for repairs under guidance.
pub async fn revert_last(url: &str) -> anyhow::Result<()> {
    with_harness(url, |mut harness| harness.down()).await
}

enum Harness {
    Pg(Box<AsyncMigrationHarness<AsyncPgConnection>>),
    Lite(SqliteConnection),
}

impl Harness {
    fn up(&mut self) -> anyhow::Result<Vec<String>> {
        let ran = match self {
            Self::Pg(harness) => harness.run_pending_migrations(POSTGRES).map(|ran| ran.iter().map(ToString::to_string).collect()),
            Self::Lite(conn) => conn.run_pending_migrations(SQLITE).map(|ran| ran.iter().map(ToString::to_string).collect()),
        };
        ran.map_err(|error| anyhow::anyhow!("a migration failed: {error}"))
    }

    fn down(&mut self) -> anyhow::Result<()> {
        let done = match self {
            Self::Pg(harness) => harness.revert_last_migration(POSTGRES).map(|_| ()),
            Self::Lite(conn) => conn.revert_last_migration(SQLITE).map(|_| ()),
        };
        done.map_err(|error| anyhow::anyhow!("a migration could not be taken back: {error}"))
    }
}

/// The lock of a SQLite database's migrations, held until it is dropped.
fn turn_of(path: &str) -> std::io::Result<std::fs::File> {
    let file = std::fs::File::create(format!("{path}.migrating"))?;
    file.lock()?;
    Ok(file)
}

/// Waits for the turn to migrate a PostgreSQL database; it is held until the connection ends.
pub(super) async fn take_turn(conn: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_lock(8485371)").execute(conn).await.map(|_| ())
}

/// Diesel's migrations block: they run on the blocking pool with a connection of their own.
async fn with_harness<R: Send + 'static>(url: &str, work: impl FnOnce(Harness) -> anyhow::Result<R> + Send + 'static) -> anyhow::Result<R> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let path = path.trim_start_matches("//").to_owned();
        return tokio::task::spawn_blocking(move || {
            use diesel::Connection;
            // SQLite has no lock that outlives a transaction: another process waits for a file beside the database.
            let _turn = (path != ":memory:").then(|| turn_of(&path)).transpose()?;
            work(Harness::Lite(SqliteConnection::establish(&path)?))
        })
        .await?;
    }
    let mut conn = super::wake::pg_connection(url).await?;
    take_turn(&mut conn).await?;
    tokio::task::spawn_blocking(move || work(Harness::Pg(Box::new(AsyncMigrationHarness::new(conn))))).await?
}
