//! A node's side of a channel's gate: what it last saw of it, the permits it has reserved, and the writing of what it learnt.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::QueryResult;

use super::line::{Line, Way};
use crate::app::App;
use crate::channels::registry::Channel;
use crate::domain::At;
use crate::outbound::breaker::{Admission, Cause, State, Trial, Verdict};
use crate::outbound::hygiene;
use crate::outbound::pace::{self, Stock};
use crate::store::deliveries::DeliveryRow;
use crate::store::gates::{self, GateRow};
use crate::store::outbox::Apart;
use crate::store::{Conn, outages, outbox};

/// Longer than any provider call and the wait for its permit may take.
const SENDING_MS: i64 = 60_000;
/// What failed so long before a channel was known not to send failed for that.
const BEFORE: Duration = Duration::from_secs(60);
/// So many at most are brought forward when it sends again: the others' waits are short, or they were waiting already.
const BROUGHT_FORWARD: usize = 500;
/// That something was taken is written down as often, where nothing else is.
const TAKEN_MS: i64 = 1_000;

/// One channel's gate as this node knows it.
pub(super) struct Gate {
    channel: String,
    rate_per_s: u32,
    stock: Mutex<Stock>,
    /// How many left since the last look at the gate, which says how many permits the next look is worth.
    used: AtomicI64,
    looked_at: Mutex<Option<Instant>>,
    /// Whether the channel may be open as far as this node knows; at first it cannot know.
    suspect: AtomicBool,
    /// A new process may hold what was mended: it tries at once.
    tried: AtomicBool,
    /// This node's own way to the provider.
    line: Mutex<Line>,
    /// Something was taken, and that is not written down yet.
    took: AtomicBool,
    kept: Mutex<Kept>,
    /// Something of this channel may be with the one that stands in.
    away: AtomicBool,
}

/// What this node handed over lately that was not taken.
#[derive(Default)]
struct Kept {
    failed: VecDeque<(Instant, i64)>,
    denied: (String, Vec<i64>),
    since: Option<Instant>,
}

impl Kept {
    /// What an outage put off, once it is over, and nothing else: an address that fails by itself keeps its wait.
    fn failed(&mut self, state: State) -> Vec<i64> {
        if state != State::Closed {
            self.since.get_or_insert_with(Instant::now);
            return Vec::new();
        }
        let Some(since) = self.since.take() else { return Vec::new() };
        std::mem::take(&mut self.failed).into_iter().filter(|(failed_at, _)| *failed_at + BEFORE >= since).map(|(_, id)| id).collect()
    }

    /// What was refused for good, with the code, once it is known that it was us who were: whichever node found out. Not forgotten
    /// here: the transaction that queues it again may fail.
    fn denied(&self, state: State) -> (String, Vec<i64>) {
        if matches!(state, State::Open { cause: Cause::Ours, .. }) { self.denied.clone() } else { <(String, Vec<i64>)>::default() }
    }
}

/// What a claim came to.
#[derive(Default)]
pub(super) struct Taken {
    /// What leaves, each with the moment of its permit.
    pub(super) leaving: Vec<(DeliveryRow, Instant)>,
    /// How many were held back.
    pub(super) held: usize,
    /// When to come again, if that is known.
    pub(super) wait: Option<Duration>,
    /// The channel does not send, and will not for a while: since so many milliseconds.
    pub(super) shut_ms: Option<i64>,
    /// It takes what it is handed.
    pub(super) is_well: bool,
    /// What leaves is a trial.
    pub(super) trial: Option<Trial>,
}

/// What a verdict did to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outbound) enum Turn {
    /// Nothing that is worth telling.
    None,
    /// It does not send from now on, for this reason.
    Opened(Cause),
    /// It sends again.
    Closed,
}

