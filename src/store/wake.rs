//! Wake-ups: who should look at the database now. In-process on SQLite, NOTIFY between nodes on PostgreSQL.
//!
//! A wake-up carries no work, only "look": every sleeper also polls, so that a lost one costs time and nothing else. They
//! are sent outside transactions, after the commit, and a burst is folded into one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, broadcast};

const TOPIC: &str = "huecry_wake";
diesel::define_sql_function! {
    /// Which of PostgreSQL's processes serves this connection.
    fn pg_backend_pid() -> diesel::sql_types::Integer;
}

/// How long PostgreSQL may be silent before its connection counts as lost.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What changed, for open pages: kinds and ids, never words or addresses.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// `inbox`, `alert`, `press`.
    pub kind: String,
    /// The alert's reference.
    pub alert: Option<String>,
    /// The conversation's public id.
    pub conversation: Option<String>,
}

/// The bells of one process.
#[derive(Clone)]
pub struct Wake(Arc<Inner>);

struct Inner {
    outbox: Notify,
    envelopes: Notify,
    fan_out: Notify,
    changes: broadcast::Sender<Change>,
    outgoing: Option<Outgoing>,
}

struct Outgoing {
    waiting: Mutex<BTreeSet<String>>,
    bell: Notify,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Signal {
    Outbox,
    Envelopes,
    FanOut,
    Change(Change),
}

impl Wake {
    /// Bells for one process; `between_nodes` if other processes share the database.
    pub fn new(between_nodes: bool) -> Self {
        let outgoing = between_nodes.then(|| Outgoing { waiting: Mutex::default(), bell: Notify::new() });
        Self(Arc::new(Inner { outbox: Notify::new(), envelopes: Notify::new(), fan_out: Notify::new(), changes: broadcast::channel(1024).0, outgoing }))
    }

    /// Deliveries were queued.
    pub fn outbox(&self) {
        self.0.outbox.notify_waiters();
        self.tell(&Signal::Outbox);
    }

    /// Envelopes were stored.
    pub fn envelopes(&self) {
        self.0.envelopes.notify_waiters();
        self.tell(&Signal::Envelopes);
    }

    /// An alert was published.
    pub fn fan_out(&self) {
        self.0.fan_out.notify_waiters();
        self.tell(&Signal::FanOut);
    }

    /// Something that a page shows changed.
    pub fn change(&self, change: Change) {
        self.tell(&Signal::Change(change.clone()));
        // Nobody looking is no fault.
        let _unwatched = self.0.changes.send(change);
    }

    /// Waits until deliveries may be waiting.
    pub async fn outbox_rang(&self) {
        self.0.outbox.notified().await;
    }
    /// Waits until envelopes may be waiting.
    pub async fn envelopes_rang(&self) {
        self.0.envelopes.notified().await;
    }
    /// Waits until an alert may need its fan-out.
    pub async fn fan_out_rang(&self) {
        self.0.fan_out.notified().await;
    }

    /// Every change from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    fn tell(&self, signal: &Signal) {
        let Some(outgoing) = &self.0.outgoing else {
            return;
        };
        let Ok(text) = serde_json::to_string(signal) else {
            return;
        };
        outgoing.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(text);
        outgoing.bell.notify_one();
    }

    fn hear(&self, text: &str) {
        match serde_json::from_str(text) {
            Ok(Signal::Outbox) => self.0.outbox.notify_waiters(),
            Ok(Signal::Envelopes) => self.0.envelopes.notify_waiters(),
            Ok(Signal::FanOut) => self.0.fan_out.notify_waiters(),
            Ok(Signal::Change(change)) => {
                let _unwatched = self.0.changes.send(change);
            }
            Err(error) => tracing::warn!(%error, "a wake-up of an unknown form was passed over"),
        }
    }

    /// Carries wake-ups to and from other nodes until the connection breaks; the caller starts it again.
    pub async fn relay(&self, url: &str) -> Result<(), diesel::result::Error> {
        let Some(outgoing) = &self.0.outgoing else {
            return Ok(());
        };
        let broken = |error: diesel::ConnectionError| {
            diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UnableToSendCommand, Box::new(error.to_string()))
        };
        let mut listener = pg_connection(url).await.map_err(broken)?;
        let mut speaker = pg_connection(url).await.map_err(broken)?;
        if !super::presence::say_on_pg(&mut listener).await? {
            let sentence = "`huecry migrate --to` wants to be alone with the database: stop this gateway until it is done";
            return Err(broken(diesel::ConnectionError::BadConnection(sentence.to_owned())));
        }
        diesel::sql_query(format!("LISTEN {TOPIC}")).execute(&mut listener).await?;
        // A wake-up is worth no flush: every sleeper also polls.
        diesel::sql_query("SET synchronous_commit = off").execute(&mut speaker).await?;
        let own = diesel::select(pg_backend_pid()).get_result::<i32>(&mut speaker).await?;
        let mut heard = std::pin::pin!(listener.notifications_stream());
        loop {
            tokio::select! {
                notification = heard.next() => match notification {
                    // What this node said itself it has heard already.
                    Some(Ok(notification)) if notification.process_id == own => {}
                    Some(Ok(notification)) => self.hear(&notification.payload),
                    Some(Err(error)) => return Err(error),
                    None => return Ok(()),
                },
                () = outgoing.bell.notified() => {
                    let texts = std::mem::take(&mut *outgoing.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                    let texts: Vec<String> = texts.into_iter().collect();
                    diesel::sql_query("SELECT pg_notify($1, text) FROM unnest($2) AS text")
                        .bind::<diesel::sql_types::Text, _>(TOPIC)
                        .bind::<diesel::sql_types::Array<diesel::sql_types::Text>, _>(texts)
                        .execute(&mut speaker)
                        .await?;
                }
            }
        }
    }
}

/// Opens one PostgreSQL connection; TLS by rustls when the URL asks for it (`sslmode=require`).
pub async fn pg_connection(url: &str) -> diesel::ConnectionResult<AsyncPgConnection> {
    let bad = |error: tokio_postgres::Error| diesel::ConnectionError::BadConnection(error.to_string());
    let mut config: tokio_postgres::Config =
        url.parse().map_err(|error: tokio_postgres::Error| diesel::ConnectionError::InvalidConnectionUrl(error.to_string()))?;
    // A server that falls silent without closing must become an error, so that webhooks get their 503 and workers recover.
    config.connect_timeout(SILENCE).tcp_user_timeout(SILENCE).keepalives_idle(SILENCE);
    if config.get_ssl_mode() == tokio_postgres::config::SslMode::Require {
        let verified = <rustls::ClientConfig as rustls_platform_verifier::ConfigVerifierExt>::with_platform_verifier();
        let tls = tokio_postgres_rustls::MakeRustlsConnect::new(verified.map_err(|error| diesel::ConnectionError::BadConnection(error.to_string()))?);
        let (client, connection) = config.connect(tls).await.map_err(bad)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    } else {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}
