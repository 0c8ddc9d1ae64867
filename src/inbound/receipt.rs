//! A carrier's receipt: kept as it came, applied by rank, parked with its provider id if its delivery is not known yet.

use diesel::QueryResult;

use super::filing::Filer;
use crate::domain::delivery::Status;
use crate::domain::inbound::InboundReceipt;
use crate::outbound::receipts as carried;
use crate::store::deliveries::DeliveryRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::receipts::{self, ReceiptRow};
use crate::store::wake::Change;
use crate::store::{Conn, deliveries};

pub(super) async fn store(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &InboundReceipt) -> QueryResult<()> {
    let delivery = match inbound.delivery_id {
        // Our own id in the callback's URL, but only if it is that hand-over's (or its answer has not been recorded yet).
        Some(id) => deliveries::find(conn, id)
            .await?
            .filter(|delivery| delivery.channel == envelope.channel)
            .filter(|delivery| delivery.provider_message_id.as_deref().is_none_or(|known| known == inbound.provider_message_id)),
        // Message centres count: another channel's, or this one's of long ago, may have had the same id.
        None => {
            let known = deliveries::find_by_provider_ids(conn, std::slice::from_ref(&inbound.provider_message_id), filer.now).await?;
            known.into_iter().filter(|delivery| delivery.channel == envelope.channel).max_by_key(|delivery| delivery.id)
        }
    };
    let row = ReceiptRow {
        id: filer.app.next_id(),
        envelope_id: envelope.id,
        ordinal,
        delivery_id: delivery.as_ref().map(|delivery| delivery.id),
        provider_message_id: inbound.provider_message_id.clone(),
        provider_status: inbound.provider_status.clone(),
        status: inbound.status.map(|status| status.as_str().to_owned()),
        error_code: inbound.error_code.clone(),
        received_at: envelope.received_at,
    };
    receipts::insert(conn, vec![row]).await?;
    let Some(status) = inbound.status else {
        metrics::counter!("huecry_unknown_receipt_words_total", "channel" => envelope.channel.clone()).increment(1);
        return Ok(());
    };
    match delivery {
        Some(delivery) => apply(conn, filer, &delivery, status, inbound.error_code.as_deref()).await,
        None => {
            if inbound.delivery_id.is_none() {
                filer.told.untied.push(inbound.provider_message_id.clone());
            }
            Ok(())
        }
    }
}

/// Raises a delivery by a receipt or a bounce, and tells the pages that show it.
pub(super) async fn apply(conn: &mut Conn, filer: &mut Filer<'_>, delivery: &DeliveryRow, status: Status, code: Option<&str>) -> QueryResult<()> {
    if delivery.sending_at.is_none() {
        // It was never handed over: the receipt is somebody else's.
        return Ok(());
    }
    carried::apply(conn, filer.app, delivery, status, code, filer.now).await?;
    // The number may have come into doubt.
    filer.known.remove(&delivery.match_key);
    let alert = match delivery.alert_id {
        Some(id) => Some(filer.alert(conn, id).await?.reference),
        None => None,
    };
    let talk = delivery.conversation_id.map(|_| "inbox");
    for kind in ["alert", "press"].into_iter().chain(talk) {
        let change = Change { kind: kind.into(), alert: alert.clone(), conversation: None };
        if !filer.told.changes.contains(&change) {
            filer.told.changes.push(change);
        }
    }
    Ok(())
}
