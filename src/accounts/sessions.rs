//! Sessions: a random cookie, of which the database keeps the digest. Rotated at sign-in.

use diesel::QueryResult;

use crate::app::App;
use crate::domain::ids;
use crate::files::sha256;
use crate::store::sessions::{self, SessionRow};
use crate::store::{accounts, residents};

/// How long a resident may take over their account page.
const RESIDENT_MS: i64 = 60 * 60_000;
const TOUCH_MS: i64 = 60_000;

/// Who a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// An officer.
    Officer(i64),
    /// A resident.
    Resident(i64),
}

/// A session that stands.
#[derive(Clone)]
pub struct Session {
    /// Its row.
    pub row: SessionRow,
    /// The officer, if it is one's.
    pub officer: Option<accounts::OfficerRow>,
    /// The resident, if it is one's.
    pub resident: Option<residents::ResidentRow>,
}

/// Starts a session; gives the cookie's value.
pub async fn start(app: &App, who: Who) -> QueryResult<String> {
    let (token, now) = (ids::secret(), app.now());
    let (officer_id, resident_id, lasts) = match who {
        Who::Officer(id) => (Some(id), None, app.config().security.session_ms),
        Who::Resident(id) => (None, Some(id), RESIDENT_MS),
    };
    let row = SessionRow {
        id: app.next_id(),
        token_digest: sha256(token.as_bytes()).to_vec(),
        officer_id,
        resident_id,
        csrf: ids::secret(),
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus_ms(lasts),
    };
    let mut conn = app.write().await?;
    sessions::insert(&mut conn, &row).await?;
    Ok(token)
}

/// The standing session of a cookie.
pub async fn find(app: &App, token: &str) -> QueryResult<Option<Session>> {
    let now = app.now();
    let mut conn = app.read().await?;
    let Some(row) = sessions::find(&mut conn, &sha256(token.as_bytes()), now).await? else { return Ok(None) };
    let officer = match row.officer_id {
        Some(id) => accounts::find_officer(&mut conn, id).await?.filter(|officer| officer.disabled_at.is_none()),
        None => None,
    };
    let resident = match row.resident_id {
        Some(id) => residents::find(&mut conn, id).await?.filter(|resident| resident.left_at.is_none()),
        None => None,
    };
    drop(conn);
    if officer.is_none() && resident.is_none() {
        return Ok(None);
    }
    if now.since_ms(row.last_seen_at) > TOUCH_MS {
        let lasts = if officer.is_some() { app.config().security.session_ms } else { RESIDENT_MS };
        let mut conn = app.write().await?;
        sessions::touch(&mut conn, row.id, now, now.plus_ms(lasts)).await?;
    }
    Ok(Some(Session { row, officer, resident }))
}

/// Ends a session.
pub async fn end(app: &App, session_id: i64) -> QueryResult<()> {
    let mut conn = app.write().await?;
    sessions::delete(&mut conn, session_id).await.map(|_| ())
}
