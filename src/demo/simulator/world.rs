//! What every handler and worker of the simulator is handed: settings, the ledger, behaviour, and the way to the gateway.
//!
//! Owns: the locks, each held for the length of one look-up or one insert. Must not: hold a lock across an await.
//! Data: settings from `start`; behaviour from the JSON interface; the ledger is written by all sides and read by pages.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use reqwest::Client;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::Settings;
use super::ledger::Ledger;
use super::receipts::Job;

/// Receipts waiting to be reported; past this they are dropped and counted as failures.
const MAX_WAITING_RECEIPTS: usize = 200_000;
/// People whose texts or mails are on their way to the gateway at one time.
const MAX_CALLS: usize = 128;

/// How the REST interface treats the next text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refuse {
    /// Takes it.
    #[default]
    None,
    /// Says "too many requests".
    #[serde(rename = "429")]
    TooMany,
    /// Fails.
    #[serde(rename = "500")]
    Broken,
    /// Never answers, and takes nothing.
    Hang,
    /// Takes it, then never answers.
    AcceptThenHang,
}

/// How the mail sink treats the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefuseMail {
    /// Takes it.
    #[default]
    None,
    /// Refuses for now.
    #[serde(rename = "451")]
    Later,
    /// Refuses for good.
    #[serde(rename = "550")]
    Never,
}

/// How the carrier and the mail server misbehave.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Behaviour {
    pub(crate) refuse: Refuse,
    pub(crate) latency_ms: u64,
    /// Phones whose owners have opted out at the carrier: it refuses them, or says so in the receipt.
    pub(crate) blocked_numbers: HashSet<String>,
    /// Phones that are taken on, then reported undelivered.
    pub(crate) unreachable_numbers: HashSet<String>,
    /// Whether the carrier reports what became of a text.
    pub(crate) receipts: bool,
    /// Whether people's texts are brought to no webhook: then the carrier's list alone has them, if it keeps one.
    pub(crate) lose_webhooks: bool,
    pub(crate) refuse_mail: RefuseMail,
}

/// A change of behaviour; what is left out stays as it was.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BehaviourChange {
    refuse: Option<Refuse>,
    latency_ms: Option<u64>,
    blocked_numbers: Option<HashSet<String>>,
    unreachable_numbers: Option<HashSet<String>>,
    receipts: Option<bool>,
    lose_webhooks: Option<bool>,
    refuse_mail: Option<RefuseMail>,
}

/// See the module's own words.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) client: Client,
    pub(crate) receipts: mpsc::Sender<Job>,
    /// Where calls to the gateway run, so that a browser that hangs up does not cut one.
    pub(crate) runtime: Handle,
    pub(crate) calls: Semaphore,
    gateway: RwLock<String>,
    published_email: RwLock<Option<String>>,
    behaviour: RwLock<Arc<Behaviour>>,
    ledger: Mutex<Ledger>,
    version: AtomicU64,
}

impl World {
    /// A world with its listed people and nothing said yet; the receiver feeds the receipts worker.
    pub(crate) fn new(settings: Settings) -> anyhow::Result<(Arc<Self>, mpsc::Receiver<Job>)> {
        let (receipts, waiting) = mpsc::channel(MAX_WAITING_RECEIPTS);
        let behaviour = Behaviour { latency_ms: settings.reply_latency_ms, receipts: settings.receipts, ..Behaviour::default() };
        let world = Self {
            client: super::gateway::client()?,
            receipts,
            runtime: Handle::current(),
            calls: Semaphore::new(MAX_CALLS),
            gateway: RwLock::new(trimmed(&settings.gateway_url)),
            published_email: RwLock::new(None),
            behaviour: RwLock::new(Arc::new(behaviour)),
            ledger: Mutex::new(Ledger::new(&settings.people)),
            version: AtomicU64::new(1),
            settings,
        };
        Ok((Arc::new(world), waiting))
    }

    /// Reads or changes the ledger. A page that is open notices within its next look.
    pub(crate) fn ledger<R>(&self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        work(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Like [`World::ledger`], and tells open pages that something changed.
    pub(crate) fn record<R>(&self, work: impl FnOnce(&mut Ledger) -> R) -> R {
        let result = self.ledger(work);
        self.version.fetch_add(1, Ordering::Release);
        result
    }

    /// Rises with every change.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// The gateway's URL, without a slash at its end.
    pub(crate) fn gateway(&self) -> String {
        self.gateway.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The gateway's address for texts (`inbound`) or receipts (`status`).
    pub(crate) fn webhook(&self, hook: &str) -> String {
        format!("{}/webhooks/sms/{}/{hook}", self.gateway(), self.settings.sms_channel)
    }

    pub(crate) fn set_gateway(&self, url: &str) {
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = trimmed(url);
    }

    /// Where a new mail goes: the address that was set, else the sender of the latest mail.
    pub(crate) fn published_email(&self) -> Option<String> {
        let set = self.published_email.read().unwrap_or_else(PoisonError::into_inner).clone();
        set.or_else(|| self.ledger(|ledger| ledger.mails.latest_sender.clone()))
    }

    pub(crate) fn set_published_email(&self, address: &str) {
        *self.published_email.write().unwrap_or_else(PoisonError::into_inner) = Some(address.to_owned());
    }

    pub(crate) fn behaviour(&self) -> Arc<Behaviour> {
        Arc::clone(&self.behaviour.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn behave(&self, change: BehaviourChange) -> Arc<Behaviour> {
        let mut held = self.behaviour.write().unwrap_or_else(PoisonError::into_inner);
        let old = held.as_ref().clone();
        *held = Arc::new(Behaviour {
            refuse: change.refuse.unwrap_or(old.refuse),
            latency_ms: change.latency_ms.unwrap_or(old.latency_ms),
            blocked_numbers: change.blocked_numbers.unwrap_or(old.blocked_numbers),
            unreachable_numbers: change.unreachable_numbers.unwrap_or(old.unreachable_numbers),
            receipts: change.receipts.unwrap_or(old.receipts),
            lose_webhooks: change.lose_webhooks.unwrap_or(old.lose_webhooks),
            refuse_mail: change.refuse_mail.unwrap_or(old.refuse_mail),
        });
        Arc::clone(&held)
    }
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}
