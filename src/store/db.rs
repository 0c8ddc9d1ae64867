//! `Db` and `Conn`: SQLite embedded or PostgreSQL, behind one type that every store function takes.
//!
//! SQLite has one writing connection (WAL, `synchronous=FULL`) and a pool of reading ones that cannot write. PostgreSQL has
//! one pool. A query in flight must never be dropped: dropping one on SQLite blocks the thread, so callers run store work as
//! spawned tasks (`App::run`).

use std::time::Duration;

use deadpool::managed::QueueMode;
use diesel::connection::AnsiTransactionManager as BlockingTransactions;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use futures_util::FutureExt;

use crate::domain::At;

/// SQLite through tokio's blocking pool.
pub type LiteConnection = SyncConnectionWrapper<SqliteConnection>;

/// Which database stands behind a `Db`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// PostgreSQL.
    Postgres,
    /// SQLite, embedded.
    Sqlite,
}

impl Backend {
    /// As figures and logs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

/// The database: hands out connections.
#[derive(Clone)]
pub enum Db {
    /// PostgreSQL: one pool for all.
    Pg(Pool<AsyncPgConnection>),
    /// SQLite: one writer, several readers.
    Lite {
        /// The only connection that writes.
        write: Pool<LiteConnection>,
        /// Connections opened with `query_only`.
        read: Pool<LiteConnection>,
    },
}

/// One connection, taken from a pool and given back when dropped.
pub enum Conn {
    /// PostgreSQL.
    Pg(Object<AsyncPgConnection>),
    /// SQLite.
    Lite(Object<LiteConnection>),
}

/// Why the database cannot be used at start.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL names neither database.
    #[error("database.url must start with sqlite: or postgres:// (it is {0:?})")]
    UnknownScheme(String),
    /// The folder of the SQLite file cannot be made.
    #[error("cannot create the folder of the SQLite database: {0}")]
    Folder(std::io::Error),
    /// The pool could not be built.
    #[error("cannot set up the connection pool: {0}")]
    Pool(String),
    /// It does not answer.
    #[error("the database does not answer: {0}")]
    Unreachable(DieselError),
}

/// One Diesel body, checked against both backends; two arms where the dialects differ.
#[macro_export]
macro_rules! on {
    ($conn:expr, $c:ident => pg $pg:expr, lite $lite:expr) => {
        match $conn {
            $crate::store::Conn::Pg(c) => {
                let $c = &mut **c;
                $pg
            }
            $crate::store::Conn::Lite(c) => {
                let $c = &mut **c;
                $lite
            }
        }
    };
    ($conn:expr, $c:ident => $body:expr) => {
        $crate::on!($conn, $c => pg $body, lite $body)
    };
}

/// Inserts many rows, passing over those that are there already; gives how many were new.
///
/// SQLite has no batch through the async wrapper: its rows go one by one in a single hop to the blocking pool.
#[macro_export]
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match $conn {
            $crate::store::Conn::Pg(c) => {
                let mut inserted = 0_usize;
                for chunk in rows.chunks(1000) {
                    inserted += diesel_async::RunQueryDsl::execute(diesel::insert_into($table).values(chunk).on_conflict_do_nothing(), &mut **c).await?;
                }
                Ok::<usize, diesel::result::Error>(inserted)
            }
            $crate::store::Conn::Lite(c) => {
                c.spawn_blocking(move |lite| {
                    let mut inserted = 0_usize;
                    for row in &rows {
                        inserted += diesel::RunQueryDsl::execute(diesel::insert_into($table).values(row).on_conflict_do_nothing(), lite)?;
                    }
                    Ok(inserted)
                })
                .await
            }
        }
    }};
}

