//! Tables `handovers` and `nudges` (of that kind): what goes on in another system, and who is told of what became theirs.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{conversations, handovers, nudges, officers};
use crate::domain::At;
use crate::{insert_all, on};

/// A conversation that goes on in another system of the force.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = handovers, treat_none_as_default_value = false)]
pub struct HandoverRow {
    /// Time-ordered id.
    pub id: i64,
    /// Which conversation.
    pub conversation_id: i64,
    /// Who recorded it.
    pub officer_id: Option<i64>,
    /// The system's name.
    pub system: String,
    /// Its reference there, such as a crime number.
    pub reference: String,
    /// When.
    pub created_at: At,
}

/// What an officer is told once beside the list.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = nudges, treat_none_as_default_value = false)]
pub struct Told {
    /// Time-ordered id.
    pub id: i64,
    /// Whom.
    pub officer_id: i64,
    /// Of which conversation.
    pub conversation_id: i64,
    /// `handed_over`.
    pub kind: String,
    /// A sentence.
    pub detail: String,
    /// The moment it is about: one nudge for each.
    pub for_moment: At,
    /// When it was made.
    pub created_at: At,
    /// When they saw it.
    pub seen_at: Option<At>,
}

/// Records a hand-over.
pub async fn insert(conn: &mut Conn, row: &HandoverRow) -> QueryResult<usize> {
    on!(conn, c => diesel::insert_into(handovers::table).values(row).execute(c).await)
}

/// Takes one back.
pub async fn delete(conn: &mut Conn, id: i64) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(handovers::table.find(id)).execute(c).await)
}

/// Those of a conversation, oldest first.
pub async fn list_of(conn: &mut Conn, conversation_id: i64) -> QueryResult<Vec<HandoverRow>> {
    on!(conn, c => handovers::table
        .filter(handovers::conversation_id.eq(conversation_id))
        .order(handovers::id)
        .select(HandoverRow::as_select())
        .load(c)
        .await)
}

/// Tells officers; who was told of this moment is passed over.
pub async fn tell(conn: &mut Conn, rows: Vec<Told>) -> QueryResult<usize> {
    insert_all!(conn, nudges::table, rows)
}

/// Of which conversations an officer has been told and has not looked yet: kind and sentence, oldest first.
pub async fn list_unseen(conn: &mut Conn, officer_id: i64) -> QueryResult<Vec<(String, String)>> {
    on!(conn, c => nudges::table
        .filter(nudges::officer_id.eq(officer_id).and(nudges::seen_at.is_null()))
        .order(nudges::id)
        .select((nudges::kind, nudges::detail))
        .load(c)
        .await)
}

/// Ids and roles of a team's officers whose account is open.
pub async fn list_team(conn: &mut Conn, team_id: i64) -> QueryResult<Vec<(i64, String)>> {
    on!(conn, c => officers::table
        .filter(officers::team_id.eq(team_id).and(officers::disabled_at.is_null()))
        .order(officers::id)
        .select((officers::id, officers::role))
        .load(c)
        .await)
}

/// Gives a conversation to an officer and a team.
pub async fn hand(conn: &mut Conn, conversation_id: i64, owner_id: Option<i64>, team_id: Option<i64>) -> QueryResult<usize> {
    on!(conn, c => diesel::update(conversations::table.find(conversation_id))
        .set((
            conversations::owner_id.eq(owner_id),
            conversations::team_id.eq(team_id),
            conversations::version.eq(conversations::version + 1),
        ))
        .execute(c)
        .await)
}

/// Takes back what officers were told.
pub async fn untell(conn: &mut Conn, ids: &[i64]) -> QueryResult<usize> {
    on!(conn, c => diesel::delete(nudges::table.filter(nudges::id.eq_any(ids))).execute(c).await)
}
