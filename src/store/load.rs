//! How much an embedded database holds and does: what its bounds are held against.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::domain::bounds::Load;
use crate::domain::{At, Ids};

#[derive(QueryableByName)]
struct Numbers {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
    #[diesel(sql_type = BigInt)]
    sent: i64,
    #[diesel(sql_type = BigInt)]
    came: i64,
    #[diesel(sql_type = BigInt)]
    day: i64,
}

/// What SQLite has; none on PostgreSQL, which has no such bounds. Counting goes over an index of each table: seconds at most.
pub async fn of_sqlite(conn: &mut Conn, now: At) -> QueryResult<Option<Load>> {
    let Conn::Lite(c) = conn else { return Ok(None) };
    let query = "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) AS bytes, \
         (SELECT COUNT(*) FROM deliveries) AS sent, (SELECT COUNT(*) FROM envelopes) AS came, (SELECT COUNT(*) FROM deliveries WHERE id >= $1) AS day";
    let numbers: Numbers = diesel::sql_query(query).bind::<BigInt, _>(Ids::floor(now.minus_days(1))).get_result(&mut **c).await?;
    Ok(Some(Load { bytes: numbers.bytes, rows: numbers.sent + numbers.came, day: numbers.day }))
}
