//! What administrators do with accounts. Each change is an entry in the audit log; whoever loses a right is signed out.

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error};
use serde_json::json;

use super::{passwords, second_step};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::domain::Email;
use crate::domain::officer::Role;
use crate::store::accounts::{self, OfficerChange, OfficerRow};
use crate::store::notices::{self, NoticeRow};
use crate::store::{Conn, password_resets, sessions};

/// The notice that an administrator was let read replies.
pub const REPLIES_GRANTED: &str = "replies_granted";

/// The notice that somebody's codes were taken away.
pub const CODES_RESET: &str = "codes_reset";

/// What came of a change.
#[derive(Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is done.
    Done,
    /// There is no such account.
    Nobody,
    /// It cannot be: the field and what to do.
    Refused(&'static str, String),
}

/// An account as the form has it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Sign-in name.
    pub email: String,
    /// As residents see it.
    pub name: String,
    /// What for.
    pub role: Role,
    /// Their team.
    pub team_id: Option<i64>,
    /// The officers' role as well, for an administrator.
    pub reads_replies: bool,
}

impl Account {
    fn fault(&self) -> Option<ChangeOutcome> {
        let refused = |field, sentence: &str| Some(ChangeOutcome::Refused(field, sentence.to_owned()));
        if Email::parse(&self.email).is_err() {
            return refused("email", "Enter a work e-mail address, like jane.doe@force.example");
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 100 || self.name.chars().any(char::is_control) {
            return refused("name", "Enter a name as residents see it, like PC Jane Doe, in 100 characters or fewer");
        }
        None
    }

    fn change(&self) -> OfficerChange {
        OfficerChange {
            email: self.email.trim().to_lowercase(),
            name: self.name.trim().to_owned(),
            role: self.role.as_str().to_owned(),
            team_id: self.team_id,
            // Nobody but an administrator has another role beside their own.
            reads_replies: self.reads_replies && self.role.administers(),
        }
    }
}

fn taken(error: Error) -> Result<ChangeOutcome, Error> {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Ok(ChangeOutcome::Refused("email", "Another account has this e-mail address: find it in the list".to_owned()))
        }
        other => Err(other),
    }
}

/// Adds an account without a password: its owner chooses one by a link. Gives the account's id.
pub async fn add(app: &App, by: i64, account: &Account) -> QueryResult<Result<i64, ChangeOutcome>> {
    if let Some(fault) = account.fault() {
        return Ok(Err(fault));
    }
    let change = account.change();
    let row = OfficerRow {
        id: app.next_id(),
        email: change.email,
        name: change.name,
        // No hash is of this form, so no password matches.
        password_hash: String::new(),
        role: change.role,
        team_id: change.team_id,
        away_until: None,
        cover_id: None,
        disabled_at: None,
        created_at: app.now(),
        reads_replies: change.reads_replies,
    };
    let id = row.id;
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if accounts::insert_officers(conn, vec![row.clone()]).await? == 0 {
            return Ok(Err(ChangeOutcome::Refused("email", "There is an account with this e-mail address already: find it in the list".to_owned())));
        }
        let detail = json!({ "role": row.role, "team": row.team_id });
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "officer.add", ("officer", Some(id)), detail).await?;
        if row.reads_replies {
            grant(conn, app, by, &row, true).await?;
        }
        Ok(Ok(id))
    })
    .await
}

