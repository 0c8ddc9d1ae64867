//! Dispatch: takes leased deliveries to their channel and records what came of it. One loop a channel.
//!
//! The only room besides `inbound` that uses channels. No connection is held while a provider is called. `sending` is
//! written durably just before the call, so that a crash leaves only those in doubt.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use diesel::QueryResult;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{Mutex, Semaphore, mpsc};

use super::retry::{self, Next};
use super::standing::{self, Standing, Step};
use super::{blocks, compose, hygiene, receipts, reroute};
use crate::app::App;
use crate::channels::email::smtp::OutgoingMail;
use crate::channels::registry::{Channel, ChannelKind};
use crate::channels::{Accepted, OutgoingText, SendError};
use crate::domain::delivery::Purpose;
use crate::domain::token::{self, TokenIn, Use};
use crate::domain::{At, Phone};
use crate::store::alerts::{self, AlertRow, AlertTextRow};
use crate::store::deliveries::{self, AttemptRow, DeliveryRow};
use crate::store::outbox;
use crate::store::wake::Change;

/// How long a leased delivery waits for its call before another worker may take it.
const LEASE_MS: i64 = 20_000;
/// Longer than any provider call may take.
const SENDING_MS: i64 = 60_000;
/// After this a call counts as unanswered.
const LONGEST_CALL: Duration = Duration::from_secs(45);
/// A provider lists what it took a little after it took it: asked at once, it might say no.
const BEFORE_ASKING_MS: i64 = 15_000;
/// At most so many are claimed at a time.
const LARGEST_BATCH: i64 = 1_000;
/// What a claim should last for.
const MOMENT: Duration = Duration::from_millis(200);
/// How long a sleeper waits for a bell before it looks anyway.
const POLL: Duration = Duration::from_secs(2);
const POLL_MS: i64 = 2_000;
/// How often a channel that is down is tried while another stands in its place.
const TRY_MS: i64 = 10_000;
/// A provider that asks for so much patience (`Retry-After`) is as good as down for the text at hand.
const LONG_WAIT_MS: i64 = 5_000;

/// One channel's way out.
#[derive(Clone)]
pub struct Dispatcher {
    app: App,
    channel: Arc<Channel>,
    rate: Arc<DefaultDirectRateLimiter>,
    places: Arc<Semaphore>,
    results: mpsc::Sender<Sent>,
    texts: Arc<Mutex<HashMap<i64, Arc<AlertCopy>>>>,
    /// Whether the last hand-overs say that the channel does not send.
    down: Arc<AtomicBool>,
    /// When one was last sent by a channel that is down, to see whether it heals; milliseconds since 1970.
    tried_at: Arc<AtomicI64>,
    pace: Arc<Pace>,
}

struct AlertCopy {
    alert: AlertRow,
    texts: Vec<AlertTextRow>,
}

struct Sent {
    delivery: DeliveryRow,
    /// Of the alert that it is a copy of.
    reference: Option<String>,
    result: Result<Accepted, SendError>,
}

/// How many are claimed at a time: what leaves in a moment, so that one claim serves many and an urgent alert still need not
/// wait behind a long batch.
struct Pace {
    least: i64,
    most: i64,
    now: AtomicI64,
}

impl Pace {
    fn of(channel: &Channel) -> Self {
        // No more than half a second's worth of what the provider agreed to.
        let most = i64::from(channel.rate_per_s / 2).clamp(1, LARGEST_BATCH);
        let least = i64::from(channel.concurrency).clamp(1, most);
        Self { least, most, now: AtomicI64::new(least) }
    }

