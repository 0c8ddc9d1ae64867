//! Read model of the audit search: entries that fit, newest first.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

use crate::domain::{At, Ids};
use crate::on;
use crate::store::Conn;
use crate::store::audit_log::AuditRow;
use crate::store::schema::{alerts, api_keys, audit_log, conversations, interest_groups, messages, teams};

/// What entries are asked for; whatever is not said is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Who acted.
    pub officer_id: Option<i64>,
    /// The action, or its beginning up to a dot: `officer.` for all on accounts.
    pub action: Option<String>,
    /// What it was done to: the kind, and
    pub subject_kind: Option<String>,
    /// which one.
    pub subject_id: Option<i64>,
    /// A conversation, with all that was done to its messages and copies.
    pub conversation_id: Option<i64>,
    /// Not before.
    pub from: Option<At>,
    /// Before.
    pub until: Option<At>,
    /// Only entries older than this one: the page after it.
    pub before_id: Option<i64>,
}

/// More messages than so many of one conversation are not looked for one by one.
const MOST_MESSAGES: i64 = 5_000;

/// Entries that fit, newest first.
pub async fn search(conn: &mut Conn, filter: &Filter, limit: i64) -> QueryResult<Vec<AuditRow>> {
    let messages: Vec<Option<i64>> = match filter.conversation_id {
        Some(id) => on!(conn, c => messages::table
            .filter(messages::conversation_id.eq(id))
            .order(messages::id.desc())
            .limit(MOST_MESSAGES)
            .select(messages::id.nullable())
            .load(c)
            .await)?,
        None => Vec::new(),
    };
    macro_rules! narrowed {
        ($c:ident) => {{
            let mut query = audit_log::table.select(AuditRow::as_select()).into_boxed();
            if let Some(id) = filter.officer_id {
                query = query.filter(audit_log::officer_id.eq(id));
            }
            if let Some(action) = &filter.action {
                query = match action.strip_suffix('.') {
                    // An underscore stands for any character here; words of ours do not differ in that alone.
                    Some(room) => query.filter(audit_log::action.like(format!("{}.%", room.replace('%', "")))),
                    None => query.filter(audit_log::action.eq(action.clone())),
                };
            }
            if let Some(kind) = &filter.subject_kind {
                query = query.filter(audit_log::subject_kind.eq(kind.clone()));
            }
            if let Some(id) = filter.subject_id {
                query = query.filter(audit_log::subject_id.eq(id));
            }
            if let Some(id) = filter.conversation_id {
                let itself = audit_log::subject_kind.eq("conversation").and(audit_log::subject_id.eq(id));
                query = query.filter(itself.or(audit_log::subject_kind.eq("message").and(audit_log::subject_id.eq_any(messages.clone()))));
            }
            if let Some(from) = filter.from {
                query = query.filter(audit_log::id.ge(Ids::floor(from)));
            }
            if let Some(until) = filter.until {
                query = query.filter(audit_log::id.lt(Ids::floor(until)));
            }
            if let Some(before) = filter.before_id {
                query = query.filter(audit_log::id.lt(before));
            }
            query.order(audit_log::id.desc()).limit(limit).load($c).await
        }};
    }
    on!(conn, c => narrowed!(c))
}

/// What counts as a look at a conversation: opening it, seeing the address, taking it or its originals out.
const LOOKS: &[&str] = &[
    "conversation.view",
    "conversation.unmask",
    "conversation.evidence",
    "conversation.export",
    "conversation.export_download",
    "conversation.view_log",
    "message.original",
    "conversation.read",
    "conversation.given",
    "message.as_sent",
    "message.redact",
    "attachment.view",
    "copy.view",
];

/// Looks at a conversation and its messages, newest first. A page that refreshes itself is not a look, nor one that was fetched
/// ahead of an officer who never came.
pub async fn list_looks(conn: &mut Conn, conversation_id: i64, limit: i64) -> QueryResult<Vec<AuditRow>> {
    let ids: Vec<Option<i64>> = on!(conn, c => messages::table
        .filter(messages::conversation_id.eq(conversation_id))
        .select(messages::id.nullable())
        .load(c)
        .await)?;
    let of_it = audit_log::subject_kind.eq("conversation").and(audit_log::subject_id.eq(conversation_id));
    let looked = audit_log::action.eq_any(LOOKS).and(sql::<Bool>("CAST(detail AS TEXT) NOT LIKE '%\"live\"%' AND CAST(detail AS TEXT) NOT LIKE '%\"ahead\"%'"));
    let mut found: Vec<AuditRow> =
        on!(conn, c => audit_log::table.filter(of_it.and(looked)).order(audit_log::id.desc()).limit(limit).select(AuditRow::as_select()).load(c).await)?;
    // SQLite takes some 32,000 parameters.
    for some in ids.chunks(10_000) {
        let rows: Vec<AuditRow> = on!(conn, c => audit_log::table
            .filter(audit_log::subject_kind.eq("message").and(audit_log::subject_id.eq_any(some)).and(audit_log::action.eq_any(LOOKS)))
            .order(audit_log::id.desc())
            .limit(limit)
            .select(AuditRow::as_select())
            .load(c)
            .await)?;
        found.extend(rows);
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.id));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// How pages call what entries were done to.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Conversations: id, public id, the alert's reference if it has one.
    pub conversations: Vec<(i64, String, Option<String>)>,
    /// Messages: id, and the id of their conversation.
    pub messages: Vec<(i64, i64)>,
    /// Alerts: id, reference, title.
    pub alerts: Vec<(i64, String, String)>,
    /// Teams, interest groups and keys: kind, id, name.
    pub others: Vec<(&'static str, i64, String)>,
}

/// The names of what these entries were done to.
pub async fn names(conn: &mut Conn, entries: &[AuditRow]) -> QueryResult<Names> {
    let of = |kind: &str| entries.iter().filter(|row| row.subject_kind == kind).filter_map(|row| row.subject_id).collect::<Vec<i64>>();
    let messages: Vec<(i64, i64)> =
        on!(conn, c => messages::table.filter(messages::id.eq_any(of("message"))).select((messages::id, messages::conversation_id)).load(c).await)?;
    let mut talks = of("conversation");
    talks.extend(messages.iter().map(|(_, talk)| *talk));
    let conversations = on!(conn, c => conversations::table
        .left_join(alerts::table)
        .filter(conversations::id.eq_any(talks))
        .select((conversations::id, conversations::public_id, alerts::reference.nullable()))
        .load(c)
        .await)?;
    let alerts = on!(conn, c => alerts::table.filter(alerts::id.eq_any(of("alert"))).select((alerts::id, alerts::reference, alerts::title)).load(c).await)?;
    let mut others = Vec::new();
    let teams: Vec<(i64, String)> = on!(conn, c => teams::table.filter(teams::id.eq_any(of("team"))).select((teams::id, teams::name)).load(c).await)?;
    others.extend(teams.into_iter().map(|(id, name)| ("team", id, name)));
    let groups = interest_groups::table.filter(interest_groups::id.eq_any(of("group"))).select((interest_groups::id, interest_groups::name));
    let groups: Vec<(i64, String)> = on!(conn, c => groups.load(c).await)?;
    others.extend(groups.into_iter().map(|(id, name)| ("group", id, name)));
    let keys: Vec<(i64, String)> =
        on!(conn, c => api_keys::table.filter(api_keys::id.eq_any(of("api_key"))).select((api_keys::id, api_keys::name)).load(c).await)?;
    others.extend(keys.into_iter().map(|(id, name)| ("api_key", id, name)));
    Ok(Names { conversations, messages, alerts, others })
}
