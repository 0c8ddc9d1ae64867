//! Fail-over: what waits for a channel that does not send leaves by the one configured in its place.
//!
//! Only what was certainly not taken moves, and no more than the other may hand over in the next moments, while it is itself open
//! for business: what would only wait there stays, and has the first channel again once that is well. What went and was not tried
//! by then comes back. One text at a time still tries the failing channel, so that its healing is noticed. A text that its provider
//! refused with a long `Retry-After` moves by itself: the channel is not down, but this text would wait.

use std::collections::BTreeMap;

use diesel::QueryResult;

use super::sender_pool::{self, Hold};
use crate::app::App;
use crate::channels::registry::{Channel, ChannelKind};
use crate::domain::At;
use crate::store::deliveries::DeliveryRow;
use crate::store::outages::REROUTED;
use crate::store::pair_holds::{self, PairHoldRow};
use crate::store::{Conn, alerts, deliveries, gates, outages};

/// So many move at a time, so that nobody waits long for the writer.
const AT_ONCE: i64 = 200;
/// What the other channel has waiting is never made more than it hands over within this.
const AHEAD_S: i64 = 2;

/// The channel that takes over from this one, if one is configured.
pub(super) fn fallback<'a>(app: &'a App, channel: &Channel) -> Option<&'a Channel> {
    let ChannelKind::Sms { settings, .. } = &channel.kind else { return None };
    settings.fallback.as_deref().and_then(|name| app.channels().find(name)).map(std::convert::AsRef::as_ref)
}

/// What an attempt to move came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// So many went, and there may be more that can at once.
    Some(usize),
    /// So many went, and the other channel has enough for now.
    Enough(usize),
    /// Nothing that waits may go by the other, or nothing waits.
    Nothing,
    /// The other channel does not send either.
    Shut,
}

/// What a channel's texts go out from.
enum From {
    Name(String),
    Pool(Vec<String>),
}

fn from_of(channel: &Channel) -> Option<From> {
    let ChannelKind::Sms { settings, .. } = &channel.kind else { return None };
    let pool = || settings.numbers.iter().map(|number| number.e164().to_owned()).collect::<Vec<_>>();
    settings.sender.clone().map(From::Name).or_else(|| Some(From::Pool(pool())).filter(|from| !matches!(from, From::Pool(pool) if pool.is_empty())))
}

/// Gives what waits for one channel to the other. Must run in a transaction.
pub(super) async fn divert(conn: &mut Conn, app: &App, channel: &Channel, to: &Channel, now: At) -> QueryResult<Moved> {
    let Some(from) = from_of(to) else { return Ok(Moved::Nothing) };
    if !is_open(conn, to).await? {
        return Ok(Moved::Shut);
    }
    let room = room(conn, to, now).await?;
    if room <= 0 {
        return Ok(Moved::Enough(0));
    }
    let limit = room.min(AT_ONCE);
    // A name cannot be answered: only what asks for no answer goes out under one.
    let ids = outages::list_movable(conn, &channel.name, matches!(from, From::Name(_)), limit, now).await?;
    if ids.is_empty() {
        return Ok(Moved::Nothing);
    }
    let is_more = i64::try_from(ids.len()).is_ok_and(|found| found == limit && limit < room);
    let waiting = deliveries::list_by_ids(conn, &ids).await?;
    let senders = senders(conn, app, &waiting, &from, now).await?;
    let moved = outages::move_to(conn, &senders, &to.name, Some(&why(channel)), now).await?;
    Ok(if is_more { Moved::Some(moved) } else { Moved::Enough(moved) })
}

/// Takes back what went to the channel that stands in and was not tried there: this one sends again. Gives how many came, and
/// whether there may be more. Must run in a transaction.
pub(super) async fn fetch(conn: &mut Conn, app: &App, channel: &Channel, to: &Channel, now: At) -> QueryResult<(usize, bool)> {
    let Some(from) = from_of(channel) else { return Ok((0, false)) };
    let ids = outages::list_rerouted(conn, &to.name, &why(channel), AT_ONCE).await?;
    if ids.is_empty() {
        return Ok((0, false));
    }
    let is_more = i64::try_from(ids.len()).is_ok_and(|found| found == AT_ONCE);
    let strays = deliveries::list_by_ids(conn, &ids).await?;
    let senders = senders(conn, app, &strays, &from, now).await?;
    Ok((outages::move_to(conn, &senders, &channel.name, None, now).await?, is_more))
}