impl Gate {
    pub(super) fn of(channel: &Channel) -> Self {
        Self {
            channel: channel.name.clone(),
            rate_per_s: channel.rate_per_s,
            stock: Mutex::default(),
            used: AtomicI64::default(),
            looked_at: Mutex::default(),
            suspect: AtomicBool::new(true),
            tried: AtomicBool::default(),
            line: Mutex::default(),
            took: AtomicBool::default(),
            kept: Mutex::default(),
            away: AtomicBool::new(true),
        }
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what may leave within the next moment, at most so many. Must run in a transaction.
    pub(super) async fn take(&self, conn: &mut Conn, app: &App, most: usize, apart: &[Apart], now: At) -> QueryResult<Taken> {
        let is_whole = self.line().way(Instant::now()) == Way::Open;
        let permits = if is_whole { self.stock().take(Instant::now(), most) } else { Vec::new() };
        if permits.is_empty() {
            return self.look(conn, app, most, apart, now).await;
        }
        let claimed = outbox::take(conn, &self.channel, app.owner(), count(permits.len()), SENDING_MS, apart, now).await?;
        self.stock().give_back(permits.get(claimed.leaving.len()..).unwrap_or_default());
        self.used.fetch_add(count(claimed.leaving.len()), Ordering::Relaxed);
        Ok(Taken { leaving: claimed.leaving.into_iter().zip(permits).collect(), held: claimed.held, is_well: true, ..Taken::default() })
    }

    /// The same where nothing is reserved: by the gate itself.
    async fn look(&self, conn: &mut Conn, app: &App, most: usize, apart: &[Apart], now: At) -> QueryResult<Taken> {
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let looked = Instant::now();
        let before = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).replace(looked);
        let used = self.used.swap(0, Ordering::Relaxed);
        let state = state_of(&gate, at);
        self.heed(conn, state, now).await?;
        self.suspect.fetch_or(state != State::Closed, Ordering::Relaxed);
        let admitted = match self.admits(&gate, state, at) {
            Ok(admitted) => admitted,
            Err(not_now) => return Ok(not_now),
        };
        let (is_well, way) = (admitted == Admission::All, self.line().way(looked));
        if let Way::Rest(wait) = way {
            let shut_ms = (!is_well).then(|| shut_ms(&gate, at));
            return Ok(Taken { wait: Some(wait), shut_ms, is_well, ..Taken::default() });
        }
        let room = pace::room(gate.free_at, at, self.rate_per_s);
        if room.count == 0 {
            let wait_ms = pace::wait_ms(gate.free_at, at, self.rate_per_s);
            return Ok(Taken { wait: Some(Duration::from_millis(wait_ms.unsigned_abs())), is_well, ..Taken::default() });
        }
        let trial = match (state, way) {
            (State::Open { cause, .. }, _) => Some(Trial::Channel(cause)),
            (State::Closed, Way::Open) => None,
            (State::Closed, _) => Some(Trial::Line),
        };
        let wanted = if trial.is_some() { 1 } else { room.count.min(count(most)) };
        let claimed = match trial {
            Some(_) => outbox::take_trial(conn, &self.channel, app.owner(), SENDING_MS, apart, now).await?,
            None => outbox::take(conn, &self.channel, app.owner(), wanted, SENDING_MS, apart, now).await?,
        };
        let left = count(claimed.leaving.len());
        if left == 0 {
            self.tell_taken(conn, app, gate, at).await?;
            return Ok(Taken { held: claimed.held, is_well, ..Taken::default() });
        }
        // While more waits, as many as were used since the last look are reserved beyond these: that saves looks.
        let busy = before.is_some_and(|before| looked.duration_since(before) < Duration::from_millis(300));
        let more = if left == wanted && busy && trial.is_none() { used.min(room.count - left).max(0) } else { 0 };
        let mut next = self.with_taken(GateRow { free_at: pace::after(&room, left + more, self.rate_per_s), ..gate }, app, at);
        if let Admission::Trial(state) = admitted {
            next = with_state(next, state, at);
        }
        gates::put(conn, &next).await?;
        self.line().tried(looked);
        self.used.fetch_add(left, Ordering::Relaxed);
        let permits = {
            let mut stock = self.stock();
            stock.clear();
            stock.add(looked, room.first_at.since_us(at), left + more, self.rate_per_s);
            stock.take(looked, claimed.leaving.len())
        };
        let moments = permits.into_iter().chain(std::iter::repeat(looked));
        Ok(Taken { leaving: claimed.leaving.into_iter().zip(moments).collect(), held: claimed.held, is_well, trial, ..Taken::default() })
    }

