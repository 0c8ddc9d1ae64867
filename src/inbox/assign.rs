//! Handing a conversation to an officer or a team. It keeps its history; who gets it is told.

use diesel::QueryResult;

use super::undo::{self, Before, Made};
use super::{changed, event, sight};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::officer::Role;
use crate::domain::sight::Sight;
use crate::store::Conn;
use crate::store::accounts::{self, OfficerRow, TeamRow};
use crate::store::conversations;
use crate::store::handovers::{self, Told};

/// More than these are no choice.
const MOST_CHOICES: usize = 300;
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;

/// To whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// An officer, by id.
    Officer(i64),
    /// A team, by id; nobody in it owns it until somebody takes it.
    Team(i64),
}

impl std::str::FromStr for Receiver {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, id) = text.split_once('-').ok_or(())?;
        let id = id.parse().map_err(|_| ())?;
        match kind {
            "officer" => Ok(Self::Officer(id)),
            "team" => Ok(Self::Team(id)),
            _ => Err(()),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignOutcome {
    /// It is theirs, by this name.
    Given(String),
    /// It was theirs already.
    Already,
    /// Nobody to whom this officer may hand anything.
    NoSuchReceiver,
}

/// To whom an officer may hand conversations: officers of the teams that they see, and every team.
pub async fn receivers(conn: &mut Conn, app: &App, officer: &OfficerRow) -> QueryResult<(Vec<OfficerRow>, Vec<TeamRow>)> {
    let sight = sight::of_in(conn, officer, app.now()).await?;
    let officers = accounts::list_officers(conn).await?.into_iter().filter(|other| takes(&sight, other)).collect();
    Ok((officers, accounts::list_teams(conn).await?))
}

/// Officers whose conversations somebody may see, by name, for a choice; as many as can be chosen from.
pub async fn seen(conn: &mut Conn, sight: &Sight) -> QueryResult<Vec<OfficerRow>> {
    let mut officers: Vec<OfficerRow> = accounts::list_officers(conn).await?.into_iter().filter(|other| takes(sight, other)).collect();
    officers.sort_by(|one, other| one.name.cmp(&other.name));
    officers.truncate(MOST_CHOICES);
    Ok(officers)
}

fn takes(sight: &Sight, other: &OfficerRow) -> bool {
    let near = sight.force || other.id == sight.officer_id || other.team_id.is_some_and(|team| sight.teams.contains(&team));
    near && other.disabled_at.is_none() && other.reads_replies()
}

/// Hands a conversation over.
pub async fn assign(app: &App, conversation_id: i64, to: Receiver, officer: &OfficerRow) -> QueryResult<AssignOutcome> {
    assign_with(app, conversation_id, to, "", officer).await
}

/// The same with the reason, for whoever gets it.
pub async fn assign_with(app: &App, conversation_id: i64, to: Receiver, reason: &str, officer: &OfficerRow) -> QueryResult<AssignOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn
        .transaction(async |conn| {
            let (outcome, before) = assign_in(conn, app, conversation_id, to, reason, officer).await?;
            if let (AssignOutcome::Given(name), Some(before)) = (&outcome, before) {
                undo::offer(conn, app, &Actor::Officer(officer.id), &sentence(name, to, officer), before).await?;
            }
            Ok::<_, diesel::result::Error>(outcome)
        })
        .await?;
    drop(conn);
    changed(app, conversation_id).await?;
    Ok(outcome)
}

fn sentence(name: &str, to: Receiver, officer: &OfficerRow) -> String {
    if to == Receiver::Officer(officer.id) { "Assigned to you".to_owned() } else { format!("Handed to {name}") }
}

/// The same within a transaction, with how it stood.
pub(super) async fn assign_in(
    conn: &mut Conn,
    app: &App,
    conversation_id: i64,
    to: Receiver,
    reason: &str,
    officer: &OfficerRow,
) -> QueryResult<(AssignOutcome, Option<Before>)> {
    let row = conversations::get_locked(conn, conversation_id).await?;
    let (officers, teams) = receivers(conn, app, officer).await?;
    let (name, owner_id, team_id) = match to {
        Receiver::Officer(id) => {
            let Some(other) = officers.iter().find(|other| other.id == id) else { return Ok((AssignOutcome::NoSuchReceiver, None)) };
            // Whoever takes it for themselves leaves it with the team that has it.
            let team = if id == officer.id { row.team_id.or(other.team_id) } else { other.team_id.or(row.team_id) };
            (other.name.clone(), Some(id), team)
        }
        Receiver::Team(id) => {
            let Some(team) = teams.iter().find(|team| team.id == id) else { return Ok((AssignOutcome::NoSuchReceiver, None)) };
            (format!("team {}", team.name), None, Some(id))
        }
    };
    if (row.owner_id, row.team_id) == (owner_id, team_id) {
        return Ok((AssignOutcome::Already, None));
    }
    let mut before = Before::of(conn, conversation_id).await?;
    handovers::hand(conn, conversation_id, owner_id, team_id).await?;
    if to != Receiver::Officer(officer.id) {
        // Whoever gets it has not read it.
        before.add_unread(conversation_id, row.unread);
        conversations::set_unread(conn, conversation_id, true).await?;
    }
    let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let told = tell(conn, app, conversation_id, to, Some(officer.id), &format!("{} handed you a conversation{because}", officer.name)).await?;
    before.made(Made::Nudges(told));
    let actor = Actor::Officer(officer.id);
    event(conn, app, conversation_id, &actor, "handed_over", &format!("Handed to {name}{because}")).await?;
    let detail = serde_json::json!({ "officer": owner_id, "team": team_id, "from_officer": row.owner_id, "from_team": row.team_id });
    audit::note(conn, app.ids(), app.now(), &actor, "conversation.hand_over", ("conversation", Some(conversation_id)), detail).await?;
    Ok((AssignOutcome::Given(name), Some(before)))
}

/// Tells the new owner, or a team's supervisors, or all of a team without one. Nobody is told of what they did themselves.
pub(super) async fn tell(conn: &mut Conn, app: &App, conversation_id: i64, to: Receiver, by: Option<i64>, detail: &str) -> QueryResult<Vec<i64>> {
    let whom: Vec<i64> = match to {
        Receiver::Officer(id) => vec![id],
        Receiver::Team(id) => {
            let team = handovers::list_team(conn, id).await?;
            let supervises = |role: &str| role.parse::<Role>().is_ok_and(Role::supervises);
            let led = team.iter().any(|(_, role)| supervises(role));
            team.into_iter().filter(|(_, role)| !led || supervises(role)).map(|(id, _)| id).collect()
        }
    };
    let now = app.now();
    let rows: Vec<Told> = whom
        .into_iter()
        .filter(|id| Some(*id) != by)
        .map(|officer_id| Told {
            id: app.next_id(),
            officer_id,
            conversation_id,
            kind: "handed_over".to_owned(),
            detail: detail.to_owned(),
            for_moment: now,
            created_at: now,
            seen_at: None,
        })
        .collect();
    let ids = rows.iter().map(|row| row.id).collect();
    handovers::tell(conn, rows).await?;
    Ok(ids)
}
