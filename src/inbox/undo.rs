//! Taking back: for half a minute everything can be put as it stood, unless something has changed since.
//!
//! An act notes in its own transaction how all that it changes stood before. An act on many conversations notes a part for
//! each, and each is taken back by itself.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryResult;
use serde::{Deserialize, Serialize};

use super::leave_out::{self, LeftOut};
use super::{event, holds};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::{At, ids};
use crate::store::accounts::OfficerRow;
use crate::store::marks::{self, MarkRow};
use crate::store::undos::{self, Carried, Stood, Tie, UndoPartRow, UndoRow};
use crate::store::wake::Change;
use crate::store::{Conn, conversations, handovers, tags};

/// How long it is offered.
pub const OFFERED_MS: i64 = 30_000;
/// How long it is done: whoever pressed at the last moment must not come too late.
const DONE_MS: i64 = 40_000;
/// When it is forgotten.
const KEPT_MS: i64 = 3_600_000;

/// How everything that one act changes stood before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Before {
    stood: Vec<(i64, Stood)>,
    /// As the act left them: a higher one means that something has changed since.
    versions: Vec<(i64, i64)>,
    unread: Vec<(i64, bool)>,
    marks: Vec<(i64, Option<MarkRow>)>,
    ties: Vec<Tie>,
    carried: Vec<Carried>,
    tagged: Vec<Tagged>,
    made: Vec<Made>,
}

/// A tag that was put on or taken off.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Tagged {
    conversation_id: i64,
    tag_id: i64,
    added: bool,
}

/// A row that the act made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Made {
    /// A conversation.
    Conversation(i64),
    /// A move that later messages follow.
    Move(i64),
    /// A record in another system.
    Handover(i64),
    /// What officers were told.
    Nudges(Vec<i64>),
    /// Somebody to whom nothing goes any more.
    LeftOut(LeftOut),
}

impl Before {
    /// How a conversation stands.
    pub(super) async fn of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Self> {
        let mut before = Self::default();
        before.add(conn, conversation_id).await?;
        Ok(before)
    }

    /// Another one that is changed too.
    pub(super) async fn add(&mut self, conn: &mut Conn, conversation_id: i64) -> QueryResult<()> {
        self.stood.push((conversation_id, undos::look(conn, conversation_id).await?));
        Ok(())
    }

    /// How its messages are tied and where its answers belong.
    pub(super) async fn add_messages(&mut self, conn: &mut Conn, conversation_id: i64) -> QueryResult<()> {
        self.ties.extend(undos::list_ties(conn, conversation_id).await?);
        self.carried.extend(undos::list_carried(conn, conversation_id).await?);
        Ok(())
    }

    /// Whether nobody had read it.
    pub(super) fn add_unread(&mut self, conversation_id: i64, unread: bool) {
        self.unread.push((conversation_id, unread));
    }

    /// Why it was urgent, if it was.
    pub(super) async fn add_mark(&mut self, conn: &mut Conn, conversation_id: i64) -> QueryResult<()> {
        self.marks.push((conversation_id, marks::find(conn, conversation_id).await?));
        Ok(())
    }

    /// A tag that is put on or taken off. It is no change that anybody must see first.
    pub(super) fn tagged(conversation_id: i64, tag_id: i64, added: bool) -> Self {
        Self { tagged: vec![Tagged { conversation_id, tag_id, added }], ..Self::default() }
    }

    /// A row that the act made.
    pub(super) fn made(&mut self, made: Made) {
        self.made.push(made);
    }

    /// The conversation that the act was about.
    fn subject(&self) -> Option<i64> {
        let stood = self.stood.first().map(|(id, _)| *id);
        stood.or_else(|| self.tagged.first().map(|tagged| tagged.conversation_id)).or_else(|| self.unread.first().map(|(id, _)| *id))
    }
}

/// Offers to take back what was just done, in its transaction. Only officers are offered it.
pub(super) async fn offer(conn: &mut Conn, app: &App, actor: &Actor, sentence: &str, before: Before) -> QueryResult<()> {
    match begin(conn, app, actor, sentence).await? {
        Some(undo_id) => add_part(conn, app, undo_id, before).await,
        None => Ok(()),
    }
}

/// The head of an act on many.
pub(super) async fn begin(conn: &mut Conn, app: &App, actor: &Actor, sentence: &str) -> QueryResult<Option<i64>> {
    let Some(officer_id) = actor.officer_id() else { return Ok(None) };
    let row = UndoRow { id: app.next_id(), token: ids::public_id(), officer_id, sentence: sentence.to_owned(), created_at: app.now(), used_at: None };
    undos::insert(conn, &row).await?;
    Ok(Some(row.id))
}

/// One conversation's share.
pub(super) async fn add_part(conn: &mut Conn, app: &App, undo_id: i64, mut before: Before) -> QueryResult<()> {
    for (id, _) in &before.stood {
        before.versions.push((*id, conversations::get(conn, *id).await?.version));
    }
    for made in &before.made {
        if let Made::Conversation(id) = made {
            before.versions.push((*id, conversations::get(conn, *id).await?.version));
        }
    }
    let Some(conversation_id) = before.subject() else { return Ok(()) };
    let row = UndoPartRow { id: app.next_id(), undo_id, conversation_id, before: serde_json::to_value(&before).unwrap_or_default() };
    undos::insert_part(conn, &row).await.map(|_| ())
}

/// Something that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What its form carries.
    pub token: String,
    /// What was done.
    pub sentence: String,
    /// How much longer it is offered, in milliseconds.
    pub left_ms: i64,
}

