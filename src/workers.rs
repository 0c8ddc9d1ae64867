//! The loops behind the web edge: fan-out, dispatch, processing, polling, reconciling, wake-ups.
//!
//! Each sleeps until its bell rings or a poll is due, and stops between two steps, never within one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::task::TaskTracker;

use crate::accounts::guesses;
use crate::app::App;
use crate::audit::chain::HeadKey;
use crate::audit::kept::Kept;
use crate::audit::seal::{self, SealOutcome, Sealer};
use crate::domain::bounds::SQLITE;
use crate::inbound::intake::{self, Intake, LANES};
use crate::inbound::listen::Listener;
use crate::inbound::listing::Lister;
use crate::inbound::poll::Poller;
use crate::inbound::{fill, parts, process};
use crate::inbox::clock;
use crate::inbox::evidence::export;
use crate::inbox::{claim, undo};
use crate::outbound::dispatch::{Dispatcher, LONGEST_CALL};
use crate::outbound::{after_opt_out, fan_out, hold, hygiene, outcome, reconcile};
use crate::privacy::{bounds, months, retention};
use crate::store::{Backend, envelopes, sessions};

/// Short for whoever waits for an answer, long for a database that is asked whether there is work.
const GATHER: Duration = Duration::from_millis(4);
const POLL: Duration = Duration::from_secs(1);
/// What a call's answer needs to be written down.
const AFTER_CALL: Duration = Duration::from_secs(5);
/// Rounds of housekeeping, a minute each, after which what looks at many rows is done.
const HOURLY: u32 = 60;

/// Everything that was started.
pub struct Workers {
    app: App,
    intake: Intake,
    loops: TaskTracker,
    writer: tokio::task::JoinHandle<()>,
    /// Each writes down what came of a channel's hand-overs until the last under way is answered.
    recorders: Vec<tokio::task::JoinHandle<()>>,
    sealer: Option<Arc<Sealer>>,
}

impl Workers {
    /// Starts intake alone, for a process that only serves the web.
    pub fn web_only(app: &App) -> Self {
        Self::around(app, Intake::start(app))
    }

    fn around(app: &App, (intake, writer): (Intake, tokio::task::JoinHandle<()>)) -> Self {
        let loops = TaskTracker::new();
        if app.db().backend() == Backend::Postgres {
            loops.spawn(relay(app.clone()));
            loops.spawn(number(app.clone()));
        }
        Self { app: app.clone(), intake, loops, writer, recorders: Vec::new(), sealer: None }
    }

    /// Starts everything.
    pub fn all(app: &App) -> Self {
        Self::web_only(app).with_loops()
    }

    /// Everything around an intake that acknowledges too early, for the kill test. Not in a release.
    #[cfg(debug_assertions)]
    pub fn with_planted_fault(app: &App) -> Self {
        Self::around(app, Intake::start_with_planted_fault(app)).with_loops()
    }