    fn batch(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// A full batch that was gone quickly may be larger the next time; one that dragged, smaller.
    fn took(&self, count: usize, time: Duration) {
        let batch = self.batch();
        let next = match () {
            () if time > MOMENT * 2 => batch / 2,
            () if time < MOMENT && i64::try_from(count).is_ok_and(|count| count >= batch) => batch.saturating_mul(2),
            () => batch,
        };
        self.now.store(next.clamp(self.least, self.most), Ordering::Relaxed);
    }
}

/// A delivery's words, ready to go.
enum Rendered {
    Text(OutgoingText),
    Mail(Box<OutgoingMail>),
}

impl Dispatcher {
    /// A dispatcher and the task that records its results.
    pub fn start(app: &App, channel: &Arc<Channel>) -> (Self, tokio::task::JoinHandle<()>) {
        let per_second = std::num::NonZeroU32::new(channel.rate_per_s).unwrap_or(std::num::NonZeroU32::MIN);
        let (results, inbox) = mpsc::channel(1_024);
        let dispatcher = Self {
            app: app.clone(),
            channel: channel.clone(),
            rate: Arc::new(RateLimiter::direct(Quota::per_second(per_second))),
            places: Arc::new(Semaphore::new(usize::from(channel.concurrency))),
            results,
            texts: Arc::default(),
            down: Arc::default(),
            tried_at: Arc::default(),
            pace: Arc::new(Pace::of(channel)),
        };
        let recorder = tokio::spawn(record(app.clone(), inbox, dispatcher.down.clone()));
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
            match self.run_once().await {
                Ok(0) => {
                    let wait = self.until_due().await;
                    tokio::select! {
                        () = rang => {}
                        () = tokio::time::sleep(wait) => {}
                        () = stop.cancelled() => {}
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(channel.name = %self.channel.name, %error, "the outbox cannot be read; waiting for the database");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// How long to sleep if no bell rings: until the next retry is due, or until it is time to look anyway. Never nothing, so
    /// that a delivery another node is taking at this moment is not waited for in a circle.
    async fn until_due(&self) -> Duration {
        let due = match self.app.read().await {
            Ok(mut conn) => outbox::next_due(&mut conn, &self.channel.name).await.ok().flatten(),
            Err(_) => None,
        };
        let wait_ms = due.map_or(i64::MAX, |due| due.since_ms(self.app.now())).max(50);
        POLL.min(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(u64::MAX)))
    }

    /// Claims what leaves in the next moment and hands it over as places fall free; gives how many were claimed.
    pub async fn run_once(&self) -> QueryResult<usize> {
        if self.waits_for_its_line() {
            return Ok(0);
        }
        let Ok(first) = self.places.clone().acquire_owned().await else {
            return Ok(0);
        };
        let now = self.app.now();
        let claimed = {
            let mut conn = self.app.write().await?;
            let (limit, owner) = (self.pace.batch(), self.app.owner());
            conn.transaction(async |conn| outbox::claim(conn, &self.channel.name, owner, limit, LEASE_MS, now).await).await?
        };
        if claimed.is_empty() {
            return Ok(0);
        }
        let (count, began) = (claimed.len(), tokio::time::Instant::now());
        let mut waiting = self.reroute(claimed).await?;
        let mut places = vec![first];
        while !waiting.is_empty() {
            if places.is_empty() {
                let Ok(place) = self.places.clone().acquire_owned().await else { return Ok(count) };
                places.push(place);
            }
            while places.len() < waiting.len() {
                match self.places.clone().try_acquire_owned() {
                    Ok(place) => places.push(place),
                    Err(_) => break,
                }
            }
            let rest = waiting.split_off(places.len().min(waiting.len()));
            for _ in 0..waiting.len() {
                self.rate.until_ready().await;
            }
            self.hand_over(waiting, std::mem::take(&mut places)).await?;
            waiting = rest;
        }
        self.pace.took(count, began.elapsed());
        Ok(count)
    }

    /// Whether the line to the carrier is away: a node that has one may take what waits. Where another channel stands in, it is
    /// claimed all the same: a hand-over that fails is what moves it there.
    fn waits_for_its_line(&self) -> bool {
        let away = self.channel.smpp().is_some_and(|smpp| smpp.bond().borrow().is_err());
        away && reroute::fallback(&self.app, &self.channel).is_none()
    }

    /// While the channel does not send and another stands in its place: all but one go there. What must stay is given back.
    async fn reroute(&self, mut claimed: Vec<DeliveryRow>) -> QueryResult<Vec<DeliveryRow>> {
        let Some(to) = reroute::fallback(&self.app, &self.channel).filter(|_| self.down.load(Ordering::Relaxed)) else { return Ok(claimed) };
        let now = self.app.now();
        // One tries, now and then.
        let tries = now.unix_ms() - self.tried_at.load(Ordering::Relaxed) >= TRY_MS;
        if tries {
            self.tried_at.store(now.unix_ms(), Ordering::Relaxed);
        }
        let waiting = claimed.split_off(usize::from(tries));
        if waiting.is_empty() {
            return Ok(claimed);
        }
        let mut conn = self.app.write().await?;
        let moved = conn.transaction(async |conn| reroute::hand_to(conn, &self.app, &waiting, to, now).await).await?;
        let ids: Vec<i64> = waiting.iter().map(|delivery| delivery.id).collect();
        outbox::put_off(&mut conn, &ids, self.app.owner(), now.plus_ms(POLL_MS)).await?;
        drop(conn);
        tracing::info!(channel.name = %self.channel.name, to = %to.name, moved, "texts go by the other channel");
        self.app.wake().outbox();
        Ok(claimed)
    }

    async fn hand_over(&self, claimed: Vec<DeliveryRow>, mut places: Vec<tokio::sync::OwnedSemaphorePermit>) -> QueryResult<()> {
        let ids: Vec<i64> = claimed.iter().map(|delivery| delivery.id).collect();
        // Everything that could fail is done before `sending` is written: after it, only the call is left.
        let mut copies = HashMap::new();
        for delivery in claimed.iter().filter(|delivery| delivery.purpose == "alert") {
            copies.insert(delivery.source_id, self.copy_of(delivery.source_id).await?);
        }
        let now = self.app.now();
        let leaving = {
            let mut conn = self.app.write().await?;
            conn.transaction(async |conn| outbox::mark_sending(conn, &ids, self.app.owner(), SENDING_MS, now).await).await?
        };
        for delivery in claimed.into_iter().filter(|delivery| leaving.contains(&delivery.id)) {
            let Some(place) = places.pop() else { break };
            let copy = copies.get(&delivery.source_id).filter(|_| delivery.purpose == "alert").cloned();
            let this = self.clone();
            tokio::spawn(async move {
                let rendered = render(&this.app, &delivery, copy.as_deref());
                let unanswered = || Err(SendError::in_doubt("no_answer", "the provider did not answer in time"));
                let result = tokio::time::timeout(LONGEST_CALL, this.send(rendered)).await.unwrap_or_else(|_| unanswered());
                // The recorder lives as long as any dispatcher does. While it cannot write, its queue fills and places stay taken.
                let reference = copy.map(|copy| copy.alert.reference.clone());
                let _kept = this.results.send(Sent { delivery, reference, result }).await;
                drop(place);
            });
        }
        Ok(())
    }

    async fn send(&self, rendered: Result<Rendered, SendError>) -> Result<Accepted, SendError> {
        match (rendered, &self.channel.kind) {
            (Ok(Rendered::Text(text)), ChannelKind::Sms { .. }) => self.channel.send_text(&text, self.app.now()).await,
            (Ok(Rendered::Mail(mail)), ChannelKind::Email { smtp, .. }) => smtp.send(&mail).await,
            (Ok(_), _) => Err(SendError::ours("channel", "the delivery is for a channel of another kind")),
            (Err(error), _) => Err(error),
        }
    }

    async fn copy_of(&self, alert_id: i64) -> QueryResult<Arc<AlertCopy>> {
        let mut texts = self.texts.lock().await;
        if let Some(copy) = texts.get(&alert_id) {
            return Ok(copy.clone());
        }
        let mut conn = self.app.read().await?;
        let alert = alerts::get(&mut conn, alert_id).await?;
        let list = alerts::list_texts(&mut conn, alert_id, alert.version).await?;
        if texts.len() >= 64 {
            texts.clear();
        }
        let copy = Arc::new(AlertCopy { alert, texts: list });
        texts.insert(alert_id, copy.clone());
        Ok(copy)
    }
}

fn render(app: &App, delivery: &DeliveryRow, copy: Option<&AlertCopy>) -> Result<Rendered, SendError> {
    let brand = &app.config().branding;
    let alert_text = copy.and_then(|copy| copy.texts.iter().find(|text| text.channel_kind == delivery.channel_kind).map(|text| (&copy.alert, text)));
    let missing = || SendError::ours("text", "the delivery has no text");
    if delivery.channel_kind == "sms" {
        let live =
            matches!(app.channels().find(&delivery.channel).map(|channel| &channel.kind), Some(ChannelKind::Sms { settings, .. }) if !settings.simulated);
        if live && Phone::parse(&delivery.address).is_ok_and(|phone| phone.is_drama()) {
            return Err(SendError::permanent("drama", "a number that is kept for films"));
        }
        let body = match alert_text {
            Some((alert, text)) if alert.two_way => compose::render_sms(&brand.name, &text.body, &alert.reference),
            Some((alert, text)) => compose::render_one_way_sms(&brand.name, &text.body, &alert.reference, &app.url("/account")),
            None => delivery.body.clone().ok_or_else(missing)?,
        };
        return Ok(Rendered::Text(OutgoingText {
            delivery_id: delivery.id,
            from: delivery.sender.clone(),
            to: delivery.address.clone(),
            body,
            status_url: app.url(&format!("/webhooks/sms/{}/status", delivery.channel)),
        }));
    }
    let key = app.keyring().signing().ok_or_else(|| SendError::ours("keyring", "there is no token key"))?;
    let token_in = match app.channels().find(&delivery.channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Email { settings, .. }) => settings.token_in,
        _ => TokenIn::Plus,
    };
    let leave_url = app.url(&format!("/leave/{}", token::sign(key, Use::Leave, &delivery.token)));
    let (subject, text) = match alert_text {
        Some((alert, text)) => {
            let code = token::delivery_code(key, &alert.reference, &delivery.match_key);
            let code = format!("{}-{code}", alert.reference);
            let footer = compose::Footer { brand: &brand.name, force: &brand.force, code: &code, leave_url: &leave_url };
            (text.subject.clone(), compose::render_email(&text.body, &footer))
        }
        None => (delivery.subject.clone().unwrap_or_else(|| brand.name.clone()), delivery.body.clone().ok_or_else(missing)?),
    };
    let purpose: Option<Purpose> = delivery.purpose.parse().ok();
    let domain = delivery.sender.rsplit('@').next().unwrap_or("localhost");
    let root = delivery.alert_id.map(|_| format!("alert.{}@{domain}", copy.map_or("updates", |copy| copy.alert.reference.as_str())));
    Ok(Rendered::Mail(Box::new(OutgoingMail {
        from_name: brand.name.clone(),
        from: delivery.sender.clone(),
        reply_to: with_token(token_in, &delivery.sender, &token::sign(key, Use::Reply, &delivery.token)),
        // RFC 3834 section 3.3: an automatic answer has the null return path, so that nothing can answer it.
        return_path: match purpose {
            Some(Purpose::Acknowledgement | Purpose::OptOutConfirmation | Purpose::Nudge) => String::new(),
            _ => with_token(token_in, &delivery.sender, &token::sign(key, Use::Bounce, &delivery.token)),
        },
        to: delivery.address.clone(),
        subject,
        text,
        message_id: message_id(key, &delivery.token, domain),
        in_reply_to: delivery.in_reply_to.clone(),
        references: match &delivery.reference_ids {
            Some(ids) => ids.split(' ').map(str::to_owned).collect(),
            None => root.into_iter().collect(),
        },
        auto_submitted: match purpose {
            Some(Purpose::Reply) => None,
            Some(Purpose::Alert | Purpose::Nudge | Purpose::Outcome) => Some("auto-generated"),
            _ => Some("auto-replied"),
        },
        unsubscribe_url: matches!(purpose, Some(Purpose::Alert | Purpose::Outcome)).then_some(leave_url),
        loop_mark: token::sign(key, Use::MessageId, &delivery.token),
    })))
}

/// The Message-ID of a delivery: its token with an HMAC, at our domain. Dots and upper case keep spam rules quiet (R3).
pub fn message_id(key: &token::TokenKey, random: &str, domain: &str) -> String {
    format!("HC.{}@{domain}", token::sign(key, Use::MessageId, random))
}

/// `alerts@x` with a token, where the channel wants it.
fn with_token(token_in: TokenIn, address: &str, token: &str) -> String {
    match (address.rsplit_once('@'), token_in) {
        (Some((local, domain)), TokenIn::Plus) => format!("{local}+{token}@{domain}"),
        (Some((_, domain)), TokenIn::CatchAll) => format!("{token}@{domain}"),
        (None, _) => address.to_owned(),
    }
}

/// Records results in batches until every dispatcher is gone.
async fn record(app: App, mut inbox: mpsc::Receiver<Sent>, down: Arc<AtomicBool>) {
    let mut batch = Vec::new();
    let mut standing = Standing::default();
    while inbox.recv_many(&mut batch, 1_024).await > 0 {
        let steps: Vec<(String, Step)> = batch
            .iter()
            .map(|sent: &Sent| (sent.delivery.channel.clone(), standing.hear(&sent.delivery.channel, sent.result.as_ref().map(|_| ()))))
            .filter(|(_, step)| *step != Step::Nothing)
            .collect();
        if let Some(last) = batch.last() {
            down.store(standing.is_down(&last.delivery.channel), Ordering::Relaxed);
        }
        // What is known is held on to until the database heals; meanwhile the places stay taken and nothing more leaves. Only
        // at a stop is it given up: then it stays `sending`, and is settled as doubtful.
        let mut attempt = 0_u64;
        while let Err(error) = store_results(&app, &batch, &steps).await {
            attempt += 1;
            tracing::warn!(%error, results = batch.len(), "results of hand-overs cannot be recorded yet");
            if app.stop().is_cancelled() && attempt > 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200 * attempt.min(10))).await;
        }
        batch.clear();
    }
}

async fn store_results(app: &App, batch: &[Sent], steps: &[(String, Step)]) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let attempts = batch.iter().map(|sent| attempt_row(app, sent, now)).collect();
        deliveries::insert_attempts(conn, attempts).await?;
        let accepted: Vec<(&DeliveryRow, &str)> =
            batch.iter().filter_map(|sent| sent.result.as_ref().ok().map(|accepted| (&sent.delivery, accepted.provider_message_id.as_str()))).collect();
        let ids: Vec<(i64, String)> = accepted.iter().map(|(delivery, id)| (delivery.id, (*id).to_owned())).collect();
        outbox::record_accepted(conn, &ids, now).await?;
        receipts::apply_early(conn, app, &accepted, now).await?;
        for sent in batch {
            if let Err(error) = &sent.result {
                settle(conn, app, &sent.delivery, error, now).await?;
            }
        }
        for (channel, step) in steps {
            standing::act(conn, app, channel, step.clone()).await?;
        }
        Ok::<_, diesel::result::Error>(())
    })
    .await?;
    drop(conn);
    let ids: Vec<String> = batch.iter().filter_map(|sent| sent.result.as_ref().ok()).map(|accepted| accepted.provider_message_id.clone()).collect();
    if let Err(error) = receipts::tie_again(app, &ids).await {
        // The results are recorded, and must not be a second time.
        tracing::warn!(%error, "receipts that came with their answers may wait untied");
    }
    report(app, batch);
    Ok(())
}

