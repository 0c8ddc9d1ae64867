//! The test bed: a new database, a folder, a configuration, and the gateway in a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use huecry::app::App;
use huecry::config::Config;
use huecry::store::{Backend, Db};

use crate::process::Running;
use crate::webhook::{self, Connection, Hooks};

/// Which program serves.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// `huecry serve` in this role.
    Huecry(&'static str),
    /// This program as a gateway: the web edge and intake, with at most so many arrivals a commit.
    Ourselves(Option<usize>),
}

/// A database and a folder for one measurement.
pub(crate) struct Bed {
    pub(crate) backend: Backend,
    pub(crate) folder: PathBuf,
    pub(crate) address: SocketAddr,
    pub(crate) database_url: String,
    database: String,
    /// Channels beside the one for texts.
    more: String,
    /// Where the one for texts hands over, and its numbers and rate.
    texts: String,
}

/// A gateway that answers.
pub(crate) struct Gateway {
    pub(crate) process: Running,
    pub(crate) hooks: Hooks,
}

/// The PostgreSQL server to make databases in.
pub(crate) fn server_url() -> anyhow::Result<String> {
    std::env::var("HUECRY_TEST_POSTGRES").ok().filter(|url| !url.is_empty()).context(
        "HUECRY_TEST_POSTGRES is not set: run `make bench`, or scripts/services run --only postgres -- cargo bench --bench figures, \
         or leave PostgreSQL out with --backend sqlite",
    )
}

impl Bed {
    pub(crate) async fn make(backend: Backend) -> anyhow::Result<Self> {
        Self::make_with(backend, "").await
    }

    /// The same with more configuration appended.
    pub(crate) async fn make_with(backend: Backend, more: &str) -> anyhow::Result<Self> {
        // Nothing listens at the carrier's address: these measurements send nothing.
        Self::make_of(backend, more, format!("numbers = [\"{}\"]\napi_base = \"http://127.0.0.1:9\"\n", webhook::OUR_NUMBER)).await
    }

    /// One whose texts go out from these numbers, a list in TOML, to this carrier at this rate.
    pub(crate) async fn make_to(backend: Backend, carrier: &str, numbers: &str, rate_per_s: u32) -> anyhow::Result<Self> {
        Self::make_of(backend, "", format!("numbers = [{numbers}]\napi_base = \"{carrier}\"\nrate_per_s = {rate_per_s}\nconcurrency = 64\n")).await
    }

    async fn make_of(backend: Backend, more: &str, texts: String) -> anyhow::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("huecry_figures_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        // Beside the build and not in /tmp, which may be a memory file system, on which durability costs nothing.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let database_url = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.join("huecry.db").display()),
            Backend::Postgres => {
                let mut url = url::Url::parse(&server_url()?).context("HUECRY_TEST_POSTGRES")?;
                url.set_path(&name);
                url.to_string()
            }
        };
        // Free now; that somebody takes it before the gateway does is told by the gateway.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let bed = Self { backend, folder, address, database_url, database: name, more: more.to_owned(), texts };
        if backend == Backend::Postgres {
            execute(&server_url()?, &format!("CREATE DATABASE {}", bed.database)).await?;
        }
        std::fs::write(bed.config_file(), bed.toml(2))?;
        Ok(bed)
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("huecry.toml")
    }

    fn toml(&self, node: u16) -> String {
        self.toml_at(node, self.address)
    }

    fn toml_at(&self, node: u16, address: SocketAddr) -> String {
        let folder = self.folder.display();
        format!(
            "[server]\nbind = \"{address}\"\npublic_url = \"http://{address}\"\nnode = {node}\n[database]\nurl = \"{}\"\n\
             [files]\ndir = \"{folder}/files\"\n[quiet_hours]\nroutine = \"\"\n[security]\nkeyring = \"{folder}/keyring.json\"\n\
             [[channels]]\nname = \"sms\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = \"{}\"\n\
             {}{}",
            self.database_url,
            webhook::ACCOUNT,
            webhook::TOKEN,
            self.texts,
            self.more,
        )
    }

    /// The product's rooms in this process, to fill the database before the gateway starts.
    pub(crate) async fn app(&self) -> anyhow::Result<App> {
        let config = Config::from_toml(&self.toml(1)).map_err(|faults| anyhow::anyhow!("the configuration of the test bed has faults: {faults:?}"))?;
        App::build(config).await
    }

    /// The gateway's database.
    pub(crate) async fn db(&self) -> anyhow::Result<Db> {
        Ok(Db::connect(&self.database_url).await?)
    }

    /// Where the database's file system can be measured.
    pub(crate) fn disk(&self) -> PathBuf {
        let server = std::env::var_os("HUECRY_TEST_PG_CTL_DIR").map(PathBuf::from).filter(|_| self.backend == Backend::Postgres);
        server.as_deref().and_then(Path::parent).map_or_else(|| self.folder.clone(), Path::to_owned)
    }

    /// Starts a gateway and waits until it answers.
    pub(crate) async fn start(&self, program: Program) -> anyhow::Result<Gateway> {
        let config = self.config_file().display().to_string();
        let log = self.folder.join("gateway.log");
        let process = match program {
            Program::Huecry(role) => Running::start(Path::new(env!("CARGO_BIN_EXE_huecry")), &["serve", "--config", &config, "--role", role], log)?,
            Program::Ourselves(group) => {
                let group = group.map(|group| group.to_string());
                let mut arguments = vec!["--serve", config.as_str()];
                if let Some(group) = &group {
                    arguments.extend(["--group", group.as_str()]);
                }
                Running::start(&std::env::current_exe()?, &arguments, log)?
            }
        };
        Self::answering(process, self.address).await
    }

    /// Starts one of several gateways on the same database, as this node, at an address of its own.
    pub(crate) async fn start_node(&self, node: u16) -> anyhow::Result<Gateway> {
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let config = self.folder.join(format!("node-{node}.toml"));
        std::fs::write(&config, self.toml_at(node, address))?;
        let config = config.display().to_string();
        let log = self.folder.join(format!("node-{node}.log"));
        let process = Running::start(Path::new(env!("CARGO_BIN_EXE_huecry")), &["serve", "--config", &config], log)?;
        Self::answering(process, address).await
    }

    async fn answering(mut process: Running, address: SocketAddr) -> anyhow::Result<Gateway> {
        let begun = Instant::now();
        while !answers(address).await {
            if let Some(status) = process.ended()? {
                anyhow::bail!("the gateway ended with {status}: {}", process.tail());
            }
            anyhow::ensure!(begun.elapsed() < Duration::from_secs(60), "the gateway did not answer in a minute: {}", process.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Gateway { process, hooks: Hooks::new(address) })
    }

    /// Removes the database and the folder; every connection to it is cut.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if self.backend == Backend::Postgres {
            execute(&server_url()?, &format!("DROP DATABASE {} WITH (FORCE)", self.database)).await?;
        }
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

async fn answers(address: SocketAddr) -> bool {
    let ask = async { Connection::open(address).await?.send(b"GET /healthz HTTP/1.1\r\nhost: figures\r\n\r\n").await };
    matches!(tokio::time::timeout(Duration::from_secs(5), ask).await, Ok(Ok(200)))
}

/// One statement on a connection of its own.
pub(crate) async fn execute(url: &str, statement: &str) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.context("PostgreSQL does not answer")?;
    let carried = tokio::spawn(connection);
    client.batch_execute(statement).await?;
    drop(client);
    carried.await??;
    Ok(())
}