    fn with_loops(self) -> Self {
        let mut workers = self;
        let app = &workers.app.clone();
        let pace = Arc::new(fan_out::Pace::of(app));
        workers.loops.spawn(repeat(app.clone(), "fan-out", Bell::FanOut, move |app| {
            let pace = pace.clone();
            async move { fan_out::run_once(&app, &pace).await }
        }));
        workers.loops.spawn(repeat(app.clone(), "holds", Bell::FanOut, |app| async move { hold::run_once(&app).await }));
        workers.loops.spawn(repeat(app.clone(), "outcome", Bell::FanOut, |app| async move { outcome::run_once(&app).await }));
        workers.loops.spawn(repeat(app.clone(), "reconcile", Bell::None, |app| async move { reconcile::run_once(&app).await.map(|settled| settled > 0) }));
        workers.loops.spawn(repeat(app.clone(), "parts", Bell::None, |app| async move { parts::run_once(&app).await }));
        workers.loops.spawn(repeat(app.clone(), "clock", Bell::None, |app| async move { clock::run_once(&app).await }));
        workers.loops.spawn(repeat(app.clone(), "export", Bell::None, |app| async move { export::run_once(&app).await }));
        workers.loops.spawn(repeat(app.clone(), "fill", Bell::None, |app| async move { fill::run_once(&app).await }));
        workers.loops.spawn(housekeeping(app.clone()));
        workers.loops.spawn(disposal(app.clone()));
        let sealer = Arc::new(Sealer::keeping(HeadKey::of(&app.keyring().match_secret), Kept::beside(&app.config().security.keyring)));
        workers.sealer = Some(sealer.clone());
        workers.loops.spawn(repeat(app.clone(), "seal", Bell::None, move |app| {
            let sealer = sealer.clone();
            async move { seal_some(&app, &sealer).await }
        }));
        for lanes in lanes(app.db().backend()) {
            workers.loops.spawn(repeat(app.clone(), "process", Bell::Envelopes, move |app| {
                let lanes = lanes.clone();
                async move { process::run_once(&app, &lanes).await.map(|done| done > 0) }
            }));
        }
        for channel in app.channels().iter() {
            let (dispatcher, recorder) = Dispatcher::start(app, channel);
            workers.loops.spawn(dispatcher.run());
            workers.recorders.push(recorder);
            for poller in Poller::all_of(app, &workers.intake, channel) {
                workers.loops.spawn(poller.run());
            }
            if let Some(lister) = Lister::of(app, &workers.intake, channel) {
                workers.loops.spawn(lister.run());
            }
            if let Some(listener) = Listener::of(app, &workers.intake, channel) {
                workers.loops.spawn(listener.run());
            }
        }
        workers
    }

    /// The way into the store, for the web edge.
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Stops: no new step begins, those under way end, what was handed over is answered and written down, what was leased and
    /// not begun runs out by itself. Takes at most a little longer than a call may.
    pub async fn stop(self) -> anyhow::Result<()> {
        let patience = tokio::time::Instant::now() + LONGEST_CALL + AFTER_CALL;
        self.app.stop().cancel();
        self.loops.close();
        let ended = tokio::time::timeout(Duration::from_secs(40), self.loops.wait()).await.context("a worker did not stop in time");
        if let Err(error) = fan_out::release(&self.app).await {
            tracing::warn!(%error, "the fan-out was not given back; it waits for its lease to run out");
        }
        for recorder in self.recorders {
            if tokio::time::timeout_at(patience, recorder).await.is_err() {
                tracing::warn!("hand-overs were under way at the end; they are settled as doubtful");
            }
        }
        // What was noted in the last second is sealed as well.
        while let Some(sealer) = &self.sealer {
            if !seal_some(&self.app, sealer).await.context("the last entries of the audit log were not sealed")? {
                break;
            }
        }
        drop(self.intake);
        // The web server may still hold its clone of intake: then the writer ends with the process.
        let _still_held = tokio::time::timeout(AFTER_CALL, self.writer).await;
        ended
    }
}

/// SQLite has one writer, so one processor; PostgreSQL takes several, each with lanes of its own.
fn lanes(backend: Backend) -> Vec<Vec<i64>> {
    let processors = match backend {
        Backend::Sqlite => 1,
        Backend::Postgres => 4,
    };
    (0..processors).map(|processor| (0..LANES).filter(|lane| lane % processors == processor).collect()).collect()
}

#[derive(Clone, Copy)]
enum Bell {
    FanOut,
    Envelopes,
    None,
}

