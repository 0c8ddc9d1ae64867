//! What an outage of a channel does to the deliveries that wait for it: they go by the channel that stands in, come back, are
//! brought forward, or are queued again though they were refused.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::deliveries::DeliveryRow;
use super::outbox::FREE;
use super::schema::deliveries;
use super::written::{Written, written};
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::on;

/// What a delivery says that went to another channel and was not tried there yet.
pub const REROUTED: &str = "rerouted";

/// Lets these go at once, if they wait for a later attempt on the channel.
pub async fn bring_forward(conn: &mut Conn, channel: &str, ids: &[i64], now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            written::<Bool>("id").any_of(ids)
                .and(deliveries::channel.eq(channel))
                .and(deliveries::status.eq("queued"))
                .and(deliveries::next_attempt_at.gt(now))))
        .set(deliveries::next_attempt_at.eq(now))
        .execute(c)
        .await)
}

/// Queues these again that were refused for good with this code: it was us who were refused. Gives them.
pub async fn revive(conn: &mut Conn, ids: &[i64], code: &str, now: At) -> QueryResult<Vec<DeliveryRow>> {
    let failed = [Status::PermanentFailure.as_str(), Status::TechnicalFailure.as_str()];
    on!(conn, c => diesel::update(deliveries::table.filter(
            written::<Bool>("id").any_of(ids).and(deliveries::status.eq_any(failed)).and(deliveries::error_code.eq(code))))
        .set((
            deliveries::status.eq("queued"),
            deliveries::rank.eq(0),
            deliveries::queue.eq(""),
            deliveries::next_attempt_at.eq(now),
            deliveries::finished_at.eq(None::<At>),
        ))
        .returning(DeliveryRow::as_returning())
        .get_results(c)
        .await)
}

/// How many of a channel wait to leave at once: counted up to `most`.
pub async fn count_due(conn: &mut Conn, channel: &str, most: i64, now: At) -> QueryResult<i64> {
    let count = written::<BigInt>("SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE channel = ")
        .text(channel)
        .sql(" AND queue = '' AND status IN ('queued', 'leased') AND next_attempt_at <= ")
        .at(now)
        .sql(" AND ")
        .sql(FREE)
        .sql(" LIMIT ")
        .int(most)
        .sql(") AS waiting");
    on!(conn, c => count.get_result(c).await)
}

/// Ids of what waits for a channel and may go by another, locked, the most pressing first: it was certainly not taken, and did not
/// come from elsewhere itself. Where the other goes out under a name (`unanswered`), nothing that asks for an answer. Must run in a
/// transaction.
pub async fn list_movable(conn: &mut Conn, channel: &str, unanswered: bool, limit: i64, now: At) -> QueryResult<Vec<i64>> {
    let movable = waiting(channel)
        .sql(" AND next_attempt_at <= ")
        .at(now)
        .sql(
            " AND COALESCE(error_code, '') NOT IN ('doubtful', 'rerouted') AND (attempts = 0 OR NOT EXISTS (SELECT 1 FROM attempts a \
              WHERE a.delivery_id = deliveries.id AND a.outcome IN ('unknown', 'sent_again'))) AND ",
        )
        .sql(FREE);
    let movable = if unanswered {
        movable.sql(" AND purpose = 'alert' AND EXISTS (SELECT 1 FROM alerts a WHERE a.id = deliveries.source_id AND NOT a.two_way)")
    } else {
        movable
    };
    let movable = movable.sql(" ORDER BY priority, id LIMIT ").int(limit).locked();
    on!(conn, c => movable.load(c).await)
}

/// Ids of what came to a channel for this reason and was not tried there, locked. Must run in a transaction.
pub async fn list_rerouted(conn: &mut Conn, channel: &str, why: &str, limit: i64) -> QueryResult<Vec<i64>> {
    let strays = waiting(channel).sql(" AND error_code = 'rerouted' AND error_detail = ").text(why).sql(" ORDER BY priority, id LIMIT ").int(limit).locked();
    on!(conn, c => strays.load(c).await)
}

/// Waiting for a channel to be tried at once. Both conditions: by the first SQLite knows the index of what waits.
fn waiting(channel: &str) -> Written<BigInt> {
    written("SELECT id FROM deliveries WHERE channel = ").text(channel).sql(" AND queue = '' AND status IN ('queued', 'leased') AND status = 'queued'")
}

/// Gives deliveries that wait, each with the sender it is to go out from, to another channel; with a reason, or none if that is their
/// own.
pub async fn move_to(conn: &mut Conn, senders: &[(i64, String)], channel: &str, why: Option<&str>, now: At) -> QueryResult<usize> {
    let ids: Vec<i64> = senders.iter().map(|(id, _)| *id).collect();
    let code = if why.is_some() { REROUTED } else { "" };
    let moved = written::<Bool>("UPDATE deliveries SET channel = ")
        .text(channel)
        .sql(", queue = '', sender = taken.word, next_attempt_at = ")
        .at(now)
        .sql(", error_code = NULLIF(")
        .text(code)
        .sql(", ''), error_detail = NULLIF(")
        .text(why.unwrap_or_default())
        .sql(", '') FROM ")
        .pairs(senders)
        .sql(" AS taken WHERE deliveries.id = taken.id AND deliveries.status = 'queued' AND deliveries.id")
        .any_of(&ids);
    on!(conn, c => moved.execute(c).await)
}

/// Gives one that this worker was handing over, and that its provider certainly did not take, to another channel.
pub async fn give_to(conn: &mut Conn, id: i64, owner: &str, channel: &str, sender: &str, why: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::status.eq("sending")).and(deliveries::lease_owner.eq(owner))))
        .set((
            deliveries::status.eq("queued"),
            deliveries::rank.eq(0),
            deliveries::channel.eq(channel),
            deliveries::sender.eq(sender),
            deliveries::queue.eq(""),
            deliveries::next_attempt_at.eq(now),
            deliveries::error_code.eq(Some(REROUTED)),
            deliveries::error_detail.eq(Some(why)),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}
