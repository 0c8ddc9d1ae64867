//! Tags: words that officers put on conversations, made as they are first used.

use diesel::QueryResult;

use super::undo::{self, Before};
use super::{changed, event};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::store::Conn;
use crate::store::tags::{self, TagRow};

const LONGEST: usize = 40;

/// Whoever has this tag on one of their conversations is told nothing that nobody asked for.
pub const DO_NOT_CONTACT: &str = "do not contact";
/// The same: a message might endanger them.
pub const AT_RISK: &str = "at risk";

/// A tag as it is kept: in lower case, on one line; or what to do about it.
pub fn clean(name: &str) -> Result<String, &'static str> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if name.is_empty() {
        Err("Enter a tag")
    } else if name.chars().count() > LONGEST {
        Err("Shorten the tag to 40 characters or fewer")
    } else if name.chars().any(|c| c.is_control() || c == ',') {
        Err("Write the tag without commas, one at a time")
    } else {
        Ok(name)
    }
}

/// Puts a tag on a conversation, as [`clean`] gives it. Gives false if it is there already.
pub async fn add(app: &App, conversation_id: i64, name: &str, actor: &Actor) -> QueryResult<bool> {
    act(app, conversation_id, name, true, actor).await
}

/// Takes a tag off. Gives false if it is not there.
pub async fn remove(app: &App, conversation_id: i64, name: &str, actor: &Actor) -> QueryResult<bool> {
    act(app, conversation_id, name, false, actor).await
}

async fn act(app: &App, conversation_id: i64, name: &str, on: bool, actor: &Actor) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    let done = conn
        .transaction(async |conn| {
            let before = if on { add_in(conn, app, conversation_id, name, actor).await? } else { remove_in(conn, app, conversation_id, name, actor).await? };
            let Some(before) = before else { return Ok(false) };
            undo::offer(conn, app, actor, &sentence(name, on), before).await?;
            Ok::<_, diesel::result::Error>(true)
        })
        .await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(done)
}

fn sentence(name: &str, on: bool) -> String {
    if on { format!("Tagged \u{201c}{name}\u{201d}") } else { format!("Tag \u{201c}{name}\u{201d} taken off") }
}

/// The same within a transaction; none if it is there already.
pub(super) async fn add_in(conn: &mut Conn, app: &App, conversation_id: i64, name: &str, actor: &Actor) -> QueryResult<Option<Before>> {
    let now = app.now();
    let tag = tags::insert_or_find(conn, &TagRow { id: app.next_id(), name: name.to_owned(), created_at: now, retired_at: None }).await?;
    if tags::add(conn, conversation_id, tag.id, actor.officer_id(), now).await? == 0 {
        return Ok(None);
    }
    note(conn, app, conversation_id, &tag, true, actor).await?;
    Ok(Some(Before::tagged(conversation_id, tag.id, true)))
}

async fn remove_in(conn: &mut Conn, app: &App, conversation_id: i64, name: &str, actor: &Actor) -> QueryResult<Option<Before>> {
    let Some(tag) = tags::find(conn, name).await? else { return Ok(None) };
    if tags::remove(conn, conversation_id, tag.id).await? == 0 {
        return Ok(None);
    }
    note(conn, app, conversation_id, &tag, false, actor).await?;
    Ok(Some(Before::tagged(conversation_id, tag.id, false)))
}

async fn note(conn: &mut Conn, app: &App, conversation_id: i64, tag: &TagRow, on: bool, actor: &Actor) -> QueryResult<()> {
    let kind = if on { "tagged" } else { "untagged" };
    event(conn, app, conversation_id, actor, kind, &sentence(&tag.name, on)).await?;
    let action = if on { "conversation.tag" } else { "conversation.untag" };
    audit::note(conn, app.ids(), app.now(), actor, action, ("conversation", Some(conversation_id)), serde_json::json!({ "tag": tag.id })).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_same_however_it_is_typed() {
        assert_eq!(clean("  Door   Bell ").unwrap(), "door bell");
        for bad in ["", "  ", "a,b", &"x".repeat(41)] {
            assert!(clean(bad).is_err(), "{bad}");
        }
    }
}
