//! Table `officer_identities`: who an officer is at the force's directory.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::officer_identities;
use crate::domain::At;
use crate::on;

/// A person there and an account here.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = officer_identities)]
pub struct IdentityRow {
    /// The directory.
    pub issuer: String,
    /// Its unchanging name for the person.
    pub subject: String,
    /// The account.
    pub officer_id: i64,
    /// First, and
    pub created_at: At,
    /// last signed in.
    pub last_at: At,
}

/// The account of a person.
pub async fn find(conn: &mut Conn, issuer: &str, subject: &str) -> QueryResult<Option<IdentityRow>> {
    on!(conn, c => officer_identities::table.find((issuer, subject)).select(IdentityRow::as_select()).first(c).await.optional())
}

/// Whether somebody of the directory has this account already.
pub async fn has(conn: &mut Conn, issuer: &str, officer_id: i64) -> QueryResult<bool> {
    on!(conn, c => diesel::select(diesel::dsl::exists(
            officer_identities::table.filter(officer_identities::issuer.eq(issuer).and(officer_identities::officer_id.eq(officer_id))),
        ))
        .get_result(c)
        .await)
}

/// Whether anybody of any directory has this account.
pub async fn has_any(conn: &mut Conn, officer_id: i64) -> QueryResult<bool> {
    on!(conn, c => diesel::select(diesel::dsl::exists(officer_identities::table.filter(officer_identities::officer_id.eq(officer_id)))).get_result(c).await)
}

/// Ties a person to an account, or notes that they came again.
pub async fn put(conn: &mut Conn, row: &IdentityRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(officer_identities::table)
        .values(row)
        .on_conflict((officer_identities::issuer, officer_identities::subject))
        .do_update()
        .set(officer_identities::last_at.eq(row.last_at))
        .execute(c)
        .await)
}
