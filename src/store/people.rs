//! What is held of one person, over every table that names them, and how it is erased. A row that only counts stays and no
//! longer says of whom it is.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::conversations::{ConversationRow, Standing, get_locked, set_standing};
use super::correspondents::CorrespondentRow;
use super::residents::{ConsentRow, ResidentRow};
use super::schema::{
    alerts, attachments, attempts, bounce_scores, codes, consent_events, conversation_events, conversation_moves, conversations, correspondents, deliveries,
    drafts, envelopes, findings, handovers, messages, note_drafts, nudges, number_faults, pauses, residents, search_entries, suppressions, text_parts, thrives,
    undo_parts, undos, unmasks, urgencies,
};
use super::suppressions::SuppressionRow;
pub use crate::domain::address::ERASED;
use crate::domain::closing;
use crate::domain::place::Urgency;
use crate::domain::{At, MatchKey};
use crate::on;

/// A key, and the time in which it was this person's: a number may have had another owner before them, or have one since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// HMAC of the normalised address.
    pub key: MatchKey,
    /// Theirs since then.
    pub after: Option<At>,
    /// And until then.
    pub until: Option<At>,
}

impl Span {
    fn bounds(&self) -> (At, At) {
        (self.after.unwrap_or_else(|| At::from_unix_ms(0)), self.until.unwrap_or_else(|| At::from_unix_ms(FAR_MS)))
    }
}

/// The year 9999.
const FAR_MS: i64 = 253_370_764_800_000;

/// A resident by public id.
pub async fn find_resident(conn: &mut Conn, public_id: &str) -> QueryResult<Option<ResidentRow>> {
    on!(conn, c => residents::table.filter(residents::public_id.eq(public_id)).select(ResidentRow::as_select()).first(c).await.optional())
}

/// A correspondent by public id.
pub async fn find_correspondent(conn: &mut Conn, public_id: &str) -> QueryResult<Option<CorrespondentRow>> {
    on!(conn, c => correspondents::table.filter(correspondents::public_id.eq(public_id)).select(CorrespondentRow::as_select()).first(c).await.optional())
}

/// Everything that ever stood against an address in that time, oldest first.
pub async fn list_suppressions(conn: &mut Conn, span: &Span) -> QueryResult<Vec<SuppressionRow>> {
    let (after, until) = span.bounds();
    on!(conn, c => suppressions::table
        .filter(suppressions::match_key.eq(&span.key).and(suppressions::created_at.gt(after)).and(suppressions::created_at.le(until)))
        .order(suppressions::id)
        .select(SuppressionRow::as_select())
        .load(c)
        .await)
}

/// A correspondent's conversations, oldest first.
pub async fn list_conversations(conn: &mut Conn, correspondent_id: i64) -> QueryResult<Vec<ConversationRow>> {
    on!(conn, c => conversations::table
        .filter(conversations::correspondent_id.eq(correspondent_id))
        .order(conversations::id)
        .select(ConversationRow::as_select())
        .load(c)
        .await)
}

/// What was agreed to for an address in that time, oldest first.
pub async fn list_consent(conn: &mut Conn, span: &Span) -> QueryResult<Vec<ConsentRow>> {
    let (after, until) = span.bounds();
    on!(conn, c => consent_events::table
        .filter(consent_events::match_key.eq(&span.key).and(consent_events::created_at.gt(after)).and(consent_events::created_at.le(until)))
        .order(consent_events::id)
        .select(ConsentRow::as_select())
        .load(c)
        .await)
}

/// Something that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// A `Purpose` word.
    pub purpose: String,
    /// `sms` or `email`.
    pub channel_kind: String,
    /// A `Status` word.
    pub status: String,
    /// Reference and title of the alert that it was, or was about.
    pub alert: Option<(String, String)>,
    /// When.
    pub at: At,
}

