//! A carrier's word on what we handed over, applied by rank, with what it says of the number and of the provider's block.
//!
//! The same words end the same whenever they come: before our hand-over's own answer, after it, twice. Data comes from
//! `inbound` (receipts and bounces), and from `dispatch` and `reconcile` where the answer comes to which a receipt belongs.

use diesel::QueryResult;

use super::{blocks, hygiene};
use crate::app::App;
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::store::deliveries::DeliveryRow;
use crate::store::{Conn, deliveries, envelopes, outbox, receipts};

/// A receipt that came this long before the answer is not another hand-over's: ids may begin anew.
const EARLY_MS: i64 = 600_000;

/// Raises a delivery by a carrier's word; a word that does not raise it says nothing of the number either.
pub async fn apply(conn: &mut Conn, app: &App, delivery: &DeliveryRow, status: Status, code: Option<&str>, now: At) -> QueryResult<()> {
    let moved = outbox::advance(conn, &[delivery.id], status, code, None, now).await? > 0;
    if moved && delivery.channel_kind == "sms" {
        hygiene::heed(conn, app, delivery, status, now).await?;
        if status == Status::Suppressed {
            blocks::note(conn, app, delivery, code.unwrap_or("receipt"), now).await?;
        }
    }
    Ok(())
}

/// Applies what came before the provider's ids of these hand-overs were known.
pub(super) async fn apply_early(conn: &mut Conn, app: &App, accepted: &[(&DeliveryRow, &str)], now: At) -> QueryResult<()> {
    let ids: Vec<String> = accepted.iter().map(|(_, id)| (*id).to_owned()).filter(|id| !id.is_empty()).collect();
    for receipt in receipts::list_early(conn, &ids, now.plus_ms(-EARLY_MS)).await? {
        // Another channel's message centre may have given the same id.
        let Some(envelope) = envelopes::find(conn, receipt.envelope_id).await? else { continue };
        let same = |(delivery, id): &&(&DeliveryRow, &str)| *id == receipt.provider_message_id && delivery.channel == envelope.channel;
        let Some((delivery, _)) = accepted.iter().find(same) else { continue };
        if let Some(status) = receipt.status.as_deref().and_then(|word| word.parse::<Status>().ok()) {
            apply(conn, app, delivery, status, receipt.error_code.as_deref(), now).await?;
        }
        receipts::attach(conn, receipt.id, delivery.id).await?;
    }
    Ok(())
}

/// Looks again, once both may be committed: of a receipt and the answer that makes it known, stored at the same moment, neither
/// transaction sees the other's row. Whichever commits last finds both here.
pub async fn tie_again(app: &App, provider_ids: &[String]) -> QueryResult<()> {
    let since = app.now().plus_ms(-EARLY_MS);
    if provider_ids.is_empty() || receipts::list_early(&mut app.read().await?, provider_ids, since).await?.is_empty() {
        return Ok(());
    }
    app.write()
        .await?
        .transaction(async |conn| {
            let known = deliveries::find_by_provider_ids(conn, provider_ids, app.now()).await?;
            let accepted: Vec<(&DeliveryRow, &str)> = known.iter().filter_map(|row| Some((row, row.provider_message_id.as_deref()?))).collect();
            apply_early(conn, app, &accepted, app.now()).await
        })
        .await
}
