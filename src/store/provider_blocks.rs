//! Table `provider_blocks`: whom a provider will not send to from a number of ours, because they told the provider so.
//!
//! It stands beside our own suppressions: lifting ours does not lift theirs, which only the person (START to that number) or
//! the provider's own page can.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::provider_blocks;
use crate::domain::At;
use crate::on;

/// A block.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = provider_blocks, treat_none_as_default_value = false)]
pub struct ProviderBlockRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose account.
    pub channel: String,
    /// From which number of ours.
    pub our_number: String,
    /// To whom.
    pub match_key: Vec<u8>,
    /// The provider's code.
    pub code: String,
    /// What it refused.
    pub evidence: String,
    /// Since when we know.
    pub created_at: At,
    /// Until when.
    pub lifted_at: Option<At>,
    /// By what we know that it ended.
    pub lifted_by: Option<String>,
}

/// Notes a block; gives how many came to be known: 0 if it stood already.
pub async fn note(conn: &mut Conn, row: &ProviderBlockRow) -> QueryResult<usize> {
    let inserted = on!(conn, c => diesel::insert_into(provider_blocks::table).values(row).on_conflict_do_nothing().execute(c).await)?;
    if inserted > 0 {
        return Ok(inserted);
    }
    on!(conn, c => diesel::update(provider_blocks::table.filter(
            provider_blocks::match_key.eq(&row.match_key)
                .and(provider_blocks::channel.eq(&row.channel))
                .and(provider_blocks::our_number.eq(&row.our_number))
                .and(provider_blocks::lifted_at.is_not_null())))
        .set((
            provider_blocks::code.eq(&row.code),
            provider_blocks::evidence.eq(&row.evidence),
            provider_blocks::created_at.eq(row.created_at),
            provider_blocks::lifted_at.eq(None::<At>),
            provider_blocks::lifted_by.eq(None::<String>),
        ))
        .execute(c)
        .await)
}

/// They texted START to this number: the provider hears it too and lifts what it set by STOP.
pub async fn lift_by_start(conn: &mut Conn, channel: &str, our_number: &str, match_key: &[u8], now: At) -> QueryResult<usize> {
    lift(conn, channel, our_number, match_key, "start", now).await
}

/// A text on this pair was taken or arrived: the block is gone, whoever lifted it.
pub async fn lift_by_success(conn: &mut Conn, channel: &str, our_number: &str, match_key: &[u8], now: At) -> QueryResult<usize> {
    lift(conn, channel, our_number, match_key, "sent", now).await
}

async fn lift(conn: &mut Conn, channel: &str, our_number: &str, match_key: &[u8], by: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(provider_blocks::table.filter(
            provider_blocks::match_key.eq(match_key)
                .and(provider_blocks::channel.eq(channel))
                .and(provider_blocks::our_number.eq(our_number))
                .and(provider_blocks::lifted_at.is_null())))
        .set((provider_blocks::lifted_at.eq(Some(now)), provider_blocks::lifted_by.eq(Some(by))))
        .execute(c)
        .await)
}

/// What stands against a person.
pub async fn list_standing(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Vec<ProviderBlockRow>> {
    on!(conn, c => provider_blocks::table
        .filter(provider_blocks::match_key.eq(match_key).and(provider_blocks::lifted_at.is_null()))
        .order(provider_blocks::our_number)
        .select(ProviderBlockRow::as_select())
        .load(c)
        .await)
}
