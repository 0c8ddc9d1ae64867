//! Table `settings`: a few facts about the installation, such as which match key its rows were made with.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::settings;
use crate::on;

/// The value under a key.
pub async fn find(conn: &mut Conn, key: &str) -> QueryResult<Option<String>> {
    on!(conn, c => settings::table.find(key).select(settings::value).first(c).await.optional())
}

/// Sets the value unless one is there already; gives the one that stands.
pub async fn put_if_absent(conn: &mut Conn, key: &str, value: &str) -> QueryResult<String> {
    on!(conn, c => diesel::insert_into(settings::table)
        .values((settings::key.eq(key), settings::value.eq(value)))
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    find(conn, key).await.map(std::option::Option::unwrap_or_default)
}

/// Removes what stands under keys like this pattern.
pub async fn delete_like(conn: &mut Conn, pattern: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(settings::table.filter(settings::key.like(pattern))).execute(c).await)
}

/// Sets the value, whatever was there.
pub async fn put(conn: &mut Conn, key: &str, value: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(settings::table)
        .values((settings::key.eq(key), settings::value.eq(value)))
        .on_conflict(settings::key)
        .do_update()
        .set(settings::value.eq(value))
        .execute(c)
        .await)
}
