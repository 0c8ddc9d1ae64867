//! Table `notices`: what an administrator must know, each thing once with how often it happened.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::notices;
use crate::domain::At;
use crate::on;

/// Something to know.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = notices, treat_none_as_default_value = false)]
pub struct NoticeRow {
    /// Time-ordered id.
    pub id: i64,
    /// `policy_block`, `complaint`, `oversize`, `bounce_cap`, `not_sending`, …
    pub kind: String,
    /// What it is about: a domain, a mailbox. Never a person's address.
    pub subject: String,
    /// A sentence.
    pub detail: String,
    /// How often.
    pub times: i64,
    /// First, and
    pub first_at: At,
    /// last.
    pub last_at: At,
    /// When an administrator dealt with it.
    pub cleared_at: Option<At>,
}

impl NoticeRow {
    /// Something that happened now.
    pub fn of(id: i64, kind: &str, subject: &str, detail: String, now: At) -> Self {
        Self { id, kind: kind.to_owned(), subject: subject.to_owned(), detail, times: 1, first_at: now, last_at: now, cleared_at: None }
    }
}

/// Notes that something happened (again); what was cleared stands again.
pub async fn note(conn: &mut Conn, row: &NoticeRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(notices::table)
        .values(row)
        .on_conflict((notices::kind, notices::subject))
        .do_update()
        .set((notices::times.eq(notices::times + 1), notices::last_at.eq(row.last_at), notices::detail.eq(&row.detail), notices::cleared_at.eq(None::<At>)))
        .execute(c)
        .await)
}

/// When something was last noted, whether or not it was cleared since.
pub async fn last_at(conn: &mut Conn, kind: &str, subject: &str) -> QueryResult<Option<At>> {
    on!(conn, c => notices::table
        .filter(notices::kind.eq(kind).and(notices::subject.eq(subject)))
        .select(notices::last_at)
        .first(c)
        .await
        .optional())
}

/// What stands, newest first.
pub async fn list_standing(conn: &mut Conn, limit: i64) -> QueryResult<Vec<NoticeRow>> {
    on!(conn, c => notices::table
        .filter(notices::cleared_at.is_null())
        .order((notices::last_at.desc(), notices::id.desc()))
        .limit(limit)
        .select(NoticeRow::as_select())
        .load(c)
        .await)
}

/// Dealt with; gives 0 if it was already.
pub async fn clear(conn: &mut Conn, id: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(notices::table.filter(notices::id.eq(id).and(notices::cleared_at.is_null())))
        .set(notices::cleared_at.eq(Some(now)))
        .execute(c)
        .await)
}

/// What stands of a kind.
pub async fn list_of_kind(conn: &mut Conn, kind: &str) -> QueryResult<Vec<NoticeRow>> {
    on!(conn, c => notices::table
        .filter(notices::kind.eq(kind).and(notices::cleared_at.is_null()))
        .select(NoticeRow::as_select())
        .load(c)
        .await)
}

/// Over, as it turned out; gives 0 if nothing stood.
pub async fn clear_subject(conn: &mut Conn, kind: &str, subject: &str, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(notices::table.filter(notices::kind.eq(kind).and(notices::subject.eq(subject)).and(notices::cleared_at.is_null())))
        .set(notices::cleared_at.eq(Some(now)))
        .execute(c)
        .await)
}
