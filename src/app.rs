//! `App`: what handlers and workers are handed. Built once; cheap to clone.

use std::future::Future;
use std::sync::Arc;

use anyhow::Context as _;
use diesel::QueryResult;
use tokio_util::sync::CancellationToken;

use crate::channels::email::dkim::Verifier;
use crate::channels::oidc::Provider;
use crate::channels::registry::Channels;
use crate::clock::Clock;
use crate::config::{Config, Keyring};
use crate::domain::{Address, At, Ids, MatchKey};
use crate::files::Files;
use crate::store::presence::{self, Numbered, Presence, take_number};
use crate::store::views::tally::Tallies;
use crate::store::wake::Wake;
use crate::store::{Backend, Conn, Db, migrate, settings};

/// Configuration, store, channels and clock.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    db: Db,
    files: Files,
    channels: Channels,
    clock: Clock,
    ids: Ids,
    numbered: tokio::sync::Mutex<Option<Numbered>>,
    keyring: Keyring,
    wake: Wake,
    tallies: Tallies,
    owner: String,
    stop: CancellationToken,
    runtime: tokio::runtime::Handle,
    dkim: Verifier,
    oidc: Option<Provider>,
    _presence: Presence,
}

impl App {
    /// Opens everything. The database is brought up to date first.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        if !config.security.keyring.exists() {
            // A new one beside a database that was filled under another would end up in the backup in its place.
            let db = Db::connect(&config.database.url).await?;
            migrate::run(config.database.direct()).await?;
            anyhow::ensure!(
                settings::find(&mut db.read().await?, "match_key_fingerprint").await?.is_none(),
                "security.keyring: there is no keyring at {}, and this database was filled under one: restore it from the backup",
                config.security.keyring.display()
            );
        }
        let keyring = Keyring::open(&config.security.keyring)?;
        Self::with_keyring(config, keyring).await
    }

    /// Opens everything with these keys.
    pub async fn with_keyring(config: Config, keyring: Keyring) -> anyhow::Result<Self> {
        let db = Db::connect(&config.database.url).await?;
        let presence = presence::say(&config.database.url).context("database.url: cannot lock the file beside the database")?;
        let presence = presence.context("database.url: the database is being moved by `huecry migrate`: wait until that is done")?;
        migrate::run(config.database.direct()).await?;
        let files = Files::open(&config.files.dir).map_err(|error| anyhow::anyhow!("files.dir: cannot use {}: {error}", config.files.dir.display()))?;
        let channels = Channels::build(&config.channels)?;
        let redirect = format!("{}/sign-in/oidc/callback", config.server.public_url);
        let oidc = config.oidc.clone().map(|settings| Provider::new(settings, redirect)).transpose()?;
        let fingerprint = keyring.fingerprint();
        let stands = settings::put_if_absent(&mut db.write().await?, "match_key_fingerprint", &fingerprint).await?;
        anyhow::ensure!(
            stands == fingerprint,
            "security.keyring: this database was filled under another match key than that of {}, so that its opt-outs would not be found; restore the keyring that belongs to it",
            config.security.keyring.display()
        );
        let numbered = match db.backend() {
            Backend::Sqlite => None,
            Backend::Postgres => Some(take_number(config.database.direct(), config.server.node).await?.context("server.node: all 1,024 numbers are taken")?),
        };
        let node = numbered.as_ref().map_or(config.server.node, |numbered| numbered.node);
        if node != config.server.node {
            tracing::warn!(wanted = config.server.node, node, "server.node: another gateway has this number; this one goes by another");
        }
        let inner = Inner {
            ids: Ids::new(node),
            numbered: tokio::sync::Mutex::new(numbered),
            wake: Wake::new(db.backend() == Backend::Postgres),
            tallies: Tallies::default(),
            owner: format!("{node}-{}", crate::domain::ids::public_id()),
            stop: CancellationToken::new(),
            runtime: tokio::runtime::Handle::current(),
            clock: Clock::default(),
            dkim: Verifier::default(),
            oidc,
            config,
            db,
            files,
            channels,
            keyring,
            _presence: presence,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Sees that this node's number is still its own, and takes another if somebody has it: the connection that held it may have
    /// broken. On SQLite there is one node.
    pub async fn keep_number(&self) -> QueryResult<()> {
        let mut numbered = self.0.numbered.lock().await;
        let Some(held) = numbered.as_mut() else { return Ok(()) };
        if held.lasts().await {
            return Ok(());
        }
        if let Some(taken) = take_number(self.config().database.direct(), held.node).await? {
            if taken.node != held.node {
                tracing::warn!(before = held.node, now = taken.node, "another gateway has this node's number; it goes on under another");
            }
            self.0.ids.renumber(taken.node);
            *held = taken;
        }
        Ok(())
    }

    /// Runs store work to its end on the main runtime, whatever becomes of the caller: a query in flight is never dropped.
    pub async fn run<R: Send + 'static>(&self, work: impl Future<Output = R> + Send + 'static) -> R {
        match self.0.runtime.spawn(work).await {
            Ok(value) => value,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }
    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }
    /// A connection for reading.
    pub async fn read(&self) -> QueryResult<Conn> {
        self.0.db.read().await
    }
    /// A connection for writing.
    pub async fn write(&self) -> QueryResult<Conn> {
        self.0.db.write().await
    }
    /// Originals and attachments.
    pub fn files(&self) -> &Files {
        &self.0.files
    }
    /// The configured channels.
    pub fn channels(&self) -> &Channels {
        &self.0.channels
    }
    /// The clock, for tests to move.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    /// Now.
    pub fn now(&self) -> At {
        self.0.clock.now()
    }
    /// The id generator.
    pub fn ids(&self) -> &Ids {
        &self.0.ids
    }
    /// A new id.
    pub fn next_id(&self) -> i64 {
        self.0.ids.next(self.now())
    }
    /// The keys.
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }
    /// The match key of an address.
    pub fn match_key(&self, address: &Address) -> MatchKey {
        address.match_key(&self.0.keyring.match_secret)
    }
    /// The bells.
    pub fn wake(&self) -> &Wake {
        &self.0.wake
    }
    /// How far alerts have come.
    pub fn tallies(&self) -> &Tallies {
        &self.0.tallies
    }
    /// This process, as leases name it.
    pub fn owner(&self) -> &str {
        &self.0.owner
    }
    /// Rung when the process is to stop.
    pub fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }
    /// Checks the signatures of mail.
    pub fn dkim(&self) -> &Verifier {
        &self.0.dkim
    }
    /// The force's own sign-in, if one is configured.
    pub fn oidc(&self) -> Option<&Provider> {
        self.0.oidc.as_ref()
    }
    /// A public URL of ours.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.config.server.public_url)
    }
}
