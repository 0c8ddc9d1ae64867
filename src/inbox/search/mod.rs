//! Search: over messages, notes and the names of files, and over what was recognised in them; only within what one may see.
//!
//! Every search is an entry in the audit log. What was looked for is not: it may be somebody's name or number. The entry keeps
//! how many words there were, which filters, how much was found, and a digest under the installation's key, by which it can
//! be shown that a given line was looked for.

pub mod rank;
pub mod snippet;

use diesel::QueryResult;
use serde_json::{Value, json};

use super::sight;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::finding::{Kind, Sought};
use crate::domain::ids::Ids;
use crate::domain::officer::Role;
use crate::domain::place::Urgency;
use crate::domain::search::Query;
use crate::domain::sight::Sight;
use crate::domain::{At, token};
use crate::store::Conn;
use crate::store::accounts::OfficerRow;
use crate::store::findings::FindingRow;
use crate::store::views::inbox::{InboxRow, Narrow, View};
use crate::store::views::search::{self as view, Asked};

use snippet::Piece;

/// Results on one page.
pub const PAGE: usize = 30;

/// A search by words.
#[derive(Clone, Debug)]
pub struct ByWords {
    /// What is looked for.
    pub query: Query,
    /// `message`, `note`, `file`; none: all.
    pub kinds: Vec<&'static str>,
    /// A part of the inbox.
    pub view: Option<View>,
    /// What narrows it.
    pub narrow: Narrow,
    /// From this moment on.
    pub from: Option<At>,
    /// Before this moment.
    pub until: Option<At>,
    /// From 0.
    pub page: usize,
}

/// A conversation that was found.
pub struct FoundRow {
    /// Its line.
    pub line: InboxRow,
    /// `message`, `note`, `file`.
    pub kind: String,
    /// What fits, with a little around it.
    pub snippet: Vec<Piece>,
    /// How many of its messages fit.
    pub times: usize,
}

/// What was found.
#[derive(Default)]
pub struct Found {
    /// One page, the best first.
    pub rows: Vec<FoundRow>,
    /// How many conversations there are on all pages.
    pub total: usize,
    /// More than were fetched.
    pub more: bool,
    /// Not all was looked at, but all since then.
    pub back_to: Option<At>,
    /// Conversations that have it and that they may not see. Only for who supervises.
    pub unseen: Option<i64>,
}

/// Looks for words.
pub async fn by_words(app: &App, officer: &OfficerRow, asked: &ByWords) -> QueryResult<Found> {
    let now = app.now();
    let found = app.read().await?.snapshot(async |conn| words_in(conn, officer, asked, now).await).await?;
    let filters = json!({
        "in": asked.kinds,
        "view": asked.view.map(|view| format!("{view:?}").to_lowercase()),
        "alert": asked.narrow.alert_id,
        "tag": asked.narrow.tag_id,
        "channel": asked.narrow.channel_kind,
        "urgency": asked.narrow.urgency.map(Urgency::as_str),
        "photo": asked.narrow.photo,
        "from": asked.from.map(At::rfc3339),
        "until": asked.until.map(At::rfc3339),
        "page": asked.page,
    });
    note(app, officer, &format!("{:?}", asked.query), json!({ "words": asked.query.words(), "filters": filters, "found": found.total })).await?;
    Ok(found)
}

async fn words_in(conn: &mut Conn, officer: &OfficerRow, asked: &ByWords, now: At) -> QueryResult<Found> {
    let sight = sight::of_in(conn, officer, now).await?;
    let hits = view::hits(
        conn,
        &Asked {
            query: &asked.query,
            kinds: &asked.kinds,
            sight: &sight,
            view: asked.view,
            narrow: asked.narrow,
            from_id: asked.from.map_or(0, Ids::floor),
            until_id: asked.until.map_or(i64::MAX, Ids::floor),
        },
    )
    .await?;
    let more = hits.hits.len() >= view::RANKED;
    let ranked = rank::order(&asked.query, &hits.hits, now);
    let total = ranked.len();
    let shown: Vec<rank::Ranked> = ranked.into_iter().skip(asked.page.saturating_mul(PAGE)).take(PAGE).collect();
    let entry_ids: Vec<i64> = shown.iter().map(|best| best.entry_id).collect();
    let conversation_ids: Vec<i64> = shown.iter().map(|best| best.conversation_id).collect();
    let lines = view::lines(conn, &conversation_ids).await?;
    let sources = view::sources(conn, &entry_ids).await?;
    let rows = shown.into_iter().filter_map(|best| {
        let line = lines.iter().find(|line| line.id == best.conversation_id)?.clone();
        let source = sources.iter().find(|source| source.id == best.entry_id)?;
        let text = match (&source.filename, &source.subject) {
            (Some(name), _) => name.clone(),
            (None, Some(subject)) => format!("{subject}\n{}", source.text),
            (None, None) => source.text.clone(),
        };
        Some(FoundRow { line, kind: best.kind, snippet: snippet::around(&text, &asked.query.places(&text)), times: best.times })
    });
    Ok(Found { rows: rows.collect(), total, more, back_to: hits.back_to.filter(|_| !more).map(Ids::moment), unseen: None })
}

