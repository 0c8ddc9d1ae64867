//! Dispatch: takes deliveries from the outbox to their channel and records what came of it. One loop a channel.
//!
//! The only room besides `inbound` that uses channels. `gate` says how many may leave now, by what all nodes agree on; what
//! leaves is written `sending` in the transaction that claims it, so that a crash leaves only that in doubt; `render` makes
//! the words; `record` writes the results, and only then is the place free. No connection is held while a provider is called.

mod call;
mod domains;
mod gate;
mod line;
mod record;
mod render;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use diesel::QueryResult;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};

use super::breaker::Trial;
use super::reroute::{self, Moved};
use crate::app::App;
use crate::channels::registry::Channel;
use crate::domain::At;
use crate::store::{Conn, alerts, outbox};

pub(crate) use call::LONGEST_CALL;
use call::{Seen, Words};
use domains::{Admitted, Domains, Place};
pub(super) use gate::Turn;
use gate::{Gate, Taken};
use record::Sent;
use render::AlertCopy;
pub use render::message_id;
pub(super) use render::text_of;

/// A channel that does not send for so long is stood in for: what heals sooner is not worth a move.
const SHORT_MS: i64 = 3_000;
/// When the channel that stands in has enough, or nothing that waits may go by it: until it may again, or something else waits.
const ENOUGH: Duration = Duration::from_secs(1);
const ENOUGH_MS: i64 = 1_000;
const NOTHING_MS: i64 = 5_000;
/// How long a sleeper waits for a bell before it looks anyway.
const POLL: Duration = Duration::from_secs(2);
/// How often what is past its time is looked for while nothing leaves.
const EXPIRY_MS: i64 = 30_000;
/// How often what has fallen due is brought back, and how many at a time.
const BRING_MS: i64 = 50;
const BROUGHT: i64 = 1_000;
/// A provider that asks for so much patience (`Retry-After`) is as good as down for the text at hand.
const LONG_WAIT_MS: i64 = 5_000;

/// One channel's way out.
#[derive(Clone)]
pub struct Dispatcher {
    app: App,
    channel: Arc<Channel>,
    gate: Arc<Gate>,
    places: Arc<Semaphore>,
    domains: Domains,
    results: mpsc::Sender<Sent>,
    texts: Arc<Mutex<HashMap<i64, Arc<AlertCopy>>>>,
    /// When what is past its time was last looked for; milliseconds since 1970.
    swept_at: Arc<AtomicI64>,
    /// Before when nothing is looked for that could go by another channel; milliseconds since 1970.
    divert_at: Arc<AtomicI64>,
    /// When what has fallen due was last brought back, and when the queues were last looked through.
    brought_at: Arc<AtomicI64>,
    tended_at: Arc<AtomicI64>,
}

impl Dispatcher {
    /// A dispatcher and the task that records its results.
    pub fn start(app: &App, channel: &Arc<Channel>) -> (Self, tokio::task::JoinHandle<()>) {
        let (results, inbox) = mpsc::channel(1_024);
        let gate = Arc::new(Gate::of(channel));
        let dispatcher = Self {
            app: app.clone(),
            channel: channel.clone(),
            gate: gate.clone(),
            places: Arc::new(Semaphore::new(usize::from(channel.concurrency))),
            domains: Domains::of(channel),
            results,
            texts: Arc::default(),
            swept_at: Arc::default(),
            divert_at: Arc::default(),
            brought_at: Arc::default(),
            tended_at: Arc::default(),
        };
        let recorder = tokio::spawn(record::record(app.clone(), gate, inbox));
        (dispatcher, recorder)
    }

