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
use super::written::{Written, clock_in, written};
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

/// The queue of a domain that takes few mails at once, and how many it takes now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The queue's name.
    pub queue: String,
    /// At most so many leave from it.
    pub places: i64,
}

/// The name of a domain's queue.
pub fn queue_of(domain: &str) -> String {
    format!("@{domain}")
}

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

/// In which order what is due is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The most pressing first.
    Pressing,
    /// The newest that never failed. By the claim's index read backwards, as the next.
    Untried,
    /// The newest.
    Newest,
}

impl Order {
    const fn sql(self) -> &'static str {
        match self {
            Self::Pressing => " ORDER BY priority, id LIMIT ",
            Self::Untried => " AND attempts = 0 ORDER BY priority DESC, id DESC LIMIT ",
            Self::Newest => " ORDER BY priority DESC, id DESC LIMIT ",
        }
    }
}

/// Leases up to `limit` due deliveries of a channel, the most pressing first, and gives those that may leave.
///
/// Must run in a transaction. What a suppression covers, and what is past its time, is marked and not given.
pub async fn claim(conn: &mut Conn, channel: &str, owner: &str, limit: i64, lease_ms: i64, now: At) -> QueryResult<Claimed> {
    let Due { ids, sources, held } = due(conn, channel, limit, &[], Order::Pressing, now).await?;
    if ids.is_empty() {
        return Ok(Claimed { leaving: Vec::new(), held });
    }
    let leased: QueryResult<Vec<DeliveryRow>> = on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(&ids).in_months_of(sources)))
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

/// The same for what leaves at once, from the common queue and from those apart: written `sending`, each as an attempt of its
/// own. Must run in a transaction.
pub async fn take(conn: &mut Conn, channel: &str, owner: &str, limit: i64, lease_ms: i64, apart: &[Apart], now: At) -> QueryResult<Claimed> {
    let due = due(conn, channel, limit, apart, Order::Pressing, now).await?;
    mark(conn, due, owner, lease_ms, now).await
}

/// The same for one that is to try whether anything goes this way at all: rather one that never failed, and the newest, since those
/// that fail by themselves are among the others. Must run in a transaction.
pub async fn take_trial(conn: &mut Conn, channel: &str, owner: &str, lease_ms: i64, apart: &[Apart], now: At) -> QueryResult<Claimed> {
    let untried = due(conn, channel, 1, apart, Order::Untried, now).await?;
    let due = if untried.ids.is_empty() && untried.held == 0 { due(conn, channel, 1, apart, Order::Newest, now).await? } else { untried };
    mark(conn, due, owner, lease_ms, now).await
}

async fn mark(conn: &mut Conn, Due { ids, sources, held }: Due, owner: &str, lease_ms: i64, now: At) -> QueryResult<Claimed> {
    if ids.is_empty() {
        return Ok(Claimed { leaving: Vec::new(), held });
    }
    let taken: QueryResult<Vec<DeliveryRow>> = on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(&ids).in_months_of(sources)))
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

/// The oldest and the newest of what deliveries are copies of. They stand in the months of these: so PostgreSQL looks into no
/// others, of which a force has many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    oldest: i64,
    newest: i64,
}

impl Sources {
    /// Of none there is no month.
    pub fn of(sources: impl IntoIterator<Item = i64>) -> Self {
        sources.into_iter().fold(Self { oldest: i64::MAX, newest: i64::MIN }, |all, id| Self { oldest: all.oldest.min(id), newest: all.newest.max(id) })
    }
}

impl<ST> Written<ST> {
    fn in_months_of(self, sources: Sources) -> Self {
        self.sql(" AND source_id >= ").int(sources.oldest).sql(" AND source_id <= ").int(sources.newest)
    }
}

/// What is due and may leave.
struct Due {
    ids: Vec<i64>,
    sources: Sources,
    /// What may not, marked with the reason.
    held: usize,
}

/// One that is due: priority, id, what it is a copy of, and what becomes of it if it may not leave.
type Head = (i64, i64, i64, Option<String>);

