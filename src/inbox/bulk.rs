//! One act on many conversations: a transaction for each, a sum at the end, and one undo for the whole.

use std::collections::BTreeMap;

use diesel::QueryResult;

use super::assign::{self, AssignOutcome, Receiver};
use super::undo::{self, Before};
use super::{close, is_as_seen, reading, tag};
use crate::app::App;
use crate::audit::Actor;
use crate::domain::closing::Outcome;
use crate::store::accounts::OfficerRow;
use crate::store::conversations::ConversationRow;
use crate::store::wake::Change;
use crate::store::{Conn, conversations, undos};

/// The most that one act takes: more than a page shows.
pub const MOST: usize = 200;

/// What is done to each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// This tag is put on.
    Tag(String),
    /// It becomes the officer's.
    Take,
    /// It is closed with this.
    Close(Outcome),
    /// It counts as read.
    Read,
}

impl Act {
    /// What was done, for people.
    fn done(&self) -> String {
        match self {
            Self::Tag(name) => format!("tagged \u{201c}{name}\u{201d}"),
            Self::Take => "assigned to you".to_owned(),
            Self::Close(outcome) => format!("closed: {}", outcome.label()),
            Self::Read => "marked as read".to_owned(),
        }
    }

    /// Why nothing is done to one that is so already.
    const fn already(&self) -> &'static str {
        match self {
            Self::Tag(_) => "had the tag already",
            Self::Take => "yours already",
            Self::Close(_) => "closed so already",
            Self::Read => "read already",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkOutcome {
    /// To how many it was done.
    pub done: usize,
    /// To how many it was not, and why.
    pub refused: BTreeMap<&'static str, usize>,
    /// All of it in a sentence.
    pub sentence: String,
}

/// Why nothing is done to one that its officer has not seen as it is.
const NEWS: &str = "something has changed since you looked";

/// Does one thing to many conversations, named by their public ids, each perhaps with the version that was seen: `id.7`.
pub async fn run(app: &App, officer: &OfficerRow, public_ids: &[String], act: &Act) -> QueryResult<BulkOutcome> {
    let actor = Actor::Officer(officer.id);
    let (mut outcome, mut undo_id) = (BulkOutcome::default(), None);
    for picked in public_ids.iter().take(MOST) {
        let (public_id, version) = picked.split_once('.').map_or((picked.as_str(), None), |(id, version)| (id, version.parse().ok()));
        // What is put away must have been seen; a tag or a new owner takes nothing away from anybody.
        let version: Option<i64> = version.filter(|_| matches!(act, Act::Close(_) | Act::Read));
        let Some(row) = reading::find(app, officer, public_id).await? else {
            *outcome.refused.entry("not there for you any more").or_default() += 1;
            continue;
        };
        let mut conn = app.write().await?;
        let known = undo_id;
        let done = conn
            .transaction(async |conn| {
                if !is_as_seen(conn, row.id, version).await? {
                    return Ok(Err(NEWS));
                }
                let Some(before) = act_on(conn, app, officer, &row, act).await? else { return Ok(Err(act.already())) };
                let undo_id = match known {
                    Some(id) => Some(id),
                    None => undo::begin(conn, app, &actor, &act.done()).await?,
                };
                if let Some(undo_id) = undo_id {
                    undo::add_part(conn, app, undo_id, before).await?;
                }
                Ok::<_, diesel::result::Error>(Ok(undo_id))
            })
            .await?;
        match done {
            Ok(id) => {
                undo_id = id;
                outcome.done += 1;
            }
            Err(why) => *outcome.refused.entry(why).or_default() += 1,
        }
    }
    outcome.sentence = sentence(&outcome, act);
    if let Some(id) = undo_id {
        undos::set_sentence(&mut app.write().await?, id, &outcome.sentence).await?;
    }
    // None is named: open pages look again at everything.
    if outcome.done > 0 {
        app.wake().change(Change { kind: "inbox".into(), alert: None, conversation: None });
    }
    Ok(outcome)
}

fn sentence(outcome: &BulkOutcome, act: &Act) -> String {
    let plural = if outcome.done == 1 { "" } else { "s" };
    let left: Vec<String> = outcome.refused.iter().map(|(reason, count)| format!("; {count} left alone: {reason}")).collect();
    format!("{} conversation{plural} {}{}", outcome.done, act.done(), left.concat())
}

/// Gives how it stood, or none if it was so already.
async fn act_on(conn: &mut Conn, app: &App, officer: &OfficerRow, row: &ConversationRow, act: &Act) -> QueryResult<Option<Before>> {
    let actor = Actor::Officer(officer.id);
    match act {
        Act::Tag(name) => tag::add_in(conn, app, row.id, name, &actor).await,
        Act::Close(outcome) => close::close_in(conn, app, row.id, Some(*outcome), "", &actor).await,
        Act::Take => {
            let (outcome, before) = assign::assign_in(conn, app, row.id, Receiver::Officer(officer.id), "", officer).await?;
            Ok(before.filter(|_| matches!(outcome, AssignOutcome::Given(_))))
        }
        Act::Read => {
            if conversations::set_unread(conn, row.id, false).await? == 0 {
                return Ok(None);
            }
            let mut before = Before::default();
            before.add_unread(row.id, true);
            Ok(Some(before))
        }
    }
}
