//! What came of hand-overs, written down in batches. A place is free again once its result is: so never more are in doubt
//! than a channel may have under way.

use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::LONG_WAIT_MS;
use super::domains::Place;
use super::gate::Gate;
use crate::app::App;
use crate::channels::{Accepted, SendError};
use crate::domain::At;
use crate::outbound::breaker::{self, Heard, Said, Trial, Verdict, Word};
use crate::outbound::retry::{self, Next};
use crate::outbound::{after_opt_out, blocks, hygiene, receipts, reroute, standing};
use crate::store::Conn;
use crate::store::deliveries::{self, AttemptRow, DeliveryRow};
use crate::store::outbox::{self, Sources};
use crate::store::wake::Change;

/// A provider lists what it took a little after it took it: asked at once, it might say no.
const BEFORE_ASKING_MS: i64 = 15_000;
/// However long a provider wants us to wait, it is asked again after this.
const LONGEST_PAUSE_MS: i64 = 600_000;

/// A hand-over that ended.
pub(super) struct Sent {
    pub(super) delivery: DeliveryRow,
    /// Of the alert that it is a copy of.
    pub(super) reference: Option<String>,
    pub(super) result: Result<Accepted, SendError>,
    /// What it tried besides, if it was a trial.
    pub(super) trial: Option<Trial>,
    /// When the provider was called.
    pub(super) called_at: At,
    /// A place at the domain, where it has a limit; and the channel's. Held until the result is written.
    pub(super) _domain: Option<Place>,
    pub(super) _place: OwnedSemaphorePermit,
}

/// What a batch says of the channel.
#[derive(Default)]
struct Told {
    verdicts: Vec<(Verdict, Option<SendError>)>,
    /// How long it wants us to wait.
    pause_ms: Option<i64>,
}

/// Records results in batches until every dispatcher is gone.
pub(super) async fn record(app: App, gate: Arc<Gate>, mut inbox: mpsc::Receiver<Sent>) {
    let mut batch = Vec::new();
    let mut heard = Heard::default();
    while inbox.recv_many(&mut batch, 1_024).await > 0 {
        let told = listen(&mut heard, &gate, &batch, app.now());
        // What is known is held on to until the database heals; meanwhile the places stay taken and nothing more leaves. Only
        // at a stop is it given up: then it stays `sending`, and is settled as doubtful.
        let mut attempt = 0_u64;
        while let Err(error) = store_results(&app, &gate, &batch, &told).await {
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

fn listen(heard: &mut Heard, gate: &Gate, batch: &[Sent], now: At) -> Told {
    let (mut told, mut failed, mut is_reached) = (Told::default(), Vec::new(), false);
    for sent in batch {
        let result = sent.result.as_ref().map(|_| ());
        let said = said(sent);
        let verdict = heard.hear(said, now);
        // Where one says what the last did, the last tells why.
        if told.verdicts.last().is_some_and(|(known, _)| *known == verdict) {
            told.verdicts.pop();
        }
        if verdict != Verdict::Nothing {
            told.verdicts.push((verdict, result.err().cloned()));
        }
        is_reached = said.word != Word::Cut;
        if matches!(said.word, Word::Fails | Word::Cut) && (said.is_first || said.trial.is_some()) {
            failed.push(said.id);
        }
        let pause_ms = result.err().filter(|error| !error.ours).and_then(|error| error.retry_after_ms).filter(|wait_ms| *wait_ms > 0);
        told.pause_ms = told.pause_ms.max(pause_ms.map(|wait_ms| wait_ms.min(LONGEST_PAUSE_MS)));
    }
    gate.note(batch.iter().any(|sent| sent.result.is_ok()), failed, heard.denied(), is_reached);
    told
}

fn said(sent: &Sent) -> Said<'_> {
    let result = sent.result.as_ref().map(|_| ());
    Said {
        word: breaker::word(result),
        code: result.err().map_or("", |error| &error.code),
        id: sent.delivery.id,
        // Counted when it was taken.
        is_first: sent.delivery.attempts <= 1,
        trial: sent.trial,
    }
}

async fn store_results(app: &App, gate: &Gate, batch: &[Sent], told: &Told) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction_by_index(async |conn| {
        let attempts = batch.iter().map(|sent| attempt_row(app, sent, now)).collect();
        deliveries::insert_attempts(conn, attempts).await?;
        let accepted: Vec<(&DeliveryRow, &str)> =
            batch.iter().filter_map(|sent| sent.result.as_ref().ok().map(|accepted| (&sent.delivery, accepted.provider_message_id.as_str()))).collect();
        let ids: Vec<(i64, String)> = accepted.iter().map(|(delivery, id)| (delivery.id, (*id).to_owned())).collect();
        let sources = Sources::of(accepted.iter().map(|(delivery, _)| delivery.source_id));
        outbox::record_accepted(conn, &ids, sources, now).await?;
        receipts::apply_early(conn, app, &accepted, now).await?;
        for sent in batch {
            if let Err(error) = &sent.result {
                settle(conn, app, gate, sent, error, now).await?;
            }
        }
        if let Some(pause_ms) = told.pause_ms {
            gate.pause(conn, pause_ms).await?;
        }
        for (verdict, reason) in &told.verdicts {
            let turn = gate.hear(conn, app, *verdict).await?;
            standing::act(conn, app, gate.channel(), turn, reason.as_ref()).await?;
        }
        Ok::<_, diesel::result::Error>(())
    })
    .await?;
    drop(conn);
    after_opt_out::watch(app, batch.iter().filter(|sent| sent.result.is_ok()).map(|sent| (&sent.delivery, sent.called_at))).await;
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
        // Counted when it was taken.
        number: sent.delivery.attempts,
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

async fn settle(conn: &mut Conn, app: &App, gate: &Gate, sent: &Sent, error: &SendError, now: At) -> QueryResult<()> {
    let (delivery, jitter, owner): (_, f64, &str) = (&sent.delivery, rand::random(), app.owner());
    if error.opted_out {
        blocks::note(conn, app, delivery, &error.code, now).await?;
    }
    // What is refused as a trial is refused as all are, perhaps.
    let as_all = matches!(sent.trial, Some(Trial::Channel(_))) && breaker::word(Err(error)) == Word::Denies;
    let next = if as_all { retry::decide_trial(error, delivery.attempts, jitter) } else { retry::decide(error, delivery.attempts, jitter) };
    match next {
        // Certainly not taken, and not to be had for a while: it leaves by the other channel, if one stands in.
        Next::Later { .. } if is_long(error) && elsewhere(conn, app, gate, delivery, now).await? => 1,
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
async fn elsewhere(conn: &mut Conn, app: &App, gate: &Gate, delivery: &DeliveryRow, now: At) -> QueryResult<bool> {
    let Some(from) = app.channels().find(&delivery.channel) else { return Ok(false) };
    let Some(to) = reroute::fallback(app, from) else { return Ok(false) };
    let moved = reroute::divert_one(conn, app, delivery, from, to, now).await?;
    if moved {
        gate.sent_away();
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
