//! Sessions: a random cookie, of which the database keeps the digest. Rotated at sign-in; ended by time, by their owner, and
//! whenever the account is disabled or its role or password changes.

use diesel::QueryResult;
use serde_json::json;

use super::origin::Origin;
use super::second_step;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::config::SecondStep;
use crate::domain::{At, ids};
use crate::files::sha256;
use crate::store::sessions::{self, SessionRow};
use crate::store::{accounts, residents};

/// How long a resident may take over their account page.
const RESIDENT_MS: i64 = 60 * 60_000;
const TOUCH_MS: i64 = 60_000;

crate::words! {
    /// How somebody signed in.
    Method {
        /// E-mail and password, and a code if there is one.
        Password = "password",
        /// By the force's directory.
        Oidc = "oidc",
        /// A resident, by a code or link.
        Code = "code",
    }
}

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
    /// The officer must set up their second step before anything else.
    pub must_set_up: bool,
}

/// Idle time ends a session, and so does its age.
fn expiry(app: &App, is_officer: bool, created_at: At, now: At) -> At {
    let security = &app.config().security;
    if is_officer { now.plus_ms(security.session_ms).min(created_at.plus_ms(security.session_most_ms)) } else { now.plus_ms(RESIDENT_MS) }
}

/// Starts a session; gives the cookie's value.
pub async fn start(app: &App, who: Who, origin: &Origin, method: Method) -> QueryResult<String> {
    let (token, now) = (ids::secret(), app.now());
    let (officer_id, resident_id) = match who {
        Who::Officer(id) => (Some(id), None),
        Who::Resident(id) => (None, Some(id)),
    };
    let is_officer = officer_id.is_some();
    let row = SessionRow {
        id: app.next_id(),
        token_digest: sha256(token.as_bytes()).to_vec(),
        officer_id,
        resident_id,
        csrf: ids::secret(),
        created_at: now,
        last_seen_at: now,
        expires_at: expiry(app, is_officer, now, now),
        method: method.as_str().to_owned(),
        // Residents' sessions last an hour and are shown nowhere: nothing more is kept of them.
        browser: if is_officer { origin.browser.clone() } else { String::new() },
        network: if is_officer { origin.masked() } else { String::new() },
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
        let mut conn = app.write().await?;
        sessions::touch(&mut conn, row.id, now, expiry(app, officer.is_some(), row.created_at, now)).await?;
    }
    // Whoever comes by the directory has shown there what it asks for.
    let must_set_up = match &officer {
        Some(officer) if app.config().security.totp == SecondStep::Required && row.method == Method::Password.as_str() => {
            !second_step::stands(app, officer.id).await?
        }
        _ => false,
    };
    Ok(Some(Session { row, officer, resident, must_set_up }))
}

/// Ends a session.
pub async fn end(app: &App, session_id: i64) -> QueryResult<()> {
    let mut conn = app.write().await?;
    sessions::delete(&mut conn, session_id).await.map(|_| ())
}

/// Ends one of an officer's sessions; gives whether it was theirs.
pub async fn end_one(app: &App, officer_id: i64, session_id: i64) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let ended = sessions::delete_one_of(conn, officer_id, session_id).await? > 0;
        if ended {
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer_id), "officer.end_session", ("officer", Some(officer_id)), json!({})).await?;
        }
        Ok(ended)
    })
    .await
}

/// Ends every session of an officer but one, if it is named; gives how many.
pub async fn end_all(app: &App, by: i64, officer_id: i64, but: Option<i64>) -> QueryResult<usize> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let ended = sessions::delete_of_officer(conn, officer_id, but).await?;
        let detail = json!({ "sessions": ended });
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "officer.end_sessions", ("officer", Some(officer_id)), detail).await?;
        Ok(ended)
    })
    .await
}
