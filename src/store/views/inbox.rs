//! Read model of the inbox: one row a conversation, with who, what and how sure.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use crate::domain::At;
use crate::domain::place::{self, Urgency};
use crate::domain::sight::Sight;
use crate::on;
use crate::store::Conn;

/// One line of the list.
#[derive(Clone, QueryableByName)]
pub struct InboxRow {
    /// Internal id, for the cursor.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// For the link.
    #[diesel(sql_type = Text)]
    pub public_id: String,
    /// As it stands in this list.
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    /// `sms` or `email`.
    #[diesel(sql_type = Text)]
    pub channel_kind: String,
    /// The correspondent's address in full: mask it before it is shown.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// The name in their mail.
    #[diesel(sql_type = Nullable<Text>)]
    pub correspondent_name: Option<String>,
    /// The name they registered with.
    #[diesel(sql_type = Nullable<Text>)]
    pub resident_name: Option<String>,
    /// First words.
    #[diesel(sql_type = Text)]
    pub preview: String,
    /// When the last message came or went.
    #[diesel(sql_type = Timestamp)]
    pub last_message_at: At,
    /// Nobody has opened it yet.
    #[diesel(sql_type = Bool)]
    pub unread: bool,
    /// The alert's.
    #[diesel(sql_type = Nullable<Text>)]
    pub reference: Option<String>,
    /// The alert's.
    #[diesel(sql_type = Nullable<Text>)]
    pub title: Option<String>,
    /// The alert's.
    #[diesel(sql_type = Nullable<Text>)]
    pub urgency: Option<String>,
    /// How sure the tie is.
    #[diesel(sql_type = Text)]
    pub certainty: String,
    /// How many files.
    #[diesel(sql_type = BigInt)]
    pub attachments_count: i64,
    /// How many messages.
    #[diesel(sql_type = BigInt)]
    pub messages_count: i64,
    /// Whose inbox.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<String>,
    /// `open` or `closed`.
    #[diesel(sql_type = Text)]
    pub status: String,
    /// The sort key.
    #[diesel(sql_type = BigInt)]
    pub place: i64,
    /// How urgent the replies are, whatever the alert.
    #[diesel(sql_type = Text)]
    pub need: String,
    /// Since when somebody waits.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub waiting_since: Option<At>,
    /// When an answer is due.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub due_at: Option<At>,
    /// Since when the clock stands still.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub paused_at: Option<At>,
    /// What came of it.
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<String>,
    /// Who is at it.
    #[diesel(sql_type = Nullable<Text>)]
    pub claimed_by: Option<String>,
    /// The same by id.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub claimed_by_id: Option<i64>,
    /// How long that holds.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub claimed_until: Option<At>,
    /// When somebody took up what is urgent, and
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub taken_up_at: Option<At>,
    /// who.
    #[diesel(sql_type = Nullable<Text>)]
    pub taken_up_by: Option<String>,
    /// They asked by mail to be left out, and have not confirmed it.
    #[diesel(sql_type = Bool)]
    pub asked_out: bool,
}

/// Which part of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The officer's, and those of whom they stand in for.
    Mine,
    /// Of the officer's teams.
    Team,
    /// The tray.
    Unattributed,
    /// Those who wait for an answer, of all they may see.
    Waiting,
    /// Closed ones of all they may see.
    Closed,
    /// All open ones that they may see.
    All,
}

impl View {
    /// The part, as conditions on `c` of which each is served by one index in the order of `place`. Ids are our own numbers.
    fn branches(self, sight: &Sight) -> Vec<String> {
        if sight.blind {
            return Vec::new();
        }
        let owners = || sight.owners.iter().map(|owner| format!("c.owner_id = {owner}"));
        let teams = || sight.teams.iter().map(|team| format!("c.team_id = {team}"));
        let tray = || "c.alert_id IS NULL".to_owned();
        let seen = || if sight.force { vec!["TRUE".to_owned()] } else { owners().chain(teams()).chain([tray()]).collect() };
        let (status, parts): (&str, Vec<String>) = match self {
            Self::Mine => ("open", owners().collect()),
            Self::Team => ("open", if sight.force && sight.teams.is_empty() { vec!["TRUE".to_owned()] } else { teams().collect() }),
            Self::Unattributed => ("open", vec![tray()]),
            Self::Waiting | Self::All => ("open", seen()),
            Self::Closed => ("closed", seen()),
        };
        let waits = if self == Self::Waiting { format!(" AND c.place < {}", 3 * place::BAND) } else { String::new() };
        parts.into_iter().map(|part| format!("c.status = '{status}' AND {part}{waits}")).collect()
    }
}

