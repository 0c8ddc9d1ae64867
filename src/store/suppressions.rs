//! Table `suppressions`: never send to this address, in this scope. Outlives the account; nothing overrides it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::suppressions;
use crate::domain::At;
use crate::on;

/// A standing objection, or a lifted one.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = suppressions, treat_none_as_default_value = false)]
pub struct SuppressionRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose address.
    pub match_key: Vec<u8>,
    /// `sms`, `email` or `all`.
    pub channel: String,
    /// `all`, or a group's slug.
    pub scope: String,
    /// `stop`, `one_click`, `left`, `officer`, `bounce`, …
    pub reason: String,
    /// The exact words or act.
    pub evidence: String,
    /// The envelope that carried it.
    pub source_envelope_id: Option<i64>,
    /// Since when.
    pub created_at: At,
    /// Until when, if it was lifted.
    pub lifted_at: Option<At>,
    /// What lifted it.
    pub lifted_by: Option<String>,
}

/// Sets a suppression; renews one that was lifted. Of a standing one only the latest envelope and wish are noted, so that an
/// earlier START that is still waiting cannot lift it. Gives how many came into force: 0 if it stood already.
pub async fn suppress(conn: &mut Conn, row: &SuppressionRow) -> QueryResult<usize> {
    let inserted = on!(conn, c => diesel::insert_into(suppressions::table)
        .values((row, suppressions::last_asked_at.eq(Some(row.created_at))))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    if inserted > 0 {
        return Ok(inserted);
    }
    note_wish(conn, row, row.created_at).await?;
    on!(conn, c => diesel::update(suppressions::table.filter(
            suppressions::match_key.eq(&row.match_key)
                .and(suppressions::channel.eq(&row.channel))
                .and(suppressions::scope.eq(&row.scope))
                .and(suppressions::lifted_at.is_not_null())))
        .set((
            suppressions::reason.eq(&row.reason),
            suppressions::evidence.eq(&row.evidence),
            suppressions::source_envelope_id.eq(row.source_envelope_id),
            suppressions::created_at.eq(row.created_at),
            suppressions::last_asked_at.eq(Some(row.created_at)),
            suppressions::lifted_at.eq(None::<At>),
            suppressions::lifted_by.eq(None::<String>),
        ))
        .execute(c)
        .await)
}

/// The same, where the wish is older than the row that holds it: by the provider's clock.
pub async fn suppress_as_of(conn: &mut Conn, row: &SuppressionRow, asked_at: At) -> QueryResult<usize> {
    let came_into_force = suppress(conn, row).await?;
    note_wish(conn, row, asked_at).await?;
    Ok(came_into_force)
}

/// Of what stands: the latest wish, and the envelope that brought it.
async fn note_wish(conn: &mut Conn, row: &SuppressionRow, asked_at: At) -> QueryResult<()> {
    on!(conn, c => diesel::update(suppressions::table.filter(
            suppressions::match_key.eq(&row.match_key)
                .and(suppressions::channel.eq(&row.channel))
                .and(suppressions::scope.eq(&row.scope))
                .and(suppressions::lifted_at.is_null())
                // The one that brought it into force, read whole by now, tells better; any other only moves it on.
                .and((suppressions::source_envelope_id.eq(row.source_envelope_id).and(suppressions::created_at.eq(row.created_at)))
                    .or(suppressions::last_asked_at.lt(asked_at)))))
        .set(suppressions::last_asked_at.eq(Some(asked_at)))
        .execute(c)
        .await)?;
    on!(conn, c => diesel::update(suppressions::table.filter(
            suppressions::match_key.eq(&row.match_key)
                .and(suppressions::channel.eq(&row.channel))
                .and(suppressions::scope.eq(&row.scope))
                .and(suppressions::lifted_at.is_null())
                // An older one may commit later: another node's, or one that is dealt with again.
                .and(suppressions::source_envelope_id.is_null().or(suppressions::source_envelope_id.lt(row.source_envelope_id)))))
        .set(suppressions::source_envelope_id.eq(row.source_envelope_id))
        .execute(c)
        .await)
    .map(|_| ())
}

/// Lifts what stands against a channel; gives how many were lifted. `all` on the row counts for every channel.
pub async fn lift(conn: &mut Conn, match_key: &[u8], channel: &str, by: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(suppressions::table.filter(
            suppressions::match_key.eq(match_key)
                .and(suppressions::channel.eq_any([channel, "all"]))
                .and(suppressions::scope.eq("all"))
                .and(suppressions::lifted_at.is_null())))
        .set((suppressions::lifted_at.eq(Some(now)), suppressions::lifted_by.eq(Some(by))))
        .execute(c)
        .await)
}

/// Lifts what stands against groups, by slug, on every channel; gives how many were lifted.
pub async fn lift_groups(conn: &mut Conn, match_key: &[u8], slugs: &[String], by: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(suppressions::table.filter(
            suppressions::match_key.eq(match_key).and(suppressions::scope.eq_any(slugs)).and(suppressions::scope.ne("all")).and(suppressions::lifted_at.is_null())))
        .set((suppressions::lifted_at.eq(Some(now)), suppressions::lifted_by.eq(Some(by))))
        .execute(c)
        .await)
}

