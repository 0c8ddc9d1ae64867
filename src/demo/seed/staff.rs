//! The demonstration's accounts: a neighbourhood team for each district, an inspector, the duty desk, the press desk and an
//! administrator.

use super::places::Ground;
use crate::app::App;
use crate::domain::officer::Role;
use crate::store::accounts::{OfficerRow, TeamRow};

/// Three to a team, in order of the districts' names: sergeant, constable, community support officer.
const OFFICERS: [[&str; 3]; 9] = [
    ["Helen Wheeldon", "Tariq Mahmood", "Josie Allsop"],
    ["Darren Cutts", "Katarzyna Nowak", "Owen Renshaw"],
    ["Amrit Sandhu", "Becky Hallam", "Callum Frost"],
    ["Nadia Hussain", "Marlon Campbell", "Sophie Bacon"],
    ["Ruth Heathcote", "Ben Gyte", "Ioana Popescu"],
    ["Priya Chauhan", "Lewis Shaw", "Megan Straw"],
    ["Fiona Kirk", "Tom Bagshaw", "Grace Adeyemi"],
    ["Martin Hardwick", "Leanne Booker", "Dan Marriott"],
    ["Samuel Okoro", "Charlotte Orme", "Wei Chan"],
];
const RANKS: [&str; 3] = ["Sgt", "PC", "PCSO"];

/// Teams and accounts, ready to be written.
pub(super) struct Staff {
    /// One for each district.
    pub(super) teams: Vec<TeamRow>,
    /// Everybody who signs in.
    pub(super) officers: Vec<OfficerRow>,
}

impl Staff {
    /// Appoints everybody, with one password for all.
    pub(super) fn appoint(app: &App, ground: &Ground, password_hash: &str) -> Self {
        let account = |name: String, email: String, role: Role, team_id: Option<i64>| OfficerRow {
            id: app.next_id(),
            email,
            name,
            password_hash: password_hash.to_owned(),
            role: role.as_str().to_owned(),
            team_id,
            away_until: None,
            cover_id: None,
            disabled_at: None,
            created_at: app.now(),
            reads_replies: false,
        };
        let (mut teams, mut officers) = (Vec::new(), Vec::new());
        for (district, names) in ground.districts.iter().zip(OFFICERS) {
            let team = TeamRow { id: app.next_id(), name: team_name(&district.name), area_id: Some(district.id), created_at: app.now() };
            let posts = RANKS.iter().zip(names);
            officers.extend(posts.map(|(rank, name)| account(format!("{rank} {name}"), mailbox(name), Role::Officer, Some(team.id))));
            teams.push(team);
        }
        let first = teams.first().map(|team: &TeamRow| team.id);
        officers.push(account("Insp Rachel Twigg".to_owned(), "inspector@derbyshire.example".to_owned(), Role::Supervisor, first));
        officers.push(account("Control room".to_owned(), "desk@derbyshire.example".to_owned(), Role::DutyDesk, None));
        officers.push(account("Press office".to_owned(), "press@derbyshire.example".to_owned(), Role::Press, None));
        officers.push(account("Administrator".to_owned(), "admin@derbyshire.example".to_owned(), Role::Admin, None));
        Self { teams, officers }
    }
}

fn team_name(district: &str) -> String {
    let place = if district == "Derby" { "Derby City" } else { district };
    format!("{place} Neighbourhood Team")
}

fn mailbox(name: &str) -> String {
    format!("{}@derbyshire.example", name.to_lowercase().replace(' ', "."))
}