fn attempt_row(app: &App, sent: &Sent, now: At) -> AttemptRow {
    let error = sent.result.as_ref().err();
    AttemptRow {
        id: app.next_id(),
        delivery_id: sent.delivery.id,
        number: sent.delivery.attempts + 1,
        outcome: match error {
            None => "accepted",
            Some(error) if error.doubtful => "unknown",
            Some(error) if error.retryable => "retryable",
            Some(_) => "failed",
        }
        .to_owned(),
        provider_message_id: sent.result.as_ref().ok().map(|accepted| accepted.provider_message_id.clone()),
        error_code: error.map(|error| error.code.clone()),
        error_detail: error.map(|error| error.detail.clone()),
        finished_at: now,
    }
}

async fn settle(conn: &mut crate::store::Conn, app: &App, delivery: &DeliveryRow, error: &SendError, now: At) -> QueryResult<()> {
    let (jitter, owner): (f64, &str) = (rand::random(), app.owner());
    if error.opted_out {
        blocks::note(conn, app, delivery, &error.code, now).await?;
    }
    match retry::decide(error, delivery.attempts + 1, jitter) {
        // Certainly not taken, and not to be had for a while: it leaves by the other channel, if one stands in.
        Next::Later { .. } if is_long(error) && elsewhere(conn, app, delivery, now).await? => 1,
        Next::Later { wait_ms } => outbox::retry_at(conn, delivery.id, owner, now.plus_ms(wait_ms), &error.code, &error.detail).await?,
        Next::End(status) => {
            let moved = outbox::advance(conn, &[delivery.id], status, Some(&error.code), Some(&error.detail), now).await?;
            // A receipt may have told better already; then the number is as good as that says.
            if moved > 0 && delivery.channel_kind == "sms" {
                hygiene::heed(conn, app, delivery, status, now).await?;
            }
            moved
        }
        // Left `sending` with its lease run out: `reconcile` asks the provider, or lets the alert's choice decide.
        Next::Doubt => outbox::leave_in_doubt(conn, delivery.id, owner, BEFORE_ASKING_MS, &error.code, &error.detail).await?,
    };
    Ok(())
}

