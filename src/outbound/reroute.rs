//! Fail-over: what waits for a channel that does not send leaves by the one configured in its place.
//!
//! Only what was certainly not taken moves; what is in doubt stays where it can be asked about. One text at a time still tries
//! the failing channel, so that its healing is noticed. A text that its provider refused with a long `Retry-After` moves by
//! itself: the channel is not down, but this text would wait.

use std::collections::BTreeMap;

use diesel::QueryResult;

use super::sender_pool::{self, Hold};
use crate::app::App;
use crate::channels::registry::{Channel, ChannelKind};
use crate::domain::At;
use crate::store::deliveries::DeliveryRow;
use crate::store::pair_holds::{self, PairHoldRow};
use crate::store::{Conn, alerts, deliveries, outbox};

/// The channel that takes over from this one, if one is configured.
pub(super) fn fallback<'a>(app: &'a App, channel: &Channel) -> Option<&'a Channel> {
    let ChannelKind::Sms { settings, .. } = &channel.kind else { return None };
    settings.fallback.as_deref().and_then(|name| app.channels().find(name)).map(std::convert::AsRef::as_ref)
}

/// Gives leased deliveries to another channel, each with a number of its pool; gives how many went.
pub(super) async fn hand_to(conn: &mut Conn, app: &App, waiting: &[DeliveryRow], to: &Channel, now: At) -> QueryResult<usize> {
    let ChannelKind::Sms { settings, .. } = &to.kind else { return Ok(0) };
    let pool: Vec<String> = settings.numbers.iter().map(|number| number.e164().to_owned()).collect();
    let keys: Vec<Vec<u8>> = waiting.iter().map(|delivery| delivery.match_key.clone()).collect();
    let mut held: BTreeMap<Vec<u8>, Vec<PairHoldRow>> = BTreeMap::new();
    for hold in pair_holds::list_of(conn, &keys).await? {
        held.entry(hold.match_key.clone()).or_default().push(hold);
    }
    let ids: Vec<i64> = waiting.iter().map(|delivery| delivery.id).collect();
    let doubted = deliveries::list_doubted(conn, &ids).await?;
    // What may have arrived stays in the ledger as it went; what was moved once is not sent to and fro.
    let may_move = |delivery: &&DeliveryRow| !doubted.contains(&delivery.id) && !matches!(delivery.error_code.as_deref(), Some("doubtful" | "rerouted"));
    let (mut moved, mut holds) = (0, BTreeMap::new());
    for (index, delivery) in waiting.iter().filter(may_move).enumerate() {
        let sender = match (&settings.sender, delivery.alert_id) {
            // A name cannot be answered: only what asks for no answer goes out under one.
            (Some(name), Some(alert_id)) if delivery.purpose == "alert" && !alerts::get(conn, alert_id).await?.two_way => name.clone(),
            (Some(_), _) => continue,
            (None, alert_id) => {
                let theirs = held.get(&delivery.match_key).into_iter().flatten();
                let theirs: Vec<Hold<'_>> = theirs.map(|hold| Hold { our_number: &hold.our_number, alert_id: hold.alert_id, used_at: hold.used_at }).collect();
                let Some(choice) = sender_pool::choose(&pool, &theirs, alert_id.unwrap_or_default(), now, app.config().attribution.pair_rest_days, index)
                else {
                    continue;
                };
                if let Some(alert_id) = alert_id {
                    let hold = PairHoldRow { our_number: choice.our_number.to_owned(), match_key: delivery.match_key.clone(), alert_id, used_at: now };
                    holds.insert((delivery.match_key.clone(), choice.our_number.to_owned()), hold);
                }
                choice.our_number.to_owned()
            }
        };
        moved += outbox::give_to(conn, delivery.id, app.owner(), &to.name, &sender, now).await?;
    }
    pair_holds::upsert(conn, holds.into_values().collect()).await?;
    Ok(moved)
}
