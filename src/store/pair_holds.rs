//! Table `pair_holds`: which alert last used a pair of our number and their address, and when.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::pair_holds;
use crate::domain::At;
use crate::on;

/// A used pair.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = pair_holds)]
pub struct PairHoldRow {
    /// Our number, E.164.
    pub our_number: String,
    /// Their address.
    pub match_key: Vec<u8>,
    /// The alert that used it last.
    pub alert_id: i64,
    /// When.
    pub used_at: At,
}

/// Every pair that these people have.
pub async fn list_of(conn: &mut Conn, match_keys: &[Vec<u8>]) -> QueryResult<Vec<PairHoldRow>> {
    on!(conn, c => pair_holds::table.filter(pair_holds::match_key.eq_any(match_keys)).select(PairHoldRow::as_select()).load(c).await)
}

/// Notes that pairs were used.
///
/// Rows must be sorted by match key and number, so that two alerts published at once cannot deadlock, and name each pair
/// once: PostgreSQL refuses to write a row twice in one statement.
pub async fn upsert(conn: &mut Conn, rows: Vec<PairHoldRow>) -> QueryResult<()> {
    use diesel::upsert::excluded;
    match conn {
        Conn::Pg(c) => {
            for chunk in rows.chunks(1000) {
                diesel::insert_into(pair_holds::table)
                    .values(chunk)
                    .on_conflict((pair_holds::match_key, pair_holds::our_number))
                    .do_update()
                    .set((pair_holds::alert_id.eq(excluded(pair_holds::alert_id)), pair_holds::used_at.eq(excluded(pair_holds::used_at))))
                    .execute(&mut **c)
                    .await?;
            }
            Ok(())
        }
        Conn::Lite(c) => {
            c.spawn_blocking(move |lite| {
                for row in &rows {
                    diesel::RunQueryDsl::execute(diesel::replace_into(pair_holds::table).values(row), lite)?;
                }
                Ok(())
            })
            .await
        }
    }
}
