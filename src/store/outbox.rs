//! The outbox: claiming deliveries by lease, and recording what became of them.
//!
//! Whether something may leave is decided here, inside the leasing transaction, by looking at the suppressions again and at
//! the time until which it is worth sending.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
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
///
/// What concerns nearly nobody stands behind one look at whether anything at all stands against the address. The limits keep
/// PostgreSQL from reading all suppressions for one claim.
const SUPPRESSED: &str = "((EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = deliveries.match_key AND s.lifted_at IS NULL LIMIT 1 OFFSET 0) \
     AND (EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = deliveries.match_key \
     AND s.channel IN (deliveries.channel_kind, 'all') AND s.scope = 'all' AND s.lifted_at IS NULL \
     AND NOT (deliveries.purpose = 'code' AND s.reason <> 'stop') LIMIT 1 OFFSET 0) \
     OR (deliveries.purpose = 'alert' AND EXISTS (SELECT 1 FROM suppressions s JOIN interest_groups g ON g.slug = s.scope \
     JOIN alert_groups ag ON ag.interest_group_id = g.id WHERE ag.alert_id = deliveries.alert_id \
     AND s.match_key = deliveries.match_key AND s.channel IN (deliveries.channel_kind, 'all') AND s.lifted_at IS NULL) \
     AND NOT EXISTS (SELECT 1 FROM alert_groups ag JOIN interest_groups g ON g.id = ag.interest_group_id \
     JOIN subscriptions u ON u.interest_group_id = g.id JOIN addresses a ON a.resident_id = u.resident_id \
     WHERE ag.alert_id = deliveries.alert_id AND a.match_key = deliveries.match_key \
     AND NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = a.match_key AND s.scope = g.slug AND s.lifted_at IS NULL \
     AND s.channel IN (deliveries.channel_kind, 'all')))))) \
     OR EXISTS (SELECT 1 FROM provider_blocks b WHERE b.match_key = deliveries.match_key AND b.channel = deliveries.channel \
     AND b.our_number = deliveries.sender AND b.lifted_at IS NULL LIMIT 1 OFFSET 0) \
     OR (deliveries.purpose IN ('alert', 'reply', 'outcome') AND EXISTS (SELECT 1 FROM correspondents k \
     WHERE k.match_key = deliveries.match_key AND k.owner_doubt_at >= deliveries.created_at LIMIT 1 OFFSET 0)))";

/// Longer than any lease: one that ends later was taken before the database's clock was put back.
const TOO_FAR_MS: i64 = 600_000;

/// What a claim found.
#[derive(Debug, Default)]
pub struct Claimed {
    /// What may leave, the most pressing first.
    pub leaving: Vec<DeliveryRow>,
    /// How many were held back: suppressed, or past their time.
    pub held: usize,
}

/// Raw SQL that is true of what no hold keeps back: of an alert that an officer paused or took back, or that waits for quiet
/// hours to end, nothing leaves. There are few such alerts, so that they are read once for a statement.
pub(super) const FREE: &str = "(deliveries.purpose <> 'alert' OR deliveries.source_id NOT IN (SELECT h.id FROM alerts h WHERE h.hold IS NOT NULL))";

/// The most pressing first;
const PRESSING: &str = " ORDER BY priority, id LIMIT ";
/// the newest that never failed; and the newest. Both by the claim's index read backwards.
const UNTRIED: &str = " AND attempts = 0 ORDER BY priority DESC, id DESC LIMIT ";
const NEWEST: &str = " ORDER BY priority DESC, id DESC LIMIT ";

