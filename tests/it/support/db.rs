//! A database of its own for each test, on SQLite and on PostgreSQL alike.
//!
//! `on_both!` makes two tests of one body. Each gets a copy of a template that was migrated once in the run: on PostgreSQL
//! `CREATE DATABASE … TEMPLATE`, on SQLite a copied file. Whatever a test leaves is dropped with its `TestDb`, and what a
//! killed test left is swept by the next run.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use huecry::domain::{At, Ids};
use huecry::store::{Conn, Db, migrate};
use sha2::{Digest, Sha256};
use tokio_postgres::NoTls;

/// Makes the tests `name::sqlite` and `name::postgres` of one body, which is handed a `&TestDb`.
macro_rules! on_both {
    ($name:ident, async |$db:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn check($db: &$crate::support::db::TestDb) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                check(&$crate::support::db::TestDb::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                check(&$crate::support::db::TestDb::postgres().await).await;
            }
        }
    };
}

/// A migrated database that nobody else has, gone when this is dropped.
pub(crate) struct TestDb {
    /// As configuration names it.
    pub(crate) url: String,
    /// Its pools.
    pub(crate) db: Db,
    /// Ids for its rows.
    pub(crate) ids: Ids,
    place: Place,
}

/// What goes away with a test: its folder, and its database on the server if it has one there.
struct Place {
    folder: PathBuf,
    server: Option<(String, String)>,
}

impl TestDb {
    /// A migrated SQLite database in a folder of its own.
    pub(crate) async fn sqlite() -> Self {
        let (url, place) = sqlite_file(true).await;
        Self::open(url, place).await
    }

    /// A migrated PostgreSQL database.
    pub(crate) async fn postgres() -> Self {
        let (url, place) = postgres_database(&admin_url(), true).await;
        Self::open(url, place).await
    }

    /// The same on a server of the test's own.
    pub(crate) async fn postgres_at(server: &super::server::Server) -> Self {
        let (url, place) = postgres_database(&server.url, true).await;
        Self::open(url, place).await
    }

    /// A SQLite database without any table.
    pub(crate) async fn bare_sqlite() -> Self {
        let (url, place) = sqlite_file(false).await;
        Self::open(url, place).await
    }

    /// A PostgreSQL database without any table.
    pub(crate) async fn bare_postgres() -> Self {
        let (url, place) = postgres_database(&admin_url(), false).await;
        Self::open(url, place).await
    }

    async fn open(url: String, place: Place) -> Self {
        let db = Db::connect(&url).await.unwrap();
        Self { url, db, ids: Ids::new(1), place }
    }

    /// A folder of this test's own, for files and sockets.
    pub(crate) fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// A connection for writing.
    pub(crate) async fn write(&self) -> Conn {
        self.db.write().await.unwrap()
    }

    /// A connection for reading; on SQLite it cannot write.
    pub(crate) async fn read(&self) -> Conn {
        self.db.read().await.unwrap()
    }

    /// The next id, rising as time does.
    pub(crate) fn id(&self) -> i64 {
        self.id_at(super::now())
    }