/// What was sent to an address in that time, oldest first.
pub async fn list_sent(conn: &mut Conn, span: &Span) -> QueryResult<Vec<Sent>> {
    let (after, until) = span.bounds();
    let rows: Vec<(String, String, String, Option<i64>, At)> = on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(&span.key).and(deliveries::created_at.gt(after)).and(deliveries::created_at.le(until)))
        .order(deliveries::id)
        .select((deliveries::purpose, deliveries::channel_kind, deliveries::status, deliveries::alert_id, deliveries::created_at))
        .load(c)
        .await)?;
    let mut ids: Vec<i64> = rows.iter().filter_map(|row| row.3).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut known: Vec<(i64, String, String)> = Vec::new();
    for some in ids.chunks(10_000) {
        let found: Vec<(i64, String, String)> =
            on!(conn, c => alerts::table.filter(alerts::id.eq_any(some)).select((alerts::id, alerts::reference, alerts::title)).load(c).await)?;
        known.extend(found);
    }
    let alert = |id: i64| known.iter().find(|(known, ..)| *known == id).map(|(_, reference, title)| (reference.clone(), title.clone()));
    let sent =
        rows.into_iter().map(|(purpose, channel_kind, status, alert_id, at)| Sent { purpose, channel_kind, status, alert: alert_id.and_then(alert), at });
    Ok(sent.collect())
}

/// Originals of an address that became no message, of that time: receipts of texts, opt-outs, what could not be understood. Read
/// apart, for it looks at the whole table.
pub async fn list_loose_envelopes(conn: &mut Conn, span: &Span) -> QueryResult<Vec<i64>> {
    let (after, until) = span.bounds();
    let used = diesel::dsl::exists(messages::table.filter(messages::envelope_id.eq(envelopes::id.nullable())));
    on!(conn, c => envelopes::table
        .filter(
            envelopes::match_key
                .eq(&span.key)
                .and(envelopes::status.eq_any(["processed", "parked"]))
                .and(envelopes::received_at.gt(after))
                .and(envelopes::received_at.le(until))
                .and(diesel::dsl::not(used)),
        )
        .select(envelopes::id)
        .load(c)
        .await)
}

/// Puts a sentence in place of every text of a conversation, and takes out all else that its messages say of the person.
/// Gives how many messages there were.
pub async fn erase_messages(conn: &mut Conn, conversation_id: i64, tombstone: &str) -> QueryResult<usize> {
    let ids: Vec<i64> = on!(conn, c => messages::table.filter(messages::conversation_id.eq(conversation_id)).select(messages::id).load(c).await)?;
    for some in ids.chunks(10_000) {
        on!(conn, c => diesel::delete(attachments::table.filter(attachments::message_id.eq_any(some))).execute(c).await)?;
        on!(conn, c => diesel::delete(findings::table.filter(findings::message_id.eq_any(some))).execute(c).await)?;
        on!(conn, c => diesel::delete(search_entries::table.filter(search_entries::message_id.eq_any(some))).execute(c).await)?;
    }
    let erased = on!(conn, c => diesel::update(messages::table.filter(messages::conversation_id.eq(conversation_id)))
        .set((
            messages::text.eq(tombstone),
            messages::folded.eq(""),
            messages::subject.eq(None::<String>),
            messages::message_id_header.eq(None::<String>),
            messages::raw_sha256.eq(None::<Vec<u8>>),
            messages::envelope_id.eq(None::<i64>),
            messages::sender_evidence.eq(None::<String>),
            messages::evidence.eq(""),
        ))
        .execute(c)
        .await)?;
    on!(conn, c => diesel::delete(drafts::table.filter(drafts::conversation_id.eq(conversation_id))).execute(c).await)?;
    on!(conn, c => diesel::delete(note_drafts::table.filter(note_drafts::conversation_id.eq(conversation_id))).execute(c).await)?;
    let nothing = serde_json::json!([]);
    // What officers noted beside the messages may say the same again.
    on!(conn, c => diesel::update(conversation_events::table.filter(conversation_events::conversation_id.eq(conversation_id)))
        .set(conversation_events::detail.eq(ERASED))
        .execute(c)
        .await)?;
    on!(conn, c => diesel::update(pauses::table.filter(pauses::conversation_id.eq(conversation_id))).set(pauses::reason.eq(ERASED)).execute(c).await)?;
    on!(conn, c => diesel::update(unmasks::table.filter(unmasks::conversation_id.eq(conversation_id))).set(unmasks::words.eq("")).execute(c).await)?;
    on!(conn, c => diesel::update(handovers::table.filter(handovers::conversation_id.eq(conversation_id)))
        .set((handovers::system.eq(ERASED), handovers::reference.eq(ERASED)))
        .execute(c)
        .await)?;
    on!(conn, c => diesel::update(conversation_moves::table.filter(conversation_moves::conversation_id.eq(conversation_id)))
        .set(conversation_moves::before.eq(&nothing))
        .execute(c)
        .await)?;
    on!(conn, c => diesel::delete(nudges::table.filter(nudges::conversation_id.eq(conversation_id))).execute(c).await)?;
    forget_undos(conn, conversation_id).await?;
    on!(conn, c => diesel::delete(urgencies::table.find(conversation_id)).execute(c).await)?;
    on!(conn, c => diesel::delete(thrives::table.filter(thrives::conversation_id.eq(conversation_id))).execute(c).await)?;
    on!(conn, c => diesel::update(conversations::table.find(conversation_id))
        .set((
            conversations::preview.eq(tombstone),
            conversations::candidates.eq(&nothing),
            conversations::attachments_count.eq(0),
            conversations::version.eq(conversations::version + 1),
        ))
        .execute(c)
        .await)?;
    Ok(erased)
}

