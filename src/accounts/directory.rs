//! Signing in by the force's directory: the account is made at the first sign-in and brought up to date at each. What the
//! directory's groups mean is configured; whoever is in none of them stays out.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::origin::Origin;
use super::sessions::Method;
use super::sign_in::{self, Entered};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::channels::oidc::{OidcError, Person};
use crate::config::GroupConfig;
use crate::domain::officer::Role;
use crate::domain::{At, Email};
use crate::store::accounts::{self, OfficerChange, OfficerRow};
use crate::store::identities::{self, IdentityRow};
use crate::store::notices::{self, NoticeRow};
use crate::store::{Conn, sessions};

/// How long somebody may take at the provider's page.
const LASTS_MS: i64 = 10 * 60_000;
const PURPOSE: &str = "sign-in by the directory";
/// The notice that the configuration names a team that is not there.
pub const NO_SUCH_TEAM: &str = "no_such_team";

/// Where to send somebody, and the cookie by which we know them when they come back.
pub struct Begun {
    /// The provider's page.
    pub url: String,
    /// Sealed: state, nonce and verifier.
    pub cookie: String,
}

/// What came of it.
pub enum DirectoryOutcome {
    /// They are in, and go on to there.
    In(Box<Entered>, String),
    /// They are in none of the groups that mean something here.
    NoGroup,
    /// Their account here is disabled.
    Disabled,
    /// The directory told no address, or an account here has it that is not theirs.
    NoAddress,
    /// They came back too late, or in another browser, or pressed "back": begin again.
    Stale,
    /// The directory does not answer, or not soundly.
    Failed,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    until: At,
}

/// What a person's groups mean: the first configured group that they are in decides.
pub fn place<'a>(groups: &[String], configured: &'a [GroupConfig]) -> Option<&'a GroupConfig> {
    configured.iter().find(|known| groups.contains(&known.group))
}

/// Begins a sign-in; none if no directory is configured.
pub async fn begin(app: &App, next: &str) -> anyhow::Result<Option<Begun>> {
    let Some(provider) = app.oidc() else { return Ok(None) };
    let begun = provider.begin(app.now()).await?;
    let remembered = Remembered { state: begun.state, nonce: begun.nonce, verifier: begun.verifier, next: next.to_owned(), until: app.now().plus_ms(LASTS_MS) };
    let sealed = app.keyring().seal(PURPOSE, &serde_json::to_vec(&remembered)?).ok_or_else(|| anyhow::anyhow!("the cookie cannot be sealed"))?;
    Ok(Some(Begun { url: begun.url, cookie: hex::encode(sealed) }))
}

/// Ends a sign-in with what somebody came back with; none if no directory is configured.
pub async fn finish(app: &App, cookie: &str, state: &str, code: &str, origin: &Origin) -> anyhow::Result<Option<DirectoryOutcome>> {
    use subtle::ConstantTimeEq;
    let (Some(provider), Some(config)) = (app.oidc(), app.config().oidc.as_ref()) else { return Ok(None) };
    let opened = hex::decode(cookie).ok().and_then(|sealed| app.keyring().open_sealed(PURPOSE, &sealed));
    let remembered = opened.and_then(|plain| serde_json::from_slice::<Remembered>(&plain).ok()).filter(|held| held.until > app.now());
    let Some(remembered) = remembered.filter(|held| bool::from(held.state.as_bytes().ct_eq(state.as_bytes()))) else {
        return Ok(Some(DirectoryOutcome::Stale));
    };
    let person = match provider.finish(code, &remembered.verifier, &remembered.nonce, app.now()).await {
        Ok(person) => person,
        Err(OidcError::Refused(cause)) => {
            tracing::warn!(%cause, "the directory refused a sign-in's code");
            return Ok(Some(DirectoryOutcome::Stale));
        }
        Err(error) => {
            tracing::error!(%error, "a sign-in by the directory failed: check [oidc], and that the provider can be reached");
            return Ok(Some(DirectoryOutcome::Failed));
        }
    };
    let group = place(&person.groups, &config.groups);
    let mut conn = app.write().await?;
    let admitted = conn.transaction(async |conn| admit(conn, app, &person, group).await).await?;
    drop(conn);
    Ok(Some(match admitted {
        Ok(officer) => {
            let entered = sign_in::enter(app, officer, origin, None, Method::Oidc).await?;
            DirectoryOutcome::In(Box::new(entered), remembered.next)
        }
        Err(refused) => refused,
    }))
}

async fn refuse(
    conn: &mut Conn,
    app: &App,
    officer: Option<i64>,
    why: &str,
    outcome: DirectoryOutcome,
) -> anyhow::Result<Result<OfficerRow, DirectoryOutcome>> {
    audit::note(conn, app.ids(), app.now(), &Actor::System, "officer.sign_in_refused", ("officer", officer), json!({ "why": why })).await?;
    Ok(Err(outcome))
}

