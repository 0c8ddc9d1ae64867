//! Moving an installation from SQLite to PostgreSQL: `huecry migrate --from sqlite:… --to postgres://…`.
//!
//! All of it is one transaction on PostgreSQL, which is compared with the source before it commits: either every row is there
//! and equal, or nothing is. Whatever ends it half-way leaves the target empty, and it is simply begun again. The source is
//! only read; a lock on it keeps everybody else from writing meanwhile. Files are no part of it.

mod catalogue;
pub mod command;
mod rows;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::db::LiteConnection;
use super::{migrate, months, presence, search_entries, wake};
use catalogue::Table;
pub use rows::Tally;
use rows::{Row, Value};

/// Rows that migrations put into their tables: they make way for the source's.
const BORN_WITH: &[(&str, &str)] = &[("audit_heads", "day = 'genesis'")];
/// Rows in one statement, at first and at most; a batch of this many bytes makes the next one smaller.
const FIRST_BATCH: i64 = 200;
const LARGEST_BATCH: i64 = 5_000;
const HEAVY_BYTES: usize = 8 << 20;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// It must not be done like this: nothing was touched.
    #[error("{0}")]
    Refused(String),
    /// What was written is not what was read. Nothing of it was kept.
    #[error("what PostgreSQL has is not what SQLite has")]
    Differs(Vec<Moved>),
    /// A database failed. Nothing was kept.
    #[error("a database failed: {0}")]
    Database(#[from] diesel::result::Error),
    /// The target cannot be brought up to date, or a lock cannot be taken.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

/// One table on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// In SQLite.
    pub from: Tally,
    /// In PostgreSQL.
    pub to: Tally,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// `moved` or `compared`.
    pub what: &'static str,
    /// Which table.
    pub table: &'a str,
    /// Rows of it so far, and
    pub done: u64,
    /// in all.
    pub of: u64,
}

