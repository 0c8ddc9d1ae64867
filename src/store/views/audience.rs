//! Read model of an audience: every address in the chosen areas with what decides whether it gets a copy.
//!
//! What the facts mean is `outbound::audience::decide`; `reason` says the same in SQL, and a test holds the two together on
//! every combination of facts.

use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
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

/// Whom an alert is for, and by what it can go.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Area ids.
    pub areas: Vec<i64>,
    /// Group ids; none means everyone in the areas.
    pub groups: Vec<i64>,
    /// The highest address id of the audience.
    pub mark: i64,
    /// There is a channel for texts.
    pub has_sms: bool,
    /// There is a channel for mail.
    pub has_email: bool,
}

/// Addresses of a kind with the same reason, or none.
#[derive(Clone, Debug, QueryableByName, PartialEq, Eq)]
pub struct Share {
    /// `phone` or `email`; `resident` for the people behind those that get a copy.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// An `Exclusion` word; nothing for those that get a copy.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = BigInt)]
    mark: i64,
}

/// The reason against a copy, or NULL: over the columns of [`facts`]. Words of `Exclusion`, in the order of `decide`.
fn reason(wanted: &Wanted) -> String {
    let absent = match (wanted.has_sms, wanted.has_email) {
        (true, true) => "1 = 0",
        (true, false) => "d.kind <> 'phone'",
        (false, true) => "d.kind = 'phone'",
        (false, false) => "1 = 1",
    };
    format!(
        "CASE WHEN d.suppressed THEN 'opted_out' \
         WHEN NOT d.in_group THEN CASE WHEN d.left_group THEN 'left_group' ELSE 'not_in_groups' END \
         WHEN NOT d.verified THEN 'unconfirmed' WHEN d.bad THEN 'bad_address' WHEN NOT d.enabled THEN 'channel_off' \
         WHEN {absent} THEN 'no_channel' END"
    )
}

/// How the addresses in the areas are come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum By {
    /// As the database thinks best: for all at once.
    Whatever,
    /// Address by address from the cursor on, each looked up among those of the areas: for a chunk of many.
    ///
    /// Left to itself PostgreSQL reads the areas' residents from end to end for each chunk.
    Address,
    /// From the areas' residents to their addresses: for a chunk of few, who may stand far apart among all addresses.
    Area,
}

impl By {
    /// That the address `a` is of one of the areas, above the cursor and up to the mark.
    fn condition(self, wanted: &Wanted, above: &str) -> String {
        let (areas, mark) = (listed(&wanted.areas), wanted.mark);
        match self {
            Self::Whatever => {
                format!("EXISTS (SELECT 1 FROM resident_areas ra WHERE ra.resident_id = a.resident_id AND ra.area_id IN ({areas}))")
            }
            // A limit keeps it from becoming a join.
            Self::Address => {
                format!("(SELECT 1 FROM resident_areas ra WHERE ra.resident_id = a.resident_id AND ra.area_id IN ({areas}) LIMIT 1) = 1")
            }
            // `CROSS JOIN` keeps SQLite to the order; to PostgreSQL it says nothing.
            Self::Area => format!(
                "a.id IN (SELECT x.id FROM resident_areas ra CROSS JOIN addresses x WHERE x.resident_id = ra.resident_id AND ra.area_id IN ({areas}) \
                 AND x.id > {above} AND x.id <= {mark})"
            ),
        }
    }
}

/// A selection of every address in the areas above the cursor and up to the mark with its facts, cut short by `bounds`.
fn facts(wanted: &Wanted, by: By, above: &str, bounds: &str) -> String {
    const LEFT: &str = "EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = a.match_key AND s.scope = g.slug AND s.lifted_at IS NULL \
         AND s.channel IN (CASE a.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, 'all'))";
    let (in_group, left_group) = if wanted.groups.is_empty() {
        ("(1 = 1)".to_owned(), "(1 = 0)".to_owned())
    } else {
        let chosen = listed(&wanted.groups);
        (
            format!(
                "EXISTS (SELECT 1 FROM subscriptions u JOIN interest_groups g ON g.id = u.interest_group_id \
                 WHERE u.resident_id = a.resident_id AND u.interest_group_id IN ({chosen}) AND NOT {LEFT})"
            ),
            format!("EXISTS (SELECT 1 FROM interest_groups g WHERE g.id IN ({chosen}) AND {LEFT})"),
        )
    };
    format!(
        "SELECT a.id, a.resident_id, a.kind, a.value, a.match_key, a.enabled, (a.verified_at IS NOT NULL) AS verified, \
         (a.bad_at IS NOT NULL) AS bad, {in_group} AS in_group, {left_group} AS left_group, \
         EXISTS (SELECT 1 FROM suppressions s WHERE s.match_key = a.match_key AND s.scope = 'all' AND s.lifted_at IS NULL \
             AND s.channel IN (CASE a.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, 'all')) AS suppressed \
         FROM addresses a WHERE a.id > {above} AND a.id <= {} AND {} {bounds}",
        wanted.mark,
        by.condition(wanted, above)
    )
}

/// A selection of the next addresses above the cursor, in order of id: `id`, `kind`, `value`, `match_key` and `reason`, which is
/// NULL for those that get a copy.
pub(in crate::store) fn decided(wanted: &Wanted, by: By, cursor: i64, limit: i64) -> String {
    let facts = facts(wanted, by, &cursor.to_string(), &format!("ORDER BY a.id LIMIT {limit}"));
    format!("SELECT d.id, d.kind, d.value, d.match_key, {} AS reason FROM ({facts}) d", reason(wanted))
}

/// The next addresses above `cursor` up to the mark in these areas, in order of id.
pub async fn list(conn: &mut Conn, wanted: &Wanted, cursor: i64, limit: i64) -> QueryResult<Vec<Candidate>> {
    let query = facts(wanted, By::Whatever, &cursor.to_string(), "ORDER BY a.id LIMIT $1");
    on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(limit).load(c).await)
}

/// How many addresses get a copy and how many do not, by kind and reason; and the people behind the first, if asked.
pub async fn count(conn: &mut Conn, wanted: &Wanted, with_residents: bool) -> QueryResult<Vec<Share>> {
    let (facts, reason) = (facts(wanted, By::Whatever, "0", ""), reason(wanted));
    let shares = format!("SELECT d.kind, {reason} AS reason, d.resident_id FROM ({facts}) d");
    let query = if with_residents {
        format!(
            "WITH decided AS MATERIALIZED ({shares}) SELECT kind, reason, COUNT(*) AS count FROM decided GROUP BY kind, reason \
             UNION ALL SELECT 'resident', NULL, COUNT(DISTINCT resident_id) FROM decided WHERE reason IS NULL"
        )
    } else {
        format!("SELECT s.kind, s.reason, COUNT(*) AS count FROM ({shares}) s GROUP BY s.kind, s.reason")
    };
    on!(conn, c => diesel::sql_query(&query).load(c).await)
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
