//! Disposal: which records are due by a rule, and how each goes with all that hangs on it.
//!
//! What is held, named as an exhibit, copied or exported is never due; the foreign keys stand behind that (RESTRICT).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{
    attachments, attempts, codes, conversations, deliveries, envelopes, exports, legal_holds, messages, nudges, password_resets, receipts, residents,
};
use crate::domain::retention::Kept;
use crate::domain::{At, Ids};
use crate::on;

/// What protects a conversation `c` from disposal and from erasure.
const PROTECTED: &str = "(EXISTS (SELECT 1 FROM legal_holds h WHERE h.conversation_id = c.id AND h.lifted_at IS NULL) \
     OR EXISTS (SELECT 1 FROM exhibits e WHERE e.conversation_id = c.id) \
     OR EXISTS (SELECT 1 FROM exports x WHERE x.conversation_id = c.id AND x.status <> 'failed') \
     OR EXISTS (SELECT 1 FROM messages m JOIN export_messages x ON x.message_id = m.id WHERE m.conversation_id = c.id) \
     OR EXISTS (SELECT 1 FROM messages m JOIN exhibits e ON e.message_id = m.id WHERE m.conversation_id = c.id) \
     OR EXISTS (SELECT 1 FROM messages m JOIN working_copies w ON w.message_id = m.id WHERE m.conversation_id = c.id))";

/// A delivery that is still on its way.
const UNDER_WAY: [&str; 4] = ["queued", "held", "leased", "sending"];

