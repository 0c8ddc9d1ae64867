//! Table `deliveries` (and `attempts`): the send ledger. Leasing and recording are in `outbox`.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{attempts, deliveries};
use super::written::written;
use crate::domain::delivery::Status;
use crate::domain::{At, Ids};
use crate::{insert_all, on};

/// One outbound text to one address for one purpose.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
pub struct DeliveryRow {
    /// Time-ordered id.
    pub id: i64,
    /// A `Purpose` word.
    pub purpose: String,
    /// What made it: alert, message, code or envelope, by purpose.
    pub source_id: i64,
    /// The alert whose content it carries or answers about.
    pub alert_id: Option<i64>,
    /// The conversation it belongs to.
    pub conversation_id: Option<i64>,
    /// Whose address.
    pub match_key: Vec<u8>,
    /// The address in full.
    pub address: String,
    /// `sms` or `email`.
    pub channel_kind: String,
    /// The configured channel's name.
    pub channel: String,
    /// Our number or mailbox.
    pub sender: String,
    /// Lower goes first.
    pub priority: i64,
    /// A `Status` word.
    pub status: String,
    /// Mail subject; alerts take theirs from `alert_texts`.
    pub subject: Option<String>,
    /// Text; alerts take theirs from `alert_texts`.
    pub body: Option<String>,
    /// Random value of its tokens.
    pub token: String,
    /// Message-ID of theirs that it answers.
    pub in_reply_to: Option<String>,
    /// References header, oldest first, space-separated.
    pub reference_ids: Option<String>,
    /// The provider's id of the hand-over.
    pub provider_message_id: Option<String>,
    /// Rank of the status, for receipts.
    pub rank: i64,
    /// Hand-overs tried.
    pub attempts: i64,
    /// The last failure's code.
    pub error_code: Option<String>,
    /// The last failure in words.
    pub error_detail: Option<String>,
    /// Who has it leased, and
    pub lease_owner: Option<String>,
    /// until when, by the database's clock.
    pub lease_until: Option<At>,
    /// Not before.
    pub next_attempt_at: At,
    /// When the last hand-over began.
    pub sending_at: Option<At>,
    /// When the provider took it.
    pub accepted_at: Option<At>,
    /// When it came to its end.
    pub finished_at: Option<At>,
    /// When it was queued.
    pub created_at: At,
    /// When it is no longer worth sending; none: never.
    pub expires_at: Option<At>,
}

impl std::fmt::Debug for DeliveryRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery({}, {}, {})", self.id, self.purpose, self.status)
    }
}

/// One hand-over to a provider and how it ended.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
pub struct AttemptRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which delivery.
    pub delivery_id: i64,
    /// 1 for the first.
    pub number: i64,
    /// `accepted`, `retryable`, `failed`, `unknown`, or `sent_again` where another followed one whose fate is unknown.
    pub outcome: String,
    /// The provider's id.
    pub provider_message_id: Option<String>,
    /// The provider's error code.
    pub error_code: Option<String>,
    /// The provider's error in words, without the address.
    pub error_detail: Option<String>,
    /// When it ended.
    pub finished_at: At,
}

/// Queues deliveries; one that exists for the same purpose, source and address is passed over.
pub async fn insert(conn: &mut Conn, rows: Vec<DeliveryRow>) -> QueryResult<usize> {
    insert_all!(conn, deliveries::table, rows)
}

/// Notes attempts.
pub async fn insert_attempts(conn: &mut Conn, rows: Vec<AttemptRow>) -> QueryResult<usize> {
    insert_all!(conn, attempts::table, rows)
}

/// By id.
pub async fn find(conn: &mut Conn, id: i64) -> QueryResult<Option<DeliveryRow>> {
    on!(conn, c => deliveries::table.find(id).select(DeliveryRow::as_select()).first(c).await.optional())
}

/// By the random value of its tokens.
pub async fn find_by_tokens(conn: &mut Conn, tokens: &[String]) -> QueryResult<Vec<DeliveryRow>> {
    on!(conn, c => deliveries::table.filter(deliveries::token.eq_any(tokens)).select(DeliveryRow::as_select()).load(c).await)
}

/// By ids that a provider gave. Such ids are scattered over each month's index: the last months are asked first, and those before
/// only about what is not there.
pub async fn find_by_provider_ids(conn: &mut Conn, ids: &[String], now: At) -> QueryResult<Vec<DeliveryRow>> {
    let lately = source_since(now);
    let mut found: Vec<DeliveryRow> = on!(&mut *conn, c => deliveries::table
        .filter(deliveries::provider_message_id.eq_any(ids).and(deliveries::source_id.ge(lately)))
        .select(DeliveryRow::as_select())
        .load(c)
        .await)?;
    let known = |id: &&String| found.iter().any(|row| row.provider_message_id.as_ref() == Some(*id));
    let others: Vec<&String> = ids.iter().filter(|id| !known(id)).collect();
    if !others.is_empty() {
        let older: Vec<DeliveryRow> = on!(conn, c => deliveries::table
            .filter(deliveries::provider_message_id.eq_any(others).and(deliveries::source_id.lt(lately)))
            .select(DeliveryRow::as_select())
            .load(c)
            .await)?;
        found.extend(older);
    }
    Ok(found)
}

