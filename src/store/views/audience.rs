//! Read model of an audience: every address in the chosen areas with what decides whether it gets a copy.

use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Bool, Text};
use diesel_async::RunQueryDsl;

use crate::on;
use crate::store::Conn;

/// An address in the chosen areas.
#[derive(Clone, QueryableByName)]
pub struct Candidate {
    /// Address id, by which chunks go on.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub resident_id: i64,
    /// `phone` or `email`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// In full.
    #[diesel(sql_type = Text)]
    pub value: String,
    /// For suppressions and pairs.
    #[diesel(sql_type = Binary)]
    pub match_key: Vec<u8>,
    /// They want alerts here.
    #[diesel(sql_type = Bool)]
    pub enabled: bool,
    /// They proved that it is theirs.
    #[diesel(sql_type = Bool)]
    pub verified: bool,
    /// It fails for good.
    #[diesel(sql_type = Bool)]
    pub bad: bool,
    /// A suppression stands.
    #[diesel(sql_type = Bool)]
    pub suppressed: bool,
    /// In one of the groups that they have not left by text, or none was chosen.
    #[diesel(sql_type = Bool)]
    pub in_group: bool,
    /// They texted STOP and the name of one of the groups.
    #[diesel(sql_type = Bool)]
    pub left_group: bool,
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = BigInt)]
    mark: i64,
}

/// The next addresses above `cursor` up to `mark` in these areas, in order of id.
pub async fn list(conn: &mut Conn, area_ids: &[i64], group_ids: &[i64], cursor: i64, mark: i64, limit: i64) -> QueryResult<Vec<Candidate>> {
    const LEFT: &str = "EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = a.match_key AND s.scope = g.slug AND s.lifted_at IS NULL \
         AND s.channel IN (CASE a.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, 'all'))";
    let (in_group, left_group) = if group_ids.is_empty() {
        ("(1 = 1)".to_owned(), "(1 = 0)".to_owned())
    } else {
        let chosen = listed(group_ids);
        (
            format!(
                "EXISTS (SELECT 1 FROM subscriptions u JOIN interest_groups g ON g.id = u.interest_group_id \
                 WHERE u.resident_id = a.resident_id AND u.interest_group_id IN ({chosen}) AND NOT {LEFT})"
            ),
            format!("EXISTS (SELECT 1 FROM interest_groups g WHERE g.id IN ({chosen}) AND {LEFT})"),
        )
    };
    let query = format!(
        "SELECT a.id, a.resident_id, a.kind, a.value, a.match_key, a.enabled, (a.verified_at IS NOT NULL) AS verified, \
         (a.bad_at IS NOT NULL) AS bad, {in_group} AS in_group, {left_group} AS left_group, \
         EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = a.match_key AND s.scope = 'all' AND s.lifted_at IS NULL \
             AND s.channel IN (CASE a.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, 'all')) AS suppressed \
         FROM addresses a WHERE a.id > $1 AND a.id <= $2 \
         AND EXISTS (SELECT 1 FROM resident_areas ra WHERE ra.resident_id = a.resident_id AND ra.area_id IN ({})) \
         ORDER BY a.id LIMIT $3",
        listed(area_ids)
    );
    on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(cursor).bind::<BigInt, _>(mark).bind::<BigInt, _>(limit).load(c).await)
}

/// The highest address id there is now: the frozen mark of an audience.
pub async fn highest_address(conn: &mut Conn) -> QueryResult<i64> {
    let found: Mark = on!(conn, c => diesel::sql_query("SELECT COALESCE(MAX(id), 0) AS mark FROM addresses").get_result(c).await)?;
    Ok(found.mark)
}

/// Ids are numbers of our own making: they can stand in the statement.
fn listed(ids: &[i64]) -> String {
    if ids.is_empty() { "-1".to_owned() } else { ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",") }
}
