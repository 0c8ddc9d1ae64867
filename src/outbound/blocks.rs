//! A provider that will not send to somebody because they told it STOP: noted beside our own suppressions. What they asked of
//! the provider holds for every number of ours; but lifting one of the two never lifts the other.

use diesel::QueryResult;

use crate::app::App;
use crate::domain::At;
use crate::store::Conn;
use crate::store::deliveries::DeliveryRow;
use crate::store::provider_blocks::{self, ProviderBlockRow};
use crate::store::suppressions::{self, SuppressionRow};

/// A START of so long ago says nothing of a block that is new.
const HEARD_DAYS: i64 = 7;

/// Notes the block that a refusal tells of.
pub async fn note(conn: &mut Conn, app: &App, delivery: &DeliveryRow, code: &str, now: At) -> QueryResult<()> {
    let evidence = format!("the provider refused delivery {} with {code}", delivery.id);
    let block = ProviderBlockRow {
        id: app.next_id(),
        channel: delivery.channel.clone(),
        our_number: delivery.sender.clone(),
        match_key: delivery.match_key.clone(),
        code: code.to_owned(),
        evidence: evidence.clone(),
        created_at: now,
        lifted_at: None,
        lifted_by: None,
    };
    let known = provider_blocks::note(conn, &block).await? == 0;
    // Whoever came back to us since by START has not taken that back: the provider has merely not heard it.
    if known || suppressions::was_lifted_by_start(conn, &delivery.match_key, &delivery.channel_kind, now.minus_days(HEARD_DAYS)).await? {
        return Ok(());
    }
    let row = SuppressionRow {
        id: app.next_id(),
        match_key: delivery.match_key.clone(),
        channel: delivery.channel_kind.clone(),
        scope: "all".to_owned(),
        reason: "stop".to_owned(),
        evidence,
        source_envelope_id: None,
        created_at: now,
        lifted_at: None,
        lifted_by: None,
    };
    suppressions::suppress(conn, &row).await.map(|_| ())
}
