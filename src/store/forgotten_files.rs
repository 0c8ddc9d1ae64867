//! Table `forgotten_files`: bytes that no row names any more, noted where the last row went, until they are gone themselves.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Text};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::forgotten_files;
use crate::domain::At;
use crate::on;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// Notes files whose rows go in this transaction.
pub async fn note(conn: &mut Conn, hashes: &[Vec<u8>], now: At) -> QueryResult<()> {
    for hash in hashes {
        on!(conn, c => diesel::insert_into(forgotten_files::table)
            .values((forgotten_files::sha256.eq(hash), forgotten_files::since_at.eq(now)))
            .on_conflict_do_nothing()
            .execute(c)
            .await)?;
    }
    Ok(())
}

/// The files that were noted first.
pub async fn list(conn: &mut Conn, limit: i64) -> QueryResult<Vec<Vec<u8>>> {
    on!(conn, c => forgotten_files::table
        .order((forgotten_files::since_at, forgotten_files::sha256))
        .limit(limit)
        .select(forgotten_files::sha256)
        .load(c)
        .await)
}

/// Whether any row names a file after all: the same bytes may have come again, or belong to somebody else too.
pub async fn is_named(conn: &mut Conn, hash: &[u8]) -> QueryResult<bool> {
    let query = "SELECT (SELECT COUNT(*) FROM attachments WHERE sha256 = $1) + (SELECT COUNT(*) FROM working_copies WHERE sha256 = $1) \
         + (SELECT COUNT(*) FROM exports WHERE sha256 = $1) + (SELECT COUNT(*) FROM envelopes WHERE body_file = $2) AS n";
    let named: Named = on!(conn, c => diesel::sql_query(query).bind::<Binary, _>(hash).bind::<Text, _>(hex::encode(hash)).get_result(c).await)?;
    Ok(named.n > 0)
}

/// Forgets that a file is to be forgotten: its bytes are gone, or it is named again.
pub async fn delete(conn: &mut Conn, hash: &[u8]) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(forgotten_files::table.find(hash)).execute(c).await)
}
