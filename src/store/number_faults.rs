//! Table `number_faults`: numbers that failed for good, until something arrives there.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::number_faults;
use crate::domain::At;
use crate::on;

/// What is held against a number.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = number_faults)]
pub struct NumberFaultRow {
    /// Whose.
    pub match_key: Vec<u8>,
    /// How often.
    pub times: i64,
    /// First, and
    pub first_at: At,
    /// last.
    pub last_at: At,
}

/// What is held against a number so far.
pub async fn find(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<NumberFaultRow>> {
    on!(conn, c => number_faults::table.find(match_key).select(NumberFaultRow::as_select()).first(c).await.optional())
}

/// Notes a failure; gives what stands now.
pub async fn note(conn: &mut Conn, match_key: &[u8], now: At) -> QueryResult<Option<NumberFaultRow>> {
    let row = NumberFaultRow { match_key: match_key.to_vec(), times: 1, first_at: now, last_at: now };
    on!(conn, c => diesel::insert_into(number_faults::table)
        .values(&row)
        .on_conflict(number_faults::match_key)
        .do_update()
        .set((number_faults::times.eq(number_faults::times + 1), number_faults::last_at.eq(now)))
        .execute(c)
        .await)?;
    find(conn, match_key).await
}

/// Something arrived there: nothing is held against it any more. Gives what was.
pub async fn clear(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<NumberFaultRow>> {
    on!(conn, c => diesel::delete(number_faults::table.find(match_key)).returning(NumberFaultRow::as_returning()).get_result(c).await.optional())
}
