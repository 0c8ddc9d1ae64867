//! Tables `outcomes`, `outcome_exclusions`: what came of an alert, and how far the telling has come.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{alerts, outcome_exclusions, outcomes};
use crate::domain::At;
use crate::on;

/// What came of an alert, told to everyone who answered it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = outcomes, treat_none_as_default_value = false)]
pub struct OutcomeRow {
    /// Time-ordered id.
    pub id: i64,
    /// Of which alert.
    pub alert_id: i64,
    /// Who told it.
    pub officer_id: Option<i64>,
    /// Of the form that made it: pressed twice, it is told once.
    pub token: String,
    /// The words for phones and the public page.
    pub sms_text: String,
    /// Subject of the mail.
    pub email_subject: String,
    /// The words of the mail.
    pub email_body: String,
    /// The highest conversation id when it was told: who answers later is not told.
    pub mark: i64,
    /// The last conversation that was dealt with.
    pub cursor: i64,
    /// Texts queued so far.
    pub told_sms: i64,
    /// Mails queued so far.
    pub told_email: i64,
    /// The worker that goes through them, and
    pub lease_owner: Option<String>,
    /// until when, by the database's clock.
    pub lease_until: Option<At>,
    /// When it was told.
    pub created_at: At,
    /// When everyone was dealt with.
    pub finished_at: Option<At>,
}

/// Somebody who answered an alert.
#[derive(Clone, QueryableByName)]
pub struct Answerer {
    /// Their conversation.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The channel's name.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Our number or mailbox that they wrote to.
    #[diesel(sql_type = Text)]
    pub our_address: String,
    /// `phone` or `email`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Where they wrote from.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// Its key.
    #[diesel(sql_type = Binary)]
    pub match_key: Vec<u8>,
    /// Whether it is certain that they meant this alert.
    #[diesel(sql_type = Bool)]
    pub certain: bool,
    /// From another address than the one the alert went to.
    #[diesel(sql_type = Bool)]
    pub third_party: bool,
    /// Their life may be at risk: the conversation says so, or a tag on any of theirs.
    #[diesel(sql_type = Bool)]
    pub at_risk: bool,
    /// A tag on any conversation of theirs says not to write to them.
    #[diesel(sql_type = Bool)]
    pub unwanted: bool,
    /// In what they wrote they ask, or seem to ask, to hear no more, and nothing has come of it since.
    #[diesel(sql_type = Bool)]
    pub in_doubt: bool,
    /// A suppression stands.
    #[diesel(sql_type = Bool)]
    pub suppressed: bool,
    /// The number may have changed hands.
    #[diesel(sql_type = Bool)]
    pub passed_on: bool,
    /// The address fails for good.
    #[diesel(sql_type = Bool)]
    pub bad: bool,
    /// The resident whose address it is.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub resident_id: Option<i64>,
    /// When they last wrote or were written to there.
    #[diesel(sql_type = Timestamp)]
    pub last_message_at: At,
    /// The same person was told at another address of theirs.
    #[diesel(sql_type = Bool)]
    pub told: bool,
}

/// Everybody who is the same person: the address's own, and whoever else writes from an address of the same resident.
const THEIRS: &str = "(o.correspondent_id = c.correspondent_id OR o.correspondent_id IN (SELECT k2.id FROM addresses b JOIN correspondents k2 \
     ON k2.match_key = b.match_key WHERE b.resident_id = ad.resident_id))";

