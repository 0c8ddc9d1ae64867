//! The view log: who opened a conversation, saw its address, took it out or looked at its originals, and when.

use diesel::QueryResult;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::officer::Role;
use crate::inbox::{reading, sight};
use crate::store::accounts::{self, OfficerRow};
use crate::store::audit_log::AuditRow;
use crate::store::conversations::{self, ConversationRow};
use crate::store::unmasks::{self, UnmaskRow};
use crate::store::views::audit as log;

/// The most entries that the page shows.
pub const MOST: i64 = 500;

/// What the audit log has of looks at a conversation, newest first, with everyone for names.
pub struct Looks {
    /// Of which.
    pub conversation: ConversationRow,
    /// The entries.
    pub entries: Vec<AuditRow>,
    /// Reasons that were given for seeing the address.
    pub unmasks: Vec<UnmaskRow>,
    /// Everyone.
    pub officers: Vec<OfficerRow>,
}

/// A list that is shown again within so long, with nobody new in it, is not noted again.
const LISTED_MS: i64 = 10 * 60_000;

/// Notes which conversations a list showed to an officer.
pub async fn note_list(app: &App, officer: &OfficerRow, list: &str, shown: &[i64]) -> QueryResult<()> {
    let (now, mut conn) = (app.now(), app.read().await?);
    if audit::was_listed(&mut conn, officer.id, shown, now.plus_ms(-LISTED_MS)).await? {
        return Ok(());
    }
    drop(conn);
    audit::note_listed(&mut app.write().await?, app.ids(), now, officer.id, list, shown).await
}

/// Whether somebody may see who looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They may: their own conversation, one of those they supervise, or any as an administrator.
    May,
    /// They see the conversation, and no more.
    SeesOnly,
    /// It does not exist for them.
    None,
}

/// Decides it: `sees` is whether they see the conversation at all, `owns` whether it is theirs.
pub const fn judge(role: Role, sees: bool, owns: bool) -> Standing {
    match (role.administers(), sees) {
        (true, _) => Standing::May,
        (false, true) if owns || role.supervises() => Standing::May,
        (false, true) => Standing::SeesOnly,
        (false, false) => Standing::None,
    }
}

/// Who looked; none if the conversation does not exist for this officer, and nothing but that if it is not theirs to ask.
pub async fn read(app: &App, officer: &OfficerRow, public_id: &str) -> QueryResult<(Standing, Option<Looks>)> {
    let role: Role = officer.role.parse().unwrap_or(Role::Press);
    let mut conn = app.read().await?;
    let Some(conversation) = conversations::find(&mut conn, public_id).await? else { return Ok((Standing::None, None)) };
    let sight = sight::of_in(&mut conn, officer, app.now()).await?;
    let sees = sight::sees(&sight, &conversation);
    let owns = conversation.owner_id.is_some_and(|owner| sight.owners.contains(&owner));
    let standing = judge(role, sees, owns);
    if standing != Standing::May {
        return Ok((standing, None));
    }
    let entries = log::list_looks(&mut conn, conversation.id, MOST).await?;
    let (unmasks, officers) = (unmasks::list_of(&mut conn, conversation.id).await?, accounts::list_officers(&mut conn).await?);
    drop(conn);
    let subject = ("conversation", Some(conversation.id));
    audit::note(&mut app.write().await?, app.ids(), app.now(), &Actor::Officer(officer.id), "conversation.view_log", subject, serde_json::json!({})).await?;
    Ok((standing, Some(Looks { conversation, entries, unmasks, officers })))
}

/// Whether the conversation's page offers the view log to this officer.
pub async fn is_offered(app: &App, officer: &OfficerRow, conversation: &ConversationRow) -> QueryResult<bool> {
    let role: Role = officer.role.parse().unwrap_or(Role::Press);
    let sight = sight::of(app, officer).await?;
    let owns = conversation.owner_id.is_some_and(|owner| sight.owners.contains(&owner));
    Ok(judge(role, reading::find(app, officer, &conversation.public_id).await?.is_some(), owns) == Standing::May)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_a_supervisor_and_an_administrator_may_see_who_looked() {
        for (role, sees, owns, expected) in [
            (Role::Officer, true, true, Standing::May),
            (Role::Officer, true, false, Standing::SeesOnly),
            (Role::Officer, false, false, Standing::None),
            (Role::Supervisor, true, false, Standing::May),
            (Role::Supervisor, false, false, Standing::None),
            (Role::DutyDesk, true, false, Standing::May),
            (Role::Press, false, false, Standing::None),
            (Role::Admin, false, false, Standing::May),
        ] {
            assert_eq!(judge(role, sees, owns), expected, "{role} {sees} {owns}");
        }
    }
}