/// What narrows a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrow {
    /// Replies to this alert.
    pub alert_id: Option<i64>,
    /// With this tag.
    pub tag_id: Option<i64>,
    /// By text or by mail.
    pub channel_kind: Option<&'static str>,
    /// At least as urgent.
    pub urgency: Option<Urgency>,
    /// With a picture.
    pub photo: bool,
    /// This officer's.
    pub owner_id: Option<i64>,
    /// That nobody has opened.
    pub unread: bool,
}

impl Narrow {
    /// As conditions on `c` that follow others.
    pub(super) fn condition(self) -> String {
        use std::fmt::Write as _;
        let mut all = String::new();
        if let Some(id) = self.alert_id {
            let _infallible = write!(all, " AND c.alert_id = {id}");
        }
        if let Some(id) = self.tag_id {
            let _infallible = write!(all, " AND c.id IN (SELECT t.conversation_id FROM conversation_tags t WHERE t.tag_id = {id})");
        }
        if let Some(kind) = self.channel_kind {
            let _infallible = write!(all, " AND c.channel_kind = '{kind}'");
        }
        match self.urgency {
            // Said twice, since SQLite uses a partial index only where its own words stand in the query.
            Some(Urgency::Life) => all.push_str(" AND c.urgency = 'life' AND c.urgency <> 'none'"),
            Some(Urgency::Raised) => all.push_str(" AND c.urgency <> 'none'"),
            Some(Urgency::None) | None => {}
        }
        if let Some(id) = self.owner_id {
            let _infallible = write!(all, " AND c.owner_id = {id}");
        }
        if self.unread {
            all.push_str(" AND c.unread");
        }
        if self.photo {
            all.push_str(
                " AND c.attachments_count > 0 AND EXISTS (SELECT 1 FROM messages m JOIN attachments f ON f.message_id = m.id \
                 WHERE m.conversation_id = c.id AND f.content_type LIKE 'image/%')",
            );
        }
        all
    }
}

/// Where a page of the list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last row's place.
    pub place: i64,
    /// Its id.
    pub id: i64,
}

/// Nobody reads further than this: a count that reaches it says "and more".
pub const COUNTED_TO: i64 = 1_000;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many there are in each part, up to [`COUNTED_TO`].
#[derive(Clone, Copy, Debug, Default, QueryableByName)]
pub struct Counts {
    /// Owned by the officer.
    #[diesel(sql_type = BigInt)]
    pub mine: i64,
    /// Of them, not opened yet.
    #[diesel(sql_type = BigInt)]
    pub unread: i64,
    /// Of the team.
    #[diesel(sql_type = BigInt)]
    pub team: i64,
    /// In the tray.
    #[diesel(sql_type = BigInt)]
    pub unattributed: i64,
    /// Waiting for an answer.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// Closed.
    #[diesel(sql_type = BigInt)]
    pub closed: i64,
    /// All open.
    #[diesel(sql_type = BigInt)]
    pub all_open: i64,
}

/// The rows of a part after a cursor, as a query of `id` and `place`: each branch gives its first, the union the first of all.
fn picked(view: View, sight: &Sight, extra: &str, after: Option<Cursor>, limit: i64) -> String {
    let after = after.map(|after| format!(" AND (c.place, c.id) > ({}, {})", after.place, after.id)).unwrap_or_default();
    let branches = view.branches(sight);
    if branches.is_empty() {
        return "SELECT c.id, c.place FROM conversations c WHERE FALSE".to_owned();
    }
    let parts: Vec<String> = branches
        .iter()
        .enumerate()
        .map(|(n, branch)| {
            format!("SELECT * FROM (SELECT c.id, c.place FROM conversations c WHERE {branch}{extra}{after} ORDER BY c.place, c.id LIMIT {limit}) AS part{n}")
        })
        .collect();
    format!("SELECT id, place FROM ({}) AS parts ORDER BY place, id LIMIT {limit}", parts.join(" UNION "))
}