/// The conversations `which` of those who answered an alert, in order of id. What holds of a person holds at each of their
/// addresses.
fn answerers(which: &str, outcome_id: i64) -> String {
    let tagged = |name: &str| {
        format!(
            "EXISTS (SELECT 1 FROM conversations o JOIN conversation_tags ct ON ct.conversation_id = o.id JOIN tags g ON g.id = ct.tag_id \
             WHERE {THEIRS} AND g.name = '{name}')"
        )
    };
    let unsettled = |asked_at: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = k.match_key AND s.scope = 'all' \
             AND s.channel IN (CASE k.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, 'all') AND (s.lifted_at IS NULL OR s.lifted_at >= {asked_at}))"
        )
    };
    format!(
        "SELECT c.id, c.channel, c.our_address, k.kind, k.address, k.match_key, (c.certainty = 'certain') AS certain, c.third_party, (k.owner_doubt_at IS NOT NULL) AS passed_on, \
         (EXISTS (SELECT 1 FROM conversations o LEFT JOIN urgencies u ON u.conversation_id = o.id WHERE {THEIRS} AND (o.urgency = 'life' OR u.level = 'life')) \
             OR {}) AS at_risk, {} AS unwanted, \
         (EXISTS (SELECT 1 FROM conversation_events e WHERE e.conversation_id = c.id AND e.kind = 'opt_out_asked' AND {}) \
             OR EXISTS (SELECT 1 FROM messages q WHERE q.conversation_id = c.id AND q.class = 'opt_out_review' AND {})) AS in_doubt, \
         EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = k.match_key AND s.scope = 'all' AND s.lifted_at IS NULL \
             AND s.channel IN (CASE k.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, 'all')) AS suppressed, \
         EXISTS (SELECT 1 FROM addresses a WHERE a.match_key = k.match_key AND a.bad_at IS NOT NULL) AS bad, ad.resident_id, c.last_message_at, \
         EXISTS (SELECT 1 FROM deliveries d JOIN addresses b ON b.match_key = d.match_key WHERE d.purpose = 'outcome' AND d.source_id = {outcome_id} \
             AND d.match_key <> k.match_key AND b.resident_id = ad.resident_id) AS told \
         FROM conversations c JOIN correspondents k ON k.id = c.correspondent_id \
         LEFT JOIN addresses ad ON ad.match_key = k.match_key AND k.owner_doubt_at IS NULL AND NOT EXISTS (SELECT 1 FROM correspondents was \
             WHERE was.match_key = k.match_key AND was.owner_doubt_at >= ad.verified_at) \
         WHERE c.alert_id = $1 AND c.id > $2 AND c.id <= $3 AND {which} AND c.messages_count > 0 \
         AND EXISTS (SELECT 1 FROM messages m WHERE m.conversation_id = c.id AND m.direction = 'in' AND m.class NOT IN ('opt_out', 'opt_in')) \
         ORDER BY c.id LIMIT $4",
        tagged("at risk"),
        tagged("do not contact"),
        unsettled("e.created_at"),
        unsettled("q.received_at"),
    )
}

/// Those who answered an alert, after a conversation and up to another, in order of id; for an outcome, if it is told already.
pub async fn list_answerers(conn: &mut Conn, alert_id: i64, outcome_id: Option<i64>, after: i64, mark: i64, limit: i64) -> QueryResult<Vec<Answerer>> {
    let query = answerers("TRUE", outcome_id.unwrap_or(0));
    on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(alert_id).bind::<BigInt, _>(after).bind::<BigInt, _>(mark).bind::<BigInt, _>(limit).load(c).await)
}

/// Everything of these residents about an alert, up to a conversation.
pub async fn list_of_residents(conn: &mut Conn, alert_id: i64, mark: i64, resident_ids: &[i64]) -> QueryResult<Vec<Answerer>> {
    if resident_ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = resident_ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let theirs =
        format!("c.correspondent_id IN (SELECT k3.id FROM addresses a3 JOIN correspondents k3 ON k3.match_key = a3.match_key WHERE a3.resident_id IN ({ids}))");
    let query = answerers(&theirs, 0);
    let most = i64::MAX;
    on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(alert_id).bind::<BigInt, _>(0).bind::<BigInt, _>(mark).bind::<BigInt, _>(most).load(c).await)
}

/// The latest that was told of an alert; 0 if nothing was.
pub async fn latest(conn: &mut Conn, alert_id: i64) -> QueryResult<i64> {
    let found: Option<i64> = on!(conn, c => outcomes::table.filter(outcomes::alert_id.eq(alert_id)).select(diesel::dsl::max(outcomes::id)).first(c).await)?;
    Ok(found.unwrap_or(0))
}

/// The same, with the alert locked until the transaction ends: nothing more is told of it meanwhile.
pub async fn latest_locked(conn: &mut Conn, alert_id: i64) -> QueryResult<i64> {
    let _locked: Option<i64> = on!(conn, c =>
        pg alerts::table.find(alert_id).select(alerts::id).for_update().first(c).await.optional(),
        lite alerts::table.find(alert_id).select(alerts::id).first(c).await.optional())?;
    latest(conn, alert_id).await
}

/// Whether a form has told something already.
pub async fn is_used(conn: &mut Conn, token: &str) -> QueryResult<bool> {
    on!(conn, c => diesel::select(diesel::dsl::exists(outcomes::table.filter(outcomes::token.eq(token)))).get_result(c).await)
}

