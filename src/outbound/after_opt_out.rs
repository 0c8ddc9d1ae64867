//! Counts what was handed over to somebody who had opted out: `huecry_sent_after_optout`, which is to stay 0.
//!
//! Looked at when a hand-over is recorded, from the moment of its call and that of the suppression alone: apart from what decides
//! whether something may leave, which may be wrong.

use diesel::QueryResult;

use crate::app::App;
use crate::domain::At;
use crate::domain::delivery::Purpose;
use crate::store::deliveries::DeliveryRow;
use crate::store::suppressions::{self, SuppressionRow};

/// What is under way when an opt-out comes cannot be called back: so long it may still leave.
const GRACE_MS: i64 = 1_000;

/// Shows the figure, before there is anything to count.
pub fn show() {
    count(0);
}

fn count(more: u32) {
    metrics::gauge!("huecry_sent_after_optout").increment(f64::from(more));
}

/// Looks at what was handed over, each with the moment of its call, and counts what should not have been.
pub(super) async fn watch(app: &App, handed_over: impl Iterator<Item = (&DeliveryRow, At)>) {
    let handed_over: Vec<(&DeliveryRow, At)> = handed_over.collect();
    match late(app, &handed_over).await {
        Ok(late) => {
            count(u32::try_from(late.len()).unwrap_or(u32::MAX));
            for (delivery, called_at) in late {
                tracing::error!(delivery.id, at = %called_at.rfc3339(), "handed over to somebody who had opted out");
            }
        }
        // Nothing depends on it; the next look tells again whether the database answers.
        Err(error) => tracing::warn!(%error, "whether somebody who had opted out was sent to cannot be told"),
    }
}

async fn late<'a>(app: &App, handed_over: &[(&'a DeliveryRow, At)]) -> QueryResult<Vec<(&'a DeliveryRow, At)>> {
    if handed_over.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Vec<u8>> = handed_over.iter().map(|(delivery, _)| delivery.match_key.clone()).collect();
    let standing = suppressions::list_standing(&mut app.read().await?, &keys).await?;
    let objects = |delivery: &DeliveryRow, at: At| standing.iter().any(|row| row.match_key == delivery.match_key && is_after(row, delivery, at));
    Ok(handed_over.iter().filter(|(delivery, at)| objects(delivery, *at)).copied().collect())
}

/// Whether this was sent against that objection.
fn is_after(row: &SuppressionRow, delivery: &DeliveryRow, called_at: At) -> bool {
    let purpose: Option<Purpose> = delivery.purpose.parse().ok();
    // A code is asked for by whoever wants to come back; only STOP stands against it.
    let passes = purpose.is_some_and(Purpose::passes_suppression) || (purpose == Some(Purpose::Code) && row.reason != "stop");
    let covers = row.channel == "all" || row.channel == delivery.channel_kind;
    covers && !passes && called_at.since_ms(row.created_at) > GRACE_MS
}