/// The lines of the conversations that a query of `id` and `place` picked.
pub(super) fn lines(picked: &str) -> String {
    format!(
        "SELECT c.id, c.public_id, c.version, c.channel_kind, k.address, k.name AS correspondent_name, r.name AS resident_name, c.preview, \
         c.last_message_at, c.unread, al.reference, al.title, al.urgency, c.certainty, c.attachments_count, c.messages_count, \
         o.name AS owner, c.status, c.place, c.urgency AS need, c.waiting_since, c.due_at, c.paused_at, c.outcome, h.name AS claimed_by, \
         c.claimed_by AS claimed_by_id, c.claimed_until, u.acknowledged_at AS taken_up_at, t.name AS taken_up_by, \
         EXISTS (SELECT 1 FROM conversation_events e WHERE e.conversation_id = c.id AND e.kind = 'opt_out_asked' AND NOT EXISTS \
             (SELECT 1 FROM suppressions s WHERE s.match_key = k.match_key AND s.scope = 'all' AND s.channel IN ('email', 'all') \
                 AND (s.lifted_at IS NULL OR s.lifted_at >= e.created_at))) AS asked_out \
         FROM ({picked}) AS p JOIN conversations c ON c.id = p.id JOIN correspondents k ON k.id = c.correspondent_id \
         LEFT JOIN alerts al ON al.id = c.alert_id LEFT JOIN officers o ON o.id = c.owner_id LEFT JOIN officers h ON h.id = c.claimed_by \
         LEFT JOIN urgencies u ON u.conversation_id = c.id LEFT JOIN officers t ON t.id = u.acknowledged_by \
         LEFT JOIN addresses ad ON ad.match_key = k.match_key \
             AND (k.owner_doubt_at IS NULL OR ad.verified_at <= k.owner_doubt_at) \
             AND (k.owner_doubt_at IS NOT NULL OR NOT EXISTS (SELECT 1 FROM correspondents was \
                 WHERE was.match_key = k.match_key AND was.owner_doubt_at >= ad.verified_at)) \
         LEFT JOIN residents r ON r.id = ad.resident_id \
         ORDER BY p.place, p.id"
    )
}

/// Up to `limit` rows after the cursor: risk to life first, then the clock.
pub async fn list(conn: &mut Conn, view: View, sight: &Sight, narrow: Narrow, after: Option<Cursor>, limit: i64) -> QueryResult<Vec<InboxRow>> {
    let query = lines(&picked(view, sight, &narrow.condition(), after, limit));
    on!(conn, c => diesel::sql_query(&query).load(c).await)
}

fn counted(view: View, sight: &Sight, extra: &str) -> String {
    format!("(SELECT COUNT(*) FROM ({}) AS counted)", picked(view, sight, extra, None, COUNTED_TO))
}

/// How many rows a part has, narrowed, up to [`COUNTED_TO`].
pub async fn count(conn: &mut Conn, view: View, sight: &Sight, narrow: Narrow) -> QueryResult<i64> {
    let query = format!("SELECT {} AS n", counted(view, sight, &narrow.condition()));
    let number: Number = on!(conn, c => diesel::sql_query(&query).get_result(c).await)?;
    Ok(number.n)
}

/// Every count that the navigation shows.
pub async fn counts(conn: &mut Conn, sight: &Sight) -> QueryResult<Counts> {
    let of = |view: View| counted(view, sight, "");
    let query = format!(
        "SELECT {} AS mine, {} AS unread, {} AS team, {} AS unattributed, {} AS waiting, {} AS closed, {} AS all_open",
        of(View::Mine),
        counted(View::Mine, sight, " AND c.unread"),
        of(View::Team),
        of(View::Unattributed),
        of(View::Waiting),
        of(View::Closed),
        of(View::All),
    );
    on!(conn, c => diesel::sql_query(&query).get_result(c).await)
}

/// A conversation of the API's list: by alert, or the tray.
pub async fn list_for_api(conn: &mut Conn, alert_id: Option<i64>, after_id: i64, limit: i64) -> QueryResult<Vec<crate::store::conversations::ConversationRow>> {
    use crate::store::conversations::ConversationRow;
    use crate::store::schema::conversations;
    match alert_id {
        Some(alert_id) => on!(conn, c => conversations::table
            .filter(conversations::alert_id.eq(alert_id).and(conversations::id.gt(after_id)))
            .order(conversations::id)
            .limit(limit)
            .select(ConversationRow::as_select())
            .load(c)
            .await),
        None => on!(conn, c => conversations::table
            .filter(conversations::alert_id.is_null().and(conversations::id.gt(after_id)))
            .order(conversations::id)
            .limit(limit)
            .select(ConversationRow::as_select())
            .load(c)
            .await),
    }
}
