//! Table `text_parts`: parts of longer texts until all are there, or the wait is over. In the database, since parts come out of
//! order and to whichever node.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::text_parts;
use crate::domain::At;
use crate::on;

/// A part.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = text_parts, treat_none_as_default_value = false)]
pub struct TextPartRow {
    /// Time-ordered id.
    pub id: i64,
    /// By which channel.
    pub channel: String,
    /// Whose.
    pub match_key: Vec<u8>,
    /// Their number as the provider gave it.
    pub correspondent: String,
    /// Our number.
    pub our_number: String,
    /// What all parts of one text share, with how many they are.
    pub reference: String,
    /// How many there are.
    pub total: i64,
    /// Which one this is, from 1.
    pub number: i64,
    /// What it says.
    pub text: String,
    /// The envelope that carried it.
    pub envelope_id: i64,
    /// Its place in the envelope.
    pub ordinal: i64,
    /// When it came.
    pub received_at: At,
    /// When it became a message, with the others or without.
    pub joined_at: Option<At>,
}

/// Keeps a part; gives 0 if it was kept before.
pub async fn insert(conn: &mut Conn, row: &TextPartRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(text_parts::table).values(row).on_conflict_do_nothing().execute(c).await)
}

/// Every part that belongs with this one: of the same people, reference and total, and not long before or after. The reference
/// begins anew after a while, so that an old part is another text's.
pub async fn list_beside(conn: &mut Conn, part: &TextPartRow, within_ms: i64) -> QueryResult<Vec<TextPartRow>> {
    on!(conn, c => text_parts::table
        .filter(text_parts::match_key.eq(&part.match_key)
            .and(text_parts::our_number.eq(&part.our_number))
            .and(text_parts::reference.eq(&part.reference))
            .and(text_parts::channel.eq(&part.channel))
            .and(text_parts::total.eq(part.total))
            .and(text_parts::received_at.ge(part.received_at.plus_ms(-within_ms)))
            .and(text_parts::received_at.le(part.received_at.plus_ms(within_ms))))
        .order((text_parts::number, text_parts::id))
        .select(TextPartRow::as_select())
        .load(c)
        .await)
}

/// Marks parts as joined; gives how many were not yet.
pub async fn mark_joined(conn: &mut Conn, ids: &[i64], now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(text_parts::table.filter(text_parts::id.eq_any(ids).and(text_parts::joined_at.is_null())))
        .set(text_parts::joined_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// Takes out a part that was there already.
pub async fn delete(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(text_parts::table.find(id)).execute(c).await)
}

/// The oldest part that still waits, if it came before then.
pub async fn oldest_waiting(conn: &mut Conn, before: At) -> QueryResult<Option<TextPartRow>> {
    on!(conn, c => text_parts::table
        .filter(text_parts::joined_at.is_null().and(text_parts::received_at.lt(before)))
        .order(text_parts::received_at)
        .select(TextPartRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Forgets parts that were joined before then: their originals are in the envelopes.
pub async fn delete_before(conn: &mut Conn, before: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(text_parts::table.filter(text_parts::joined_at.lt(before))).execute(c).await)
}