/// Whether the provider wants more patience than an urgent text has.
fn is_long(error: &SendError) -> bool {
    error.retry_after_ms.is_some_and(|wait_ms| wait_ms >= LONG_WAIT_MS)
}

/// Hands a text that its provider did not take to the channel that stands in for it; gives whether it went.
async fn elsewhere(conn: &mut crate::store::Conn, app: &App, delivery: &DeliveryRow, now: At) -> QueryResult<bool> {
    let Some(to) = app.channels().find(&delivery.channel).and_then(|from| reroute::fallback(app, from)) else { return Ok(false) };
    let moved = reroute::hand_to(conn, app, std::slice::from_ref(delivery), to, now).await? > 0;
    if moved {
        app.wake().outbox();
    }
    Ok(moved)
}

fn report(app: &App, batch: &[Sent]) {
    let mut alerts: Vec<i64> = batch.iter().filter_map(|sent| sent.delivery.alert_id).collect();
    alerts.sort_unstable();
    alerts.dedup();
    for sent in batch {
        metrics::counter!("huecry_handovers_total", "channel" => sent.delivery.channel.clone(), "outcome" => if sent.result.is_ok() { "accepted" } else { "failed" }).increment(1);
        if let Err(error) = &sent.result
            && error.ours
        {
            tracing::error!(delivery.id = sent.delivery.id, channel.name = %sent.delivery.channel, code = %error.code, detail = %error.detail, "a hand-over failed through our own fault");
        }
    }
    let reference = batch.iter().find_map(|sent| sent.reference.clone());
    if !alerts.is_empty() {
        app.wake().change(Change { kind: "alert".into(), alert: if alerts.len() == 1 { reference } else { None }, conversation: None });
        app.wake().change(Change { kind: "press".into(), alert: None, conversation: None });
    }
    if batch.iter().any(|sent| sent.delivery.conversation_id.is_some()) {
        app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: None });
    }
}

/// What is sent for an exact text, for the reconciler's look-up.
pub(super) fn text_of(app: &App, delivery: &DeliveryRow, alert: Option<(&AlertRow, &[AlertTextRow])>) -> Option<String> {
    let copy = alert.map(|(alert, texts)| AlertCopy { alert: alert.clone(), texts: texts.to_vec() });
    match render(app, delivery, copy.as_ref()) {
        Ok(Rendered::Text(text)) => Some(text.body),
        _ => None,
    }
}