/// The first source that a delivery of this moment or later can have: what asks by time names it, so that months from before it
/// are left alone.
fn source_since(at: At) -> i64 {
    Ids::floor(at.minus_days(super::months::SOURCE_DAYS))
}

/// What was handed over from one of our numbers to one person between two moments, newest first: the pair's ledger.
pub async fn list_pair(conn: &mut Conn, match_key: &[u8], sender: &str, since: At, until: At) -> QueryResult<Vec<DeliveryRow>> {
    on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(match_key)
            .and(deliveries::sender.eq(sender))
            .and(deliveries::source_id.ge(source_since(since)))
            .and(deliveries::sending_at.is_not_null())
            .and(deliveries::sending_at.ge(since))
            .and(deliveries::sending_at.le(until))
            .and(deliveries::alert_id.is_not_null()))
        .order(deliveries::sending_at.desc())
        .limit(50)
        .select(DeliveryRow::as_select())
        .load(c)
        .await)
}

/// Deliveries of these alerts to one person.
pub async fn list_of_alerts_to(conn: &mut Conn, match_key: &[u8], alert_ids: &[i64]) -> QueryResult<Vec<DeliveryRow>> {
    on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(match_key).and(deliveries::alert_id.eq_any(alert_ids)).and(deliveries::sending_at.is_not_null()))
        .select(DeliveryRow::as_select())
        .load(c)
        .await)
}

/// Alerts handed over to one person on a kind of channel since then, newest first.
pub async fn list_alerts_to(conn: &mut Conn, match_key: &[u8], channel_kind: &str, since: At) -> QueryResult<Vec<DeliveryRow>> {
    on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(match_key)
            .and(deliveries::channel_kind.eq(channel_kind))
            .and(deliveries::purpose.eq("alert"))
            .and(deliveries::source_id.ge(source_since(since)))
            .and(deliveries::sending_at.ge(since)))
        .order(deliveries::sending_at.desc())
        .limit(20)
        .select(DeliveryRow::as_select())
        .load(c)
        .await)
}

/// Deliveries by id, for a page.
pub async fn list_by_ids(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<DeliveryRow>> {
    on!(conn, c => deliveries::table.filter(deliveries::id.eq_any(ids)).select(DeliveryRow::as_select()).load(c).await)
}

/// A hand-over that may have arrived or not; or, where it was sent again, once or twice.
#[derive(Debug)]
pub struct DoubtfulRow {
    /// What was handed over.
    pub delivery: DeliveryRow,
    /// Whether it was sent again, as its alert says.
    pub sent_again: bool,
}

/// A copy whose fate is unknown, and not for want of a receipt alone. An index of its own has these words.
const DOUBTFUL: &str = "status = 'unconfirmed' AND COALESCE(error_code, '') <> 'no_receipt'";

/// The hand-overs of an alert's copies whose fate is unknown, and those that were sent again on doubt: up to `limit` of each.
/// Those that no carrier told of in three days are not among them: they are many, and nothing was interrupted.
pub async fn list_doubtful(conn: &mut Conn, alert_id: i64, limit: i64) -> QueryResult<Vec<DoubtfulRow>> {
    let copies = deliveries::alert_id.eq(alert_id).and(deliveries::source_id.eq(alert_id)).and(deliveries::purpose.eq("alert"));
    let unknown: Vec<DeliveryRow> = on!(conn, c => deliveries::table
        .filter(copies.and(written::<Bool>(DOUBTFUL)))
        .order(deliveries::id)
        .limit(limit)
        .select(DeliveryRow::as_select())
        .load(c)
        .await)?;
    // The few of all alerts since this one, by an index of their own.
    let again: Vec<i64> = on!(conn, c => attempts::table
        .filter(written::<Bool>("outcome = 'sent_again'").and(attempts::delivery_id.gt(alert_id)))
        .select(attempts::delivery_id)
        .load(c)
        .await)?;
    let again: Vec<DeliveryRow> = on!(conn, c => deliveries::table
        .filter(deliveries::id.eq_any(&again).and(deliveries::source_id.eq(alert_id)).and(deliveries::purpose.eq("alert")))
        .order(deliveries::id)
        .limit(limit)
        .select(DeliveryRow::as_select())
        .load(c)
        .await)?;
    let twice: BTreeSet<i64> = again.iter().map(|delivery| delivery.id).collect();
    let once = unknown.into_iter().filter(|delivery| !twice.contains(&delivery.id)).map(|delivery| DoubtfulRow { delivery, sent_again: false });
    let mut all: Vec<DoubtfulRow> = again.into_iter().map(|delivery| DoubtfulRow { delivery, sent_again: true }).chain(once).collect();
    all.sort_by_key(|row| row.delivery.id);
    Ok(all)
}

/// How many of an alert's copies are in doubt, by kind of channel.
pub async fn count_doubtful(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<(String, i64)>> {
    on!(conn, c => deliveries::table
        .filter(deliveries::alert_id.eq(alert_id).and(deliveries::source_id.eq(alert_id)).and(written::<Bool>(DOUBTFUL)))
        .group_by(deliveries::channel_kind)
        .select((deliveries::channel_kind, diesel::dsl::count_star()))
        .load(c)
        .await)
}

/// Notes that a hand-over whose fate is unknown is followed by another one. The attempt is known already if it ended without an
/// answer, and new if whoever made it died.
pub async fn note_sent_again(conn: &mut Conn, attempt: AttemptRow) -> QueryResult<()> {
    let known = on!(conn, c => diesel::update(attempts::table.filter(
            attempts::delivery_id.eq(attempt.delivery_id).and(attempts::number.eq(attempt.number))))
        .set(attempts::outcome.eq(&attempt.outcome))
        .execute(c)
        .await)?;
    if known == 0 {
        insert_attempts(conn, vec![attempt]).await?;
    }
    Ok(())
}

/// Attempts of a delivery, in order.
pub async fn list_attempts(conn: &mut Conn, delivery_id: i64) -> QueryResult<Vec<AttemptRow>> {
    on!(conn, c => attempts::table
        .filter(attempts::delivery_id.eq(delivery_id))
        .order(attempts::number)
        .select(AttemptRow::as_select())
        .load(c)
        .await)
}

/// Holds back everything that has not left for an address, as when a STOP commits.
pub async fn suppress_waiting(conn: &mut Conn, match_key: &[u8], channel_kind: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(
            deliveries::match_key.eq(match_key)
                .and(deliveries::channel_kind.eq(channel_kind))
                .and(deliveries::status.eq_any(["queued", "held"]))
                .and(deliveries::purpose.ne("opt_out_confirmation"))))
        .set((deliveries::status.eq("suppressed"), deliveries::rank.eq(Status::Suppressed.rank()), deliveries::finished_at.eq(Some(now))))
        .execute(c)
        .await)
}