async fn repeat<F>(app: App, name: &'static str, bell: Bell, step: impl Fn(App) -> F)
where
    F: Future<Output = diesel::QueryResult<bool>>,
{
    let stop = app.stop().clone();
    while !stop.is_cancelled() {
        // Listening begins before looking, so that a bell between the two is heard.
        let rang = async {
            match bell {
                Bell::FanOut => app.wake().fan_out_rang().await,
                Bell::Envelopes => app.wake().envelopes_rang().await,
                Bell::None => std::future::pending().await,
            }
        };
        tokio::pin!(rang);
        let _armed = futures_util::poll!(&mut rang);
        match step(app.clone()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(worker = name, %error, "a step failed; waiting for the database"),
        }
        tokio::select! {
            // Intake rings with every commit, several hundred times a second: what comes within a moment is taken up together.
            () = rang => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(POLL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Seals a batch; gives whether more wait.
async fn seal_some(app: &App, sealer: &Sealer) -> diesel::QueryResult<bool> {
    match sealer.run_once(app.db()).await? {
        SealOutcome::Nothing => Ok(false),
        SealOutcome::Sealed(head, more) => {
            metrics::gauge!("huecry_audit_refused").set(0.0);
            tracing::debug!(%head, "the audit log was sealed");
            Ok(more)
        }
        SealOutcome::Refused(refusal) => {
            metrics::gauge!("huecry_audit_refused").set(1.0);
            tracing::error!(%refusal, "the audit log is not sealed any more: run `huecry audit verify` and see docs/evidence.md");
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(false)
        }
    }
}

async fn relay(app: App) {
    let stop = app.stop().clone();
    while !stop.is_cancelled() {
        tokio::select! {
            ended = app.wake().relay(app.config().database.direct()) => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "wake-ups between nodes are interrupted; polling goes on");
                }
            }
            () = stop.cancelled() => return,
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Keeps this node's number: ids bear it, and no two nodes may have the same.
async fn number(app: App) {
    let stop = app.stop().clone();
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = stop.cancelled() => return,
        }
        if let Err(error) = app.keep_number().await {
            tracing::warn!(%error, "this node's number cannot be held; it is tried again");
        }
    }
}

async fn housekeeping(app: App) {
    let stop = app.stop().clone();
    let mut rounds = (0..HOURLY).cycle();
    let mut told = 0;
    loop {
        let hourly = rounds.next() == Some(0);
        if let Err(error) = tidy(&app, hourly).await {
            tracing::warn!(%error, "housekeeping failed; it is tried again");
        }
        if let Err(error) = tell_head(&app, &mut told).await {
            tracing::warn!(%error, "how far the audit log is sealed cannot be read; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Disposes of what is past its time, hourly. The first round waits a minute: a start has more urgent things to do.
async fn disposal(app: App) {
    let stop = app.stop().clone();
    let mut pause = Duration::from_secs(60);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = Duration::from_secs(3_600);
        match retention::run(&app).await {
            Ok(disposed) => {
                for gone in disposed.iter().filter(|gone| gone.count > 0) {
                    tracing::info!(rule = gone.kind.as_str(), count = gone.count, "disposed of what is past its time");
                }
            }
            Err(error) => tracing::warn!(%error, "disposal failed; it is tried again in an hour"),
        }
    }
}

/// Says in the log how far the audit log is sealed: a copy out of reach of whoever can write to the database.
async fn tell_head(app: &App, told: &mut i64) -> diesel::QueryResult<()> {
    let (head, _, unsealed) = seal::head(&mut app.read().await?).await?;
    for (name, count) in [("huecry_audit_sealed", head.seq), ("huecry_audit_unsealed", unsealed)] {
        metrics::gauge!(name).set(u32::try_from(count).map_or(f64::MAX, f64::from));
    }
    if head.seq > *told {
        *told = head.seq;
        tracing::info!(%head, "the audit log is sealed up to here");
    }
    Ok(())
}

async fn tidy(app: &App, hourly: bool) -> diesel::QueryResult<()> {
    after_opt_out::show();
    let (waiting, parked) = {
        let mut conn = app.read().await?;
        (envelopes::count_waiting(&mut conn).await?, envelopes::count_of(&mut conn, "parked").await?)
    };
    for (name, count) in [("huecry_envelopes_waiting", waiting), ("huecry_envelopes_parked", parked)] {
        metrics::gauge!(name).set(u32::try_from(count).map_or(f64::MAX, f64::from));
    }
    let now = app.now();
    let mut conn = app.write().await?;
    sessions::delete_expired(&mut conn, now).await?;
    drop(conn);
    claim::forget(app).await?;
    undo::forget(app).await?;
    if !hourly {
        return Ok(());
    }
    intake::forget(app).await?;
    guesses::forget(app).await?;
    months::look_ahead(app).await?;
    bounds::look(app, &SQLITE).await?;
    hygiene::give_up_waiting(app).await
}

/// Waits for the signal to stop.
pub async fn stopped() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