/// Changes an account. Whose role, team or reach changes signs in anew.
pub async fn change(app: &App, by: i64, id: i64, account: &Account) -> QueryResult<ChangeOutcome> {
    if let Some(fault) = account.fault() {
        return Ok(fault);
    }
    let change = account.change();
    let mut conn = app.write().await?;
    let done = conn
        .transaction(async |conn| {
            let Some(before) = accounts::find_officer(conn, id).await? else { return Ok(ChangeOutcome::Nobody) };
            if by == id && change.role != before.role {
                return Ok(ChangeOutcome::Refused("role", "You cannot change your own role: ask another administrator".to_owned()));
            }
            if by == id && change.reads_replies && !before.reads_replies {
                return Ok(ChangeOutcome::Refused("reads_replies", "You cannot let yourself read replies: ask another administrator".to_owned()));
            }
            accounts::change_officer(conn, id, &change).await?;
            let mut changed = Vec::new();
            for (what, is) in [
                ("email", before.email != change.email),
                ("name", before.name != change.name),
                ("role", before.role != change.role),
                ("team", before.team_id != change.team_id),
            ] {
                changed.extend(is.then_some(what));
            }
            if !changed.is_empty() {
                let detail =
                    json!({ "changed": changed, "role": change.role, "role_before": before.role, "team": change.team_id, "team_before": before.team_id });
                audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "officer.change", ("officer", Some(id)), detail).await?;
            }
            if before.reads_replies != change.reads_replies {
                grant(conn, app, by, &OfficerRow { name: change.name.clone(), ..before.clone() }, change.reads_replies).await?;
            }
            if before.role != change.role || before.team_id != change.team_id || before.reads_replies != change.reads_replies {
                sessions::delete_of_officer(conn, id, None).await?;
            }
            Ok::<_, Error>(ChangeOutcome::Done)
        })
        .await;
    done.or_else(taken)
}

/// Lets an administrator read replies, or no longer: an entry in the audit log and, for all administrators to see, a notice.
async fn grant(conn: &mut Conn, app: &App, by: i64, officer: &OfficerRow, granted: bool) -> QueryResult<()> {
    let (action, now) = (if granted { "officer.grant_replies" } else { "officer.withdraw_replies" }, app.now());
    audit::note(conn, app.ids(), now, &Actor::Officer(by), action, ("officer", Some(officer.id)), json!({})).await?;
    if !granted {
        return notices::clear_subject(conn, REPLIES_GRANTED, &officer.id.to_string(), now).await.map(|_| ());
    }
    let giver = accounts::find_officer(conn, by).await?.map_or_else(|| "an administrator".to_owned(), |giver| giver.name);
    let row = NoticeRow {
        id: app.next_id(),
        kind: REPLIES_GRANTED.to_owned(),
        subject: officer.id.to_string(),
        detail: format!("{} may read residents’ replies as an administrator; {giver} allowed it", officer.name),
        times: 1,
        first_at: now,
        last_at: now,
        cleared_at: None,
    };
    notices::note(conn, &row).await.map(|_| ())
}

/// Closes an account and signs its owner out, or opens it again.
pub async fn set_disabled(app: &App, by: i64, id: i64, disabled: bool) -> QueryResult<ChangeOutcome> {
    if by == id {
        return Ok(ChangeOutcome::Refused("disable", "You cannot disable your own account: ask another administrator".to_owned()));
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if accounts::set_disabled(conn, id, disabled.then(|| app.now())).await? == 0 {
            return Ok(ChangeOutcome::Nobody);
        }
        if disabled {
            sessions::delete_of_officer(conn, id, None).await?;
            password_resets::delete_of(conn, id).await?;
        }
        let action = if disabled { "officer.disable" } else { "officer.enable" };
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), action, ("officer", Some(id)), json!({})).await?;
        Ok(ChangeOutcome::Done)
    })
    .await
}

/// Sets leave and cover, or ends them.
pub async fn set_away(app: &App, by: i64, id: i64, until: Option<At>, cover_id: Option<i64>) -> QueryResult<ChangeOutcome> {
    if cover_id == Some(id) {
        return Ok(ChangeOutcome::Refused("cover", "Choose somebody else to cover".to_owned()));
    }
    if until.is_some_and(|until| until <= app.now()) {
        return Ok(ChangeOutcome::Refused("away_until", "Choose a day that is still to come".to_owned()));
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let cover = match cover_id {
            Some(cover) => accounts::find_officer(conn, cover).await?,
            None => None,
        };
        if cover_id.is_some() && !cover.is_some_and(|cover| cover.disabled_at.is_none() && cover.reads_replies()) {
            return Ok(ChangeOutcome::Refused("cover", "Choose somebody who may read replies".to_owned()));
        }
        if accounts::set_away(conn, id, until, cover_id).await? == 0 {
            return Ok(ChangeOutcome::Nobody);
        }
        let detail = json!({ "until": until.map(At::rfc3339), "cover": cover_id });
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "officer.away", ("officer", Some(id)), detail).await?;
        Ok(ChangeOutcome::Done)
    })
    .await
}

