//! Table `receipts`: every carrier's word as it came; applying them by rank is `outbox::advance`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::receipts;
use crate::domain::{At, Ids};
use crate::{insert_all, on};

const HOUR_MS: i64 = 3_600_000;

/// One receipt.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = receipts, treat_none_as_default_value = false)]
pub struct ReceiptRow {
    /// Time-ordered id.
    pub id: i64,
    /// The envelope that carried it.
    pub envelope_id: i64,
    /// Its place in the envelope.
    pub ordinal: i64,
    /// Our delivery, once known.
    pub delivery_id: Option<i64>,
    /// The provider's id of the hand-over.
    pub provider_message_id: String,
    /// The provider's word.
    pub provider_status: String,
    /// Ours, if the word is known.
    pub status: Option<String>,
    /// The provider's error code.
    pub error_code: Option<String>,
    /// When it came.
    pub received_at: At,
}

/// Keeps receipts; one seen before is passed over.
pub async fn insert(conn: &mut Conn, rows: Vec<ReceiptRow>) -> QueryResult<usize> {
    insert_all!(conn, receipts::table, rows)
}

/// Receipts that came before their delivery's provider id was recorded. Older ones are of another hand-over: ids may begin anew.
pub async fn list_early(conn: &mut Conn, provider_ids: &[String], since: At) -> QueryResult<Vec<ReceiptRow>> {
    on!(conn, c => receipts::table
        .filter(receipts::provider_message_id.eq_any(provider_ids).and(receipts::delivery_id.is_null())
            .and(receipts::received_at.ge(since))
            // The same by the ids of the envelopes, with an hour for clocks: older months are left alone.
            .and(receipts::envelope_id.ge(Ids::floor(since.plus_ms(-HOUR_MS)))))
        .order(receipts::id)
        .select(ReceiptRow::as_select())
        .load(c)
        .await)
}

/// Ties an early receipt to its delivery, once.
pub async fn attach(conn: &mut Conn, id: i64, delivery_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(receipts::table.filter(receipts::id.eq(id).and(receipts::delivery_id.is_null())))
        .set(receipts::delivery_id.eq(Some(delivery_id)))
        .execute(c)
        .await)
}
