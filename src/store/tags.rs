//! Tables `tags`, `conversation_tags`: words that officers put on conversations.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{conversation_tags, conversations, tags};
use crate::domain::At;
use crate::on;

/// A tag of the force.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = tags, treat_none_as_default_value = false)]
pub struct TagRow {
    /// Time-ordered id.
    pub id: i64,
    /// As it is shown, in lower case.
    pub name: String,
    /// When somebody first used it.
    pub created_at: At,
    /// Since when it is not offered any more.
    pub retired_at: Option<At>,
}

/// Adds a tag unless there is one of this name; gives the one that stands.
pub async fn insert_or_find(conn: &mut Conn, row: &TagRow) -> QueryResult<TagRow> {
    on!(conn, c => diesel::insert_into(tags::table).values(row).on_conflict(tags::name).do_nothing().execute(c).await)?;
    on!(conn, c => tags::table.filter(tags::name.eq(&row.name)).select(TagRow::as_select()).first(c).await)
}

/// By name.
pub async fn find(conn: &mut Conn, name: &str) -> QueryResult<Option<TagRow>> {
    on!(conn, c => tags::table.filter(tags::name.eq(name)).select(TagRow::as_select()).first(c).await.optional())
}

/// Names that are offered, in order.
pub async fn list_offered(conn: &mut Conn) -> QueryResult<Vec<String>> {
    on!(conn, c => tags::table.filter(tags::retired_at.is_null()).order(tags::name).limit(500).select(tags::name).load(c).await)
}

/// The tags of a conversation by name.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<TagRow>> {
    on!(conn, c => conversation_tags::table
        .inner_join(tags::table)
        .filter(conversation_tags::conversation_id.eq(conversation_id))
        .order(tags::name)
        .select(TagRow::as_select())
        .load(c)
        .await)
}

/// Which of these people have a conversation with one of these tags.
pub async fn list_tagged_people(conn: &mut Conn, correspondent_ids: &[i64], names: &[&str]) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => conversation_tags::table
        .inner_join(tags::table)
        .inner_join(conversations::table)
        .filter(conversations::correspondent_id.eq_any(correspondent_ids).and(tags::name.eq_any(names)))
        .select((conversations::correspondent_id, tags::name))
        .load(c)
        .await)
}

/// Puts a tag on a conversation; 0 if it is there already.
pub async fn add(conn: &mut Conn, conversation_id: i64, tag_id: i64, officer_id: Option<i64>, at: At) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(conversation_tags::table)
        .values((
            conversation_tags::conversation_id.eq(conversation_id),
            conversation_tags::tag_id.eq(tag_id),
            conversation_tags::officer_id.eq(officer_id),
            conversation_tags::created_at.eq(at),
        ))
        .on_conflict_do_nothing()
        .execute(c)
        .await)
}

/// Takes a tag off; 0 if it is not there.
pub async fn remove(conn: &mut Conn, conversation_id: i64, tag_id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(conversation_tags::table.find((conversation_id, tag_id))).execute(c).await)
}