/// Closes a conversation whose words went: nobody waits for an answer there, and nothing in it calls for anybody.
pub async fn close_erased(conn: &mut Conn, conversation_id: i64, now: At) -> QueryResult<()> {
    let row = get_locked(conn, conversation_id).await?;
    super::pauses::stop(conn, conversation_id, now).await?;
    let standing = Standing {
        status: "closed".to_owned(),
        closed_at: row.closed_at.or(Some(now)),
        outcome: Some(closing::ERASED.to_owned()),
        urgency: Urgency::None.as_str().to_owned(),
        waiting_since: None,
        due_at: None,
        paused_at: None,
        ..Standing::of(&row)
    };
    set_standing(conn, conversation_id, &standing.placed(row.last_message_at)).await?;
    on!(conn, c => diesel::update(conversations::table.find(conversation_id))
        .set((conversations::unread.eq(false), conversations::claimed_by.eq(None::<i64>), conversations::claimed_until.eq(None::<At>)))
        .execute(c)
        .await)
    .map(|_| ())
}

/// What could be taken back of a conversation, with the sentences that say so.
async fn forget_undos(conn: &mut Conn, conversation_id: i64) -> QueryResult<usize> {
    let parts = undo_parts::table.filter(undo_parts::conversation_id.eq(conversation_id));
    let acts: Vec<i64> = on!(conn, c => parts.select(undo_parts::undo_id).load(c).await)?;
    on!(conn, c => diesel::delete(parts).execute(c).await)?;
    on!(conn, c => diesel::update(undos::table.filter(undos::id.eq_any(&acts))).set(undos::sentence.eq(ERASED)).execute(c).await)?;
    // Of an act on several, the others can still be taken back.
    let rest = undo_parts::table.filter(undo_parts::undo_id.eq(undos::id));
    on!(conn, c => diesel::delete(undos::table.filter(undos::id.eq_any(&acts).and(diesel::dsl::not(diesel::dsl::exists(rest))))).execute(c).await)
}

/// Takes the address and the name out of a correspondent, and gives them a key that nobody has: whoever writes from that address
/// next is somebody new.
pub async fn erase_correspondent(conn: &mut Conn, id: i64, key: &[u8]) -> QueryResult<usize> {
    on!(conn, c => diesel::update(correspondents::table.find(id))
        .set((correspondents::address.eq(ERASED), correspondents::name.eq(None::<String>), correspondents::match_key.eq(key)))
        .execute(c)
        .await)
}

