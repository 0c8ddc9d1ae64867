//! Tables `teams`, `officers`, `api_keys`, `idempotency_keys`: who may come in and with what.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{api_keys, idempotency_keys, officers, teams};
use crate::domain::At;
use crate::domain::officer::Role;
use crate::{insert_all, on};

/// A neighbourhood team.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = teams, treat_none_as_default_value = false)]
pub struct TeamRow {
    /// Time-ordered id.
    pub id: i64,
    /// For people.
    pub name: String,
    /// Where it works.
    pub area_id: Option<i64>,
    /// When it was made.
    pub created_at: At,
}

/// Somebody who signs in.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = officers, treat_none_as_default_value = false)]
pub struct OfficerRow {
    /// Time-ordered id.
    pub id: i64,
    /// Sign-in name, lower case.
    pub email: String,
    /// As residents see it: `PC Jane Doe`.
    pub name: String,
    /// Argon2id, PHC string.
    pub password_hash: String,
    /// A `Role` word.
    pub role: String,
    /// Their team.
    pub team_id: Option<i64>,
    /// On leave until then: their replies go to cover, then team.
    pub away_until: Option<At>,
    /// Who stands in.
    pub cover_id: Option<i64>,
    /// When the account was closed.
    pub disabled_at: Option<At>,
    /// When it was made.
    pub created_at: At,
    /// An administrator who was given leave to read replies.
    pub reads_replies: bool,
}

impl OfficerRow {
    /// Whether they may read what residents wrote: by their role, or as an administrator who was given that.
    pub fn reads_replies(&self) -> bool {
        let role: Option<Role> = self.role.parse().ok();
        role.is_some_and(Role::reads_replies) || (role == Some(Role::Admin) && self.reads_replies)
    }
}

/// A key for the HTTP API; only its hash is kept.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
pub struct ApiKeyRow {
    /// Time-ordered id.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// SHA-256 of the key.
    pub key_digest: Vec<u8>,
    /// Comma-separated scopes.
    pub scopes: String,
    /// When it was made.
    pub created_at: At,
    /// When it was last used.
    pub last_used_at: Option<At>,
    /// When it was taken back.
    pub revoked_at: Option<At>,
}

/// An answer kept for a repeated request.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_keys)]
pub struct IdempotencyRow {
    /// Whose key.
    pub api_key_id: i64,
    /// The `Idempotency-Key` header.
    pub key: String,
    /// SHA-256 of the request's body: the same key with another body is an error.
    pub request_digest: Vec<u8>,
    /// HTTP status that was answered.
    pub status: i64,
    /// Body that was answered.
    pub response: serde_json::Value,
    /// When.
    pub created_at: At,
}

/// Adds teams; those whose name is there already are passed over.
pub async fn insert_teams(conn: &mut Conn, rows: Vec<TeamRow>) -> QueryResult<usize> {
    insert_all!(conn, teams::table, rows)
}

/// Every team by name.
pub async fn list_teams(conn: &mut Conn) -> QueryResult<Vec<TeamRow>> {
    on!(conn, c => teams::table.order(teams::name).select(TeamRow::as_select()).load(c).await)
}

/// A team by its name.
pub async fn find_team(conn: &mut Conn, name: &str) -> QueryResult<Option<TeamRow>> {
    on!(conn, c => teams::table.filter(teams::name.eq(name)).select(TeamRow::as_select()).first(c).await.optional())
}

/// Adds officers; those whose e-mail is there already are passed over. Gives how many were new.
pub async fn insert_officers(conn: &mut Conn, rows: Vec<OfficerRow>) -> QueryResult<usize> {
    insert_all!(conn, officers::table, rows)
}

/// An officer by sign-in name.
pub async fn find_officer_by_email(conn: &mut Conn, email: &str) -> QueryResult<Option<OfficerRow>> {
    on!(conn, c => officers::table.filter(officers::email.eq(email.to_lowercase())).select(OfficerRow::as_select()).first(c).await.optional())
}

/// An officer by id.
pub async fn find_officer(conn: &mut Conn, id: i64) -> QueryResult<Option<OfficerRow>> {
    on!(conn, c => officers::table.find(id).select(OfficerRow::as_select()).first(c).await.optional())
}

/// Every officer by name.
pub async fn list_officers(conn: &mut Conn) -> QueryResult<Vec<OfficerRow>> {
    on!(conn, c => officers::table.order(officers::name).select(OfficerRow::as_select()).load(c).await)
}

