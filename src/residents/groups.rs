//! Interest groups, as administrators keep them. One that is retired is offered to nobody; who is in it may still leave it.

use diesel::QueryResult;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::store::places::{self, GroupRow};

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupOutcome {
    /// It is done.
    Done,
    /// There is no such group.
    Nothing,
    /// It cannot be: the field and what to do.
    Refused(&'static str, &'static str),
}

fn fault(name: &str, description: &str) -> Option<GroupOutcome> {
    if name.is_empty() || name.chars().count() > 60 || name.chars().any(char::is_control) {
        return Some(GroupOutcome::Refused("name", "Enter a name, like Dog walkers, in 60 characters or fewer"));
    }
    (description.chars().count() > 200).then_some(GroupOutcome::Refused("description", "Say it in one sentence of 200 characters or fewer"))
}

/// Adds a group.
pub async fn add(app: &App, by: i64, slug: &str, name: &str, description: &str) -> QueryResult<GroupOutcome> {
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || slug.len() > 40 || !slug.chars().all(sound) || slug.starts_with('-') {
        return Ok(GroupOutcome::Refused("slug", "Enter a short name of small letters, digits and hyphens, like dog-walkers"));
    }
    if let Some(fault) = fault(name, description) {
        return Ok(fault);
    }
    let row = GroupRow {
        id: app.next_id(),
        slug: slug.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        created_at: app.now(),
        retired_at: None,
    };
    let id = row.id;
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if places::insert_groups(conn, vec![row]).await? == 0 {
            return Ok(GroupOutcome::Refused("slug", "There is a group of this short name already"));
        }
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "group.add", ("group", Some(id)), json!({})).await?;
        Ok(GroupOutcome::Done)
    })
    .await
}

/// Renames a group, for people; its short name stays, since imports and texts use it.
pub async fn rename(app: &App, by: i64, id: i64, name: &str, description: &str) -> QueryResult<GroupOutcome> {
    if let Some(fault) = fault(name, description) {
        return Ok(fault);
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if places::change_group(conn, id, name, description).await? == 0 {
            return Ok(GroupOutcome::Nothing);
        }
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "group.change", ("group", Some(id)), json!({})).await?;
        Ok(GroupOutcome::Done)
    })
    .await
}

/// Offers a group no longer, or again; gives whether there is one.
pub async fn retire(app: &App, by: i64, id: i64, retire: bool) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let known = places::retire_group(conn, id, retire.then(|| app.now())).await? > 0;
        if known {
            let action = if retire { "group.retire" } else { "group.restore" };
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), action, ("group", Some(id)), json!({})).await?;
        }
        Ok(known)
    })
    .await
}
