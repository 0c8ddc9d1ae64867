//! Table `findings`: what was recognised in each message: vehicles, postcodes, numbers, places, times, links.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::findings;
use crate::domain::finding::Finding;
use crate::{insert_all, on};

/// Something recognised in a message's text.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = findings, treat_none_as_default_value = false)]
pub struct FindingRow {
    /// In which message.
    pub message_id: i64,
    /// Its first byte in the text; less than 0 in the subject, which stands on a line of its own before the text.
    pub start: i64,
    /// Its length in bytes.
    pub length: i64,
    /// A `finding::Kind` word.
    pub kind: String,
    /// Its normal form.
    pub value: String,
    /// Why it is only perhaps so.
    pub perhaps: Option<String>,
}

impl FindingRow {
    /// Of a message; none if the text is longer than a number can say.
    pub fn new(message_id: i64, finding: Finding) -> Option<Self> {
        Some(Self {
            message_id,
            start: i64::try_from(finding.at.start).ok()?,
            length: i64::try_from(finding.at.len()).ok()?,
            kind: finding.kind.as_str().to_owned(),
            value: finding.value,
            perhaps: finding.perhaps.map(str::to_owned),
        })
    }
}

impl std::fmt::Debug for FindingRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Finding({}, {}, {}..+{})", self.message_id, self.kind, self.start, self.length)
    }
}

/// Adds findings; those that stand there already are passed over.
pub async fn insert(conn: &mut Conn, rows: Vec<FindingRow>) -> QueryResult<usize> {
    insert_all!(conn, findings::table, rows)
}

/// What was recognised in these messages, in order.
pub async fn list_of(conn: &mut Conn, message_ids: &[i64]) -> QueryResult<Vec<FindingRow>> {
    on!(conn, c => findings::table
        .filter(findings::message_id.eq_any(message_ids))
        .order((findings::message_id, findings::start))
        .select(FindingRow::as_select())
        .load(c)
        .await)
}
