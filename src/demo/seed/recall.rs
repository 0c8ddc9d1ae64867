//! What stands, read back from the store: the accounts and the residents, for the demonstration's start page and simulator.

use std::collections::{BTreeMap, HashMap};

use diesel::QueryResult;

use super::{Planted, SimPerson};
use crate::app::App;
use crate::domain::officer::Role;
use crate::store::views::audience::{self, Wanted};
use crate::store::{Conn, accounts, places, residents};

const CHUNK: i64 = 5_000;

/// Phone and mailbox of one resident.
type Reach = (Option<String>, Option<String>);

/// Reads back accounts and current residents.
pub(super) async fn recall(app: &App) -> anyhow::Result<Planted> {
    let mut conn = app.read().await?;
    let officers = list_officers(&mut conn).await?;
    let people = list_people(&mut conn).await?;
    let residents = usize::try_from(residents::count(&mut conn).await?)?;
    Ok(Planted { residents, officers, people })
}

async fn list_officers(conn: &mut Conn) -> QueryResult<Vec<(String, String, String)>> {
    let teams: HashMap<_, _> = accounts::list_teams(conn).await?.into_iter().map(|team| (team.id, team.name)).collect();
    let mut rows = accounts::list_officers(conn).await?;
    rows.retain(|row| row.role == Role::Officer.as_str() && row.disabled_at.is_none());
    // As they were appointed: team by team, the sergeant first.
    rows.sort_unstable_by_key(|row| row.id);
    let team = |id: Option<i64>| id.and_then(|id| teams.get(&id)).cloned().unwrap_or_default();
    Ok(rows.into_iter().map(|row| (row.name, row.email, team(row.team_id))).collect())
}

/// Residents with an address, in order of joining.
async fn list_people(conn: &mut Conn) -> QueryResult<Vec<SimPerson>> {
    let districts: Vec<_> = places::list_areas(conn).await?.into_iter().filter(|area| area.kind == "district").map(|area| area.id).collect();
    let wanted = Wanted { areas: districts, mark: audience::highest_address(conn).await?, ..Wanted::default() };
    let (mut cursor, mut reach) = (0, BTreeMap::<i64, Reach>::new());
    loop {
        let chunk = audience::list(conn, &wanted, cursor, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        cursor = last.id;
        for found in chunk {
            let (phone, email) = reach.entry(found.resident_id).or_default();
            if found.kind == "phone" {
                phone.get_or_insert(found.value)
            } else {
                email.get_or_insert(found.value)
            };
        }
    }
    let mut people = Vec::with_capacity(reach.len());
    for (id, (phone, email)) in reach {
        let Some(row) = residents::find(conn, id).await? else { continue };
        let groups: Vec<_> = residents::list_groups(conn, id).await?.into_iter().map(|(_, name)| name).collect();
        // Sector and district come first; the force's own areas say less about where that is.
        let place: Vec<_> = residents::list_places(conn, id).await?.into_iter().take(2).collect();
        people.push(SimPerson { name: row.name, phone, email, place: place.join(", "), groups: groups.join(", ") });
    }
    Ok(people)
}