    /// Works until the process stops.
    pub async fn run(self) {
        let stop = self.app.stop().clone();
        while !stop.is_cancelled() {
            // Listening begins before looking, so that a bell between the two is heard.
            let rang = self.app.wake().outbox_rang();
            tokio::pin!(rang);
            let _armed = futures_util::poll!(&mut rang);
            match self.step().await {
                Ok(Some(wait)) => {
                    tokio::select! {
                        () = rang => {}
                        () = tokio::time::sleep(wait) => {}
                        () = stop.cancelled() => {}
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(channel.name = %self.channel.name, %error, "the outbox cannot be read; waiting for the database");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// One claim; gives how long to sleep if no bell rings, or nothing if there may be more at once.
    async fn step(&self) -> QueryResult<Option<Duration>> {
        let taken = self.claim().await?;
        if let Some(shut_ms) = taken.shut_ms.filter(|_| taken.leaving.is_empty()) {
            return self.while_shut(taken.wait.unwrap_or(POLL), shut_ms).await;
        }
        let (some, wait) = (taken.held > 0 || !taken.leaving.is_empty(), taken.wait);
        if !some && taken.is_narrow {
            // All that waits is for domains that are full, or nothing does: a place there is waited for, or the next look.
            tokio::select! {
                () = self.domains.freed() => {}
                () = self.app.wake().outbox_rang() => {}
                () = tokio::time::sleep(POLL) => {}
                () = self.app.stop().cancelled() => {}
            }
            return Ok(None);
        }
        self.hand_over(taken.leaving).await;
        if taken.is_well && self.gate.fetches() {
            self.fetch().await.inspect_err(|_| self.gate.sent_away())?;
        }
        match wait {
            _ if some => Ok(None),
            Some(wait) => Ok(Some(wait.min(POLL))),
            None => self.until_due().await.map(Some),
        }
    }

    /// Claims what leaves in the next moment and hands it over; gives how many were claimed.
    pub async fn run_once(&self) -> QueryResult<usize> {
        let taken = self.claim().await?;
        let count = taken.leaving.len();
        self.hand_over(taken.leaving).await;
        Ok(count)
    }

    /// How long to sleep if no bell rings: until the next retry is due, or until it is time to look anyway. Never nothing, so
    /// that a delivery another node is taking at this moment is not waited for in a circle.
    async fn until_due(&self) -> QueryResult<Duration> {
        let due = outbox::next_due(&mut self.app.read().await?, &self.channel.name).await?;
        let wait_ms = due.map_or(i64::MAX, |due| due.since_ms(self.app.now())).max(50);
        Ok(POLL.min(Duration::from_millis(wait_ms.unsigned_abs())))
    }

    /// Takes as many as there are places, permits and deliveries.
    async fn claim(&self) -> QueryResult<Claimed> {
        if self.waits_for_its_line() {
            return Ok(Claimed { wait: Some(POLL), ..Claimed::default() });
        }
        let first = tokio::select! {
            place = self.places.clone().acquire_owned() => place,
            // Those under way may take as long as a call does: nothing more is claimed.
            () = self.app.stop().cancelled() => return Ok(Claimed::default()),
        };
        let Ok(first) = first else { return Ok(Claimed::default()) };
        let mut places = vec![first];
        while let Ok(place) = self.places.clone().try_acquire_owned() {
            places.push(place);
        }
        let now = self.app.now();
        let mut conn = self.app.write().await?;
        self.tend(&mut conn, now).await?;
        let (free, seen) = (self.domains.free(), Seen::now(&self.app));
        let is_narrow = free.len() < self.domains.names().len();
        let taken: QueryResult<(Taken, Vec<Option<Place>>)> = conn
            .transaction_by_index(async |conn| {
                let mut taken = self.gate.take(conn, &self.app, places.len(), &free, now).await?;
                let admitted = self.admit(conn, &mut taken).await?;
                if let Some(trial) = taken.trial.filter(|_| taken.leaving.is_empty()) {
                    self.gate.not_tried(conn, &self.app, trial).await?;
                }
                Ok((taken, admitted))
            })
            .await;
        // A transaction that failed may have used up permits that nothing left by.
        let (Taken { leaving, held, wait, shut_ms, is_well, trial }, admitted) = taken.inspect_err(|_| self.gate.forget())?;
        let all = leaving.into_iter().zip(admitted).zip(places);
        let leaving = all.map(|(((delivery, at), domain), place)| Leaving { delivery, at, trial, seen, domain, place }).collect();
        Ok(Claimed { leaving, held, wait, shut_ms, is_well, is_narrow })
    }

    /// Takes places at the domains that have a limit; what finds none there waits in its domain's own queue, and its permit is
    /// another's.
    async fn admit(&self, conn: &mut Conn, taken: &mut Taken) -> QueryResult<Vec<Option<Place>>> {
        let (mut leaving, mut places, mut permits) = (Vec::new(), Vec::new(), Vec::new());
        let mut back: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (delivery, at) in std::mem::take(&mut taken.leaving) {
            let place = match self.domains.admit(&delivery.address) {
                Admitted::NotNow(queue) => {
                    back.entry(queue).or_default().push(delivery.id);
                    permits.push(at);
                    continue;
                }
                Admitted::Freely => None,
                Admitted::By(place) => Some(place),
            };
            leaving.push((delivery, at));
            places.push(place);
        }
        taken.leaving = leaving;
        for (queue, ids) in &back {
            taken.held += outbox::put_back(conn, ids, queue).await?;
        }
        if !permits.is_empty() {
            self.gate.give_back(&permits);
        }
        Ok(places)
    }

    /// Brings back what has fallen due; and, now and then, what waits in the queue of a domain that has no limit any more.
    async fn tend(&self, conn: &mut Conn, now: At) -> QueryResult<()> {
        let is_time = |last: &AtomicI64, every_ms: i64| {
            // Whichever way the clock is put.
            let is_due = !(0..every_ms).contains(&(now.unix_ms() - last.load(Ordering::Relaxed)));
            if is_due {
                last.store(now.unix_ms(), Ordering::Relaxed);
            }
            is_due
        };
        if is_time(&self.brought_at, BRING_MS) {
            outbox::bring_due(conn, &self.channel.name, &self.domains.names(), BROUGHT, now).await?;
        }
        if is_time(&self.tended_at, EXPIRY_MS) {
            let mut queue = String::new();
            while let Some(next) = outbox::next_queue(conn, &self.channel.name, &queue).await? {
                queue = next;
                if queue.starts_with('@') && !self.domains.has(&queue) {
                    let moved = outbox::dissolve(conn, &self.channel.name, &queue, BROUGHT).await?;
                    tracing::info!(channel.name = %self.channel.name, queue, moved, "the domain has no limit any more");
                    if moved > 0 {
                        // The next claim moves on.
                        self.tended_at.store(0, Ordering::Relaxed);
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether the line to the carrier is away: a node that has one may take what waits. Where another channel stands in, it is
    /// claimed all the same: a hand-over that fails is what moves it there.
    fn waits_for_its_line(&self) -> bool {
        let away = self.channel.smpp().is_some_and(|smpp| smpp.bond().borrow().is_err());
        away && reroute::fallback(&self.app, &self.channel).is_none()
    }

    /// While the channel does not send: what can goes by another, and what is past its time ends.
    async fn while_shut(&self, wait: Duration, shut_ms: i64) -> QueryResult<Option<Duration>> {
        let mut wait = wait.min(POLL);
        if shut_ms >= SHORT_MS
            && let Some(to) = reroute::fallback(&self.app, &self.channel)
        {
            match self.divert(to).await? {
                Moved::Some(_) => return Ok(None),
                Moved::Enough(_) => wait = wait.min(ENOUGH),
                Moved::Nothing | Moved::Shut => {}
            }
        }
        let now = self.app.now();
        if now.unix_ms() - self.swept_at.load(Ordering::Relaxed) >= EXPIRY_MS {
            let ended = outbox::expire(&mut self.app.write().await?, &self.channel.name, now).await?;
            if ended > 0 {
                tracing::info!(channel.name = %self.channel.name, ended, "what waited is past its time");
                return Ok(None);
            }
            self.swept_at.store(now.unix_ms(), Ordering::Relaxed);
        }
        Ok(Some(wait))
    }

    /// Gives what waits to the channel that stands in, as much as that may hand over soon.
    async fn divert(&self, to: &Channel) -> QueryResult<Moved> {
        let now = self.app.now();
        if (1..=NOTHING_MS).contains(&(self.divert_at.load(Ordering::Relaxed) - now.unix_ms())) {
            return Ok(Moved::Nothing);
        }
        let mut conn = self.app.write().await?;
        let moved = conn.transaction_by_index(async |conn| reroute::divert(conn, &self.app, &self.channel, to, now).await).await?;
        drop(conn);
        match moved {
            Moved::Some(count) | Moved::Enough(count) if count > 0 => {
                tracing::info!(channel.name = %self.channel.name, to = %to.name, count, "texts go by the other channel");
                self.gate.sent_away();
                self.app.wake().outbox();
            }
            _ => {}
        }
        // A bell rings for each text that is queued: that is no reason to look each time. And to know that nothing may go, all that waits
        // was read through.
        let rest_ms = match moved {
            Moved::Some(_) => 0,
            Moved::Enough(_) | Moved::Shut => ENOUGH_MS,
            Moved::Nothing => NOTHING_MS,
        };
        self.divert_at.store(now.unix_ms() + rest_ms, Ordering::Relaxed);
        Ok(moved)
    }

    /// The channel is well: what is with the one that stands in and was not tried there comes back.
    async fn fetch(&self) -> QueryResult<()> {
        let Some(to) = reroute::fallback(&self.app, &self.channel) else { return Ok(()) };
        let now = self.app.now();
        let mut conn = self.app.write().await?;
        let (count, is_more) = conn.transaction_by_index(async |conn| reroute::fetch(conn, &self.app, &self.channel, to, now).await).await?;
        if is_more {
            self.gate.sent_away();
        }
        if count > 0 {
            tracing::info!(channel.name = %self.channel.name, from = %to.name, count, "texts come back: the channel sends again");
        }
        Ok(())
    }

    /// Hands over what was taken, each in a task of its own at its permit's moment.
    async fn hand_over(&self, leaving: Vec<Leaving>) {
        let mut copies: HashMap<i64, Option<Arc<AlertCopy>>> = HashMap::new();
        for leaving in leaving.iter().filter(|leaving| leaving.delivery.purpose == "alert") {
            let alert_id = leaving.delivery.source_id;
            if let std::collections::hash_map::Entry::Vacant(place) = copies.entry(alert_id) {
                place.insert(self.copy_of(alert_id).await);
            }
        }
        for leaving in leaving {
            let words = match copies.get(&leaving.delivery.source_id).filter(|_| leaving.delivery.purpose == "alert") {
                None => Words::ItsOwn,
                Some(None) => Words::Unread,
                Some(Some(copy)) => Words::Of(copy.clone()),
            };
            tokio::spawn(self.clone().call(leaving, words));
        }
    }

    /// An alert's words; none if the database does not give them now.
    async fn copy_of(&self, alert_id: i64) -> Option<Arc<AlertCopy>> {
        let mut texts = self.texts.lock().await;
        if let Some(copy) = texts.get(&alert_id) {
            return Some(copy.clone());
        }
        match self.read_copy(alert_id).await {
            Ok(copy) => {
                if texts.len() >= 64 {
                    texts.clear();
                }
                texts.insert(alert_id, copy.clone());
                Some(copy)
            }
            Err(error) => {
                tracing::warn!(alert.id = alert_id, %error, "an alert's text cannot be read");
                None
            }
        }
    }

    async fn read_copy(&self, alert_id: i64) -> QueryResult<Arc<AlertCopy>> {
        let mut conn = self.app.read().await?;
        let alert = alerts::get(&mut conn, alert_id).await?;
        let texts = alerts::list_texts(&mut conn, alert_id, alert.version).await?;
        Ok(Arc::new(AlertCopy { alert, texts }))
    }
}

/// A delivery on its way: `sending` is written, a place is taken.
struct Leaving {
    delivery: crate::store::deliveries::DeliveryRow,
    /// Not before.
    at: std::time::Instant,
    trial: Option<Trial>,
    /// When it was claimed.
    seen: Seen,
    domain: Option<Place>,
    place: OwnedSemaphorePermit,
}

#[derive(Default)]
struct Claimed {
    leaving: Vec<Leaving>,
    held: usize,
    wait: Option<Duration>,
    shut_ms: Option<i64>,
    is_well: bool,
    /// Mail to domains that are full was passed over.
    is_narrow: bool,
}
