//! Intake: the envelope is stored, and an exact STOP takes effect, before anything is answered.
//!
//! Group commit: whatever has gathered while the last transaction ran is committed in the next, and each waiter is then
//! told. No timer. A row that the database will not take falls back to one by one and fails alone. Must not parse.

use std::collections::HashSet;

use bytes::Bytes;
use diesel::QueryResult;
use tokio::sync::{mpsc, oneshot};

use super::classify::opt_out::{self, Context, Scope, TextClass};
use crate::app::App;
use crate::audit::originals::{self, Original};
use crate::channels::Verified;
use crate::domain::{Address, Phone};
use crate::files::sha256;
use crate::store::envelopes::{self, EnvelopeRow, Noted};
use crate::store::suppressions::{self, SuppressionRow};
use crate::store::{Backend, Conn, wake::Change};
use crate::store::{replay_keys, text_parts};

/// Lanes that envelopes are worked in; one correspondent's are always in the same.
pub const LANES: i64 = 16;
/// A body above this goes to `files/`.
pub const INLINE_BYTES: usize = 256 * 1024;
const LARGEST_GROUP: usize = 256;

/// Something genuine that came in.
#[derive(Clone)]
pub struct Arrival {
    /// The channel's name.
    pub channel: String,
    /// `sms_inbound`, `sms_status`, `email`.
    pub kind: &'static str,
    /// What `verify` told.
    pub verified: Verified,
    /// Path and query, or the mailbox.
    pub target: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// Exactly as received.
    pub body: Content,
}

/// A body, where it is.
#[derive(Clone)]
pub enum Content {
    /// In memory.
    Here(Bytes),
    /// In `files/` already, durably, since it was too large to wait for in memory.
    Filed {
        /// Of the whole.
        sha256: [u8; 32],
        /// Its size.
        bytes: u64,
    },
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntakeOutcome {
    /// Stored now, under this id.
    Stored(i64),
    /// It was here before.
    Before,
    /// It bears a token that came with another request: nothing is stored.
    Replayed,
}

/// Why it could not be stored; the sender is told to try again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IntakeError {
    /// The database or the file store.
    #[error("it could not be stored: {0}")]
    Store(String),
    /// The process is stopping.
    #[error("intake is closed")]
    Closed,
}

/// What is to be stored, and what commits with it.
#[derive(Clone)]
struct Sealed {
    row: EnvelopeRow,
    /// The rule by which it is a certain opt-out.
    stop: Option<&'static str>,
    /// What no other request may bear.
    replay_key: Option<String>,
    /// What the audit log has of it. A receipt is no original of anything that was said.
    seal: Option<String>,
}

/// Which of a group are new, and which were refused.
#[derive(Default)]
struct Committed {
    fresh: HashSet<i64>,
    replayed: HashSet<i64>,
}

struct Job {
    sealed: Sealed,
    done: oneshot::Sender<Result<IntakeOutcome, IntakeError>>,
}

/// The way to the writer.
#[derive(Clone)]
pub struct Intake {
    app: App,
    /// One for each writer; a lane always goes to the same, so that one correspondent's arrivals stay in order.
    jobs: Vec<mpsc::Sender<Job>>,
}

impl Intake {
    /// Starts the writer; it ends when every `Intake` is gone.
    pub fn start(app: &App) -> (Self, tokio::task::JoinHandle<()>) {
        Self::start_with_group(app, LARGEST_GROUP)
    }

    /// The same with at most so many arrivals a commit. One is what the benchmark compares with.
    pub fn start_with_group(app: &App, largest: usize) -> (Self, tokio::task::JoinHandle<()>) {
        Self::begin(app, largest, false)
    }

    /// With "acknowledge before commit" planted, so that the kill test can show that it would see a loss. Not in a release.
    #[cfg(debug_assertions)]
    pub fn start_with_planted_fault(app: &App) -> (Self, tokio::task::JoinHandle<()>) {
        Self::begin(app, LARGEST_GROUP, true)
    }