/// What is due and may leave, locked; what may not is marked with the reason, and counted.
async fn due(conn: &mut Conn, channel: &str, limit: i64, apart: &[Apart], order: Order, now: At) -> QueryResult<Due> {
    let mut found = heads(conn, channel, "", limit, order, now).await?;
    for apart in apart {
        found.extend(heads(conn, channel, &apart.queue, limit.min(apart.places), order, now).await?);
    }
    let mut held = 0;
    for status in [Status::Suppressed, Status::Expired] {
        let ids: Vec<i64> = found.iter().filter(|(.., fate)| fate.as_deref() == Some(status.as_str())).map(|(_, id, ..)| *id).collect();
        if !ids.is_empty() {
            held += end(conn, &ids, status, now).await?;
        }
    }
    found.retain(|(.., fate)| fate.is_none());
    found.sort_unstable();
    if order != Order::Pressing {
        found.reverse();
    }
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(Due { ids: found.iter().map(|(_, id, ..)| *id).collect(), sources: Sources::of(found.iter().map(|(_, _, source, _)| *source)), held })
}

/// The first that are due in a queue, locked.
async fn heads(conn: &mut Conn, channel: &str, queue: &str, limit: i64, order: Order, now: At) -> QueryResult<Vec<Head>> {
    let due = written::<(BigInt, BigInt, BigInt, Nullable<Text>)>("SELECT priority, id, source_id, CASE WHEN purpose <> 'opt_out_confirmation' AND ")
        .sql(SUPPRESSED)
        // For good, so that no clock that is fast may say it alone: not this node's, and not the database's.
        .sql(" THEN 'suppressed' WHEN expires_at <= ")
        .at(now)
        .sql(" AND expires_at <= ")
        .clock(0)
        .sql(" THEN 'expired' END FROM deliveries WHERE channel = ")
        .text(channel)
        .sql(" AND queue = ")
        .text(queue)
        // What was due when it was queued is due, though our clock was put back since.
        .sql(" AND status IN ('queued', 'leased') AND (next_attempt_at <= created_at OR next_attempt_at <= ")
        .at(now)
        .sql(") AND (lease_until IS NULL OR lease_until < ")
        .clock(0)
        .sql(" OR lease_until > ")
        .clock(TOO_FAR_MS)
        .sql(") AND ")
        .sql(FREE)
        .sql(order.sql())
        .int(limit)
        .locked();
    on!(conn, c => due.load(c).await)
}

/// Brings up to `limit` of what waits for a later attempt back among what may leave, as it falls due; gives how many. `domains`
/// are those with a queue of their own.
pub async fn bring_due(conn: &mut Conn, channel: &str, domains: &[String], limit: i64, now: At) -> QueryResult<usize> {
    let mut queue = written::<Text>(if domains.is_empty() { "''" } else { "CASE" });
    for domain in domains {
        queue = queue.sql(" WHEN address LIKE ").text(&format!("%@{domain}")).sql(" THEN ").text(&queue_of(domain));
    }
    let queue = queue.sql(if domains.is_empty() { "" } else { " ELSE '' END" });
    let due = written::<Bool>("id")
        .pick("SELECT id FROM deliveries WHERE channel = ")
        .text(channel)
        .sql(" AND status = 'queued' AND queue = 'later' AND next_attempt_at <= ")
        .at(now)
        .sql(" ORDER BY next_attempt_at LIMIT ")
        .int(limit)
        .picked();
    on!(conn, c => diesel::update(deliveries::table.filter(due)).set(deliveries::queue.eq(queue)).execute(c).await)
}

/// The queue of a channel after this one, by name, if anything waits in it.
pub async fn next_queue(conn: &mut Conn, channel: &str, after: &str) -> QueryResult<Option<String>> {
    use diesel::dsl::min;
    let waits = written::<Bool>("status IN ('queued', 'leased')");
    on!(conn, c => deliveries::table
        .filter(deliveries::channel.eq(channel).and(deliveries::queue.gt(after)).and(waits))
        .select(min(deliveries::queue))
        .first(c)
        .await)
}