/// Leases up to `limit` due deliveries of a channel, the most pressing first, and gives those that may leave.
///
/// Must run in a transaction. What a suppression covers, and what is past its time, is marked and not given.
pub async fn claim(conn: &mut Conn, channel: &str, owner: &str, limit: i64, lease_ms: i64, now: At) -> QueryResult<Claimed> {
    let (ids, held) = due(conn, channel, limit, &[], PRESSING, now).await?;
    if ids.is_empty() {
        return Ok(Claimed { leaving: Vec::new(), held });
    }
    let leased: QueryResult<Vec<DeliveryRow>> = on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(&ids)))
        .set((
            deliveries::status.eq("leased"),
            deliveries::lease_owner.eq(Some(owner)),
            deliveries::lease_until.eq(clock_in(lease_ms)),
        ))
        .returning(DeliveryRow::as_returning())
        .get_results(c)
        .await);
    Ok(Claimed { leaving: in_order(leased?), held })
}

/// The same for what leaves at once, passing over mail to some domains: written `sending`, each as an attempt of its own. Must
/// run in a transaction.
pub async fn take(conn: &mut Conn, channel: &str, owner: &str, limit: i64, lease_ms: i64, but: &[String], now: At) -> QueryResult<Claimed> {
    let (ids, held) = due(conn, channel, limit, but, PRESSING, now).await?;
    mark(conn, &ids, owner, lease_ms, now, held).await
}

/// The same for one that is to try whether anything goes this way at all: rather one that never failed, and the newest, since those
/// that fail by themselves are among the others. Must run in a transaction.
pub async fn take_trial(conn: &mut Conn, channel: &str, owner: &str, lease_ms: i64, but: &[String], now: At) -> QueryResult<Claimed> {
    let (mut ids, mut held) = due(conn, channel, 1, but, UNTRIED, now).await?;
    if ids.is_empty() && held == 0 {
        (ids, held) = due(conn, channel, 1, but, NEWEST, now).await?;
    }
    mark(conn, &ids, owner, lease_ms, now, held).await
}

async fn mark(conn: &mut Conn, ids: &[i64], owner: &str, lease_ms: i64, now: At, held: usize) -> QueryResult<Claimed> {
    if ids.is_empty() {
        return Ok(Claimed { leaving: Vec::new(), held });
    }
    let taken: QueryResult<Vec<DeliveryRow>> = on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(ids)))
        .set((
            deliveries::status.eq(Status::Sending.as_str()),
            deliveries::rank.eq(Status::Sending.rank()),
            deliveries::attempts.eq(deliveries::attempts + 1),
            deliveries::sending_at.eq(Some(now)),
            deliveries::lease_owner.eq(Some(owner)),
            deliveries::lease_until.eq(clock_in(lease_ms)),
        ))
        .returning(DeliveryRow::as_returning())
        .get_results(c)
        .await);
    Ok(Claimed { leaving: in_order(taken?), held })
}

fn in_order(mut rows: Vec<DeliveryRow>) -> Vec<DeliveryRow> {
    rows.sort_unstable_by_key(|row| (row.priority, row.id));
    rows
}

/// Ids of what is due and may leave, locked; what may not is marked with the reason, and counted.
async fn due(conn: &mut Conn, channel: &str, limit: i64, but: &[String], order: &'static str, now: At) -> QueryResult<(Vec<i64>, usize)> {
    let mut due = written::<(BigInt, Nullable<Text>)>("SELECT id, CASE WHEN purpose <> 'opt_out_confirmation' AND ")
        .sql(SUPPRESSED)
        // For good, so that no clock that is fast may say it alone: not this node's, and not the database's.
        .sql(" THEN 'suppressed' WHEN expires_at <= ")
        .at(now)
        .sql(" AND expires_at <= ")
        .clock(0)
        .sql(" THEN 'expired' END FROM deliveries WHERE channel = ")
        .text(channel)
        // What was due when it was queued is due, though our clock was put back since.
        .sql(" AND status IN ('queued', 'leased') AND (next_attempt_at <= created_at OR next_attempt_at <= ")
        .at(now)
        .sql(") AND (lease_until IS NULL OR lease_until < ")
        .clock(0)
        .sql(" OR lease_until > ")
        .clock(TOO_FAR_MS)
        .sql(") AND ")
        .sql(FREE);
    for domain in but {
        due = due.sql(" AND address NOT LIKE ").text(&format!("%@{domain}"));
    }
    let due = due.sql(order).int(limit).locked();
    let found: Vec<(i64, Option<String>)> = on!(conn, c => due.load(c).await)?;
    let mut held = 0;
    for status in [Status::Suppressed, Status::Expired] {
        let ids: Vec<i64> = found.iter().filter(|(_, fate)| fate.as_deref() == Some(status.as_str())).map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            held += end(conn, &ids, status, now).await?;
        }
    }
    Ok((found.into_iter().filter(|(_, fate)| fate.is_none()).map(|(id, _)| id).collect(), held))
}