    fn begin(app: &App, largest: usize, planted: bool) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, inboxes): (Vec<_>, Vec<_>) = (0..writers(app.db().backend())).map(|_| mpsc::channel(4_096)).unzip();
        let writing: Vec<_> = inboxes.into_iter().map(|inbox| tokio::spawn(write(app.clone(), inbox, largest, planted))).collect();
        let all = tokio::spawn(async move {
            for writer in writing {
                if let Err(error) = writer.await {
                    tracing::error!(%error, "a writer of intake ended in a panic");
                }
            }
        });
        (Self { app: app.clone(), jobs }, all)
    }

    /// Stores an arrival; returns once it is durable.
    pub async fn store(&self, arrival: Arrival) -> Result<IntakeOutcome, IntakeError> {
        let (job, answer) = self.prepare(arrival).await?;
        let writer = usize::try_from(job.sealed.row.lane).unwrap_or(0) % self.jobs.len().max(1);
        self.jobs.get(writer).ok_or(IntakeError::Closed)?.send(job).await.map_err(|_| IntakeError::Closed)?;
        answer.await.map_err(|_| IntakeError::Closed)?
    }

    async fn prepare(&self, arrival: Arrival) -> Result<(Job, oneshot::Receiver<Result<IntakeOutcome, IntakeError>>), IntakeError> {
        let app = &self.app;
        // Before a large body is written away: its sender's next one must not overtake it.
        let (id, received_at) = (app.next_id(), app.now());
        let (hash, body, size) = match arrival.body {
            Content::Here(body) if body.len() <= INLINE_BYTES => (sha256(&body), Some(body.to_vec()), body.len().try_into().ok()),
            Content::Here(body) => {
                let hash = app.files().put(&body).await.map_err(|error| IntakeError::Store(error.to_string()))?;
                (hash, None, body.len().try_into().ok())
            }
            Content::Filed { sha256, bytes } => (sha256, None, bytes.try_into().ok()),
        };
        let correspondent = arrival.verified.correspondent.as_deref().map(|text| correspondent(text, arrival.kind));
        let match_key = correspondent.as_ref().map(|address| app.match_key(address));
        let lane = match_key.as_ref().and_then(|key| key.first()).map_or(0, |byte| i64::from(*byte) % LANES);
        let headers = arrival.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>().into_bytes();
        let stop = arrival.verified.text.as_deref().filter(|_| arrival.kind != "email").and_then(certain_opt_out);
        let replay_key = arrival.verified.replay_key.clone();
        let row = EnvelopeRow {
            id,
            channel: arrival.channel,
            kind: arrival.kind.to_owned(),
            dedupe_key: arrival.verified.provider_id.unwrap_or_else(|| format!("sha256:{}", hex::encode(hash))),
            match_key,
            lane,
            target: arrival.target,
            headers,
            body_file: body.is_none().then(|| hex::encode(hash)),
            body,
            body_bytes: size.unwrap_or(i64::MAX),
            sha256: hash.to_vec(),
            status: "received".to_owned(),
            possible_duplicate: false,
            stopped: stop.is_some(),
            reason: None,
            lease_owner: None,
            lease_until: None,
            tries: 0,
            received_at,
            processed_at: None,
            salt: (arrival.kind != "sms_status").then(|| rand::random::<[u8; 16]>().to_vec()),
            noted_in: None,
        };
        let seal = Original::of(&row).map(|original| original.seal());
        let (done, answer) = oneshot::channel();
        Ok((Job { sealed: Sealed { row, stop, replay_key, seal }, done }, answer))
    }
}

/// The rule by which a text is an opt-out whatever was asked before it; what depends on that is decided with the thread at hand.
fn certain_opt_out(text: &str) -> Option<&'static str> {
    let verdict = opt_out::by_rules(text, &Context { open_question: true, ..Context::default() });
    (verdict.class == TextClass::OptOut && !matches!(verdict.scope, Scope::Group(_))).then_some(verdict.rule)
}

