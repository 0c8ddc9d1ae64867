//! Canned answers: an officer's own, a team's, the force's. What is chosen is put into the reply box, never sent by itself.

use diesel::QueryResult;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::canned;
use crate::domain::officer::Role;
use crate::store::accounts::OfficerRow;
use crate::store::canned_answers::{self, CannedRow};

const LONGEST_NAME: usize = 60;
const LONGEST_BODY: usize = 4_000;

crate::words! {
    /// Whose an answer is.
    Whose {
        /// The officer's own.
        Own = "own",
        /// Their team's.
        Team = "team",
        /// The force's.
        Force = "force",
    }
}

impl Whose {
    /// Whose a stored one is.
    pub const fn of(row: &CannedRow) -> Self {
        match (row.officer_id, row.team_id) {
            (Some(_), _) => Self::Own,
            (None, Some(_)) => Self::Team,
            (None, None) => Self::Force,
        }
    }

    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Own => "Only mine",
            Self::Team => "My team\u{2019}s",
            Self::Force => "The force\u{2019}s",
        }
    }

    /// Whether an officer may write and change these: everyone their own, supervisors their team's, administrators and the
    /// force's duty desk the force's.
    pub fn may_change(self, officer: &OfficerRow) -> bool {
        let role: Option<Role> = officer.role.parse().ok();
        match self {
            Self::Own => officer.reads_replies(),
            Self::Team => officer.team_id.is_some() && role.is_some_and(Role::supervises),
            Self::Force => role.is_some_and(Role::administers) || (role == Some(Role::DutyDesk) && officer.team_id.is_none()),
        }
    }
}

/// A canned answer as it was written in the form.
#[derive(Clone, Debug, Default)]
pub struct NewCanned {
    /// Which one is changed; none for a new one.
    pub id: Option<i64>,
    /// A `Whose` word; that of an existing one stays.
    pub whose: String,
    /// What it is called.
    pub name: String,
    /// The words.
    pub body: String,
}

/// Something to mend: the field and what to do.
pub type CannedFault = (&'static str, String);

/// What an officer is offered, by name.
pub async fn list(app: &App, officer: &OfficerRow) -> QueryResult<Vec<CannedRow>> {
    canned_answers::list_for(&mut app.read().await?, officer.id, officer.team_id).await
}

/// Saves a new one or changes one. Gives what is to be mended, if anything is.
pub async fn save(app: &App, officer: &OfficerRow, new: &NewCanned) -> QueryResult<Vec<CannedFault>> {
    let mut faults = Vec::new();
    if new.name.trim().is_empty() || new.name.chars().count() > LONGEST_NAME {
        faults.push(("name", "Enter a name of 60 characters or fewer".to_owned()));
    }
    if new.body.trim().is_empty() || new.body.chars().count() > LONGEST_BODY {
        faults.push(("body", "Enter the answer, in 4,000 characters or fewer".to_owned()));
    } else if let Err(fault) = canned::check(&new.body) {
        faults.push(("body", fault));
    }
    let mut conn = app.write().await?;
    let known = match new.id {
        Some(id) => canned_answers::find(&mut conn, id).await?.filter(|row| is_theirs(row, officer)),
        None => None,
    };
    let whose = known.as_ref().map(Whose::of).or_else(|| new.whose.parse().ok().filter(|_| new.id.is_none()));
    let Some(whose) = whose.filter(|whose| whose.may_change(officer)) else {
        faults.push(("whose", "Choose whose answer it is, of those that you may change".to_owned()));
        return Ok(faults);
    };
    if !faults.is_empty() {
        return Ok(faults);
    }
    let row = CannedRow {
        id: known.as_ref().map_or_else(|| app.next_id(), |row| row.id),
        officer_id: (whose == Whose::Own).then_some(officer.id),
        team_id: if whose == Whose::Team { officer.team_id } else { None },
        name: new.name.trim().to_owned(),
        body: new.body.trim().replace("\r\n", "\n"),
        created_at: app.now(),
        retired_at: None,
    };
    conn.transaction(async |conn| {
        match &known {
            Some(known) => canned_answers::set(conn, known.id, &row.name, &row.body).await?,
            None => canned_answers::insert(conn, &row).await?,
        };
        let detail = serde_json::json!({ "whose": whose.as_str() });
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "canned.save", ("canned", Some(row.id)), detail).await
    })
    .await?;
    Ok(faults)
}

fn is_theirs(row: &CannedRow, officer: &OfficerRow) -> bool {
    match Whose::of(row) {
        Whose::Own => row.officer_id == Some(officer.id),
        Whose::Team => row.team_id == officer.team_id,
        Whose::Force => true,
    }
}

/// Offers one no more; false if it is not theirs to retire.
pub async fn retire(app: &App, officer: &OfficerRow, id: i64) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    let known = canned_answers::find(&mut conn, id).await?.filter(|row| is_theirs(row, officer) && Whose::of(row).may_change(officer));
    let Some(known) = known else { return Ok(false) };
    conn.transaction(async |conn| {
        canned_answers::retire(conn, known.id, app.now()).await?;
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "canned.retire", ("canned", Some(known.id)), serde_json::json!({})).await
    })
    .await?;
    Ok(true)
}
