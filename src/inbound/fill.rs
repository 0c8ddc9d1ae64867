//! Makes search know what was filed before it did: newest first, some at a time, from where it stopped.
//!
//! What is filed today enters by itself; entries and findings that are there already stay as they are, so two nodes that fill
//! at once do the same twice and no harm.

use diesel::QueryResult;

use super::recognise::found_in;
use crate::app::App;
use crate::store::{findings, messages, search_entries, settings};

/// How far it has come: the id below which nothing was looked at yet, or 0 when all was.
const KEY: &str = "search_filled_down_to";
const BATCH: i64 = 200;

/// Takes in some messages; false when there is nothing left.
pub async fn run_once(app: &App) -> QueryResult<bool> {
    let below: i64 = match settings::find(&mut app.read().await?, KEY).await? {
        None => i64::MAX,
        Some(word) => word.parse().unwrap_or(i64::MAX),
    };
    if below == 0 {
        return Ok(false);
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let rows = messages::list_before(conn, below, BATCH).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let files = messages::list_attachments(conn, &ids).await?;
        let entries = rows.iter().map(search_entries::of_message).chain(files.iter().map(search_entries::of_file)).collect();
        search_entries::enter(conn, entries).await?;
        findings::insert(conn, rows.iter().flat_map(found_in).collect()).await?;
        let full = i64::try_from(rows.len()).unwrap_or(0) == BATCH;
        let next = ids.last().filter(|_| full).copied().unwrap_or(0);
        settings::put(conn, KEY, &next.to_string()).await?;
        Ok(full)
    })
    .await
}