    /// Whether everything may leave, or a trial; otherwise when to come again.
    fn admits(&self, gate: &GateRow, state: State, at: At) -> Result<Admission, Taken> {
        let first_time = !self.tried.swap(true, Ordering::Relaxed);
        let shut_ms = shut_ms(gate, at);
        if let Some(until) = gate.paused_until.filter(|until| *until > at) {
            let is_long = until.since_ms(at) >= super::LONG_WAIT_MS || state != State::Closed;
            return Err(Taken { wait: Some(between(at, until)), shut_ms: is_long.then_some(shut_ms), ..Taken::default() });
        }
        let mended = matches!(state, State::Open { cause: Cause::Ours, .. }) && first_time;
        match (if mended { state.hurried(at) } else { state }).admits(at) {
            Admission::None { until } => Err(Taken { wait: Some(between(at, until)), shut_ms: Some(shut_ms), ..Taken::default() }),
            admitted => Ok(admitted),
        }
    }

    /// Notes on the gate that this node's hand-overs are taken: another that gets nothing through knows by it that the fault is its own.
    fn with_taken(&self, gate: GateRow, app: &App, at: At) -> GateRow {
        if !self.took.swap(false, Ordering::Relaxed) {
            return gate;
        }
        GateRow { taken_at: Some(at), taken_by: Some(app.owner().to_owned()), ..gate }
    }

    /// The same where nothing else is written.
    async fn tell_taken(&self, conn: &mut Conn, app: &App, gate: GateRow, at: At) -> QueryResult<()> {
        let is_known = gate.taken_at.is_some_and(|taken_at| at.since_ms(taken_at).abs() < TAKEN_MS);
        if is_known || !self.took.load(Ordering::Relaxed) {
            return Ok(());
        }
        let gate = self.with_taken(gate, app, at);
        gates::put(conn, &gate).await.map(|_| ())
    }

    /// Nothing leaves for so long, on any node: the provider asked for it.
    pub(super) async fn pause(&self, conn: &mut Conn, pause_ms: i64) -> QueryResult<()> {
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let until = at.plus_ms(pause_ms);
        self.stock().clear();
        if gate.paused_until.is_none_or(|known| known < until) {
            tracing::info!(channel.name = %self.channel, pause_ms, "the provider asks for patience");
            let opened_at = Some(shut_since(&gate, at).unwrap_or(at));
            gates::put(conn, &GateRow { paused_until: Some(until), opened_at, ..gate }).await?;
        }
        Ok(())
    }

    /// What a batch of hand-overs came to: whether anything was taken, which failed, which were refused one after the other and by which
    /// code, and whether the last reached the provider.
    pub(super) fn note(&self, is_taken: bool, failed: Vec<i64>, (code, denied): (&str, &[i64]), is_reached: bool) {
        if is_taken {
            self.took.store(true, Ordering::Relaxed);
        }
        if is_reached {
            self.line().mended();
        }
        let (now, mut kept) = (Instant::now(), self.kept());
        kept.failed.extend(failed.into_iter().map(|id| (now, id)));
        let excess = kept.failed.len().saturating_sub(BROUGHT_FORWARD);
        kept.failed.drain(..excess);
        kept.denied = (code.to_owned(), denied.to_vec());
    }

