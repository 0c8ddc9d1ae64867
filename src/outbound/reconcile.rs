//! Hand-overs whose fate is unknown: ask the provider where it can tell, else follow the alert's stated choice.
//!
//! Never silent: what stays unknown is `unconfirmed`, and it is listed on the alert's page as is what was sent again.

use std::collections::BTreeSet;

use diesel::QueryResult;

use super::{dispatch, receipts};
use crate::app::App;
use crate::channels::Doubtful;
use crate::channels::registry::ChannelKind;
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::store::deliveries::{AttemptRow, DeliveryRow};
use crate::store::outbox::{self, Sources};
use crate::store::{alerts, deliveries};

/// Longer than asking the provider about a hundred of them takes.
const LEASE_MS: i64 = 300_000;

/// How far the provider's clock may be behind ours.
const CLOCK_SLACK_MS: i64 = 5_000;
/// A lease that ended so long ago would have been seen before, had the clock not been put on or everything been down.
const LONG_AGO_MS: i64 = 300_000;
/// Longer than any call may take.
const LONGEST_CALL_MS: i64 = 45_000;
/// A provider that does not answer the question is asked again, for so long.
const ASK_AGAIN_MS: i64 = 10_000;
const PATIENCE_MS: i64 = 600_000;

/// Settles what is in doubt now; gives how many there were.
pub async fn run_once(app: &App) -> QueryResult<usize> {
    let doubtful = {
        let mut conn = app.write().await?;
        conn.transaction(async |conn| {
            let odd = outbox::straighten(conn, LONG_AGO_MS, LONGEST_CALL_MS).await?;
            if odd > 0 {
                tracing::warn!(odd, "the database's clock was put on or back, or nobody looked for long: hand-overs may still be under way");
            }
            outbox::claim_in_doubt(conn, app.owner(), LEASE_MS).await
        })
        .await?
    };
    // One question that is not answered in time is enough: the others would wait as long.
    let mut silent = BTreeSet::new();
    for delivery in &doubtful {
        let answer = if silent.contains(&delivery.channel) { Answer::NotNow } else { ask(app, delivery).await? };
        if matches!(answer, Answer::NotNow) {
            silent.insert(delivery.channel.clone());
        }
        settle(app, delivery, answer).await?;
    }
    Ok(doubtful.len())
}

async fn settle(app: &App, delivery: &DeliveryRow, found: Answer) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    match found {
        Answer::Taken(provider_id) => {
            tracing::info!(delivery.id, "the provider has a hand-over whose answer was lost");
            conn.transaction(async |conn| {
                outbox::record_accepted(conn, &[(delivery.id, provider_id.clone())], Sources::of([delivery.source_id]), now).await?;
                receipts::apply_early(conn, app, &[(delivery, &provider_id)], now).await
            })
            .await
        }
        Answer::NotTaken => {
            let why = "the provider never had it; sent again";
            outbox::retry_at(&mut conn, delivery.id, app.owner(), due(delivery, now), "not_taken", why).await.map(|_| ())
        }
        Answer::NotNow => {
            let code = delivery.error_code.as_deref().unwrap_or("interrupted");
            let why = "it may or may not have arrived; the provider does not answer the question yet";
            outbox::leave_in_doubt(&mut conn, delivery.id, app.owner(), ASK_AGAIN_MS, code, why).await.map(|_| ())
        }
        Answer::CannotTell => {
            let again = match delivery.alert_id.filter(|_| delivery.purpose == "alert") {
                // Once more and no oftener: a relay that is always too slow would have everybody mailed without end.
                Some(alert_id) => delivery.attempts < 2 && alerts::get(&mut conn, alert_id).await?.send_again_on_doubt,
                None => false,
            };
            tracing::warn!(delivery.id, again, "the fate of a hand-over is unknown");
            if again {
                conn.transaction(async |conn| {
                    let why = "its first hand-over may have arrived; sent again, as the alert says";
                    if outbox::retry_at(conn, delivery.id, app.owner(), due(delivery, now), "doubtful", why).await? > 0 {
                        deliveries::note_sent_again(conn, sent_again(app, delivery, now)).await?;
                    }
                    Ok(())
                })
                .await
            } else {
                let code = delivery.error_code.as_deref().unwrap_or("interrupted");
                outbox::advance(&mut conn, &[delivery.id], Status::Unconfirmed, Some(code), Some("it may or may not have arrived"), now).await.map(|_| ())
            }
        }
    }
}

/// At once, whichever way our clock has been put: it was due when it left.
fn due(delivery: &DeliveryRow, now: At) -> At {
    delivery.next_attempt_at.min(now)
}

/// The attempt of which nobody knows, and that another follows.
fn sent_again(app: &App, delivery: &DeliveryRow, now: At) -> AttemptRow {
    AttemptRow {
        id: app.next_id(),
        delivery_id: delivery.id,
        number: delivery.attempts,
        outcome: "sent_again".to_owned(),
        provider_message_id: None,
        error_code: Some(delivery.error_code.clone().unwrap_or_else(|| "interrupted".to_owned())),
        error_detail: Some("it may or may not have arrived".to_owned()),
        finished_at: now,
    }
}

enum Answer {
    Taken(String),
    NotTaken,
    /// It could be asked, and did not answer.
    NotNow,
    CannotTell,
}

async fn ask(app: &App, delivery: &DeliveryRow) -> QueryResult<Answer> {
    let Some(channel) = app.channels().find(&delivery.channel) else {
        return Ok(Answer::CannotTell);
    };
    if !matches!(channel.kind, ChannelKind::Sms { .. }) {
        return Ok(Answer::CannotTell);
    }
    let began = delivery.sending_at.unwrap_or(delivery.created_at);
    let body = {
        let mut conn = app.read().await?;
        match delivery.alert_id.filter(|_| delivery.purpose == "alert") {
            Some(id) => {
                let alert = alerts::get(&mut conn, id).await?;
                let texts = alerts::list_texts(&mut conn, id, alert.version).await?;
                dispatch::text_of(app, delivery, Some((&alert, &texts)))
            }
            None => dispatch::text_of(app, delivery, None),
        }
    };
    let Some(body) = body else {
        return Ok(Answer::CannotTell);
    };
    let (from, to) = (delivery.sender.clone(), delivery.address.clone());
    // An alert's words have its reference, and go to nobody twice: whatever our clock said, an equal text is this one.
    let since = if delivery.purpose == "alert" { began.min(delivery.created_at).minus_days(1) } else { began };
    let doubtful = Doubtful { delivery_id: delivery.id, from, to, body, since: since.plus_ms(-CLOCK_SLACK_MS) };
    let now = app.now();
    Ok(match channel.look_up(&doubtful, now).await {
        Some(Ok(Some(accepted))) => Answer::Taken(accepted.provider_message_id),
        Some(Ok(None)) => Answer::NotTaken,
        Some(Err(_)) if now.since_ms(began) < PATIENCE_MS => Answer::NotNow,
        Some(Err(_)) | None => Answer::CannotTell,
    })
}