/// The address as intake sees it: what cannot be read as one still names somebody.
pub(super) fn correspondent(text: &str, kind: &str) -> Address {
    if kind == "email" { Address::from_stored("email", text) } else { Phone::parse(text).map_or_else(|_| Address::from_stored("phone", text), Address::Phone) }
}

/// SQLite has one writer. PostgreSQL flushes several commits together, so that one need not wait for the other's.
const fn writers(backend: Backend) -> usize {
    match backend {
        Backend::Sqlite => 1,
        Backend::Postgres => 2,
    }
}

async fn write(app: App, mut inbox: mpsc::Receiver<Job>, largest: usize, planted: bool) {
    let mut group = Vec::new();
    while inbox.recv_many(&mut group, largest).await > 0 {
        // By key, so that two nodes with the same keys take them in the same order.
        group.sort_by(|a: &Job, b: &Job| a.sealed.order().cmp(&b.sealed.order()));
        if cfg!(debug_assertions) && planted {
            tell_too_early(&mut group).await;
        }
        commit_group(&app, std::mem::take(&mut group)).await;
        app.wake().envelopes();
    }
}

/// The fault that the kill test must see: told before it is stored.
async fn tell_too_early(group: &mut [Job]) {
    for job in group {
        let (done, _) = oneshot::channel();
        let _told = std::mem::replace(&mut job.done, done).send(Ok(IntakeOutcome::Stored(job.sealed.row.id)));
    }
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
}

async fn commit_group(app: &App, group: Vec<Job>) {
    match commit(app, group.iter().map(|job| job.sealed.clone()).collect()).await {
        Ok(committed) => {
            for job in group {
                tell(app, job, &committed);
            }
        }
        Err(error) if group.len() > 1 => {
            tracing::warn!(%error, envelopes = group.len(), "a group could not be stored; trying one by one");
            for job in group {
                match commit(app, vec![job.sealed.clone()]).await {
                    Ok(committed) => tell(app, job, &committed),
                    Err(error) => fail(job, &error),
                }
            }
        }
        Err(error) => {
            for job in group {
                fail(job, &error);
            }
        }
    }
}

impl Sealed {
    fn order(&self) -> (&str, &str, &str) {
        (&self.row.channel, &self.row.kind, &self.row.dedupe_key)
    }

    /// Whether its row is all there is to store: no STOP, no token to remember, and a provider's id by which a retry is known.
    fn stands_alone(&self) -> bool {
        self.stop.is_none() && self.replay_key.is_none() && (self.row.kind == "email" || !self.row.dedupe_key.starts_with("sha256:"))
    }
}

async fn commit(app: &App, mut group: Vec<Sealed>) -> QueryResult<Committed> {
    let (entry_id, at) = (app.next_id(), app.now());
    for sealed in &mut group {
        sealed.row.noted_in = sealed.seal.is_some().then_some(entry_id);
    }
    let mut conn = app.write().await?;
    // On PostgreSQL one statement is then all, and its own transaction.
    if let Conn::Pg(c) = &mut conn
        && group.iter().all(Sealed::stands_alone)
    {
        let (rows, seals): (Vec<_>, Vec<_>) = group.into_iter().map(|sealed| (sealed.row, sealed.seal)).unzip();
        let noted = Noted { entry_id, action: originals::RECEIVED, at, seals: &seals };
        let fresh = envelopes::insert_noted(&mut *c, &rows, &noted).await?;
        return Ok(Committed { fresh, replayed: HashSet::new() });
    }
    conn.transaction(async |conn| {
        let mut committed = Committed { fresh: insert(conn, &group).await?, replayed: HashSet::new() };
        for sealed in &group {
            refuse_replay(conn, sealed, &mut committed).await?;
            if let (Some(rule), true) = (sealed.stop, committed.fresh.contains(&sealed.row.id)) {
                stop(conn, app, &sealed.row, rule).await?;
            }
        }
        let stored = group.iter().filter(|sealed| committed.fresh.contains(&sealed.row.id));
        let seals: Vec<(i64, String)> = stored.filter_map(|sealed| Some((sealed.row.id, sealed.seal.clone()?))).collect();
        if !seals.is_empty() {
            originals::note_received(conn, at, entry_id, &seals).await?;
        }
        Ok(committed)
    })
    .await
}