    /// Does what follows from where the channel stands for what this node handed over lately: see [`Kept`].
    async fn heed(&self, conn: &mut Conn, state: State, now: At) -> QueryResult<()> {
        let ((code, denied), failed) = {
            let mut kept = self.kept();
            (kept.denied(state), kept.failed(state))
        };
        if !failed.is_empty() {
            outages::bring_forward(conn, &self.channel, &failed, now).await?;
        }
        if !denied.is_empty() {
            for delivery in outages::revive(conn, &denied, &code, now).await? {
                if delivery.channel_kind == "sms" {
                    hygiene::clear(conn, &delivery.match_key).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes what this node heard of the channel. Must run in the transaction that records the results.
    pub(super) async fn hear(&self, conn: &mut Conn, app: &App, verdict: Verdict) -> QueryResult<Turn> {
        if verdict == Verdict::Nothing || verdict == Verdict::Close && !self.suspect.load(Ordering::Relaxed) {
            return Ok(Turn::None);
        }
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let before = state_of(&gate, at);
        let after = match verdict {
            Verdict::Cut { trial } => self.without_line(&gate, app, before, trial, at),
            verdict => before.after(verdict, at),
        };
        if before != after {
            let gate = self.with_taken(gate, app, at);
            gates::put(conn, &with_state(gate, after, at)).await?;
        }
        self.heed(conn, after, app.now()).await?;
        self.suspect.store(after != State::Closed, Ordering::Relaxed);
        if after != State::Closed {
            // What is reserved would go past it.
            self.stock().clear();
        }
        Ok(match (before, after) {
            (State::Closed, State::Open { cause, .. }) => Turn::Opened(cause),
            (State::Open { cause: was, .. }, State::Open { cause, .. }) if was != cause => Turn::Opened(cause),
            // A notice may stand of a time before there was a gate.
            (_, State::Closed) if verdict == Verdict::Close => Turn::Closed,
            _ => Turn::None,
        })
    }

    /// Where the channel stands now that this node does not reach the provider.
    fn without_line(&self, gate: &GateRow, app: &App, before: State, trial: bool, at: At) -> State {
        let (now, mut line) = (Instant::now(), self.line());
        if before != State::Closed {
            let after = if trial { before.after(Verdict::Failed, at) } else { before };
            if let (true, State::Open { next_trial_at, .. }) = (trial, after) {
                line.leave_next(at, next_trial_at.since_ms(at), now);
            }
            return after;
        }
        let others_took_at = gate.taken_at.filter(|_| gate.taken_by.as_deref() != Some(app.owner()));
        if line.is_everybodys(trial, others_took_at, at, now) {
            return before.after(Verdict::Open(Cause::Outage), at);
        }
        tracing::error!(channel.name = %self.channel, "this machine does not reach the provider, and rests; others go on if they do");
        self.stock().clear();
        before
    }

    /// A trial did not leave: another may be made soon.
    pub(super) async fn not_tried(&self, conn: &mut Conn, app: &App, trial: Trial) -> QueryResult<()> {
        match trial {
            Trial::Channel(_) => self.hear(conn, app, Verdict::Again).await.map(|_| ()),
            Trial::Line => {
                self.line().not_tried(Instant::now());
                Ok(())
            }
        }
    }

    /// Something of this channel went to the one that stands in for it.
    pub(super) fn sent_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    /// Whether something may be there that can come back; asked once.
    pub(super) fn fetches(&self) -> bool {
        self.away.swap(false, Ordering::Relaxed)
    }

    /// Takes back the permits of what did not leave after all.
    pub(super) fn give_back(&self, permits: &[Instant]) {
        self.stock().give_back(permits);
        self.used.fetch_sub(count(permits.len()), Ordering::Relaxed);
    }

    /// Forgets what is reserved, as when the channel turned out not to send.
    pub(super) fn forget(&self) {
        self.stock().clear();
    }
}

fn state_of(gate: &GateRow, at: At) -> State {
    match gate.cause.as_deref().and_then(|word| word.parse().ok()) {
        Some(cause) => State::Open { cause, trials: gate.trials, next_trial_at: gate.next_trial_at.unwrap_or(at) },
        None => State::Closed,
    }
}

fn with_state(gate: GateRow, state: State, at: At) -> GateRow {
    let since = shut_since(&gate, at);
    match state {
        State::Closed => {
            let is_paused = gate.paused_until.is_some_and(|until| until > at);
            GateRow { cause: None, trials: 0, next_trial_at: None, opened_at: since.filter(|_| is_paused), ..gate }
        }
        State::Open { cause, trials, next_trial_at } => {
            GateRow { cause: Some(cause.as_str().to_owned()), trials, next_trial_at: Some(next_trial_at), opened_at: Some(since.unwrap_or(at)), ..gate }
        }
    }
}

/// For how long nothing leaves but a trial, given that it is so.
fn shut_ms(gate: &GateRow, at: At) -> i64 {
    gate.opened_at.map_or(i64::MAX, |opened_at| at.since_ms(opened_at))
}

/// Since when nothing leaves but a trial, if that is so.
fn shut_since(gate: &GateRow, at: At) -> Option<At> {
    let is_shut = gate.cause.is_some() || gate.paused_until.is_some_and(|until| until > at);
    gate.opened_at.filter(|_| is_shut)
}

fn between(at: At, until: At) -> Duration {
    Duration::from_millis(until.since_ms(at).max(1).unsigned_abs())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