/// Sets leave and cover.
pub async fn set_away(conn: &mut Conn, officer_id: i64, until: Option<At>, cover_id: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officers::table.find(officer_id))
        .set((officers::away_until.eq(until), officers::cover_id.eq(cover_id)))
        .execute(c)
        .await)
}

/// What an administrator changes of an account, all at once.
#[derive(Clone, Debug, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = officers, treat_none_as_null = true)]
pub struct OfficerChange {
    /// Sign-in name, lower case.
    pub email: String,
    /// As residents see it.
    pub name: String,
    /// A `Role` word.
    pub role: String,
    /// Their team.
    pub team_id: Option<i64>,
    /// An administrator who was given the officers' role as well.
    pub reads_replies: bool,
}

/// Changes an account; an error if the e-mail is another's.
pub async fn change_officer(conn: &mut Conn, id: i64, change: &OfficerChange) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officers::table.find(id)).set(change).execute(c).await)
}

/// Closes an account, or opens it again.
pub async fn set_disabled(conn: &mut Conn, id: i64, at: Option<At>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officers::table.find(id)).set(officers::disabled_at.eq(at)).execute(c).await)
}

/// Sets a password by its hash.
pub async fn set_password(conn: &mut Conn, id: i64, hash: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officers::table.find(id)).set(officers::password_hash.eq(hash)).execute(c).await)
}

/// A team by id.
pub async fn find_team_by_id(conn: &mut Conn, id: i64) -> QueryResult<Option<TeamRow>> {
    on!(conn, c => teams::table.find(id).select(TeamRow::as_select()).first(c).await.optional())
}

/// Renames a team and says where it works; an error if the name is another's.
pub async fn change_team(conn: &mut Conn, id: i64, name: &str, area_id: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(teams::table.find(id)).set((teams::name.eq(name), teams::area_id.eq(area_id))).execute(c).await)
}

/// Every API key, the newest first.
pub async fn list_api_keys(conn: &mut Conn) -> QueryResult<Vec<ApiKeyRow>> {
    on!(conn, c => api_keys::table.order(api_keys::id.desc()).select(ApiKeyRow::as_select()).load(c).await)
}

/// Takes a key back; gives 0 if it was already.
pub async fn revoke_api_key(conn: &mut Conn, id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(api_keys::table.filter(api_keys::id.eq(id).and(api_keys::revoked_at.is_null())))
        .set(api_keys::revoked_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// Notes that a key was used, at most once a minute so that reading does not write.
pub async fn touch_api_key(conn: &mut Conn, id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(api_keys::table.find(id)).set(api_keys::last_used_at.eq(Some(now))).execute(c).await)
}

/// Adds an API key; an error if the name is taken.
pub async fn insert_api_key(conn: &mut Conn, row: &ApiKeyRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(api_keys::table).values(row).execute(c).await)
}

/// The live key with this digest.
pub async fn find_api_key(conn: &mut Conn, digest: &[u8]) -> QueryResult<Option<ApiKeyRow>> {
    on!(conn, c => api_keys::table
        .filter(api_keys::key_digest.eq(digest).and(api_keys::revoked_at.is_null()))
        .select(ApiKeyRow::as_select())
        .first(c)
        .await
        .optional())
}

/// What was answered to this key before.
pub async fn find_idempotent(conn: &mut Conn, api_key_id: i64, key: &str) -> QueryResult<Option<IdempotencyRow>> {
    on!(conn, c => idempotency_keys::table.find((api_key_id, key)).select(IdempotencyRow::as_select()).first(c).await.optional())
}

/// Keeps an answer; gives 0 if another request with the key was first.
pub async fn insert_idempotent(conn: &mut Conn, row: &IdempotencyRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(idempotency_keys::table).values(row).on_conflict_do_nothing().execute(c).await)
}

/// Officers who are away and for whom this one stands in.
pub async fn list_covered(conn: &mut Conn, officer_id: i64, now: At) -> QueryResult<Vec<i64>> {
    on!(conn, c => officers::table
        .filter(officers::cover_id.eq(officer_id).and(officers::away_until.gt(now).or(officers::disabled_at.is_not_null())))
        .order(officers::id)
        .select(officers::id)
        .load(c)
        .await)
}
