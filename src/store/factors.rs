//! Tables `officer_factors`, `recovery_codes`: the second step of signing in. Secrets are sealed, codes are digests.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{officer_factors, recovery_codes};
use crate::domain::At;
use crate::{insert_all, on};

/// An officer's authenticator app.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = officer_factors, treat_none_as_default_value = false)]
pub struct FactorRow {
    /// Whose.
    pub officer_id: i64,
    /// The secret that counts, sealed.
    pub totp_sealed: Option<Vec<u8>>,
    /// The last step whose code was used.
    pub totp_step: i64,
    /// Since when it counts.
    pub totp_at: Option<At>,
    /// A secret that is shown and not confirmed yet, sealed.
    pub pending_sealed: Option<Vec<u8>>,
    /// Since when it is shown.
    pub pending_at: Option<At>,
}

/// A one-use code for whoever has lost the app.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = recovery_codes, treat_none_as_default_value = false)]
pub struct RecoveryCodeRow {
    /// Time-ordered id.
    pub id: i64,
    /// Whose.
    pub officer_id: i64,
    /// HMAC of officer and code.
    pub code_digest: Vec<u8>,
    /// When it was made.
    pub created_at: At,
    /// When it was used.
    pub used_at: Option<At>,
}

/// An officer's factor, pending or standing.
pub async fn find(conn: &mut Conn, officer_id: i64) -> QueryResult<Option<FactorRow>> {
    on!(conn, c => officer_factors::table.find(officer_id).select(FactorRow::as_select()).first(c).await.optional())
}

/// The officers whose factor stands.
pub async fn list_standing(conn: &mut Conn) -> QueryResult<Vec<i64>> {
    on!(conn, c => officer_factors::table.filter(officer_factors::totp_at.is_not_null()).select(officer_factors::officer_id).load(c).await)
}

/// Keeps a secret that is to be confirmed; one that stands goes on counting meanwhile.
pub async fn put_pending(conn: &mut Conn, officer_id: i64, sealed: &[u8], now: At) -> QueryResult<usize> {
    let row = FactorRow { officer_id, totp_sealed: None, totp_step: 0, totp_at: None, pending_sealed: Some(sealed.to_vec()), pending_at: Some(now) };
    on!(conn, c => diesel::insert_into(officer_factors::table)
        .values(&row)
        .on_conflict(officer_factors::officer_id)
        .do_update()
        .set((officer_factors::pending_sealed.eq(Some(sealed)), officer_factors::pending_at.eq(Some(now))))
        .execute(c)
        .await)
}

/// The pending secret counts from now on, its code of `step` being used; gives 0 if another took its place meanwhile.
pub async fn confirm(conn: &mut Conn, officer_id: i64, sealed: &[u8], step: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officer_factors::table.filter(officer_factors::officer_id.eq(officer_id).and(officer_factors::pending_sealed.eq(Some(sealed)))))
        .set((
            officer_factors::totp_sealed.eq(Some(sealed)),
            officer_factors::totp_step.eq(step),
            officer_factors::totp_at.eq(Some(now)),
            officer_factors::pending_sealed.eq(None::<Vec<u8>>),
            officer_factors::pending_at.eq(None::<At>),
        ))
        .execute(c)
        .await)
}

/// Uses up a step; gives 0 if it, or a later one, was used meanwhile.
pub async fn use_step(conn: &mut Conn, officer_id: i64, step: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officer_factors::table.filter(officer_factors::officer_id.eq(officer_id).and(officer_factors::totp_step.lt(step))))
        .set(officer_factors::totp_step.eq(step))
        .execute(c)
        .await)
}

/// Keeps the same secret under a newer key.
pub async fn seal_again(conn: &mut Conn, officer_id: i64, before: &[u8], sealed: &[u8]) -> QueryResult<usize> {
    on!(conn, c => diesel::update(officer_factors::table.filter(officer_factors::officer_id.eq(officer_id).and(officer_factors::totp_sealed.eq(Some(before)))))
        .set(officer_factors::totp_sealed.eq(Some(sealed)))
        .execute(c)
        .await)
}

/// Takes the factor and its recovery codes away; gives 0 if there was none.
pub async fn delete(conn: &mut Conn, officer_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(recovery_codes::table.filter(recovery_codes::officer_id.eq(officer_id))).execute(c).await)?;
    on!(conn, c => diesel::delete(officer_factors::table.find(officer_id)).execute(c).await)
}

/// Puts these codes in the place of all that the officer had.
pub async fn replace_recovery_codes(conn: &mut Conn, officer_id: i64, rows: Vec<RecoveryCodeRow>) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(recovery_codes::table.filter(recovery_codes::officer_id.eq(officer_id))).execute(c).await)?;
    insert_all!(conn, recovery_codes::table, rows)
}

/// Uses a recovery code up; gives 0 if there is no such code or it was used.
pub async fn use_recovery_code(conn: &mut Conn, officer_id: i64, digest: &[u8], now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(recovery_codes::table.filter(
            recovery_codes::officer_id.eq(officer_id).and(recovery_codes::code_digest.eq(digest)).and(recovery_codes::used_at.is_null()),
        ))
        .set(recovery_codes::used_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// How many recovery codes are left.
pub async fn count_recovery_codes(conn: &mut Conn, officer_id: i64) -> QueryResult<i64> {
    on!(conn, c => recovery_codes::table
        .filter(recovery_codes::officer_id.eq(officer_id).and(recovery_codes::used_at.is_null()))
        .count()
        .get_result(c)
        .await)
}
