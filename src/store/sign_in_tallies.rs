//! Table `sign_in_tallies`: wrong tries, counted where every node sees them. Keys are HMACs: what was typed is not here.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::sign_in_tallies;
use crate::domain::At;
use crate::domain::attempts::Tally;
use crate::on;

/// The tally of a key, held until the transaction ends, so that tries at the same moment are judged one after the other.
pub async fn hold(conn: &mut Conn, key: &[u8], now: At) -> QueryResult<Tally> {
    let (failures, last_at) = on!(conn, c => diesel::insert_into(sign_in_tallies::table)
        .values((sign_in_tallies::tally_key.eq(key), sign_in_tallies::failures.eq(0_i64), sign_in_tallies::last_at.eq(now)))
        .on_conflict(sign_in_tallies::tally_key)
        .do_update()
        .set(sign_in_tallies::failures.eq(sign_in_tallies::failures))
        .returning((sign_in_tallies::failures, sign_in_tallies::last_at))
        .get_result(c)
        .await)?;
    Ok(Tally { failures, last_at })
}

/// Sets the tally that is held.
pub async fn set(conn: &mut Conn, key: &[u8], tally: Tally) -> QueryResult<usize> {
    on!(conn, c => diesel::update(sign_in_tallies::table.find(key))
        .set((sign_in_tallies::failures.eq(tally.failures), sign_in_tallies::last_at.eq(tally.last_at)))
        .execute(c)
        .await)
}

/// One try was no failure after all.
pub async fn uncount(conn: &mut Conn, key: &[u8]) -> QueryResult<usize> {
    on!(conn, c => diesel::update(sign_in_tallies::table.filter(sign_in_tallies::tally_key.eq(key).and(sign_in_tallies::failures.gt(0))))
        .set(sign_in_tallies::failures.eq(sign_in_tallies::failures - 1))
        .execute(c)
        .await)
}

/// Begins anew, after a success.
pub async fn clear(conn: &mut Conn, key: &[u8]) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sign_in_tallies::table.find(key)).execute(c).await)
}

/// Clears out what counts no longer.
pub async fn delete_before(conn: &mut Conn, before: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sign_in_tallies::table.filter(sign_in_tallies::last_at.le(before))).execute(c).await)
}