/// Looks for what was recognised: who else saw it.
pub async fn by_finding(app: &App, officer: &OfficerRow, sought: &Sought, page: usize) -> QueryResult<Found> {
    let now = app.now();
    let found = app.read().await?.snapshot(async |conn| finding_in(conn, officer, sought, page, now).await).await?;
    let detail = json!({ "kind": sought.kind.as_str(), "found": found.total, "filters": { "page": page } });
    note(app, officer, &format!("{}:{}", sought.kind, sought.value), detail).await?;
    Ok(found)
}

async fn finding_in(conn: &mut Conn, officer: &OfficerRow, sought: &Sought, page: usize, now: At) -> QueryResult<Found> {
    let sight = sight::of_in(conn, officer, now).await?;
    let (shared, unseen) = view::sharing(conn, sought.kind.as_str(), &sought.value, &sight).await?;
    let total = shared.len();
    let shown: Vec<_> = shared.into_iter().skip(page.saturating_mul(PAGE)).take(PAGE).collect();
    let lines = view::lines(conn, &shown.iter().map(|row| row.conversation_id).collect::<Vec<_>>()).await?;
    let message_ids: Vec<i64> = shown.iter().map(|row| row.message_id).collect();
    let sources = view::sources(conn, &message_ids).await?;
    let places = crate::store::findings::list_of(conn, &message_ids).await?;
    let rows = shown.into_iter().filter_map(|row| {
        let line = lines.iter().find(|line| line.id == row.conversation_id)?.clone();
        let text = sources.iter().find(|source| source.id == row.message_id).map(|source| source.text.as_str()).unwrap_or_default();
        let is_it = |place: &&FindingRow| place.message_id == row.message_id && place.kind == sought.kind.as_str() && place.value == sought.value;
        let at: Vec<_> = places.iter().filter(is_it).filter_map(snippet::place_of).collect();
        Some(FoundRow { line, kind: "message".to_owned(), snippet: snippet::around(text, &at), times: 1 })
    });
    let supervises = officer.role.parse().is_ok_and(Role::supervises);
    let more = i64::try_from(total).unwrap_or(i64::MAX) >= view::SHARED;
    Ok(Found { rows: rows.collect(), total, more, back_to: None, unseen: supervises.then_some(unseen) })
}

async fn note(app: &App, officer: &OfficerRow, line: &str, mut detail: Value) -> QueryResult<()> {
    let digest = token::mac(&app.keyring().match_secret, &[b"search", line.as_bytes()]);
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("digest".to_owned(), Value::String(hex::encode(digest.get(..16).unwrap_or(&digest))));
    }
    let mut conn = app.write().await?;
    audit::note(&mut conn, app.ids(), app.now(), &Actor::Officer(officer.id), "search", ("search", None), detail).await
}

/// Something recognised in a conversation, once however often it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// What it is.
    pub kind: Kind,
    /// Its normal form.
    pub value: String,
    /// Why it is only perhaps so.
    pub perhaps: Option<String>,
    /// How many other conversations have it that they may see; none where that says nothing.
    pub others: Option<i64>,
}

/// The most that are counted for one page.
const COUNTED: usize = 12;

/// What was recognised, once each, with who else has it.
pub(super) async fn shared(conn: &mut Conn, findings: &[FindingRow], sight: &Sight) -> QueryResult<Vec<Shared>> {
    let mut once: Vec<Shared> = Vec::new();
    for row in findings {
        let Ok(kind) = row.kind.parse::<Kind>() else { continue };
        match once.iter_mut().find(|known| known.kind == kind && known.value == row.value) {
            // Written without doubt somewhere, it is without doubt.
            Some(known) => known.perhaps = known.perhaps.take().filter(|_| row.perhaps.is_some()),
            None => once.push(Shared { kind, value: row.value.clone(), perhaps: row.perhaps.clone(), others: None }),
        }
    }
    let mut counted: Vec<&mut Shared> = once.iter_mut().filter(|shared| shared.kind.ties()).take(COUNTED).collect();
    let values: Vec<(String, String)> = counted.iter().map(|shared| (shared.kind.as_str().to_owned(), shared.value.clone())).collect();
    let counts = view::count_sharing(conn, &values, sight).await?;
    for (shared, count) in counted.iter_mut().zip(counts) {
        // One of them is this one, whether or not its owner changed meanwhile.
        shared.others = Some((count - 1).max(0));
    }
    once.sort_by_key(|shared| shared.kind);
    Ok(once)
}
