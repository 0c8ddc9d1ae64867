//! What stands around a conversation for the officer who has it open: who else is about, tags, to whom it may be handed.

use diesel::QueryResult;

use super::assign;
use super::claim::{self, Around};
use crate::app::App;
use crate::store::accounts::{OfficerRow, TeamRow};
use crate::store::conversations::ConversationRow;
use crate::store::handovers::{self, HandoverRow};
use crate::store::marks::{self, MarkRow};
use crate::store::tags;
use crate::store::thrives::{self, ThriveRow};

/// What stands around a conversation.
pub struct Desk {
    /// Who else is about, and the officer's draft.
    pub around: Around,
    /// Its tags, by name.
    pub tags: Vec<String>,
    /// Tags that are offered.
    pub offered: Vec<String>,
    /// Where it goes on in other systems.
    pub handovers: Vec<HandoverRow>,
    /// Why it is urgent, if it is.
    pub mark: Option<MarkRow>,
    /// Officers to whom it may be handed.
    pub officers: Vec<OfficerRow>,
    /// Teams.
    pub teams: Vec<TeamRow>,
    /// How it was weighed, the latest first, if the force wants that.
    pub thrives: Option<Vec<ThriveRow>>,
}

/// What stands around a conversation.
pub async fn of(app: &App, officer: &OfficerRow, conversation: &ConversationRow) -> QueryResult<Desk> {
    let mut conn = app.read().await?;
    let (officers, teams) = assign::receivers(&mut conn, app, officer).await?;
    Ok(Desk {
        around: claim::around(&mut conn, app, conversation, officer.id).await?,
        tags: tags::list_of(&mut conn, conversation.id).await?.into_iter().map(|tag| tag.name).collect(),
        offered: tags::list_offered(&mut conn).await?,
        handovers: handovers::list_of(&mut conn, conversation.id).await?,
        mark: marks::find(&mut conn, conversation.id).await?,
        officers,
        teams,
        thrives: if app.config().inbox.thrive { Some(thrives::list_of(&mut conn, conversation.id).await?) } else { None },
    })
}
