//! What the database has, read by queries of the tests' own: the gateway's might be wrong in the same way as what they check.

use diesel::sql_types::{BigInt, Binary, Text};
use diesel_async::RunQueryDsl;
use huecry::domain::MatchKey;
use huecry::store::Conn;

/// What an inbound message is known by.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Kept {
    /// The provider's id of it.
    #[diesel(sql_type = Text)]
    pub(super) sid: String,
    #[diesel(sql_type = Text)]
    pub(super) body: String,
}

#[derive(diesel::QueryableByName)]
struct Standing {
    #[diesel(sql_type = Binary)]
    match_key: Vec<u8>,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Every inbound message.
pub(super) async fn kept(conn: &mut Conn) -> Vec<Kept> {
    let query = "SELECT e.dedupe_key AS sid, m.text AS body FROM messages m JOIN envelopes e ON e.id = m.envelope_id WHERE m.direction = 'in'";
    huecry::on!(conn, c => diesel::sql_query(query).load(c).await).unwrap()
}

/// Whom no text may go to.
pub(super) async fn standing(conn: &mut Conn) -> Vec<MatchKey> {
    let query = "SELECT match_key FROM suppressions WHERE lifted_at IS NULL AND channel = 'sms' AND scope = 'all'";
    let rows: Vec<Standing> = huecry::on!(conn, c => diesel::sql_query(query).load(c).await).unwrap();
    rows.into_iter().map(|row| row.match_key).collect()
}

/// How many deliveries there are of a kind.
pub(super) async fn count_deliveries(conn: &mut Conn, which: &str) -> i64 {
    count_of(conn, "deliveries", which).await
}

/// How many rows of a kind a table has.
pub(super) async fn count_of(conn: &mut Conn, table: &str, which: &str) -> i64 {
    let query = format!("SELECT COUNT(*) AS count FROM {table} WHERE {which}");
    let found: Count = huecry::on!(conn, c => diesel::sql_query(query).get_result(c).await).unwrap();
    found.count
}

/// What a process was at when it lost its life or its database is left to leases, which run out a minute later: as if that
/// minute had passed. Only while no gateway can reach the database.
pub(super) async fn age_leases(conn: &mut Conn) {
    for query in [
        "UPDATE envelopes SET lease_until = received_at WHERE lease_until IS NOT NULL",
        "UPDATE mailboxes SET lease_owner = NULL WHERE lease_owner IS NOT NULL",
        "UPDATE alerts SET fan_out_until = created_at WHERE fan_out_until IS NOT NULL",
        "UPDATE deliveries SET lease_until = COALESCE(sending_at, created_at) WHERE lease_until IS NOT NULL AND status IN ('leased', 'sending')",
    ] {
        huecry::on!(conn, c => diesel::sql_query(query).execute(c).await).unwrap();
    }
}

/// The same for the leases of one dead node, while others live.
pub(super) async fn age_leases_of(conn: &mut Conn, node: usize) {
    for query in [
        format!("UPDATE alerts SET fan_out_until = created_at WHERE fan_out_owner LIKE '{node}-%' AND fan_out_until IS NOT NULL"),
        format!(
            "UPDATE deliveries SET lease_until = COALESCE(sending_at, created_at) \
             WHERE lease_owner LIKE '{node}-%' AND lease_until IS NOT NULL AND status IN ('leased', 'sending')"
        ),
    ] {
        huecry::on!(conn, c => diesel::sql_query(query).execute(c).await).unwrap();
    }
}
