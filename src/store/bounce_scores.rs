//! Table `bounce_scores`: how often mail to an address came back lately.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::bounce_scores;
use crate::domain::At;
use crate::on;

/// An address with its score.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = bounce_scores)]
pub struct BounceScoreRow {
    /// Whose address.
    pub match_key: Vec<u8>,
    /// Points; at five the address counts as bad.
    pub score: f64,
    /// When the last mail came back that counted.
    pub last_at: At,
}

/// The score of an address.
pub async fn find(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Option<BounceScoreRow>> {
    on!(conn, c => bounce_scores::table.find(match_key).select(BounceScoreRow::as_select()).first(c).await.optional())
}

/// Sets the score of an address.
pub async fn set(conn: &mut Conn, row: &BounceScoreRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(bounce_scores::table)
        .values(row)
        .on_conflict(bounce_scores::match_key)
        .do_update()
        .set((bounce_scores::score.eq(row.score), bounce_scores::last_at.eq(row.last_at)))
        .execute(c)
        .await)
}