/// Takes the person out of what was sent to an address; the rows stay, for they are counted. What is of a conversation that
/// must be kept stays whole, and so does what is in a provider's hands at this moment.
pub async fn erase_deliveries(conn: &mut Conn, span: &Span, kept: &[i64], key: &[u8], now: At) -> QueryResult<usize> {
    let (after, until) = span.bounds();
    let of_then = deliveries::created_at.gt(after).and(deliveries::created_at.le(until));
    let rows: Vec<(i64, Option<i64>)> = on!(conn, c => deliveries::table
        .filter(deliveries::match_key.eq(&span.key).and(deliveries::status.ne_all(["leased", "sending"])).and(of_then))
        .select((deliveries::id, deliveries::conversation_id))
        .load(c)
        .await)?;
    let mut erased = 0;
    let gone: Vec<i64> = rows.iter().filter(|(_, conversation)| conversation.is_none_or(|id| !kept.contains(&id))).map(|(id, _)| *id).collect();
    for some in gone.chunks(10_000) {
        // What a carrier said of a hand-over may quote the address.
        on!(conn, c => diesel::update(attempts::table.filter(attempts::delivery_id.eq_any(some)))
            .set(attempts::error_detail.eq(None::<String>))
            .execute(c)
            .await)?;
    }
    for (id, _) in rows.iter().filter(|(_, conversation)| conversation.is_none_or(|id| !kept.contains(&id))) {
        on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::status.eq_any(["queued", "held"]))))
            .set((
                deliveries::status.eq("cancelled"),
                deliveries::rank.eq(crate::domain::delivery::Status::Cancelled.rank()),
                deliveries::finished_at.eq(Some(now)),
            ))
            .execute(c)
            .await)?;
        // The address is part of what makes a delivery the only one of its kind, so that each needs another.
        erased += on!(conn, c => diesel::update(deliveries::table.filter(deliveries::id.eq(id).and(deliveries::status.ne_all(["leased", "sending"]))))
            .set((
                deliveries::address.eq(format!("{ERASED} {id}")),
                deliveries::match_key.eq(key),
                deliveries::subject.eq(None::<String>),
                deliveries::body.eq(None::<String>),
                // What was taken back with its alert must not come back with it.
                deliveries::error_code.eq(diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Text>>("NULLIF(error_code, 'taken_back')")),
                deliveries::error_detail.eq(None::<String>),
                deliveries::in_reply_to.eq(None::<String>),
                deliveries::reference_ids.eq(None::<String>),
            ))
            .execute(c)
            .await)?;
    }
    Ok(erased)
}

/// Removes what only served to deal with an address: codes, parts of texts, scores. Consent keeps what was done and when, not
/// the words. What is of this moment is left to whoever has the number now.
pub async fn erase_traces(conn: &mut Conn, span: &Span) -> QueryResult<()> {
    let (after, until) = span.bounds();
    let of_then = consent_events::created_at.gt(after).and(consent_events::created_at.le(until));
    on!(conn, c => diesel::update(consent_events::table.filter(consent_events::match_key.eq(&span.key).and(of_then)))
        .set(consent_events::evidence.eq(ERASED))
        .execute(c)
        .await)?;
    if span.until.is_some() {
        return Ok(());
    }
    let match_key = &span.key;
    on!(conn, c => diesel::delete(codes::table.filter(codes::match_key.eq(match_key))).execute(c).await)?;
    on!(conn, c => diesel::delete(text_parts::table.filter(text_parts::match_key.eq(match_key))).execute(c).await)?;
    on!(conn, c => diesel::delete(bounce_scores::table.filter(bounce_scores::match_key.eq(match_key))).execute(c).await)?;
    on!(conn, c => diesel::delete(number_faults::table.filter(number_faults::match_key.eq(match_key))).execute(c).await).map(|_| ())
}

/// Removes a resident with their addresses, groups, places and sessions.
pub async fn delete_resident(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(residents::table.find(id)).execute(c).await)
}