/// Finds or makes the account and brings it up to date.
async fn admit(conn: &mut Conn, app: &App, person: &Person, group: Option<&GroupConfig>) -> anyhow::Result<Result<OfficerRow, DirectoryOutcome>> {
    let now = app.now();
    let known = match identities::find(conn, &person.issuer, &person.subject).await? {
        Some(identity) => accounts::find_officer(conn, identity.officer_id).await?,
        None => None,
    };
    let Some(group) = group else {
        // Whoever was taken out of the group is out at once.
        if let Some(officer) = &known {
            sessions::delete_of_officer(conn, officer.id, None).await?;
        }
        return refuse(conn, app, known.map(|officer| officer.id), "no_group", DirectoryOutcome::NoGroup).await;
    };
    let email = person.email.as_deref().and_then(|email| Email::parse(email).ok()).map(|email| email.as_str().to_lowercase());
    let team_id = team_of(conn, app, group).await?;
    let officer = match (known, email) {
        (Some(officer), email) => refresh(conn, app, officer, person, email, group.role, team_id).await?,
        (None, Some(email)) => match accounts::find_officer_by_email(conn, &email).await? {
            // An account that was here before is theirs only if the directory has made sure of the address.
            Some(officer) if person.email_verified && !identities::has(conn, &person.issuer, officer.id).await? => {
                refresh(conn, app, officer, person, Some(email), group.role, team_id).await?
            }
            Some(officer) => return refuse(conn, app, Some(officer.id), "address_of_another", DirectoryOutcome::NoAddress).await,
            None => create(conn, app, person, email, group.role, team_id).await?,
        },
        (None, None) => return refuse(conn, app, None, "no_address", DirectoryOutcome::NoAddress).await,
    };
    if officer.disabled_at.is_some() {
        return refuse(conn, app, Some(officer.id), "disabled", DirectoryOutcome::Disabled).await;
    }
    let identity = IdentityRow { issuer: person.issuer.clone(), subject: person.subject.clone(), officer_id: officer.id, created_at: now, last_at: now };
    identities::put(conn, &identity).await?;
    Ok(Ok(officer))
}

fn name_of(person: &Person, email: &str) -> String {
    let told = person.name.as_deref().map(str::trim).filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
    told.unwrap_or(email).chars().take(100).collect()
}

async fn create(conn: &mut Conn, app: &App, person: &Person, email: String, role: Role, team_id: Option<i64>) -> anyhow::Result<OfficerRow> {
    let row = OfficerRow {
        id: app.next_id(),
        name: name_of(person, &email),
        email,
        // No hash is of this form, so no password matches.
        password_hash: String::new(),
        role: role.as_str().to_owned(),
        team_id,
        away_until: None,
        cover_id: None,
        disabled_at: None,
        created_at: app.now(),
        reads_replies: false,
    };
    anyhow::ensure!(accounts::insert_officers(conn, vec![row.clone()]).await? == 1, "the account was made meanwhile");
    let detail = json!({ "role": row.role, "team": row.team_id, "by": "directory" });
    audit::note(conn, app.ids(), app.now(), &Actor::System, "officer.add", ("officer", Some(row.id)), detail).await?;
    Ok(row)
}

async fn refresh(
    conn: &mut Conn,
    app: &App,
    officer: OfficerRow,
    person: &Person,
    email: Option<String>,
    role: Role,
    team_id: Option<i64>,
) -> anyhow::Result<OfficerRow> {
    // An address that is another account's meanwhile is left: the person is known by more than it.
    let email = match email {
        Some(email) if email != officer.email && accounts::find_officer_by_email(conn, &email).await?.is_some() => officer.email.clone(),
        Some(email) => email,
        None => officer.email.clone(),
    };
    let change = OfficerChange {
        name: person.name.as_ref().map_or_else(|| officer.name.clone(), |_| name_of(person, &email)),
        email,
        role: role.as_str().to_owned(),
        team_id,
        reads_replies: officer.reads_replies && role.administers(),
    };
    let moved = change.role != officer.role || change.team_id != officer.team_id;
    if moved || change.name != officer.name || change.email != officer.email {
        accounts::change_officer(conn, officer.id, &change).await?;
        let detail = json!({ "by": "directory", "role": change.role, "role_before": officer.role, "team": change.team_id, "team_before": officer.team_id });
        audit::note(conn, app.ids(), app.now(), &Actor::System, "officer.change", ("officer", Some(officer.id)), detail).await?;
    }
    if moved {
        sessions::delete_of_officer(conn, officer.id, None).await?;
    }
    let OfficerChange { email, name, role, team_id, reads_replies } = change;
    Ok(OfficerRow { email, name, role, team_id, reads_replies, ..officer })
}

async fn team_of(conn: &mut Conn, app: &App, group: &GroupConfig) -> anyhow::Result<Option<i64>> {
    let Some(name) = &group.team else { return Ok(None) };
    if let Some(team) = accounts::find_team(conn, name).await? {
        return Ok(Some(team.id));
    }
    let now = app.now();
    let detail = format!("oidc.groups gives {} the team {name:?}, which is not there; whoever signs in by it has no team until it is added", group.group);
    let row =
        NoticeRow { id: app.next_id(), kind: NO_SUCH_TEAM.to_owned(), subject: name.clone(), detail, times: 1, first_at: now, last_at: now, cleared_at: None };
    notices::note(conn, &row).await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_that_means_something_decides() {
        let of = |group: &str, role| GroupConfig { group: group.into(), role, team: None };
        let configured = [of("Admins", Role::Admin), of("NPT", Role::Officer), of("Media", Role::Press)];
        let role = |groups: &[&str]| place(&groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>(), &configured).map(|known| known.role);
        assert_eq!(role(&["Media", "NPT"]), Some(Role::Officer));
        assert_eq!(role(&["Everybody", "Media"]), Some(Role::Press));
        assert_eq!(role(&["npt"]), None, "as the claim has it");
        assert_eq!(role(&[]), None);
    }
}