    /// The next id of a moment.
    pub(crate) fn id_at(&self, at: At) -> i64 {
        self.ids.next(at)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((admin_url, name)) = self.server.take() {
            // On a thread of its own: this may run while the test's runtime unwinds. What fails here is swept later.
            let _gone = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async { admin(&admin_url).await.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await })
            })
            .join();
        }
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// The folder of this run, which the test command removes; else the system's.
fn scratch() -> PathBuf {
    std::env::var_os("HUECRY_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from)
}

fn unique(prefix: &str) -> String {
    format!("{prefix}_{}_{}", std::process::id(), huecry::domain::ids::public_id())
}

/// A new folder, which goes with the `Place` whatever happens next.
fn new_place() -> Place {
    super::install_tls();
    let folder = scratch().join(unique("it"));
    std::fs::create_dir_all(&folder).unwrap();
    Place { folder, server: None }
}

async fn sqlite_file(migrated: bool) -> (String, Place) {
    let place = new_place();
    let file = place.folder.join("huecry.db");
    if migrated {
        copy_template(&file).await;
    }
    (format!("sqlite:{}", file.display()), place)
}

/// Copies the migrated file of this run. Two tests that find none make one each, and the last to be named stands.
async fn copy_template(to: &Path) {
    if std::env::var_os("HUECRY_TEST_DIR").is_none() {
        // Nobody would clear a template away.
        migrate::run(&format!("sqlite:{}", to.display())).await.unwrap();
        return;
    }
    let template = scratch().join(format!("template_{}.db", build_key()));
    if !template.exists() {
        let draft = scratch().join(unique("draft"));
        migrate::run(&format!("sqlite:{}", draft.display())).await.unwrap();
        std::fs::rename(&draft, &template).unwrap();
    }
    std::fs::copy(&template, to).unwrap();
}

/// The test server's address; without it a PostgreSQL test fails rather than pass unrun.
fn admin_url() -> String {
    std::env::var("HUECRY_TEST_POSTGRES")
        .expect("HUECRY_TEST_POSTGRES is not set, so there is no PostgreSQL to test on: run `make test`, or put `scripts/services run --only postgres --` before the command")
}

/// The address of another database on the same server.
fn url_of(admin_url: &str, name: &str) -> String {
    let mut url = url::Url::parse(admin_url).unwrap();
    url.set_path(name);
    url.into()
}

async fn admin(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn postgres_database(admin_url: &str, migrated: bool) -> (String, Place) {
    let mut place = new_place();
    let client = admin(admin_url).await;
    let template = if migrated { postgres_template(&client, admin_url).await } else { "template0".to_owned() };
    let name = unique("huecry_test");
    place.server = Some((admin_url.to_owned(), name.clone()));
    client.batch_execute(&format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"")).await.unwrap();
    (url_of(admin_url, &name), place)
}

/// The name of the migrated template, made by whichever test comes first; the others wait for the lock.
async fn postgres_template(client: &tokio_postgres::Client, admin_url: &str) -> String {
    let name = format!("huecry_template_{}", build_key());
    client.batch_execute("SELECT pg_advisory_lock(4851371)").await.unwrap();
    // `datistemplate` is set last: a template without it was left half-made.
    let ready = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", &[&name]).await.unwrap();
    if ready.is_none() {
        sweep(client).await;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await.unwrap();
        client.batch_execute(&format!("CREATE DATABASE \"{name}\"")).await.unwrap();
        migrate::run(&url_of(admin_url, &name)).await.unwrap();
        client.batch_execute(&format!("ALTER DATABASE \"{name}\" IS_TEMPLATE true")).await.unwrap();
    }
    client.batch_execute("SELECT pg_advisory_unlock(4851371)").await.unwrap();
    name
}

/// Drops the databases of test processes that are gone.
async fn sweep(client: &tokio_postgres::Client) {
    for row in client.query("SELECT datname FROM pg_database WHERE datname LIKE 'huecry\\_test\\_%'", &[]).await.unwrap() {
        let name: String = row.get(0);
        let process = name.split('_').nth(2).unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await.unwrap();
        }
    }
}

/// What a template was made by: the migrations' text and this build of the tests, which holds a copy of that text.
fn build_key() -> String {
    let mut hash = Sha256::new();
    let built = std::env::current_exe().and_then(std::fs::metadata).and_then(|meta| meta.modified()).unwrap();
    hash.update(built.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos().to_be_bytes());
    for file in migration_files() {
        hash.update(std::fs::read(file).unwrap());
    }
    hex::encode(hash.finalize()).chars().take(16).collect()
}

fn migration_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["sqlite", "postgres"]
        .iter()
        .flat_map(|backend| std::fs::read_dir(crate::support::checkout().join("migrations").join(backend)).unwrap())
        .map(|entry| entry.unwrap().path().join("up.sql"))
        .collect();
    files.sort();
    files
}