/// The same request again is a retry and was stored before; another one with the same token is a replay.
async fn refuse_replay(conn: &mut Conn, sealed: &Sealed, committed: &mut Committed) -> QueryResult<()> {
    let (row, Some(key)) = (&sealed.row, &sealed.replay_key) else { return Ok(()) };
    if !committed.fresh.contains(&row.id) || replay_keys::note(conn, &row.channel, key, row.id, row.received_at).await? {
        return Ok(());
    }
    envelopes::take_back(conn, row.id).await?;
    committed.fresh.remove(&row.id);
    committed.replayed.insert(row.id);
    Ok(())
}

async fn insert(conn: &mut Conn, group: &[Sealed]) -> QueryResult<HashSet<i64>> {
    let mut fresh = envelopes::insert_new(conn, group.iter().map(|sealed| sealed.row.clone()).collect()).await?;
    keep_possible_duplicates(conn, group, &mut fresh).await?;
    Ok(fresh)
}

/// A text without a provider id whose like was here before may be a second sighting in the same words: kept, and flagged.
/// A mail is told apart by its own Message-ID and Received lines: the same bytes are the same mail.
async fn keep_possible_duplicates(conn: &mut Conn, group: &[Sealed], fresh: &mut HashSet<i64>) -> QueryResult<()> {
    let again: Vec<EnvelopeRow> = group
        .iter()
        .map(|sealed| &sealed.row)
        .filter(|row| !fresh.contains(&row.id) && row.kind != "email" && row.dedupe_key.starts_with("sha256:"))
        .map(|row| EnvelopeRow { dedupe_key: format!("{}:{}", row.dedupe_key, row.id), possible_duplicate: true, ..row.clone() })
        .collect();
    if !again.is_empty() {
        fresh.extend(envelopes::insert_new(conn, again).await?);
    }
    Ok(())
}

async fn stop(conn: &mut Conn, app: &App, row: &EnvelopeRow, rule: &str) -> QueryResult<()> {
    let Some(match_key) = row.match_key.clone() else {
        return Ok(());
    };
    let suppression = SuppressionRow {
        id: app.next_id(),
        match_key,
        channel: "sms".to_owned(),
        scope: "all".to_owned(),
        reason: "stop".to_owned(),
        evidence: format!("a text to us, by the rule {rule:?}"),
        source_envelope_id: Some(row.id),
        created_at: row.received_at,
        lifted_at: None,
        lifted_by: None,
    };
    suppressions::suppress(conn, &suppression).await.map(|_| ())
}

fn tell(app: &App, job: Job, committed: &Committed) {
    let row = job.sealed.row;
    let (outcome, word) = if committed.fresh.contains(&row.id) {
        (IntakeOutcome::Stored(row.id), "stored")
    } else if committed.replayed.contains(&row.id) {
        (IntakeOutcome::Replayed, "replayed")
    } else {
        (IntakeOutcome::Before, "before")
    };
    metrics::counter!("huecry_envelopes_total", "channel" => row.channel, "kind" => row.kind, "outcome" => word).increment(1);
    if matches!(outcome, IntakeOutcome::Stored(_)) && job.sealed.stop.is_some() {
        app.wake().change(Change { kind: "press".into(), alert: None, conversation: None });
    }
    // The sender may have hung up: what is stored stays stored.
    let _gone = job.done.send(Ok(outcome));
}

fn fail(job: Job, error: &diesel::result::Error) {
    let _gone = job.done.send(Err(IntakeError::Store(error.to_string())));
}

/// Forgets what was kept to know retries and parts by: a token holds for minutes and its vendor's retries for a day; a part of
/// a text is in its envelope.
pub async fn forget(app: &App) -> QueryResult<()> {
    let before = app.now().minus_days(2);
    let mut conn = app.write().await?;
    replay_keys::delete_before(&mut conn, before).await?;
    text_parts::delete_before(&mut conn, before).await.map(|_| ())
}
