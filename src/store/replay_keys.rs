//! Table `replay_keys`: ids of signed tokens that were seen. A retry of the same request may bear one again, another may not.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::replay_keys;
use crate::domain::At;
use crate::on;

/// Notes a key as seen; gives whether it was new.
pub async fn note(conn: &mut Conn, channel: &str, key: &str, envelope_id: i64, now: At) -> QueryResult<bool> {
    let row = (replay_keys::channel.eq(channel), replay_keys::replay_key.eq(key), replay_keys::envelope_id.eq(envelope_id), replay_keys::seen_at.eq(now));
    let inserted = on!(conn, c => diesel::insert_into(replay_keys::table).values(row).on_conflict_do_nothing().execute(c).await)?;
    Ok(inserted > 0)
}

/// Forgets what is older than any token may be.
pub async fn delete_before(conn: &mut Conn, before: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(replay_keys::table.filter(replay_keys::seen_at.lt(before))).execute(c).await)
}
