//! Hand-overs whose fate is unknown: ask the provider where it can tell, else follow the alert's stated choice.
//!
//! Never silent: what stays unknown is `unconfirmed`, and it is listed on the alert's page as is what was sent again.

use diesel::QueryResult;

use super::{dispatch, receipts};
use crate::app::App;
use crate::channels::Doubtful;
use crate::channels::registry::ChannelKind;
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::store::deliveries::{AttemptRow, DeliveryRow};
use crate::store::{alerts, deliveries, outbox};

/// Longer than asking the provider about a hundred of them takes.
const LEASE_MS: i64 = 300_000;

/// How far the provider's clock may be behind ours.
const CLOCK_SLACK_MS: i64 = 5_000;

/// Settles what is in doubt now; gives how many there were.
pub async fn run_once(app: &App) -> QueryResult<usize> {
    let doubtful = {
        let mut conn = app.write().await?;
        conn.transaction(async |conn| outbox::claim_in_doubt(conn, app.owner(), LEASE_MS).await).await?
    };
    for delivery in &doubtful {
        settle(app, delivery).await?;
    }
    Ok(doubtful.len())
}

async fn settle(app: &App, delivery: &DeliveryRow) -> QueryResult<()> {
    let now = app.now();
    let found = ask(app, delivery).await?;
    let mut conn = app.write().await?;
    match found {
        Answer::Taken(provider_id) => {
            tracing::info!(delivery.id, "the provider has a hand-over whose answer was lost");
            conn.transaction(async |conn| {
                outbox::record_accepted(conn, &[(delivery.id, provider_id.clone())], now).await?;
                receipts::apply_early(conn, app, &[(delivery, &provider_id)], now).await
            })
            .await
        }
        Answer::NotTaken => {
            let why = "the provider never had it; sent again";
            outbox::retry_at(&mut conn, delivery.id, app.owner(), due(delivery, now), "not_taken", why).await.map(|_| ())
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
    let doubtful = Doubtful { delivery_id: delivery.id, from, to, body, since: began.plus_ms(-CLOCK_SLACK_MS) };
    Ok(match channel.look_up(&doubtful, app.now()).await {
        Some(Ok(Some(accepted))) => Answer::Taken(accepted.provider_message_id),
        Some(Ok(None)) => Answer::NotTaken,
        Some(Err(_)) | None => Answer::CannotTell,
    })
}
