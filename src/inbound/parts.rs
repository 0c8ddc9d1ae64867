//! Longer texts that come in parts: kept until all are there, then filed as one. What is missing after a while is marked as
//! missing, and what comes later still is filed by itself: nothing is lost, nothing waits for ever.
//!
//! What the parts say together is what counts for an opt-out; a part alone never does, except the rest after the wait.

use diesel::QueryResult;

use super::filing::Filer;
use super::process::{Told, moved_of};
use super::text;
use crate::app::App;
use crate::domain::inbound::{InboundText, TextPartOf};
use crate::domain::{Address, At};
use crate::store::envelopes::{self, EnvelopeRow};
use crate::store::text_parts::{self, TextPartRow};
use crate::store::{Conn, events};

/// How long the rest of a text is waited for.
pub const WAIT_MS: i64 = 90_000;
/// A phone may use a reference again after some hundred texts: parts further apart are of different texts.
const TOGETHER_MS: i64 = 30 * 60_000;

/// Takes a part in; files the text if it was the last.
pub(super) async fn take(
    conn: &mut Conn,
    filer: &mut Filer<'_>,
    envelope: &EnvelopeRow,
    ordinal: i64,
    inbound: &InboundText,
    part: &TextPartOf,
    from: &Address,
) -> QueryResult<()> {
    let row = TextPartRow {
        id: filer.app.next_id(),
        channel: envelope.channel.clone(),
        match_key: filer.app.match_key(from),
        correspondent: inbound.from.clone(),
        our_number: inbound.to.clone(),
        reference: part.reference.clone(),
        total: part.total,
        number: part.number,
        text: inbound.text.clone(),
        envelope_id: envelope.id,
        ordinal,
        received_at: envelope.received_at,
        joined_at: None,
    };
    if text_parts::insert(conn, &row).await? == 0 {
        return Ok(());
    }
    let beside: Vec<TextPartRow> = text_parts::list_beside(conn, &row, TOGETHER_MS).await?;
    let others = beside.iter().filter(|other| other.id != row.id);
    let (gone, same): (Vec<_>, Vec<_>) =
        (others.clone().filter(|other| other.joined_at.is_some()).collect(), others.filter(|other| other.number == row.number).collect());
    if same.iter().any(|other| other.text == row.text) {
        // The network sent it twice.
        return text_parts::delete(conn, row.id).await.map(|_| ());
    }
    if !gone.is_empty() && gone.iter().all(|other| other.number != row.number) {
        text_parts::mark_joined(conn, &[row.id], filer.now).await?;
        let late = format!("(part {} of {}, which came later) {}", row.number, row.total, row.text);
        return text::store_whole(conn, filer, envelope, ordinal, &InboundText { text: late, part: None, ..inbound.clone() }).await;
    }
    let waiting: Vec<TextPartRow> = beside.into_iter().filter(|other| other.joined_at.is_none()).collect();
    if !(1..=row.total).all(|number| waiting.iter().any(|other| other.number == number)) {
        return Ok(());
    }
    let ids: Vec<i64> = waiting.iter().map(|other| other.id).collect();
    if text_parts::mark_joined(conn, &ids, filer.now).await? != ids.len() {
        // The wait was over at this very moment, on another node: it is tried again, and is then a late part.
        return Err(diesel::result::Error::RollbackTransaction);
    }
    text::store_whole(conn, filer, envelope, ordinal, &InboundText { text: joined(&waiting, row.total), part: None, ..inbound.clone() }).await
}

/// The text of these parts in order, with a mark where one is missing.
fn joined(parts: &[TextPartRow], total: i64) -> String {
    (1..=total)
        .map(|number| match parts.iter().find(|part| part.number == number) {
            Some(part) => part.text.clone(),
            None => format!(" [part {number} of {total} did not arrive] "),
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Files what has waited long enough for its rest; gives whether there was any.
pub async fn run_once(app: &App) -> QueryResult<bool> {
    let now = app.now();
    let mut conn = app.write().await?;
    let told = conn
        .transaction(async |conn| {
            let Some(oldest) = text_parts::oldest_waiting(conn, now.plus_ms(-WAIT_MS)).await? else { return Ok::<_, diesel::result::Error>(None) };
            let waiting: Vec<TextPartRow> =
                text_parts::list_beside(conn, &oldest, TOGETHER_MS).await?.into_iter().filter(|part| part.joined_at.is_none()).collect();
            let ids: Vec<i64> = waiting.iter().map(|part| part.id).collect();
            if text_parts::mark_joined(conn, &ids, now).await? != ids.len() {
                // Another node is at it.
                return Err(diesel::result::Error::RollbackTransaction);
            }
            file(conn, app, now, &oldest, &waiting).await.map(Some)
        })
        .await;
    let told = match told {
        Err(diesel::result::Error::RollbackTransaction) | Ok(None) => return Ok(false),
        Ok(Some(told)) => told,
        Err(error) => return Err(error),
    };
    drop(conn);
    told.tell(app);
    Ok(true)
}

async fn file(conn: &mut Conn, app: &App, now: At, oldest: &TextPartRow, waiting: &[TextPartRow]) -> QueryResult<Told> {
    let envelope = envelopes::find(conn, oldest.envelope_id).await?;
    let keys: Vec<Vec<u8>> = envelope.iter().filter_map(|envelope| envelope.match_key.clone()).collect();
    let mut filer = Filer::new(app, now, moved_of(conn, &keys).await?);
    if let Some(envelope) = envelope {
        tracing::info!(envelope.id = envelope.id, parts = waiting.len(), total = oldest.total, "a text is filed without its missing parts");
        let inbound = InboundText {
            from: oldest.correspondent.clone(),
            to: oldest.our_number.clone(),
            text: joined(waiting, oldest.total),
            media_urls: Vec::new(),
            sent_at: None,
            part: None,
        };
        text::store_whole(conn, &mut filer, &envelope, oldest.ordinal, &inbound).await?;
    }
    let told = filer.told;
    events::append(conn, told.events.clone()).await?;
    Ok(told)
}
