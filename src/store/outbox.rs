//! The outbox: claiming deliveries by lease, and recording what became of them.
//!
//! Whether something may leave is decided here, inside the leasing transaction, by looking at the suppressions again.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::deliveries::DeliveryRow;
use super::schema::deliveries;
use super::written::{clock_in, written};
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::on;

/// Raw SQL that is true when a standing suppression covers the delivery; when its provider would refuse it; when the number
/// may have changed hands since it was queued; or when every group by which the alert is theirs is one that they left by text.
const SUPPRESSED: &str = "(EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = deliveries.match_key \
     AND s.channel IN (deliveries.channel_kind, 'all') AND s.scope = 'all' AND s.lifted_at IS NULL \
     AND NOT (deliveries.purpose = 'code' AND s.reason <> 'stop')) \
     OR EXISTS (SELECT 1 FROM provider_blocks b WHERE b.match_key = deliveries.match_key AND b.channel = deliveries.channel \
     AND b.our_number = deliveries.sender AND b.lifted_at IS NULL) \
     OR (deliveries.purpose IN ('alert', 'reply', 'outcome') AND EXISTS (SELECT 1 FROM correspondents k \
     WHERE k.match_key = deliveries.match_key AND k.owner_doubt_at >= deliveries.created_at)) \
     OR (deliveries.purpose = 'alert' AND EXISTS (SELECT 1 FROM suppressions s JOIN interest_groups g ON g.slug = s.scope \
     JOIN alert_groups ag ON ag.interest_group_id = g.id WHERE ag.alert_id = deliveries.alert_id \
     AND s.match_key = deliveries.match_key AND s.channel IN (deliveries.channel_kind, 'all') AND s.lifted_at IS NULL) \
     AND NOT EXISTS (SELECT 1 FROM alert_groups ag JOIN interest_groups g ON g.id = ag.interest_group_id \
     JOIN subscriptions u ON u.interest_group_id = g.id JOIN addresses a ON a.resident_id = u.resident_id \
     WHERE ag.alert_id = deliveries.alert_id AND a.match_key = deliveries.match_key \
     AND NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = a.match_key AND s.scope = g.slug AND s.lifted_at IS NULL \
     AND s.channel IN (deliveries.channel_kind, 'all')))))";

/// Leases up to `limit` due deliveries of a channel, the most pressing first, and gives those that may leave.
///
/// Must run in a transaction. What a suppression covers is marked and not given.
pub async fn claim(conn: &mut Conn, channel: &str, owner: &str, limit: i64, lease_ms: i64, now: At) -> QueryResult<Vec<DeliveryRow>> {
    let due = written::<Bool>("id")
        .pick("SELECT id FROM deliveries WHERE channel = ")
        .text(channel)
        .sql(" AND status IN ('queued', 'leased') AND next_attempt_at <= ")
        .at(now)
        .sql(" AND (lease_until IS NULL OR lease_until < ")
        .clock(0)
        .sql(") ORDER BY priority, id LIMIT ")
        .int(limit)
        .picked();
    let ids: Vec<i64> = on!(conn, c => diesel::update(deliveries::table.filter(due))
        .set((
            deliveries::status.eq("leased"),
            deliveries::lease_owner.eq(Some(owner)),
            deliveries::lease_until.eq(clock_in(lease_ms)),
        ))
        .returning(deliveries::id)
        .get_results(c)
        .await)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    hold_back_suppressed(conn, &ids, now).await?;
    on!(conn, c => deliveries::table
        .filter(deliveries::id.eq_any(&ids).and(deliveries::status.eq("leased")))
        .order((deliveries::priority, deliveries::id))
        .select(DeliveryRow::as_select())
        .load(c)
        .await)
}

/// Writes `sending` for those of the leased that may still leave; gives their ids. Must run in a transaction.
pub async fn mark_sending(conn: &mut Conn, ids: &[i64], owner: &str, lease_ms: i64, now: At) -> QueryResult<Vec<i64>> {
    hold_back_suppressed(conn, ids, now).await?;
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.eq_any(ids).and(deliveries::status.eq("leased")).and(deliveries::lease_owner.eq(owner))))
        .set((
            deliveries::status.eq(Status::Sending.as_str()),
            deliveries::rank.eq(Status::Sending.rank()),
            deliveries::attempts.eq(deliveries::attempts + 1),
            deliveries::sending_at.eq(Some(now)),
            deliveries::lease_until.eq(clock_in(lease_ms)),
        ))
        .returning(deliveries::id)
        .get_results(c)
        .await)
}