/// What an officer is offered to take back just now.
pub async fn offered(conn: &mut Conn, officer_id: i64, now: At) -> QueryResult<Option<Offer>> {
    let latest = undos::latest(conn, officer_id, now.plus_ms(-OFFERED_MS)).await?;
    Ok(latest.map(|undo| Offer { token: undo.token, sentence: undo.sentence, left_ms: (OFFERED_MS - now.since_ms(undo.created_at)).max(0) }))
}

/// What came of taking back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoOutcome {
    /// What had been done.
    pub sentence: String,
    /// Public ids of the conversations that are as they were.
    pub undone: Vec<String>,
    /// How many were left alone, since something has changed since.
    pub changed: usize,
}

/// Takes back what an officer did; none if it is not theirs, too long ago, or taken back already.
pub async fn undo(app: &App, officer: &OfficerRow, token: &str) -> QueryResult<Option<UndoOutcome>> {
    let now = app.now();
    let mut conn = app.write().await?;
    let Some(row) = undos::find(&mut conn, token, officer.id).await? else { return Ok(None) };
    if now.since_ms(row.created_at) > DONE_MS || undos::set_used(&mut conn, row.id, now).await? == 0 {
        return Ok(None);
    }
    let mut outcome = UndoOutcome { sentence: row.sentence.clone(), ..UndoOutcome::default() };
    for part in undos::list_parts(&mut conn, row.id).await? {
        let before: Before = serde_json::from_value(part.before).unwrap_or_default();
        if conn.transaction(async |conn| restore(conn, app, officer, &row.sentence, &before).await).await? {
            outcome.undone.push(conversations::get(&mut conn, part.conversation_id).await?.public_id);
        } else {
            outcome.changed += 1;
        }
    }
    drop(conn);
    // It may be about several, also such as it was not done to: none is named.
    if !outcome.undone.is_empty() {
        app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: None });
    }
    Ok(Some(outcome))
}

async fn restore(conn: &mut Conn, app: &App, officer: &OfficerRow, sentence: &str, before: &Before) -> QueryResult<bool> {
    let mut versions = before.versions.clone();
    // In the order of ids, as every transaction that locks several.
    versions.sort_unstable();
    for (id, version) in versions {
        if conversations::get_locked(conn, id).await?.version != version {
            return Ok(false);
        }
    }
    for made in &before.made {
        if let Made::LeftOut(left) = made
            && !leave_out::stands(conn, left).await?
        {
            return Ok(false);
        }
    }
    for tagged in &before.tagged {
        let changed = if tagged.added {
            tags::remove(conn, tagged.conversation_id, tagged.tag_id).await?
        } else {
            tags::add(conn, tagged.conversation_id, tagged.tag_id, Some(officer.id), app.now()).await?
        };
        if changed == 0 {
            return Ok(false);
        }
    }
    keep_held(conn, app, &before.ties).await?;
    for tie in &before.ties {
        undos::restore_tie(conn, tie).await?;
    }
    for carried in &before.carried {
        undos::restore_carried(conn, carried).await?;
    }
    for (id, stood) in &before.stood {
        undos::restore(conn, *id, stood).await?;
    }
    for (id, unread) in &before.unread {
        conversations::set_unread(conn, *id, *unread).await?;
    }
    for (id, mark) in &before.marks {
        match mark {
            Some(mark) => marks::set(conn, mark).await?,
            None => marks::clear(conn, *id).await?,
        };
    }
    for made in &before.made {
        unmake(conn, app, officer, made).await?;
    }
    let Some(subject) = before.subject() else { return Ok(true) };
    let actor = Actor::Officer(officer.id);
    event(conn, app, subject, &actor, "undone", &format!("Taken back: {}", sentence.trim_end_matches('.'))).await?;
    audit::note(conn, app.ids(), app.now(), &actor, "conversation.undo", ("conversation", Some(subject)), serde_json::json!({})).await?;
    Ok(true)
}

/// What must be kept is the messages: a hold that came while they were elsewhere goes back with them.
async fn keep_held(conn: &mut Conn, app: &App, ties: &[Tie]) -> QueryResult<()> {
    let ids: Vec<i64> = ties.iter().map(|tie| tie.id).collect();
    let now_in: BTreeMap<i64, i64> = undos::list_places(conn, &ids).await?.into_iter().collect();
    let moved: BTreeSet<(i64, i64)> =
        ties.iter().filter_map(|tie| Some((*now_in.get(&tie.id)?, tie.conversation_id))).filter(|(from, to)| from != to).collect();
    for (from, to) in moved {
        holds::spread(conn, app, from, to).await?;
    }
    Ok(())
}

async fn unmake(conn: &mut Conn, app: &App, officer: &OfficerRow, made: &Made) -> QueryResult<usize> {
    match made {
        Made::Conversation(id) => undos::delete_empty(conn, *id).await,
        Made::Move(id) => undos::forget_move(conn, *id).await,
        Made::Handover(id) => handovers::delete(conn, *id).await,
        Made::Nudges(ids) => handovers::untell(conn, ids).await,
        Made::LeftOut(left) => leave_out::take_back(conn, app, left, &Actor::Officer(officer.id)).await,
    }
}

/// Forgets what nobody can take back any more.
pub async fn forget(app: &App) -> QueryResult<()> {
    undos::forget(&mut app.write().await?, app.now().plus_ms(-KEPT_MS)).await.map(|_| ())
}