/// What waits to go to an address: each with its status.
pub async fn list_waiting(conn: &mut Conn, match_key: &[u8], channel_kind: &str) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(match_key)
            .and(deliveries::channel_kind.eq(channel_kind))
            .and(deliveries::status.eq_any(["queued", "held"]))
            .and(deliveries::purpose.ne("opt_out_confirmation")))
        .select((deliveries::id, deliveries::status))
        .load(c)
        .await)
}

/// Sets what was suppressed as it waited.
pub async fn restore_waiting(conn: &mut Conn, waiting: &[(i64, String)]) -> QueryResult<usize> {
    let mut restored = 0;
    for (id, status) in waiting {
        restored += on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq(*id).and(deliveries::status.eq("suppressed"))))
            .set((deliveries::status.eq(status), deliveries::rank.eq(Status::Queued.rank()), deliveries::finished_at.eq(None::<At>)))
            .execute(c)
            .await)?;
    }
    Ok(restored)
}

/// How many deliveries of a purpose an address had since then.
pub async fn count_purpose_since(conn: &mut Conn, match_key: &[u8], purpose: &str, since: At) -> QueryResult<i64> {
    on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(match_key).and(deliveries::purpose.eq(purpose))
            .and(deliveries::source_id.ge(source_since(since)))
            .and(deliveries::created_at.gt(since)))
        .count()
        .get_result(c)
        .await)
}

/// How often an address had an automatic answer since then: about this alert (or none), and in all.
pub async fn count_acknowledged(conn: &mut Conn, match_key: &[u8], alert_id: Option<i64>, since: At) -> QueryResult<(usize, usize)> {
    let about: Vec<Option<i64>> = on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(match_key).and(deliveries::purpose.eq("acknowledgement"))
            .and(deliveries::source_id.ge(source_since(since)))
            .and(deliveries::created_at.gt(since)))
        .select(deliveries::alert_id)
        .load(c)
        .await)?;
    Ok((about.iter().filter(|known| **known == alert_id).count(), about.len()))
}

/// Sets the random value of a delivery's tokens, where its own text had to name it.
pub async fn set_token(conn: &mut Conn, id: i64, token: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.find(id)).set(deliveries::token.eq(token)).execute(c).await)
}

/// Ties the answers that went out in one conversation to another, and to its alert.
pub async fn move_conversation(conn: &mut Conn, from: i64, to: i64, alert_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(deliveries::conversation_id.eq(from).and(deliveries::purpose.eq_any(["reply", "acknowledgement"]))))
        .set((deliveries::conversation_id.eq(Some(to)), deliveries::alert_id.eq(Some(alert_id))))
        .execute(c)
        .await)
}

/// Those of which an earlier hand-over may have been taken.
pub async fn list_doubted(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<i64>> {
    on!(conn, c => attempts::table
        .filter(attempts::delivery_id.eq_any(ids).and(attempts::outcome.eq_any(["unknown", "sent_again"])))
        .select(attempts::delivery_id)
        .load(c)
        .await)
}

/// Ties these answers to a conversation and its alert, or to none in the tray.
pub async fn move_some(conn: &mut Conn, ids: &[i64], to: i64, alert_id: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids)))
        .set((deliveries::conversation_id.eq(Some(to)), deliveries::alert_id.eq(alert_id)))
        .execute(c)
        .await)
}