impl Db {
    /// Opens the pools and proves that the database answers.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let db = if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::Pg(pg_pool(url)?)
        } else if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.trim_start_matches("//");
            if let Some(folder) = std::path::Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(ConnectError::Folder)?;
            }
            // The writer opens first: it creates the file and sets the journal mode that readers rely on.
            let write = lite_pool(path, 1, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")?;
            let probe = write.get().await.map_err(|error| ConnectError::Unreachable(pool_error(&error)))?;
            drop(probe);
            Self::Lite { write, read: lite_pool(path, 4, "PRAGMA query_only=ON;")? }
        } else {
            return Err(ConnectError::UnknownScheme(url.split(':').next().unwrap_or_default().to_owned()));
        };
        db.ping().await.map_err(ConnectError::Unreachable)?;
        Ok(db)
    }

    /// Which database this is.
    pub const fn backend(&self) -> Backend {
        match self {
            Self::Pg(_) => Backend::Postgres,
            Self::Lite { .. } => Backend::Sqlite,
        }
    }

    /// A connection for reading only.
    pub async fn read(&self) -> QueryResult<Conn> {
        match self {
            Self::Pg(pool) => pool.get().await.map(Conn::Pg).map_err(|error| pool_error(&error)),
            Self::Lite { read, .. } => read.get().await.map(Conn::Lite).map_err(|error| pool_error(&error)),
        }
    }

    /// A connection for writing. On SQLite there is one: never take a second while holding it.
    pub async fn write(&self) -> QueryResult<Conn> {
        match self {
            Self::Pg(pool) => pool.get().await.map(Conn::Pg).map_err(|error| pool_error(&error)),
            Self::Lite { write, .. } => write.get().await.map(Conn::Lite).map_err(|error| pool_error(&error)),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> QueryResult<()> {
        let mut conn = self.read().await?;
        on!(&mut conn, c => diesel::sql_query("SELECT 1").execute(c).await).map(|_| ())
    }
}

/// What is switched off is not forbidden, only dear; so dear that it would be compiled, which is why that is off too. And a plan that
/// does not depend on the values is not made anew for each of them.
const BEGIN_BY_INDEX: &str = "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; SET LOCAL jit = off; \
     SET LOCAL plan_cache_mode = force_generic_plan";

impl Conn {
    /// Runs the work in one transaction: commits if it succeeds, rolls back if it fails.
    ///
    /// SQLite takes `BEGIN IMMEDIATE`, so that a transaction that reads before it writes can never fail half-way with "busy".
    pub async fn transaction<R, E: From<DieselError>>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> Result<R, E>) -> Result<R, E> {
        self.begin("BEGIN").await?;
        self.settle(work).await
    }

    /// The same for the queue's own statements, each of which wants a few rows of very many: PostgreSQL takes them by an index and
    /// in its order, whatever its statistics say. These do not know yet of a million rows that came within the last minute.
    pub async fn transaction_by_index<R, E: From<DieselError>>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> Result<R, E>) -> Result<R, E> {
        self.begin(BEGIN_BY_INDEX).await?;
        self.settle(work).await
    }

    async fn settle<R, E: From<DieselError>>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> Result<R, E>) -> Result<R, E> {
        match work(self).await {
            Ok(value) => {
                self.commit().await?;
                Ok(value)
            }
            Err(error) => {
                // The cause matters more than a roll-back that fails with it: the pool drops a broken connection.
                if let Err(failed) = self.roll_back().await {
                    tracing::debug!(error = %failed, "the roll-back failed too");
                }
                Err(error)
            }
        }
    }

    /// Runs work that only reads on one state of the database, so that what it reads fits together. On SQLite only on a
    /// reading connection.
    pub async fn snapshot<R, E: From<DieselError>>(&mut self, work: impl AsyncFnOnce(&mut Conn) -> Result<R, E>) -> Result<R, E> {
        on!(self, c => pg AnsiTransactionManager::begin_transaction_sql(c, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
            lite c.spawn_blocking(|lite| BlockingTransactions::begin_transaction_sql(lite, "BEGIN DEFERRED")).await)?;
        let read = work(self).await;
        // There is nothing to keep or to undo.
        self.roll_back().await?;
        read
    }

    /// `begin` is PostgreSQL's; several statements go as one message.
    async fn begin(&mut self, begin: &str) -> QueryResult<()> {
        on!(self, c => pg AnsiTransactionManager::begin_transaction_sql(c, begin).await,
            lite c.spawn_blocking(|lite| BlockingTransactions::begin_transaction_sql(lite, "BEGIN IMMEDIATE")).await)
    }

    async fn commit(&mut self) -> QueryResult<()> {
        on!(self, c => pg <AsyncPgConnection as AsyncConnection>::TransactionManager::commit_transaction(c).await,
            lite <LiteConnection as AsyncConnection>::TransactionManager::commit_transaction(c).await)
    }

    async fn roll_back(&mut self) -> QueryResult<()> {
        on!(self, c => pg <AsyncPgConnection as AsyncConnection>::TransactionManager::rollback_transaction(c).await,
            lite <LiteConnection as AsyncConnection>::TransactionManager::rollback_transaction(c).await)
    }

    /// The database's own clock, by which leases are taken and judged on every node alike.
    pub async fn db_now(&mut self) -> QueryResult<At> {
        let at: Option<At> = on!(self, c => diesel::select(super::written::clock_in(0)).get_result(c).await)?;
        at.ok_or(DieselError::NotFound)
    }
}

fn pool_error(error: &PoolError) -> DieselError {
    DieselError::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(error.to_string()))
}

fn pg_pool(url: &str) -> Result<Pool<AsyncPgConnection>, ConnectError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|url| super::wake::pg_connection(url).boxed());
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
    Pool::builder(manager)
        .max_size(24)
        // The last one back is the next one out: it has the statements prepared and the tables' descriptions at hand.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(Duration::from_secs(10)))
        .create_timeout(Some(Duration::from_secs(10)))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| ConnectError::Pool(error.to_string()))
}

fn lite_pool(path: &str, size: usize, pragmas: &'static str) -> Result<Pool<LiteConnection>, ConnectError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let path = path.to_owned();
        async move {
            let mut conn = LiteConnection::establish(&path).await?;
            let common = "PRAGMA busy_timeout=10000; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;";
            conn.batch_execute(common).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            conn.batch_execute(pragmas).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::<LiteConnection>::new_with_config(path, config);
    Pool::builder(manager).max_size(size).queue_mode(QueueMode::Lifo).build().map_err(|error| ConnectError::Pool(error.to_string()))
}
