//! Accounts: officers' sign-in, sessions of officers and residents, API keys.
//!
//! A try at signing in goes [`sign_in`] → `guesses` (may it be made, and count it) → password → [`second_step`] →
//! [`sessions`]; or by the force's directory: [`directory`] → [`sessions`].

pub mod directory;
pub mod guesses;
pub mod keys;
pub mod officers;
pub mod origin;
pub mod passwords;
pub mod second_step;
pub mod sessions;
pub mod sign_in;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::officer::Role;
use crate::domain::{Email, ids};
use crate::store::accounts::{self, OfficerRow};

/// Hashes a password with Argon2id; takes tens of milliseconds of a core on purpose.
pub fn hash_password(password: &str) -> anyhow::Result<String> {
    let random: [u8; 16] = rand::random();
    let salt = SaltString::encode_b64(&random).map_err(|error| anyhow::anyhow!("the salt cannot be made: {error}"))?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(|error| anyhow::anyhow!("the password cannot be hashed: {error}"))?.to_string())
}

pub(crate) fn matches(hash: &str, password: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// What an administrator gives to add an account.
#[derive(Clone, Debug)]
pub struct NewOfficer {
    /// Sign-in name.
    pub email: String,
    /// As residents see it.
    pub name: String,
    /// What for.
    pub role: Role,
    /// The team, by name.
    pub team: Option<String>,
    /// In the clear, once.
    pub password: String,
}

/// Adds an account; the error says what to mend.
pub async fn add_officer(app: &App, new: &NewOfficer) -> anyhow::Result<()> {
    let email = Email::parse(&new.email)?;
    anyhow::ensure!(new.password.chars().count() >= 12, "the password must have at least 12 characters");
    anyhow::ensure!(!new.name.trim().is_empty(), "the name must not be empty");
    let password = new.password.clone();
    let password_hash = at_leisure(move || hash_password(&password)).await??;
    let mut conn = app.write().await?;
    let team_id = match &new.team {
        Some(name) => Some(
            accounts::find_team(&mut conn, name)
                .await?
                .ok_or_else(|| anyhow::anyhow!("there is no team named {name:?}; add it with `huecry team add --name {name:?}`"))?
                .id,
        ),
        None => None,
    };
    let row = OfficerRow {
        id: app.next_id(),
        email: email.as_str().to_lowercase(),
        name: new.name.trim().to_owned(),
        password_hash,
        role: new.role.as_str().to_owned(),
        team_id,
        away_until: None,
        cover_id: None,
        disabled_at: None,
        created_at: app.now(),
        reads_replies: false,
    };
    let id = row.id;
    anyhow::ensure!(accounts::insert_officers(&mut conn, vec![row]).await? == 1, "there is an account with the e-mail {} already", email.as_str());
    audit::note(&mut conn, app.ids(), app.now(), &Actor::System, "officer.add", ("officer", Some(id)), serde_json::json!({})).await?;
    Ok(())
}

/// Adds a team; the error says what to mend.
pub async fn add_team(app: &App, name: &str, area: Option<&str>) -> anyhow::Result<()> {
    let name = name.trim();
    anyhow::ensure!(!name.is_empty(), "the name must not be empty");
    let mut conn = app.write().await?;
    let area_id = match area {
        Some(code) => {
            let areas = crate::store::places::list_areas(&mut conn).await?;
            Some(areas.iter().find(|known| known.code == code).ok_or_else(|| anyhow::anyhow!("there is no area with the code {code:?}"))?.id)
        }
        None => None,
    };
    anyhow::ensure!(accounts::find_team(&mut conn, name).await?.is_none(), "there is a team named {name:?} already");
    accounts::insert_teams(&mut conn, vec![accounts::TeamRow { id: app.next_id(), name: name.to_owned(), area_id, created_at: app.now() }]).await?;
    Ok(())
}

/// A password for somebody who gave none.
pub fn random_password() -> String {
    ids::public_id()
}

/// Passwords that are hashed at once, in the whole process: each takes 19 MiB and a core.
static HASHING: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(8);

/// Does the slow work of hashing apart, a few at a time.
pub(crate) async fn at_leisure<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    let turn = HASHING.acquire().await?;
    let done = tokio::task::spawn_blocking(work).await?;
    drop(turn);
    Ok(done)
}