async fn hold_back_suppressed(conn: &mut Conn, ids: &[i64], now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.eq_any(ids)
                .and(deliveries::status.eq("leased"))
                .and(deliveries::purpose.ne("opt_out_confirmation"))
                .and(written::<Bool>(SUPPRESSED))))
        .set((
            deliveries::status.eq(Status::Suppressed.as_str()),
            deliveries::rank.eq(Status::Suppressed.rank()),
            deliveries::finished_at.eq(Some(now)),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Hands leased deliveries back untouched, as at a stop.
pub async fn release(conn: &mut Conn, ids: &[i64], owner: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.eq_any(ids).and(deliveries::status.eq("leased")).and(deliveries::lease_owner.eq(owner))))
        .set((deliveries::status.eq("queued"), deliveries::lease_owner.eq(None::<String>), deliveries::lease_until.eq(None::<At>)))
        .execute(c)
        .await)
}

/// Hands leased deliveries back for later.
pub async fn put_off(conn: &mut Conn, ids: &[i64], owner: &str, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.eq_any(ids).and(deliveries::status.eq("leased")).and(deliveries::lease_owner.eq(owner))))
        .set((
            deliveries::status.eq("queued"),
            deliveries::next_attempt_at.eq(at),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// The provider took these: pairs of delivery id and the provider's id. A receipt that came first is not undone.
pub async fn record_accepted(conn: &mut Conn, accepted: &[(i64, String)], now: At) -> QueryResult<()> {
    // A receipt of this rank or more has told better already: only the provider's id is new.
    const ON_PG: &str = "UPDATE deliveries SET provider_message_id = NULLIF(taken.provider_id, ''), accepted_at = $3, lease_owner = NULL, \
         lease_until = NULL, error_code = CASE WHEN rank < $4 THEN NULL ELSE error_code END, \
         error_detail = CASE WHEN rank < $4 THEN NULL ELSE error_detail END, status = CASE WHEN rank < $4 THEN $5 ELSE status END, \
         rank = CASE WHEN rank < $4 THEN $4 ELSE rank END \
         FROM (SELECT unnest($1) AS id, unnest($2) AS provider_id) AS taken WHERE deliveries.id = taken.id";
    // SQLite numbers parameters as they come, whatever they are called.
    const ON_LITE: &str = "UPDATE deliveries SET provider_message_id = NULLIF($1, ''), accepted_at = $2, lease_owner = NULL, \
         lease_until = NULL, error_code = CASE WHEN rank < $3 THEN NULL ELSE error_code END, \
         error_detail = CASE WHEN rank < $3 THEN NULL ELSE error_detail END, status = CASE WHEN rank < $3 THEN $4 ELSE status END, \
         rank = CASE WHEN rank < $3 THEN $3 ELSE rank END WHERE id = $5";
    let (rank, word) = (Status::Accepted.rank(), Status::Accepted.as_str());
    if accepted.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Pg(c) => {
            let (ids, provider_ids): (Vec<i64>, Vec<&str>) = accepted.iter().map(|(id, provider_id)| (*id, provider_id.as_str())).unzip();
            diesel::sql_query(ON_PG)
                .bind::<Array<BigInt>, _>(ids)
                .bind::<Array<Text>, _>(provider_ids)
                .bind::<Timestamp, _>(now)
                .bind::<BigInt, _>(rank)
                .bind::<Text, _>(word)
                .execute(&mut **c)
                .await
                .map(|_| ())
        }
        Conn::Lite(c) => {
            let accepted = accepted.to_vec();
            c.spawn_blocking(move |lite| {
                for (id, provider_id) in accepted {
                    let update = diesel::sql_query(ON_LITE)
                        .bind::<Text, _>(provider_id)
                        .bind::<Timestamp, _>(now)
                        .bind::<BigInt, _>(rank)
                        .bind::<Text, _>(word)
                        .bind::<BigInt, _>(id);
                    diesel::RunQueryDsl::execute(update, lite)?;
                }
                Ok(())
            })
            .await
        }
    }
}

/// Raises deliveries to a status of higher rank; those that are there or beyond stay. Gives how many moved.
pub async fn advance(conn: &mut Conn, ids: &[i64], status: Status, code: Option<&str>, detail: Option<&str>, now: At) -> QueryResult<usize> {
    let from: Vec<&str> = Status::ALL.iter().filter(|from| from.may_become(status)).map(|from| from.as_str()).collect();
    let finished = status.is_final().then_some(now);
    on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids).and(deliveries::status.eq_any(&from))))
        .set((
            deliveries::status.eq(status.as_str()),
            deliveries::rank.eq(status.rank()),
            deliveries::error_code.eq(code),
            deliveries::error_detail.eq(detail),
            deliveries::finished_at.eq(finished),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Puts a delivery that this worker holds back for a later attempt, with the reason.
pub async fn retry_at(conn: &mut Conn, id: i64, owner: &str, at: At, code: &str, detail: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::status.eq("sending")).and(deliveries::lease_owner.eq(owner))))
        .set((
            deliveries::status.eq("queued"),
            deliveries::rank.eq(0),
            deliveries::next_attempt_at.eq(at),
            deliveries::error_code.eq(Some(code)),
            deliveries::error_detail.eq(Some(detail)),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Notes why a hand-over's fate is unknown and lets its lease run out after a while, for the reconciler.
pub async fn leave_in_doubt(conn: &mut Conn, id: i64, owner: &str, wait_ms: i64, code: &str, detail: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.eq(id).and(deliveries::status.eq("sending")).and(deliveries::lease_owner.eq(owner))))
        .set((deliveries::error_code.eq(Some(code)), deliveries::error_detail.eq(Some(detail)), deliveries::lease_until.eq(clock_in(wait_ms))))
        .execute(c)
        .await)
}

