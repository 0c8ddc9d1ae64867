//! Table `exhibits`: messages and files that an officer has named as exhibits.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::exhibits;
use crate::domain::At;
use crate::on;

/// One exhibit.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = exhibits, treat_none_as_default_value = false)]
pub struct ExhibitRow {
    /// Time-ordered id.
    pub id: i64,
    /// Where it was named: references are unique there.
    pub conversation_id: i64,
    /// Of which message.
    pub message_id: i64,
    /// Which file of it; none for the message itself.
    pub attachment_id: Option<i64>,
    /// `JS/1`.
    pub reference: String,
    /// Who named it.
    pub officer_id: i64,
    /// When.
    pub created_at: At,
    /// When it went out with an export: from then on it stays as it is.
    pub sealed_at: Option<At>,
}

/// Adds one; `None` if the reference is another's or the item has one already.
pub async fn insert(conn: &mut Conn, row: &ExhibitRow) -> QueryResult<Option<()>> {
    let added = on!(conn, c => diesel::insert_into(exhibits::table).values(row).on_conflict_do_nothing().execute(c).await)?;
    Ok((added > 0).then_some(()))
}

/// Gives an exhibit that is not sealed another reference; `None` if that is another's.
pub async fn set_reference(conn: &mut Conn, id: i64, reference: &str) -> QueryResult<Option<usize>> {
    let changed = on!(conn, c => diesel::update(exhibits::table.filter(exhibits::id.eq(id).and(exhibits::sealed_at.is_null())))
        .set(exhibits::reference.eq(reference))
        .execute(c)
        .await);
    match changed {
        Ok(changed) => Ok(Some(changed)),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Exhibits among these messages and their files, in the order in which they were named.
pub async fn list_of(conn: &mut Conn, message_ids: &[i64]) -> QueryResult<Vec<ExhibitRow>> {
    on!(conn, c => exhibits::table
        .filter(exhibits::message_id.eq_any(message_ids))
        .order(exhibits::id)
        .select(ExhibitRow::as_select())
        .load(c)
        .await)
}

/// Exhibits that were named in a conversation, wherever their messages are now.
pub async fn list_named_in(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<ExhibitRow>> {
    on!(conn, c => exhibits::table
        .filter(exhibits::conversation_id.eq(conversation_id))
        .order(exhibits::id)
        .select(ExhibitRow::as_select())
        .load(c)
        .await)
}

/// Seals those that are not sealed yet, under the reference that went out: whoever renamed one meanwhile was too late.
pub async fn seal(conn: &mut Conn, named: &[(i64, String)], now: At) -> QueryResult<usize> {
    let mut sealed = 0;
    for (id, reference) in named {
        let open = exhibits::table.filter(exhibits::id.eq(id).and(exhibits::sealed_at.is_null()));
        sealed += on!(conn, c => diesel::update(open).set((exhibits::sealed_at.eq(Some(now)), exhibits::reference.eq(reference))).execute(c).await)?;
    }
    Ok(sealed)
}