/// Nobody needs to know more exactly how many are due.
pub const COUNTED_TO: i64 = 100_000;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The ids of what is due: `$1` is the moment before which it must be. What lies in months that go `whole` (ranges of the ids by
/// which they go) is passed over.
///
/// The limits keep PostgreSQL from reading all messages for a batch of a hundred: each is looked up by its index.
fn due(kind: Kept, before: At, whole: &[(i64, i64)]) -> String {
    let beside = |column: &str| whole.iter().map(|(low, high)| format!(" AND NOT ({column} >= {low} AND {column} < {high})")).collect::<String>();
    match kind {
        Kept::Conversations => {
            format!("SELECT c.id AS n FROM conversations c WHERE c.status = 'closed' AND c.closed_at < $1 AND c.last_message_at < $1 AND NOT {PROTECTED}")
        }
        Kept::Residents => "SELECT id AS n FROM residents WHERE left_at < $1".to_owned(),
        Kept::Deliveries => {
            let goes = format!(
                "d.status NOT IN ('queued', 'held', 'leased', 'sending') \
                 AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.delivery_id = d.id LIMIT 1 OFFSET 0) \
                 AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.id = d.conversation_id LIMIT 1 OFFSET 0){}",
                beside("d.source_id")
            );
            // What a relay took, or a carrier never told of, has no end: it counts from its beginning. What made it was older, so
            // that later months are left alone.
            let floor = Ids::floor(before.plus_ms(1));
            let first_whole = whole.iter().map(|(low, _)| *low).fold(floor, i64::min);
            format!(
                "SELECT d.id AS n FROM deliveries d WHERE d.finished_at < $1 AND {goes} UNION ALL \
                 SELECT d.id AS n FROM deliveries d WHERE d.finished_at IS NULL AND d.created_at < $1 AND d.id < {floor} AND d.source_id < {first_whole} AND {goes}"
            )
        }
        Kept::Envelopes => format!(
            "SELECT e.id AS n FROM envelopes e WHERE e.status = 'processed' AND e.processed_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.envelope_id = e.id LIMIT 1 OFFSET 0){}",
            beside("e.id")
        ),
        Kept::Sessions => "SELECT id AS n FROM codes WHERE expires_at < $1 UNION ALL SELECT id AS n FROM password_resets WHERE expires_at < $1".to_owned(),
        // Ids are ordered by time, and there is no other index on it.
        Kept::Nudges => format!("SELECT id AS n FROM nudges WHERE created_at < $1 AND id < {}", Ids::floor(before.plus_ms(1))),
    }
}

/// Some of what is due, beside what lies in months that go `whole`.
pub async fn list_due(conn: &mut Conn, kind: Kept, before: At, limit: i64, whole: &[(i64, i64)]) -> QueryResult<Vec<i64>> {
    let query = format!("SELECT n FROM ({}) AS due ORDER BY n LIMIT {limit}", due(kind, before, whole));
    let rows: Vec<Number> = on!(conn, c => diesel::sql_query(&query).bind::<Timestamp, _>(before).load(c).await)?;
    Ok(rows.into_iter().map(|row| row.n).collect())
}

/// How much is due, up to [`COUNTED_TO`].
pub async fn count_due(conn: &mut Conn, kind: Kept, before: At) -> QueryResult<i64> {
    let query = format!("SELECT COUNT(*) AS n FROM (SELECT n FROM ({}) AS due LIMIT {COUNTED_TO}) AS counted", due(kind, before, &[]));
    let row: Number = on!(conn, c => diesel::sql_query(&query).bind::<Timestamp, _>(before).get_result(c).await)?;
    Ok(row.n)
}

/// Whether one conversation is due: looked at again under its lock.
pub async fn is_due(conn: &mut Conn, conversation_id: i64, before: At) -> QueryResult<bool> {
    let query = format!("SELECT COUNT(*) AS n FROM ({}) AS due WHERE n = {conversation_id}", due(Kept::Conversations, before, &[]));
    let row: Number = on!(conn, c => diesel::sql_query(&query).bind::<Timestamp, _>(before).get_result(c).await)?;
    Ok(row.n > 0)
}

/// Whether a conversation is held, or evidence.
pub async fn is_protected(conn: &mut Conn, conversation_id: i64) -> QueryResult<bool> {
    let query = format!("SELECT COUNT(*) AS n FROM conversations c WHERE c.id = $1 AND {PROTECTED}");
    let row: Number = on!(conn, c => diesel::sql_query(&query).bind::<BigInt, _>(conversation_id).get_result(c).await)?;
    Ok(row.n > 0)
}

/// Conversations under a match key, whoever had it when, that are held or evidence.
pub async fn list_protected_of(conn: &mut Conn, match_key: &[u8]) -> QueryResult<Vec<i64>> {
    let query = format!("SELECT c.id AS n FROM conversations c JOIN correspondents k ON k.id = c.correspondent_id WHERE k.match_key = $1 AND {PROTECTED}");
    let rows: Vec<Number> = on!(conn, c => diesel::sql_query(&query).bind::<Binary, _>(match_key).load(c).await)?;
    Ok(rows.into_iter().map(|row| row.n).collect())
}

/// The originals of a conversation's messages that no other conversation shares.
pub async fn own_envelopes(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<i64>> {
    let query = "SELECT DISTINCT m.envelope_id AS n FROM messages m WHERE m.conversation_id = $1 AND m.envelope_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM messages o WHERE o.envelope_id = m.envelope_id AND o.conversation_id <> m.conversation_id)";
    let rows: Vec<Number> = on!(conn, c => diesel::sql_query(query).bind::<BigInt, _>(conversation_id).load(c).await)?;
    Ok(rows.into_iter().map(|row| row.n).collect())
}

/// The files that came with a conversation's messages.
pub async fn files_of_conversation(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<Vec<u8>>> {
    on!(conn, c => attachments::table
        .inner_join(messages::table)
        .filter(messages::conversation_id.eq(conversation_id))
        .select(attachments::sha256)
        .load(c)
        .await)
}

/// Removes originals; gives how many went, and the files that held the large ones.
pub async fn delete_envelopes(conn: &mut Conn, ids: &[i64]) -> QueryResult<(usize, Vec<Vec<u8>>)> {
    if ids.is_empty() {
        return Ok((0, Vec::new()));
    }
    let named: Vec<Option<String>> = on!(conn, c => envelopes::table
        .filter(envelopes::id.eq_any(ids).and(envelopes::body_file.is_not_null()))
        .select(envelopes::body_file)
        .load(c)
        .await)?;
    on!(conn, c => diesel::delete(receipts::table.filter(receipts::envelope_id.eq_any(ids))).execute(c).await)?;
    let gone = on!(conn, c => diesel::delete(envelopes::table.filter(envelopes::id.eq_any(ids))).execute(c).await)?;
    let files = named.into_iter().flatten().filter_map(|name| hex::decode(name).ok()).collect();
    Ok((gone, files))
}

/// Removes deliveries with their attempts; gives how many went.
pub async fn delete_deliveries(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(attempts::table.filter(attempts::delivery_id.eq_any(ids))).execute(c).await)?;
    on!(conn, c => diesel::delete(deliveries::table.filter(deliveries::id.eq_any(ids))).execute(c).await)
}

/// Removes residents who left; gives those who went.
pub async fn delete_residents(conn: &mut Conn, ids: &[i64]) -> QueryResult<Vec<i64>> {
    on!(conn, c => diesel::delete(residents::table.filter(residents::id.eq_any(ids).and(residents::left_at.is_not_null())))
        .returning(residents::id)
        .get_results(c)
        .await)
}

/// Removes codes and links that ran out; gives how many went.
pub async fn delete_codes(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
    let codes = on!(conn, c => diesel::delete(codes::table.filter(codes::id.eq_any(ids))).execute(c).await)?;
    let links = on!(conn, c => diesel::delete(password_resets::table.filter(password_resets::id.eq_any(ids))).execute(c).await)?;
    Ok(codes + links)
}

/// Removes nudges; gives how many went.
pub async fn delete_nudges(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(nudges::table.filter(nudges::id.eq_any(ids))).execute(c).await)
}

/// What went with a conversation.
#[derive(Clone, Debug, Default)]
pub struct Gone {
    /// Messages.
    pub messages: usize,
    /// Originals.
    pub envelopes: usize,
    /// Files that it named.
    pub files: Vec<Vec<u8>>,
}

/// Removes a conversation with all that hangs on it, and its correspondent if it was their last.
pub async fn delete_conversation(conn: &mut Conn, id: i64) -> QueryResult<Gone> {
    let correspondent: i64 = on!(conn, c => conversations::table.find(id).select(conversations::correspondent_id).first(c).await)?;
    let (originals, mut files) = (own_envelopes(conn, id).await?, files_of_conversation(conn, id).await?);
    let sent: Vec<i64> = on!(conn, c => deliveries::table
        .filter(deliveries::conversation_id.eq(id).and(deliveries::status.ne_all(UNDER_WAY)))
        .select(deliveries::id)
        .load(c)
        .await)?;
    // One that failed proves nothing.
    let failed = exports::table.filter(exports::conversation_id.eq(id).and(exports::status.eq("failed")));
    on!(conn, c => diesel::delete(failed).execute(c).await)?;
    let messages = on!(conn, c => diesel::delete(messages::table.filter(messages::conversation_id.eq(id))).execute(c).await)?;
    let (envelopes, large) = delete_envelopes(conn, &originals).await?;
    files.extend(large);
    delete_deliveries(conn, &sent).await?;
    // One that stands keeps the row below from going.
    let lifted = legal_holds::table.filter(legal_holds::conversation_id.eq(id).and(legal_holds::lifted_at.is_not_null()));
    on!(conn, c => diesel::delete(lifted).execute(c).await)?;
    on!(conn, c => diesel::delete(conversations::table.find(id)).execute(c).await)?;
    // Whoever's number may have changed hands stays known as that: what is of before must not be tied to the next owner.
    let alone = "DELETE FROM correspondents WHERE id = $1 AND owner_doubt_at IS NULL AND succeeded_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM conversations c WHERE c.correspondent_id = correspondents.id)";
    on!(conn, c => diesel::sql_query(alone).bind::<BigInt, _>(correspondent).execute(c).await)?;
    Ok(Gone { messages, envelopes, files })
}
