//! What an officer sees, worked out from their role, team and area, and from whom they stand in for.

use diesel::QueryResult;

use crate::app::App;
use crate::domain::At;
use crate::domain::officer::Role;
use crate::domain::sight::Sight;
use crate::store::accounts::{self, OfficerRow, TeamRow};
use crate::store::conversations::ConversationRow;
use crate::store::{Conn, places};

/// The sight of an officer.
pub async fn of(app: &App, officer: &OfficerRow) -> QueryResult<Sight> {
    of_in(&mut app.read().await?, officer, app.now()).await
}

/// The same within a transaction.
pub async fn of_in(conn: &mut Conn, officer: &OfficerRow, now: At) -> QueryResult<Sight> {
    let role: Role = officer.role.parse().unwrap_or(Role::Press);
    if !officer.reads_replies() {
        return Ok(Sight::blind(officer.id));
    }
    let mut sight = Sight::of_officer(officer.id, officer.team_id);
    sight.owners.extend(accounts::list_covered(conn, officer.id, now).await?);
    if role == Role::Admin || (role == Role::DutyDesk && officer.team_id.is_none()) {
        sight.force = true;
    } else if role.supervises() {
        let (teams, parents) = (accounts::list_teams(conn).await?, places::list_parents(conn).await?);
        sight.teams = reach(officer.team_id, &teams, &parents);
    }
    Ok(sight)
}

/// A team and every team whose area lies within its own.
pub fn reach(own: Option<i64>, teams: &[TeamRow], parents: &[(i64, Option<i64>)]) -> Vec<i64> {
    let Some(own) = own else { return Vec::new() };
    let Some(top) = teams.iter().find(|team| team.id == own).and_then(|team| team.area_id) else { return vec![own] };
    let within = |area: Option<i64>| {
        // An area has few parents; a ring in the table must not hang us.
        let mut here = area;
        for _ in 0..8 {
            match here {
                Some(id) if id == top => return true,
                Some(id) => here = parents.iter().find(|(area, _)| *area == id).and_then(|(_, parent)| *parent),
                None => return false,
            }
        }
        false
    };
    teams.iter().filter(|team| team.id == own || within(team.area_id)).map(|team| team.id).collect()
}

/// Whether a conversation is theirs to see.
pub fn sees(sight: &Sight, conversation: &ConversationRow) -> bool {
    sight.sees(conversation.alert_id, conversation.owner_id, conversation.team_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supervisor_reaches_the_teams_of_their_area() {
        let at = At::from_unix_ms(0);
        let team = |id, area_id| TeamRow { id, name: String::new(), area_id, created_at: at };
        let areas = [(1, None), (2, Some(1)), (3, Some(2)), (4, Some(1))];
        let teams = [team(10, Some(1)), team(20, Some(2)), team(30, Some(3)), team(40, Some(4)), team(50, None)];
        assert_eq!(reach(Some(10), &teams, &areas), [10, 20, 30, 40]);
        assert_eq!(reach(Some(20), &teams, &areas), [20, 30]);
        assert_eq!(reach(Some(50), &teams, &areas), [50]);
        assert_eq!(reach(None, &teams, &areas), [0; 0]);
    }
}