/// Takes over hand-overs that were begun and never settled: their lease has run out.
pub async fn claim_in_doubt(conn: &mut Conn, owner: &str, lease_ms: i64) -> QueryResult<Vec<DeliveryRow>> {
    let lost = written::<Bool>("id").pick("SELECT id FROM deliveries WHERE status = 'sending' AND lease_until < ").clock(0).sql(" LIMIT 100").picked();
    on!(conn, c => diesel::update(deliveries::table.filter(lost))
        .set((deliveries::lease_owner.eq(Some(owner)), deliveries::lease_until.eq(clock_in(lease_ms))))
        .returning(DeliveryRow::as_returning())
        .get_results(c)
        .await)
}

/// When the next queued delivery of a channel falls due, if any waits.
pub async fn next_due(conn: &mut Conn, channel: &str) -> QueryResult<Option<At>> {
    use diesel::dsl::min;
    on!(conn, c => deliveries::table
        .filter(deliveries::channel.eq(channel).and(written::<Bool>("status = 'queued'")))
        .select(min(deliveries::next_attempt_at))
        .first(c)
        .await)
}

/// Texts that a provider took and said nothing more of since: nobody knows whether they arrived. `from` and `to` are ids, which
/// tell when a delivery was made; receipts that come later still count.
pub async fn give_up_waiting(conn: &mut Conn, from: i64, to: i64, accepted_before: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.ge(from)
                .and(deliveries::id.lt(to))
                .and(deliveries::status.eq("accepted"))
                .and(deliveries::channel_kind.eq("sms"))
                .and(deliveries::accepted_at.lt(accepted_before))))
        .set((
            deliveries::status.eq(Status::Unconfirmed.as_str()),
            deliveries::rank.eq(Status::Unconfirmed.rank()),
            deliveries::error_code.eq(Some("no_receipt")),
            deliveries::error_detail.eq(Some("the provider took it and told nothing more within 72 hours")),
        ))
        .execute(c)
        .await)
}

/// Gives a delivery that this worker has leased, or that its provider certainly did not take, to another channel.
pub async fn give_to(conn: &mut Conn, id: i64, owner: &str, channel: &str, sender: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::status.eq_any(["leased", "sending"])).and(deliveries::lease_owner.eq(owner))))
        .set((
            deliveries::status.eq("queued"),
            deliveries::rank.eq(0),
            deliveries::channel.eq(channel),
            deliveries::sender.eq(sender),
            deliveries::next_attempt_at.eq(now),
            deliveries::error_code.eq(Some("rerouted")),
            deliveries::error_detail.eq(Some("its own channel does not send; it goes by another")),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Lets what waits for a later attempt on a channel go at once: the channel sends again.
pub async fn hurry(conn: &mut Conn, channel: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::channel.eq(channel).and(written::<Bool>("status = 'queued'")).and(deliveries::next_attempt_at.gt(now)).and(deliveries::attempts.gt(0))))
        .set(deliveries::next_attempt_at.eq(now))
        .execute(c)
        .await)
}