/// Moves up to `limit` from a domain's queue to the common one: it may take as many as any other now. Gives how many.
pub async fn dissolve(conn: &mut Conn, channel: &str, queue: &str, limit: i64) -> QueryResult<usize> {
    let some = written::<Bool>("id")
        .pick("SELECT id FROM deliveries WHERE channel = ")
        .text(channel)
        .sql(" AND queue = ")
        .text(queue)
        .sql(" AND status IN ('queued', 'leased') ORDER BY priority, id LIMIT ")
        .int(limit)
        .picked();
    on!(conn, c => diesel::update(deliveries::table.filter(some)).set(deliveries::queue.eq("")).execute(c).await)
}

/// Puts back, into this queue, what was taken in this transaction and cannot leave just now, as if it had not been.
pub async fn put_back(conn: &mut Conn, ids: &[i64], queue: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("id").any_of(ids)))
        .set((
            deliveries::status.eq("queued"),
            deliveries::rank.eq(0),
            deliveries::attempts.eq(deliveries::attempts - 1),
            deliveries::queue.eq(queue),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Whether a hand-over that was claimed a while ago may still begin: none if it is another's by now; no if meanwhile something
/// stands against it, or fewer than `least_ms` of its lease are left.
pub async fn may_still_leave(conn: &mut Conn, delivery: &DeliveryRow, owner: &str, least_ms: i64) -> QueryResult<Option<bool>> {
    let look = written::<Bool>("SELECT lease_until > ")
        .clock(least_ms)
        .sql(" AND ")
        .sql(FREE)
        .sql(" AND NOT (purpose <> 'opt_out_confirmation' AND ")
        .sql(SUPPRESSED)
        .sql(") FROM deliveries WHERE ")
        .begun(delivery, owner);
    on!(conn, c => look.get_result(c).await.optional())
}

/// Puts back a hand-over that was claimed and never begun, as if it had not been; gives 0 if it is another's by now.
pub async fn put_back_unsent(conn: &mut Conn, delivery: &DeliveryRow, owner: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(written::<Bool>("").begun(delivery, owner)))
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

impl<ST> Written<ST> {
    /// That this worker still has the delivery as it claimed it. The lease tells: what it settles as doubtful has its name, too.
    fn begun(self, delivery: &DeliveryRow, owner: &str) -> Self {
        let until = delivery.lease_until.unwrap_or(delivery.created_at);
        self.sql("id = ")
            .int(delivery.id)
            .sql(" AND source_id = ")
            .int(delivery.source_id)
            .sql(" AND status = 'sending' AND lease_owner = ")
            .text(owner)
            // SQLite's clock writes fewer digits than we do.
            .sql(" AND lease_until > ")
            .at(until.plus_ms(-1))
            .sql(" AND lease_until < ")
            .at(until.plus_ms(1))
    }
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

/// The queue of what is tried again at this moment. What is due whatever our clock says does not wait apart.
fn waiting_until(at: At) -> Written<Text> {
    written("CASE WHEN created_at < ").at(at).sql(" THEN 'later' ELSE '' END")
}

/// Hands leased deliveries back for later.
pub async fn put_off(conn: &mut Conn, ids: &[i64], owner: &str, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::id.eq_any(ids).and(deliveries::status.eq("leased")).and(deliveries::lease_owner.eq(owner))))
        .set((
            deliveries::status.eq("queued"),
            deliveries::queue.eq(waiting_until(at)),
            deliveries::next_attempt_at.eq(at),
            deliveries::lease_owner.eq(None::<String>),
            deliveries::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// The provider took these copies of `sources`: pairs of delivery id and the provider's id. A receipt that came first is not undone.
pub async fn record_accepted(conn: &mut Conn, accepted: &[(i64, String)], sources: Sources, now: At) -> QueryResult<()> {
    if accepted.is_empty() {
        return Ok(());
    }
    let (rank, word) = (Status::Accepted.rank(), Status::Accepted.as_str());
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
        .sql(" AS taken WHERE deliveries.id = taken.id")
        .in_months_of(sources);
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
            deliveries::queue.eq(waiting_until(at)),
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

/// When the next of what a channel is to try again falls due, if any waits.
pub async fn next_due(conn: &mut Conn, channel: &str) -> QueryResult<Option<At>> {
    use diesel::dsl::min;
    on!(conn, c => deliveries::table
        .filter(deliveries::channel.eq(channel).and(written::<Bool>("status = 'queued' AND queue = 'later'")))
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
