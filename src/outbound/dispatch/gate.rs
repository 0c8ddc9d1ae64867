//! A node's side of a channel's gate: what it last saw of it, the permits it has reserved, and the writing of what it learnt.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::QueryResult;

use crate::app::App;
use crate::channels::registry::Channel;
use crate::domain::At;
use crate::outbound::breaker::{Admission, Cause, State, Verdict};
use crate::outbound::pace::{self, Stock};
use crate::store::deliveries::DeliveryRow;
use crate::store::gates::{self, GateRow};
use crate::store::outbox::Apart;
use crate::store::{Conn, outbox};

/// Longer than any provider call and the wait for its permit may take.
const SENDING_MS: i64 = 60_000;

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
    /// The channel does not send, and will not for a while.
    pub(super) is_shut: bool,
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
        }
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what may leave within the next moment, at most so many. Must run in a transaction.
    pub(super) async fn take(&self, conn: &mut Conn, app: &App, most: usize, apart: &[Apart], now: At) -> QueryResult<Taken> {
        let permits = self.stock().take(Instant::now(), most);
        if permits.is_empty() {
            return self.look(conn, app, most, apart, now).await;
        }
        let claimed = outbox::take(conn, &self.channel, app.owner(), count(permits.len()), SENDING_MS, apart, now).await?;
        self.stock().give_back(permits.get(claimed.leaving.len()..).unwrap_or_default());
        self.used.fetch_add(count(claimed.leaving.len()), Ordering::Relaxed);
        Ok(Taken { leaving: claimed.leaving.into_iter().zip(permits).collect(), held: claimed.held, ..Taken::default() })
    }

    /// The same where nothing is reserved: by the gate itself.
    async fn look(&self, conn: &mut Conn, app: &App, most: usize, apart: &[Apart], now: At) -> QueryResult<Taken> {
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let looked = Instant::now();
        let before = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).replace(looked);
        let used = self.used.swap(0, Ordering::Relaxed);
        let first_time = !self.tried.swap(true, Ordering::Relaxed);
        let state = state_of(&gate, at);
        self.suspect.fetch_or(state != State::Closed, Ordering::Relaxed);
        if let Some(until) = gate.paused_until.filter(|until| *until > at) {
            return Ok(Taken { wait: Some(between(at, until)), is_shut: until.since_ms(at) >= super::LONG_WAIT_MS, ..Taken::default() });
        }
        let mended = matches!(state, State::Open { cause: Cause::Ours, .. }) && first_time;
        let under_way = match (if mended { state.hurried(at) } else { state }).admits(at) {
            Admission::None { until } => return Ok(Taken { wait: Some(between(at, until)), is_shut: true, ..Taken::default() }),
            Admission::Trial(state) => Some(state),
            Admission::All => None,
        };
        let room = pace::room(gate.free_at, at, self.rate_per_s);
        if room.count == 0 {
            let wait_ms = pace::wait_ms(gate.free_at, at, self.rate_per_s);
            return Ok(Taken { wait: Some(Duration::from_millis(wait_ms.unsigned_abs())), ..Taken::default() });
        }
        let wanted = if under_way.is_some() { 1 } else { room.count.min(count(most)) };
        let claimed = outbox::take(conn, &self.channel, app.owner(), wanted, SENDING_MS, apart, now).await?;
        let left = count(claimed.leaving.len());
        if left == 0 {
            return Ok(Taken { held: claimed.held, ..Taken::default() });
        }
        // While more waits, as many as were used since the last look are reserved beyond these: that saves looks.
        let busy = before.is_some_and(|before| looked.duration_since(before) < Duration::from_millis(300));
        let more = if left == wanted && busy && under_way.is_none() { used.min(room.count - left).max(0) } else { 0 };
        let mut next = GateRow { free_at: pace::after(&room, left + more, self.rate_per_s), ..gate };
        if let Some(state) = under_way {
            next = with_state(next, state);
        }
        gates::put(conn, &next).await?;
        self.used.fetch_add(left, Ordering::Relaxed);
        let permits = {
            let mut stock = self.stock();
            stock.clear();
            stock.add(looked, room.first_at.since_us(at), left + more, self.rate_per_s);
            stock.take(looked, claimed.leaving.len())
        };
        let moments = permits.into_iter().chain(std::iter::repeat(looked));
        Ok(Taken { leaving: claimed.leaving.into_iter().zip(moments).collect(), held: claimed.held, ..Taken::default() })
    }

    /// Nothing leaves for so long, on any node: the provider asked for it.
    pub(super) async fn pause(&self, conn: &mut Conn, pause_ms: i64) -> QueryResult<()> {
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let until = at.plus_ms(pause_ms);
        self.stock().clear();
        if gate.paused_until.is_none_or(|known| known < until) {
            tracing::info!(channel.name = %self.channel, pause_ms, "the provider asks for patience");
            gates::put(conn, &GateRow { paused_until: Some(until), ..gate }).await?;
        }
        Ok(())
    }

    /// Writes what this node heard of the channel. Must run in the transaction that records the results.
    pub(super) async fn hear(&self, conn: &mut Conn, verdict: Verdict) -> QueryResult<Turn> {
        if verdict == Verdict::Close && !self.suspect.load(Ordering::Relaxed) {
            return Ok(Turn::None);
        }
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let before = state_of(&gate, at);
        let after = before.after(verdict, at);
        if before != after {
            gates::put(conn, &with_state(gate, after)).await?;
        }
        self.suspect.store(after != State::Closed, Ordering::Relaxed);
        if after != State::Closed {
            // What is reserved would go past it.
            self.stock().clear();
        }
        Ok(match (before, after) {
            (State::Closed, State::Open { cause, .. }) => Turn::Opened(cause),
            (State::Open { cause: was, .. }, State::Open { cause, .. }) if was != cause => Turn::Opened(cause),
            // A notice may stand of a time before there was a gate.
            (_, State::Closed) => Turn::Closed,
            _ => Turn::None,
        })
    }

    /// Takes back the permits of what did not leave after all. Where nothing did, a trial is not counted as under way: another may
    /// be made at once.
    pub(super) async fn give_back(&self, conn: &mut Conn, permits: &[Instant], nothing_left: bool) -> QueryResult<()> {
        self.stock().give_back(permits);
        self.used.fetch_sub(count(permits.len()), Ordering::Relaxed);
        if !nothing_left || !self.suspect.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (gate, at) = gates::lock(conn, &self.channel).await?;
        let state = state_of(&gate, at);
        if state != State::Closed {
            self.stock().clear();
            gates::put(conn, &with_state(gate, state.hurried(at))).await?;
        }
        Ok(())
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

fn with_state(gate: GateRow, state: State) -> GateRow {
    match state {
        State::Closed => GateRow { cause: None, trials: 0, next_trial_at: None, ..gate },
        State::Open { cause, trials, next_trial_at } => GateRow { cause: Some(cause.as_str().to_owned()), trials, next_trial_at: Some(next_trial_at), ..gate },
    }
}

fn between(at: At, until: At) -> Duration {
    Duration::from_millis(until.since_ms(at).max(1).unsigned_abs())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