/// Adds one; an error if its form made one before.
pub async fn insert(conn: &mut Conn, row: &OutcomeRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(outcomes::table).values(row).on_conflict(outcomes::token).do_nothing().execute(c).await)
}

/// Those of an alert, the latest first.
pub async fn list_of(conn: &mut Conn, alert_id: i64) -> QueryResult<Vec<OutcomeRow>> {
    on!(conn, c => outcomes::table.filter(outcomes::alert_id.eq(alert_id)).order(outcomes::id.desc()).select(OutcomeRow::as_select()).load(c).await)
}

/// Why how many were left out.
pub async fn list_exclusions(conn: &mut Conn, outcome_id: i64) -> QueryResult<Vec<(String, i64)>> {
    on!(conn, c => outcome_exclusions::table
        .filter(outcome_exclusions::outcome_id.eq(outcome_id))
        .order(outcome_exclusions::reason)
        .select((outcome_exclusions::reason, outcome_exclusions::count))
        .load(c)
        .await)
}

/// Adds a chunk's count to a reason.
pub async fn add_exclusions(conn: &mut Conn, outcome_id: i64, reason: &str, count: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(outcome_exclusions::table)
        .values((outcome_exclusions::outcome_id.eq(outcome_id), outcome_exclusions::reason.eq(reason), outcome_exclusions::count.eq(count)))
        .on_conflict((outcome_exclusions::outcome_id, outcome_exclusions::reason))
        .do_update()
        .set(outcome_exclusions::count.eq(outcome_exclusions::count + count))
        .execute(c)
        .await)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Leases one that is not finished, the oldest first; this worker's own again.
pub async fn claim(conn: &mut Conn, owner: &str, lease_ms: i64) -> QueryResult<Option<OutcomeRow>> {
    let now = conn.db_now().await?;
    let lock = match conn {
        Conn::Pg(_) => "FOR UPDATE SKIP LOCKED",
        Conn::Lite(_) => "",
    };
    let query = format!(
        "UPDATE outcomes SET lease_owner = $1, lease_until = $2 WHERE id = (SELECT id FROM outcomes WHERE finished_at IS NULL \
         AND (lease_until IS NULL OR lease_until < $3 OR lease_owner = $1) ORDER BY id LIMIT 1 {lock}) RETURNING id"
    );
    let claimed: Vec<Id> = on!(conn, c => diesel::sql_query(&query)
        .bind::<Text, _>(owner)
        .bind::<Timestamp, _>(now.plus_ms(lease_ms))
        .bind::<Timestamp, _>(now)
        .load(c)
        .await)?;
    let Some(Id { id }) = claimed.into_iter().next() else { return Ok(None) };
    on!(conn, c => outcomes::table.find(id).select(OutcomeRow::as_select()).first(c).await.optional())
}

/// Moves the cursor on with what was queued, if this worker still holds the lease and nobody moved it; gives 0 otherwise.
pub async fn advance(conn: &mut Conn, row: &OutcomeRow, owner: &str, cursor: i64, sms: i64, email: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(outcomes::table.filter(outcomes::id.eq(row.id).and(outcomes::lease_owner.eq(owner)).and(outcomes::cursor.eq(row.cursor))))
        .set((
            outcomes::cursor.eq(cursor),
            outcomes::told_sms.eq(outcomes::told_sms + sms),
            outcomes::told_email.eq(outcomes::told_email + email),
        ))
        .execute(c)
        .await)
}

/// Everyone was dealt with.
pub async fn finish(conn: &mut Conn, id: i64, owner: &str, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(outcomes::table.filter(outcomes::id.eq(id).and(outcomes::lease_owner.eq(owner))))
        .set((outcomes::finished_at.eq(Some(at)), outcomes::lease_owner.eq(None::<String>), outcomes::lease_until.eq(None::<At>)))
        .execute(c)
        .await)
}

#[derive(QueryableByName)]
struct Highest {
    #[diesel(sql_type = Nullable<BigInt>)]
    id: Option<i64>,
}

/// The last conversation of an alert there is now.
pub async fn highest(conn: &mut Conn, alert_id: i64) -> QueryResult<i64> {
    let found: Highest =
        on!(conn, c => diesel::sql_query("SELECT MAX(id) AS id FROM conversations WHERE alert_id = $1").bind::<BigInt, _>(alert_id).get_result(c).await)?;
    Ok(found.id.unwrap_or(0))
}