/// Who is told how far it is.
pub type Told<'a> = &'a mut (dyn FnMut(Step<'_>) + Send);

/// Both databases, alone with them, the target within a transaction.
struct Pair {
    from: LiteConnection,
    to: AsyncPgConnection,
    tables: Vec<(Table, u64)>,
    _alone: presence::Presence,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Truth {
    #[diesel(sql_type = Bool)]
    it: bool,
}

/// Moves everything and compares it; gives every table. Errors: it was refused, something failed, or the two differ; in each
/// case the target is as empty as it was.
pub async fn run(from: &str, to: &str, told: Told<'_>) -> Result<Vec<Moved>, MoveError> {
    let mut pair = open(from, to, true).await?;
    for (table, condition) in BORN_WITH {
        diesel::sql_query(format!("DELETE FROM \"{table}\" WHERE {condition}")).execute(&mut pair.to).await?;
    }
    make_months(&mut pair.from, &mut pair.to).await?;
    for (table, count) in &pair.tables {
        copy(&mut pair.from, &mut pair.to, table, *count, told).await?;
    }
    let moved = pair.compare(told).await?;
    pair.to.batch_execute("COMMIT").await?;
    // What the planner goes by would else come with the first autovacuum. It is all there, whatever becomes of this.
    if let Err(error) = pair.to.batch_execute("ANALYZE").await {
        tracing::warn!(%error, "everything was moved, but not analysed: run ANALYZE");
    }
    Ok(moved)
}

/// The months of PostgreSQL that the source's rows are of.
async fn make_months(from: &mut LiteConnection, to: &mut AsyncPgConnection) -> QueryResult<()> {
    for by in months::BY_MONTH {
        let query = format!(
            "SELECT DISTINCT strftime('%Y-%m-01', (({0} >> 22) + 1577836800000) / 1000, 'unixepoch') AS name FROM {1} WHERE {0} >= 0",
            by.key, by.table
        );
        for Name { name } in diesel::sql_query(query).load::<Name>(from).await? {
            diesel::sql_query(format!("SELECT add_month('{}', '{}', '{name}')", by.table, by.key)).execute(to).await?;
        }
    }
    Ok(())
}

/// Compares two databases of which one was moved into the other; changes neither.
pub async fn compare(from: &str, to: &str, told: Told<'_>) -> Result<Vec<Moved>, MoveError> {
    open(from, to, false).await?.compare(told).await
}

/// The connections, the locks, the tables. `empty`: the target is made ready, and must have no rows.
async fn open(from: &str, to: &str, empty: bool) -> Result<Pair, MoveError> {
    let refused = |sentence: &str| Err(MoveError::Refused(sentence.to_owned()));
    let Some(path) = from.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//")) else {
        return refused("--from must be a SQLite database: sqlite:PATH");
    };
    if !to.starts_with("postgres://") && !to.starts_with("postgresql://") {
        return refused("--to must be a PostgreSQL database: postgres://USER:PASSWORD@HOST/NAME");
    }
    if !std::path::Path::new(path).is_file() {
        return Err(MoveError::Refused(format!("there is no SQLite database at {path}")));
    }
    let alone = presence::alone(from).map_err(|error| MoveError::Failed(anyhow::anyhow!("cannot lock {path}.serving: {error}")))?;
    let Some(alone) = alone else {
        return Err(MoveError::Refused(format!("a gateway or another command of huecry is at work on {path}: stop it first")));
    };
    let unreachable = |error: diesel::ConnectionError| MoveError::Failed(anyhow::anyhow!("{}", unreachable(to, &error.to_string())));
    let mut conn = wake::pg_connection(to).await.map_err(unreachable)?;
    if !is_alone(&mut conn).await? {
        return refused("a gateway serves the database of --to: stop it on every machine first");
    }
    if empty {
        // Before it is migrated: the database of another installation is left as it is.
        if let Some(refusal) = occupied(&mut conn).await? {
            return Err(MoveError::Refused(refusal));
        }
        migrate::run(to).await.map_err(MoveError::Failed)?;
    }
    // A gateway that starts from now on waits for its turn until this connection ends.
    migrate::take_turn(&mut conn).await?;
    let mut lite = LiteConnection::establish(path).await.map_err(|error| MoveError::Failed(anyhow::anyhow!("cannot open {path}: {error}")))?;
    lite.batch_execute("PRAGMA busy_timeout=10000; BEGIN IMMEDIATE").await?;
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let mut tables = Vec::new();
    for table in catalogue::read(&mut lite, &mut conn).await? {
        let count: Count = diesel::sql_query(format!("SELECT COUNT(*) AS n FROM \"{}\"", table.name)).get_result(&mut lite).await?;
        if empty {
            diesel::sql_query(format!("LOCK TABLE \"{}\" IN SHARE ROW EXCLUSIVE MODE", table.name)).execute(&mut conn).await?;
        }
        tables.push((table, u64::try_from(count.n).unwrap_or(0)));
    }
    if empty && let Some(refusal) = occupied(&mut conn).await? {
        return Err(MoveError::Refused(refusal));
    }
    Ok(Pair { from: lite, to: conn, tables, _alone: alone })
}

/// Why the target cannot be opened. What the server itself refused comes without its words.
fn unreachable(to: &str, error: &str) -> String {
    let name = to.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
    if error.contains("db error") {
        return format!(
            "the server of --to answers, but does not open the database \"{name}\": if there is none yet, make it with `createdb {name}`, else look at user and password"
        );
    }
    format!("the database of --to does not answer: {error}")
}

/// Whether nobody serves the database. A process that has just ended counts until the server has noticed.
async fn is_alone(to: &mut AsyncPgConnection) -> QueryResult<bool> {
    for _ in 0..30 {
        if presence::alone_on_pg(to).await? {
            return Ok(true);
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Ok(false)
}

/// So many tables that have rows are named.
const SHOWN: usize = 5;

/// Whether any table of PostgreSQL has a row that no migration put there.
async fn occupied(to: &mut AsyncPgConnection) -> QueryResult<Option<String>> {
    let names = "SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace \
         WHERE s.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
         AND c.relname <> '__diesel_schema_migrations' ORDER BY c.relname";
    let mut with_rows = Vec::new();
    for Name { name } in diesel::sql_query(names).load::<Name>(to).await? {
        let but = BORN_WITH.iter().find(|(table, _)| *table == name).map_or("FALSE", |(_, condition)| condition);
        let row: Truth = diesel::sql_query(format!("SELECT EXISTS (SELECT 1 FROM \"{name}\" WHERE NOT ({but})) AS it")).get_result(to).await?;
        if row.it {
            with_rows.push(name);
        }
    }
    let more = with_rows.len().saturating_sub(SHOWN);
    let named = with_rows.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more tables") } else { String::new() };
    Ok((!with_rows.is_empty()).then(|| {
        format!(
            "the database of --to must be empty, and has rows in {named}{more}: make a new one. If this move was made before, \
             --verify compares the two databases and changes neither"
        )
    }))
}

/// A batch that is heavy makes the next one smaller, a light one makes it larger.
fn next_limit(limit: i64, rows: &[Row]) -> i64 {
    if rows.iter().map(Row::bytes).sum::<usize>() > HEAVY_BYTES { (limit / 2).max(1) } else { (limit * 2).min(LARGEST_BATCH) }
}

async fn copy(from: &mut LiteConnection, to: &mut AsyncPgConnection, table: &Table, of: u64, told: Told<'_>) -> Result<(), MoveError> {
    let (mut limit, mut done) = (FIRST_BATCH, 0);
    let (mut rows, mut last) = rows::of_lite(from, table, i64::MIN, limit).await?;
    while !rows.is_empty() {
        limit = next_limit(limit, &rows);
        if let Some(column) = column_with_nul(table, &rows) {
            return Err(MoveError::Failed(anyhow::anyhow!(
                "{0}.{column} holds a NUL character, which PostgreSQL cannot store; find it with: SELECT rowid FROM {0} WHERE instr({column}, char(0)) > 0",
                table.name
            )));
        }
        // The next batch is read while this one is written.
        let (next, written) = tokio::join!(rows::of_lite(from, table, last, limit), write(to, table, &rows));
        done += written?;
        told(Step { what: "moved", table: &table.name, done, of });
        (rows, last) = next?;
    }
    if table.columns.iter().any(|column| column.own) {
        let (mut limit, mut last) = (FIRST_BATCH, i64::MIN);
        loop {
            (rows, last) = rows::of_lite(from, table, last, limit).await?;
            if rows.is_empty() {
                break;
            }
            limit = next_limit(limit, &rows);
            rows::tie(to, table, &rows).await?;
        }
    }
    Ok(())
}

fn column_with_nul<'a>(table: &'a Table, rows: &[Row]) -> Option<&'a str> {
    let found = |index: usize| rows.iter().any(|row| matches!(row.0.get(index), Some(Value::Text(text)) if text.contains('\0')));
    table.columns.iter().enumerate().find(|(index, _)| found(*index)).map(|(_, column)| column.name.as_str())
}

async fn write(to: &mut AsyncPgConnection, table: &Table, rows: &[Row]) -> QueryResult<u64> {
    let written = rows::write(to, table, rows).await?;
    if table.name == "search_entries" {
        let (ids, lexemes) = words_of(table, rows);
        diesel::sql_query("INSERT INTO search_words (id, lexemes) SELECT id, words::tsvector FROM unnest($1, $2) AS entered (id, words)")
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Array<Text>, _>(lexemes)
            .execute(to)
            .await?;
    }
    Ok(u64::try_from(written).unwrap_or(0))
}

/// What the index of words has for these rows of `search_entries`.
fn words_of(table: &Table, rows: &[Row]) -> (Vec<i64>, Vec<String>) {
    let at = |name: &str| table.columns.iter().position(|column| column.name == name).unwrap_or(usize::MAX);
    let (id, words, joined) = (at("id"), at("words"), at("joined"));
    let entry = |row: &Row| match (row.0.get(id), row.0.get(words), row.0.get(joined)) {
        (Some(Value::Int(id)), Some(Value::Text(words)), Some(Value::Text(joined))) => Some((*id, search_entries::lexemes(words, joined))),
        _ => None,
    };
    rows.iter().filter_map(entry).unzip()
}

impl Pair {
    /// Reads both from beginning to end. Errors: they differ.
    async fn compare(&mut self, told: Told<'_>) -> Result<Vec<Moved>, MoveError> {
        let mut moved = Vec::new();
        let (mut entries, mut words) = (0, 0);
        for (table, of) in &self.tables {
            let (mut here, mut there) = (Tally::default(), Tally::default());
            let (mut last, mut limit) = (i64::MIN, FIRST_BATCH);
            rows::open_on_pg(&mut self.to, table).await?;
            let (mut more_here, mut more_there) = (true, true);
            while more_here || more_there {
                let lite = async { if more_here { rows::of_lite(&mut self.from, table, last, limit).await } else { Ok((Vec::new(), last)) } };
                let pg = async { if more_there { rows::of_pg(&mut self.to, limit).await } else { Ok(Vec::new()) } };
                let (read, fetched) = tokio::join!(lite, pg);
                let (read, place) = read?;
                let fetched = fetched?;
                last = place;
                for row in &read {
                    here.add(row);
                }
                for row in &fetched {
                    there.add(row);
                }
                if table.name == "search_entries" && !fetched.is_empty() {
                    entries += fetched.len();
                    words += equal_words(&mut self.to, table, &fetched).await?;
                }
                (more_here, more_there) = (!read.is_empty(), !fetched.is_empty());
                limit = next_limit(limit, if read.is_empty() { &fetched } else { &read });
                if more_here {
                    told(Step { what: "compared", table: &table.name, done: here.rows, of: *of });
                }
            }
            moved.push(Moved { table: table.name.clone(), from: here, to: there });
        }
        let all: Count = diesel::sql_query("SELECT COUNT(*) AS n FROM search_words").get_result(&mut self.to).await?;
        // The index of words has no columns that both databases share: it is held against what its entries say.
        let index = |rows: usize| Tally { rows: u64::try_from(rows).unwrap_or(u64::MAX), sum: 0 };
        let found = if i64::try_from(entries) == Ok(all.n) { words } else { usize::try_from(all.n).unwrap_or(0) };
        moved.push(Moved { table: "search_words".to_owned(), from: index(entries), to: index(found) });
        if moved.iter().all(|table| table.from == table.to) { Ok(moved) } else { Err(MoveError::Differs(moved)) }
    }
}

/// How many of these entries the index of words has as it should.
async fn equal_words(to: &mut AsyncPgConnection, table: &Table, rows: &[Row]) -> QueryResult<usize> {
    let (ids, lexemes) = words_of(table, rows);
    let query = "SELECT COUNT(*) AS n FROM unnest($1, $2) AS wanted (id, words) JOIN search_words w ON w.id = wanted.id AND w.lexemes = wanted.words::tsvector";
    let row: Count = diesel::sql_query(query).bind::<Array<BigInt>, _>(ids).bind::<Array<Text>, _>(lexemes).get_result(to).await?;
    Ok(usize::try_from(row.n).unwrap_or(0))
}
