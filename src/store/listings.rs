//! Table `listings`: how far each provider's own list of messages from people has been read.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::listings;
use super::written::{clock_in, written};
use crate::domain::At;
use crate::on;

/// Takes a channel's list for a while; gives up to when it was read before. None: another node has it.
pub async fn claim(conn: &mut Conn, channel: &str, owner: &str, lease_ms: i64, otherwise: At) -> QueryResult<Option<At>> {
    let first = (listings::channel.eq(channel), listings::listed_until.eq(otherwise));
    on!(conn, c => diesel::insert_into(listings::table).values(first).on_conflict_do_nothing().execute(c).await)?;
    let free = written::<Bool>("(lease_until IS NULL OR lease_until < ").clock(0).sql(")");
    on!(conn, c => diesel::update(listings::table.filter(listings::channel.eq(channel)).filter(free))
        .set((listings::lease_owner.eq(Some(owner)), listings::lease_until.eq(clock_in(lease_ms))))
        .returning(listings::listed_until)
        .get_result(c)
        .await
        .optional())
}

/// It was read up to then.
pub async fn finish(conn: &mut Conn, channel: &str, owner: &str, until: At, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(listings::table.filter(listings::channel.eq(channel).and(listings::lease_owner.eq(owner))))
        .set((
            listings::listed_until.eq(until),
            listings::checked_at.eq(Some(now)),
            listings::fault.eq(None::<String>),
            listings::lease_owner.eq(None::<String>),
            listings::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// It could not be read, and why.
pub async fn fail(conn: &mut Conn, channel: &str, owner: &str, fault: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(listings::table.filter(listings::channel.eq(channel).and(listings::lease_owner.eq(owner))))
        .set((
            listings::checked_at.eq(Some(now)),
            listings::fault.eq(Some(fault)),
            listings::lease_owner.eq(None::<String>),
            listings::lease_until.eq(None::<At>),
        ))
        .execute(c)
        .await)
}