/// Gives one text that its provider did not take to the other channel, if that may carry it and has room; gives whether it went.
pub(super) async fn divert_one(conn: &mut Conn, app: &App, delivery: &DeliveryRow, channel: &Channel, to: &Channel, now: At) -> QueryResult<bool> {
    let Some(from) = from_of(to) else { return Ok(false) };
    // What may have arrived stays in the ledger as it went; what was moved once is not sent to and fro.
    let stays = matches!(delivery.error_code.as_deref(), Some("doubtful" | REROUTED));
    if stays || !deliveries::list_doubted(conn, &[delivery.id]).await?.is_empty() {
        return Ok(false);
    }
    if matches!(from, From::Name(_)) && (delivery.purpose != "alert" || alerts::get(conn, delivery.source_id).await?.two_way) {
        return Ok(false);
    }
    if !is_open(conn, to).await? || room(conn, to, now).await? <= 0 {
        return Ok(false);
    }
    let senders = senders(conn, app, std::slice::from_ref(delivery), &from, now).await?;
    let Some((id, sender)) = senders.first() else { return Ok(false) };
    Ok(outages::give_to(conn, *id, app.owner(), &to.name, sender, &why(channel), now).await? > 0)
}

/// Why a text stands in another channel's queue: by this it is known where it came from.
fn why(channel: &Channel) -> String {
    format!("the channel {} does not send; it goes by another", channel.name)
}

/// Whether a channel takes what it is handed, as far as anybody knows.
async fn is_open(conn: &mut Conn, channel: &Channel) -> QueryResult<bool> {
    if channel.smpp().is_some_and(|smpp| smpp.bond().borrow().is_err()) {
        return Ok(false);
    }
    let gate = gates::find(conn, &channel.name).await?;
    Ok(gate.is_none_or(|(gate, at)| gate.cause.is_none() && gate.paused_until.is_none_or(|until| until <= at)))
}

/// How many more a channel may be given without waiting long there.
async fn room(conn: &mut Conn, channel: &Channel, now: At) -> QueryResult<i64> {
    let most = i64::from(channel.rate_per_s).saturating_mul(AHEAD_S);
    Ok(most - outages::count_due(conn, &channel.name, most, now).await?)
}

/// What each is to go out from: the name, or a number of the pool that suits the person.
async fn senders(conn: &mut Conn, app: &App, waiting: &[DeliveryRow], from: &From, now: At) -> QueryResult<Vec<(i64, String)>> {
    let pool = match from {
        From::Name(name) => return Ok(waiting.iter().map(|delivery| (delivery.id, name.clone())).collect()),
        From::Pool(pool) => pool,
    };
    let keys: Vec<Vec<u8>> = waiting.iter().map(|delivery| delivery.match_key.clone()).collect();
    let mut held: BTreeMap<Vec<u8>, Vec<PairHoldRow>> = BTreeMap::new();
    for hold in pair_holds::list_of(conn, &keys).await? {
        held.entry(hold.match_key.clone()).or_default().push(hold);
    }
    let (mut senders, mut holds) = (Vec::new(), BTreeMap::new());
    for (index, delivery) in waiting.iter().enumerate() {
        let theirs = held.get(&delivery.match_key).into_iter().flatten();
        let theirs: Vec<Hold<'_>> = theirs.map(|hold| Hold { our_number: &hold.our_number, alert_id: hold.alert_id, used_at: hold.used_at }).collect();
        let alert_id = delivery.alert_id;
        let rest_days = app.config().attribution.pair_rest_days;
        let Some(choice) = sender_pool::choose(pool, &theirs, alert_id.unwrap_or_default(), now, rest_days, index) else { continue };
        if let Some(alert_id) = alert_id {
            let hold = PairHoldRow { our_number: choice.our_number.to_owned(), match_key: delivery.match_key.clone(), alert_id, used_at: now };
            holds.insert((delivery.match_key.clone(), choice.our_number.to_owned()), hold);
        }
        senders.push((delivery.id, choice.our_number.to_owned()));
    }
    pair_holds::upsert(conn, holds.into_values().collect()).await?;
    Ok(senders)
}