/// Takes an officer's second step away and signs them out. Gives whether there was one.
pub async fn reset_second_step(app: &App, by: i64, id: i64) -> QueryResult<bool> {
    let had = second_step::remove(app, by, id).await?;
    if had {
        super::sessions::end_all(app, by, id, None).await?;
        tell_reset(app, by, id).await?;
    }
    Ok(had)
}

/// Whose codes are taken away is told, and every administrator sees it: whoever has the password besides comes in as them.
async fn tell_reset(app: &App, by: i64, id: i64) -> QueryResult<()> {
    let mut conn = app.write().await?;
    let mailed = conn
        .transaction(async |conn| {
            let Some(officer) = accounts::find_officer(conn, id).await? else { return Ok(false) };
            let giver = accounts::find_officer(conn, by).await?.map_or_else(|| "an administrator".to_owned(), |giver| giver.name);
            let sentence = format!("The codes of {} were taken away by {giver}: their password alone signs in until they set up the app again", officer.name);
            notices::note(conn, &NoticeRow::of(app.next_id(), CODES_RESET, &id.to_string(), sentence, app.now())).await?;
            let brand = &app.config().branding.name;
            let body = format!(
                "{giver} has taken away the codes of your account of {brand}. Sign in with your password and set up the app again.\n\n\
                 If you did not ask for that, tell another administrator."
            );
            passwords::tell(conn, app, &officer, &format!("Your codes for {brand} were taken away"), &body).await
        })
        .await?;
    drop(conn);
    if mailed {
        app.wake().outbox();
    }
    Ok(())
}

/// A link by which an officer chooses a new password; none if there is no such account or it is disabled.
pub async fn reset_link(app: &App, by: i64, id: i64) -> anyhow::Result<Option<passwords::ResetLink>> {
    let officer = accounts::find_officer(&mut app.read().await?, id).await?.filter(|officer| officer.disabled_at.is_none());
    match officer {
        // Whoever the directory knows has no password here.
        Some(officer) if !super::sign_in::is_of_the_directory(app, officer.id).await? => passwords::reset_link(app, by, &officer).await.map(Some),
        _ => Ok(None),
    }
}

/// Adds a team, or changes one; the error is the field and what to do.
pub async fn put_team(app: &App, by: i64, id: Option<i64>, name: &str, area_id: Option<i64>) -> QueryResult<ChangeOutcome> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Ok(ChangeOutcome::Refused("name", "Enter a name, like Dales Neighbourhood Team, in 100 characters or fewer".to_owned()));
    }
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if accounts::find_team(conn, name).await?.is_some_and(|team| Some(team.id) != id) {
            return Ok(ChangeOutcome::Refused("name", "There is a team of this name already".to_owned()));
        }
        let (action, team_id) = match id {
            Some(id) => {
                if accounts::change_team(conn, id, name, area_id).await? == 0 {
                    return Ok(ChangeOutcome::Nobody);
                }
                ("team.change", id)
            }
            None => {
                let id = app.next_id();
                accounts::insert_teams(conn, vec![accounts::TeamRow { id, name: name.to_owned(), area_id, created_at: app.now() }]).await?;
                ("team.add", id)
            }
        };
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), action, ("team", Some(team_id)), json!({ "area": area_id })).await?;
        Ok(ChangeOutcome::Done)
    })
    .await
}
