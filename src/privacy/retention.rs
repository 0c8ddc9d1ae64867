//! Retention: what is past its time is disposed of in small batches, each with an entry in the audit log that holds no data.

use std::time::Duration;

use diesel::QueryResult;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::domain::retention::{Kept, cutoff};
use crate::store::{conversations, forgotten_files, retention};

/// Records that are looked at together.
const BATCH: i64 = 100;
/// Batches of a kind in one round: what is left over waits for the next.
const BATCHES: usize = 50;
/// A row that names a file is written moments after the file.
const YOUNG: Duration = Duration::from_secs(3_600);
const DAY_MS: i64 = 86_400_000;

/// A rule, and what it has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// For which records.
    pub kind: Kept,
    /// Months; 0 keeps them for good.
    pub months: u32,
    /// How many are due now, and
    pub due: i64,
    /// how many will be in thirty days.
    pub soon: i64,
}

/// What was disposed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disposed {
    /// Of which kind.
    pub kind: Kept,
    /// How many.
    pub count: usize,
}

fn months(app: &App, kind: Kept) -> u32 {
    let rules = app.config().retention;
    match kind {
        Kept::Conversations => rules.conversations_closed,
        Kept::Residents => rules.residents_left,
        Kept::Deliveries => rules.deliveries,
        Kept::Envelopes => rules.envelopes_processed,
        Kept::Sessions => rules.sessions,
        Kept::Nudges => rules.nudges,
    }
}

/// Every rule with what is due: what a round would do, without doing it.
pub async fn look(app: &App) -> QueryResult<Vec<Rule>> {
    let (now, mut conn, mut rules) = (app.now(), app.read().await?, Vec::new());
    for kind in Kept::ALL.iter().copied() {
        let months = months(app, kind);
        let (mut due, mut soon) = (0, 0);
        if let Some(before) = cutoff(now, months) {
            due = retention::count_due(&mut conn, kind, before).await?;
        }
        if let Some(before) = cutoff(now.plus_ms(30 * DAY_MS), months) {
            soon = retention::count_due(&mut conn, kind, before).await? - due;
        }
        rules.push(Rule { kind, months, due, soon });
    }
    Ok(rules)
}

/// One round: some batches of every kind, then the bytes of files that no row names any more.
pub async fn run(app: &App) -> QueryResult<Vec<Disposed>> {
    let mut disposed = Vec::new();
    for kind in Kept::ALL.iter().copied() {
        let Some(before) = cutoff(app.now(), months(app, kind)) else { continue };
        let mut count = super::months::dispose(app, kind, before).await?;
        let whole = super::months::left_whole(app, kind, before).await?;
        for _ in 0..BATCHES {
            if app.stop().is_cancelled() {
                break;
            }
            let ids = retention::list_due(&mut app.read().await?, kind, before, BATCH, &whole).await?;
            let gone = dispose(app, kind, &ids, before).await?;
            count += gone;
            // What could not go this time is no reason to turn in circles.
            if gone == 0 {
                break;
            }
        }
        disposed.push(Disposed { kind, count });
    }
    forget_files(app, YOUNG).await?;
    Ok(disposed)
}

async fn dispose(app: &App, kind: Kept, ids: &[i64], before: At) -> QueryResult<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    if kind == Kept::Conversations {
        let mut gone = 0;
        for id in ids {
            gone += usize::from(dispose_conversation(app, *id, before).await?);
        }
        return Ok(gone);
    }
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let (first, last) = (ids.iter().min(), ids.iter().max());
        let gone = match kind {
            Kept::Residents => {
                let gone = retention::delete_residents(conn, ids).await?;
                for id in &gone {
                    audit::note(conn, app.ids(), now, &Actor::System, "retention.dispose", ("resident", Some(*id)), json!({ "rule": kind.as_str() })).await?;
                }
                return Ok(gone.len());
            }
            Kept::Deliveries => retention::delete_deliveries(conn, ids).await?,
            Kept::Envelopes => {
                let (gone, files) = retention::delete_envelopes(conn, ids).await?;
                forgotten_files::note(conn, &files, now).await?;
                gone
            }
            Kept::Sessions => retention::delete_codes(conn, ids).await?,
            Kept::Nudges => retention::delete_nudges(conn, ids).await?,
            Kept::Conversations => 0,
        };
        if gone > 0 {
            let detail = json!({ "rule": kind.as_str(), "count": gone, "first": first, "last": last });
            audit::note(conn, app.ids(), now, &Actor::System, "retention.dispose", (kind.as_str(), None), detail).await?;
        }
        Ok::<_, diesel::result::Error>(gone)
    })
    .await
}

/// One conversation, in a transaction of its own: whoever holds it, opens it again or names an exhibit first, wins.
async fn dispose_conversation(app: &App, id: i64, before: At) -> QueryResult<bool> {
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        match conversations::get_locked(conn, id).await {
            Ok(_) => {}
            // Another node was first.
            Err(diesel::result::Error::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        }
        if !retention::is_due(conn, id, before).await? {
            return Ok(false);
        }
        let gone = retention::delete_conversation(conn, id).await?;
        forgotten_files::note(conn, &gone.files, now).await?;
        let detail = json!({ "rule": Kept::Conversations.as_str(), "messages": gone.messages, "originals": gone.envelopes, "files": gone.files.len() });
        audit::note(conn, app.ids(), now, &Actor::System, "retention.dispose", ("conversation", Some(id)), detail).await?;
        Ok::<_, diesel::result::Error>(true)
    })
    .await
}

/// Removes the bytes of files that no row names any more and that are not `young`; gives how many went.
pub async fn forget_files(app: &App, young: Duration) -> QueryResult<usize> {
    let hashes = forgotten_files::list(&mut app.read().await?, 1_000).await?;
    let mut gone = 0;
    for hash in hashes {
        if app.stop().is_cancelled() {
            break;
        }
        let named = forgotten_files::is_named(&mut app.read().await?, &hash).await?;
        if !named {
            match app.files().forget(&hash, young).await {
                Ok(true) => gone += 1,
                Ok(false) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a file that is to be forgotten cannot be removed; it is tried again");
                    continue;
                }
            }
        }
        forgotten_files::delete(&mut app.write().await?, &hash).await?;
    }
    Ok(gone)
}
