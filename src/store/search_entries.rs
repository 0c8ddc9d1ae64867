//! Table `search_entries`, and behind it each database's own index of words, `search_words`: FTS5 on SQLite, which triggers
//! keep, and a tsvector under GIN on PostgreSQL.
//!
//! Words come folded (`domain::fold`), so that neither database's own notion of a word decides what is found. An entry is
//! written in the transaction that writes what it is of.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::messages::{AttachmentRow, MessageRow};
use super::written::written;
use crate::domain::fold;
use crate::on;

/// What search reads of a message, a note or a file's name.
#[derive(Clone)]
pub struct Entry {
    /// That of the message or the file: entries stand in the order of time.
    id: i64,
    message_id: i64,
    kind: &'static str,
    words: String,
    joined: String,
}

/// Of a message, or of a note within a conversation.
pub fn of_message(row: &MessageRow) -> Entry {
    let (words, joined) = fold::entry(&format!("{}\n{}", row.subject.as_deref().unwrap_or_default(), row.text));
    Entry { id: row.id, message_id: row.id, kind: if row.direction == "note" { "note" } else { "message" }, words, joined }
}

/// Of a file that came with a message: its name.
pub fn of_file(row: &AttachmentRow) -> Entry {
    let (words, joined) = fold::entry(&row.filename);
    Entry { id: row.id, message_id: row.message_id, kind: "file", words, joined }
}

/// Adds entries; those that are there already stay.
pub async fn enter(conn: &mut Conn, entries: Vec<Entry>) -> QueryResult<()> {
    for entry in entries {
        let query = |sql| written::<BigInt>(sql).int(entry.id).sql(", ").int(entry.message_id).sql(", ").text(entry.kind).sql(", ").text(&entry.words);
        on!(&mut *conn, c =>
            pg query("WITH entered AS (INSERT INTO search_entries (id, message_id, kind, words, joined) VALUES (")
                .sql(", ").text(&entry.joined)
                .sql(") ON CONFLICT DO NOTHING RETURNING id) INSERT INTO search_words (id, lexemes) SELECT id, ")
                .text(&lexemes(&entry.words, &entry.joined)).sql("::text::tsvector FROM entered")
                .execute(c).await,
            lite query("INSERT INTO search_entries (id, message_id, kind, words, joined) VALUES (")
                .sql(", ").text(&entry.joined).sql(") ON CONFLICT DO NOTHING")
                .execute(c).await)?;
    }
    Ok(())
}

/// The words with their places, as PostgreSQL writes a tsvector. What neighbours are as one has no place: no phrase runs
/// through it.
pub(super) fn lexemes(words: &str, joined: &str) -> String {
    let placed = words.split_whitespace().zip(1_u32..).map(|(word, place)| format!("'{word}':{place}"));
    let joined = joined.split_whitespace().map(|word| format!("'{word}'"));
    placed.chain(joined).collect::<Vec<_>>().join(" ")
}

/// Makes a conversation's words and findings unknown to search: they are erased, or cannot be read without their key.
pub async fn forget(conn: &mut Conn, conversation_id: i64) -> QueryResult<usize> {
    let (entries, findings) = (
        "DELETE FROM search_entries WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = $1)",
        "DELETE FROM findings WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = $1)",
    );
    let forgotten = on!(&mut *conn, c => diesel::sql_query(entries).bind::<BigInt, _>(conversation_id).execute(c).await)?;
    on!(conn, c => diesel::sql_query(findings).bind::<BigInt, _>(conversation_id).execute(c).await)?;
    Ok(forgotten)
}
