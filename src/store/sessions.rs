//! Table `sessions`: who is signed in. The cookie holds a random value; only its digest is here.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::sessions;
use crate::domain::At;
use crate::on;

/// A signed-in officer or resident.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct SessionRow {
    /// Time-ordered id.
    pub id: i64,
    /// SHA-256 of the cookie's value.
    pub token_digest: Vec<u8>,
    /// The officer, or
    pub officer_id: Option<i64>,
    /// the resident.
    pub resident_id: Option<i64>,
    /// The form token.
    pub csrf: String,
    /// When they signed in.
    pub created_at: At,
    /// When they were last here.
    pub last_seen_at: At,
    /// After this it counts for nothing.
    pub expires_at: At,
    /// How they signed in: `password` or `oidc`.
    pub method: String,
    /// `Firefox on Windows`.
    pub browser: String,
    /// `203.0.113.…`: enough to know one's own.
    pub network: String,
}

/// Starts a session.
pub async fn insert(conn: &mut Conn, row: &SessionRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(sessions::table).values(row).execute(c).await)
}

/// The unexpired session with this digest.
pub async fn find(conn: &mut Conn, digest: &[u8], now: At) -> QueryResult<Option<SessionRow>> {
    on!(conn, c => sessions::table
        .filter(sessions::token_digest.eq(digest).and(sessions::expires_at.gt(now)))
        .select(SessionRow::as_select())
        .first(c)
        .await
        .optional())
}

/// Moves the expiry on, at most once a minute so that reading pages does not write.
pub async fn touch(conn: &mut Conn, id: i64, now: At, expires_at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(sessions::table.find(id))
        .set((sessions::last_seen_at.eq(now), sessions::expires_at.eq(expires_at)))
        .execute(c)
        .await)
}

/// Ends a session.
pub async fn delete(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sessions::table.find(id)).execute(c).await)
}

/// An officer's unexpired sessions, the last seen first.
pub async fn list_of_officer(conn: &mut Conn, officer_id: i64, now: At) -> QueryResult<Vec<SessionRow>> {
    on!(conn, c => sessions::table
        .filter(sessions::officer_id.eq(officer_id).and(sessions::expires_at.gt(now)))
        .order((sessions::last_seen_at.desc(), sessions::id.desc()))
        .select(SessionRow::as_select())
        .load(c)
        .await)
}

/// Ends one session of an officer; gives 0 if it is not theirs.
pub async fn delete_one_of(conn: &mut Conn, officer_id: i64, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sessions::table.filter(sessions::id.eq(id).and(sessions::officer_id.eq(officer_id)))).execute(c).await)
}

/// Ends every session of an officer, but for one if it is named.
pub async fn delete_of_officer(conn: &mut Conn, officer_id: i64, but: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sessions::table.filter(sessions::officer_id.eq(officer_id).and(sessions::id.ne(but.unwrap_or(0))))).execute(c).await)
}

/// Ends every session of a resident, as when they leave.
pub async fn delete_of_resident(conn: &mut Conn, resident_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sessions::table.filter(sessions::resident_id.eq(resident_id))).execute(c).await)
}

/// Clears out what has expired.
pub async fn delete_expired(conn: &mut Conn, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(c).await)
}