/// Puts back what was taken in this transaction and cannot leave just now, as if it had not been.
pub async fn put_back(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(ids)))
        .set((
            deliveries::status.eq("queued"),
            deliveries::rank.eq(0),
            deliveries::attempts.eq(deliveries::attempts - 1),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Ends what has not left and will not.
async fn end(conn: &mut Conn, ids: &[i64], status: Status, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(ids)))
        .set((
            deliveries::status.eq(status.as_str()),
            deliveries::rank.eq(status.rank()),
            deliveries::finished_at.eq(Some(now)),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Ends what is past its time while nothing leaves by its channel; gives how many, at most a thousand.
pub async fn expire(conn: &mut Conn, channel: &str, now: At) -> QueryResult<usize> {
    let late = written::<Bool>("id")
        .pick("SELECT id FROM deliveries WHERE channel = ")
        .text(channel)
        .sql(" AND status IN ('queued', 'leased') AND expires_at <= ")
        .at(now)
        .sql(" AND expires_at <= ")
        .clock(0)
        .sql(" AND (lease_until IS NULL OR lease_until < ")
        .clock(0)
        .sql(") LIMIT 1000")
        .picked();
    on!(conn, c => diesel::update(deliveries::table.filter(late))
        .set((deliveries::status.eq(Status::Expired.as_str()), deliveries::rank.eq(Status::Expired.rank()), deliveries::finished_at.eq(Some(now))))
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
    if accepted.is_empty() {
        return Ok(());
    }
    let (rank, word) = (Status::Accepted.rank(), Status::Accepted.as_str());
    let ids: Vec<i64> = accepted.iter().map(|(id, _)| *id).collect();
    // A receipt of this rank or more has told better already: only the provider's id is new.
    let record = written::<Bool>("UPDATE deliveries SET provider_message_id = NULLIF(taken.word, ''), accepted_at = ")
        .at(now)
        .sql(", lease_owner = NULL, lease_until = NULL, error_code = CASE WHEN rank < ")
        .int(rank)
        .sql(" THEN NULL ELSE error_code END, error_detail = CASE WHEN rank < ")
        .int(rank)
        .sql(" THEN NULL ELSE error_detail END, status = CASE WHEN rank < ")
        .int(rank)
        .sql(" THEN ")
        .text(word)
        .sql(" ELSE status END, rank = CASE WHEN rank < ")
        .int(rank)
        .sql(" THEN ")
        .int(rank)
        .sql(" ELSE rank END FROM ")
        .pairs(accepted)
        // The second says to PostgreSQL that few rows are wanted of each month.
        .sql(" AS taken WHERE deliveries.id = taken.id AND deliveries.id")
        .any_of(&ids);
    on!(conn, c => record.execute(c).await).map(|_| ())
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

/// Lends hand-overs more time whose lease ended `long_ago_ms` ago, or ends later than any can: whether their worker is dead
/// cannot be told where the database's clock was put on or back, or where nobody looked for long. Gives how many.
pub async fn straighten(conn: &mut Conn, long_ago_ms: i64, lease_ms: i64) -> QueryResult<usize> {
    let odd = written::<Bool>("status = 'sending' AND (lease_until < ").clock(-long_ago_ms).sql(" OR lease_until > ").clock(TOO_FAR_MS).sql(")");
    on!(conn, c => diesel::update(deliveries::table.filter(odd)).set(deliveries::lease_until.eq(clock_in(lease_ms))).execute(c).await)
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
