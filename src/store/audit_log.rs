//! Table `audit_log`: append-only. Rows are inserted unchained; the sealer chains them later.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::audit_log;
use crate::domain::At;
use crate::on;

/// Who did what to which subject. Ids only: no words, no addresses.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    /// Time-ordered id.
    pub id: i64,
    /// `officer`, `resident`, `system` or `api:NAME`.
    pub actor: String,
    /// The officer, if one acted.
    pub officer_id: Option<i64>,
    /// A dotted word: `conversation.view`.
    pub action: String,
    /// `conversation`, `alert`, …
    pub subject_kind: String,
    /// Its id.
    pub subject_id: Option<i64>,
    /// More, without personal data.
    pub detail: serde_json::Value,
    /// When.
    pub created_at: At,
}

/// Appends an entry.
pub async fn insert(conn: &mut Conn, row: &AuditRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(audit_log::table).values(row).execute(c).await)
}

/// Entries on one subject, oldest first.
pub async fn list_of(conn: &mut Conn, subject_kind: &str, subject_id: i64) -> QueryResult<Vec<AuditRow>> {
    on!(conn, c => audit_log::table
        .filter(audit_log::subject_kind.eq(subject_kind).and(audit_log::subject_id.eq(subject_id)))
        .order(audit_log::id)
        .select(AuditRow::as_select())
        .load(c)
        .await)
}