/// Lifts a STOP by a later START; gives how many were lifted. The later wish wins, by `asked_at`. Of two of the same moment the
/// STOP wins, unless the order of their envelopes tells that it was the earlier: `envelope_id` is that of a START whose moment
/// is our own time of receipt, not the provider's.
pub async fn lift_by_start(conn: &mut Conn, match_key: &[u8], envelope_id: Option<i64>, asked_at: At, now: At) -> QueryResult<usize> {
    let before = suppressions::last_asked_at.lt(asked_at).or(suppressions::last_asked_at.is_null().and(suppressions::created_at.lt(asked_at)));
    let same = suppressions::last_asked_at.eq(asked_at).or(suppressions::last_asked_at.is_null().and(suppressions::created_at.eq(asked_at)));
    let earlier = suppressions::source_envelope_id.is_null().or(suppressions::source_envelope_id.lt(envelope_id));
    on!(conn, c => diesel::update(suppressions::table.filter(
            suppressions::match_key.eq(match_key)
                .and(suppressions::channel.eq("sms"))
                .and(suppressions::scope.eq("all"))
                .and(suppressions::lifted_at.is_null())
                .and(before.or(same.and(earlier)).assume_not_null())))
        .set((suppressions::lifted_at.eq(Some(now)), suppressions::lifted_by.eq(Some("start"))))
        .execute(c)
        .await)
}

/// What stands against an address on a kind of channel.
pub async fn find_standing(conn: &mut Conn, match_key: &[u8], channel: &str) -> QueryResult<Option<SuppressionRow>> {
    on!(conn, c => suppressions::table
        .filter(suppressions::match_key.eq(match_key)
            .and(suppressions::channel.eq_any([channel, "all"]))
            .and(suppressions::scope.eq("all"))
            .and(suppressions::lifted_at.is_null()))
        .select(SuppressionRow::as_select())
        .first(c)
        .await
        .optional())
}

/// What stands against any of these addresses as a whole, on whatever channel.
pub async fn list_standing(conn: &mut Conn, match_keys: &[Vec<u8>]) -> QueryResult<Vec<SuppressionRow>> {
    on!(conn, c => suppressions::table
        .filter(suppressions::match_key.eq_any(match_keys).and(suppressions::scope.eq("all")).and(suppressions::lifted_at.is_null()))
        .select(SuppressionRow::as_select())
        .load(c)
        .await)
}

/// How many came into force for this reason since then.
pub async fn count_since(conn: &mut Conn, reason: &str, since: At) -> QueryResult<i64> {
    on!(conn, c => suppressions::table.filter(suppressions::reason.eq(reason).and(suppressions::created_at.ge(since))).count().get_result(c).await)
}

/// Whether somebody has come back by START after a STOP since then.
pub async fn was_lifted_by_start(conn: &mut Conn, match_key: &[u8], channel: &str, since: At) -> QueryResult<bool> {
    on!(conn, c => diesel::select(diesel::dsl::exists(suppressions::table.filter(
            suppressions::match_key.eq(match_key)
                .and(suppressions::channel.eq(channel))
                .and(suppressions::scope.eq("all"))
                .and(suppressions::lifted_at.ge(since))
                .and(suppressions::lifted_by.eq("start")))))
        .get_result(c)
        .await)
}

/// What stands or stood against an address on a channel, in a scope.
pub async fn find(conn: &mut Conn, match_key: &[u8], channel: &str, scope: &str) -> QueryResult<Option<SuppressionRow>> {
    on!(conn, c => suppressions::table
        .filter(suppressions::match_key.eq(match_key).and(suppressions::channel.eq(channel)).and(suppressions::scope.eq(scope)))
        .select(SuppressionRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Whether anything stands against an address on a kind of channel, or stood at some time since then.
pub async fn was_set_since(conn: &mut Conn, match_key: &[u8], channel: &str, since: At) -> QueryResult<bool> {
    on!(conn, c => diesel::select(diesel::dsl::exists(suppressions::table.filter(
            suppressions::match_key.eq(match_key)
                .and(suppressions::channel.eq_any([channel, "all"]))
                .and(suppressions::scope.eq("all"))
                .and(suppressions::lifted_at.is_null().or(suppressions::lifted_at.ge(since).assume_not_null())))))
        .get_result(c)
        .await)
}

/// Whether it stands for this reason, and nobody has asked for it since.
pub async fn is_untouched(conn: &mut Conn, id: i64, reason: &str) -> QueryResult<bool> {
    on!(conn, c => diesel::select(diesel::dsl::exists(suppressions::table.filter(
            suppressions::id.eq(id)
                .and(suppressions::reason.eq(reason))
                .and(suppressions::lifted_at.is_null())
                .and(suppressions::source_envelope_id.is_null())
                .and(suppressions::last_asked_at.eq(suppressions::created_at.nullable()).assume_not_null()))))
        .get_result(c)
        .await)
}

/// Lifts what had been lifted before by the same.
pub async fn lift_again(conn: &mut Conn, id: i64, by: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(suppressions::table.find(id)).set((suppressions::lifted_at.eq(Some(now)), suppressions::lifted_by.eq(Some(by)))).execute(c).await)
}

/// Takes away what should never have been set.
pub async fn delete(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(suppressions::table.find(id)).execute(c).await)
}
