//! Signing in: e-mail and password, then a code if the account has a second step.

use diesel::QueryResult;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::guesses::{self, Held, Try};
use super::origin::Origin;
use super::sessions::{self, Method, Who};
use super::{matches, second_step};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::files::sha256;
use crate::store::accounts::{self, OfficerRow};
use crate::store::identities;

/// How long somebody may take from the password to the code.
const TICKET_MS: i64 = 10 * 60_000;

/// Somebody who is in.
pub struct Entered {
    /// Their account.
    pub officer: OfficerRow,
    /// The session's cookie.
    pub token: String,
    /// The cookie by which the browser is known again.
    pub devices: String,
}

/// What came of a try.
pub enum SignInOutcome {
    /// They are in.
    In(Box<Entered>),
    /// The password is right; the code is asked for with this ticket.
    Code(String),
    /// Something is not right; which is not told.
    Wrong,
    /// The code is right, but was used before.
    UsedBefore,
    /// Too many failures: not before then.
    Held(Held),
    /// The ticket ran out: begin again.
    Stale,
}

#[derive(Serialize, Deserialize)]
struct Ticket {
    officer: i64,
    until: At,
    /// Of the password's hash: a ticket does not outlive the password.
    password: String,
}

fn mark(officer: &OfficerRow) -> String {
    hex::encode(sha256(officer.password_hash.as_bytes()).get(..8).unwrap_or_default())
}

/// Tries e-mail and password. An unknown e-mail takes as long as a wrong password. `browser` is the form token of whoever
/// tries: a ticket counts in their browser only.
pub async fn by_password(app: &App, email: &str, password: &str, origin: &Origin, browser: &str) -> anyhow::Result<SignInOutcome> {
    let officer = accounts::find_officer_by_email(&mut app.read().await?, email).await?.filter(|officer| officer.disabled_at.is_none());
    let tried = match guesses::begin(app, email, officer.as_ref().map(|officer| officer.id), origin).await? {
        Ok(tried) => tried,
        Err(held) => return Ok(SignInOutcome::Held(held)),
    };
    // Whoever the directory knows comes in by it alone: who was taken out there is out here.
    let linked = match &officer {
        Some(officer) => is_of_the_directory(app, officer.id).await?,
        None => false,
    };
    let hash = match &officer {
        Some(officer) if !linked && !officer.password_hash.is_empty() => officer.password_hash.clone(),
        // Of no password anybody has.
        _ => "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$8WCdZ8fLTBZLUVQrYY0mUQxQFA0BSLpVqkZVC1KpH1o".to_owned(),
    };
    let password = password.to_owned();
    let matched = super::at_leisure(move || matches(&hash, &password)).await?;
    let Some(officer) = officer.as_ref().filter(|_| matched && !linked) else {
        guesses::note_failure(app, &tried, officer.map(|officer| officer.id), "password").await?;
        return Ok(SignInOutcome::Wrong);
    };
    if second_step::stands(app, officer.id).await? {
        guesses::take_back(app, &tried).await?;
        let ticket = Ticket { officer: officer.id, until: app.now().plus_ms(TICKET_MS), password: mark(officer) };
        let sealed = app.keyring().seal(&purpose(browser), &serde_json::to_vec(&ticket)?);
        return Ok(SignInOutcome::Code(hex::encode(sealed.ok_or_else(|| anyhow::anyhow!("the ticket cannot be sealed"))?)));
    }
    enter(app, officer.clone(), origin, Some(&tried), Method::Password).await.map(|entered| SignInOutcome::In(Box::new(entered))).map_err(Into::into)
}

/// Whether an account is one of the directory's, while there is one.
pub(super) async fn is_of_the_directory(app: &App, officer_id: i64) -> QueryResult<bool> {
    if app.oidc().is_none() {
        return Ok(false);
    }
    identities::has_any(&mut app.read().await?, officer_id).await
}

fn purpose(browser: &str) -> String {
    format!("second step of {browser}")
}

/// Tries a code of the app, or a recovery code, with the ticket that the password gave.
pub async fn by_code(app: &App, ticket: &str, typed: &str, origin: &Origin, browser: &str) -> anyhow::Result<SignInOutcome> {
    let opened = hex::decode(ticket).ok().and_then(|sealed| app.keyring().open_sealed(&purpose(browser), &sealed));
    let Some(ticket) = opened.and_then(|plain| serde_json::from_slice::<Ticket>(&plain).ok()).filter(|ticket| ticket.until > app.now()) else {
        return Ok(SignInOutcome::Stale);
    };
    let officer = accounts::find_officer(&mut app.read().await?, ticket.officer).await?;
    let Some(officer) = officer.filter(|officer| officer.disabled_at.is_none() && mark(officer) == ticket.password) else { return Ok(SignInOutcome::Stale) };
    let tried = match guesses::begin(app, &officer.email, Some(officer.id), origin).await? {
        Ok(tried) => tried,
        Err(held) => return Ok(SignInOutcome::Held(held)),
    };
    // Only whoever has the password comes so far, so that nobody else can keep the owner out by this count.
    let codes = match guesses::begin_code(app, &officer).await? {
        Ok(codes) => codes,
        Err(held) => {
            guesses::take_back(app, &tried).await?;
            return Ok(SignInOutcome::Held(held));
        }
    };
    match second_step::check(app, officer.id, typed).await? {
        second_step::Checked::Right => {
            guesses::settle_code(app, &codes).await?;
            Ok(SignInOutcome::In(Box::new(enter(app, officer, origin, Some(&tried), Method::Password).await?)))
        }
        wrong => {
            guesses::note_failure(app, &tried, Some(officer.id), "code").await?;
            Ok(if wrong == second_step::Checked::UsedBefore { SignInOutcome::UsedBefore } else { SignInOutcome::Wrong })
        }
    }
}

/// Tries a code of somebody who is signed in, before something that a borrowed session must not do.
pub async fn prove(app: &App, officer: &OfficerRow, typed: &str, origin: &Origin) -> QueryResult<Proof> {
    let tried = match guesses::begin(app, &officer.email, Some(officer.id), origin).await? {
        Ok(tried) => tried,
        Err(held) => return Ok(Proof::Held(held)),
    };
    if second_step::check(app, officer.id, typed).await? == second_step::Checked::Right {
        guesses::settle(&mut app.write().await?, &tried).await?;
        return Ok(Proof::Given);
    }
    guesses::note_failure(app, &tried, Some(officer.id), "code").await?;
    Ok(Proof::Wrong)
}

/// Whether somebody who is signed in has their app at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// They have.
    Given,
    /// The code is not right, or was used.
    Wrong,
    /// Too many failures: not before then.
    Held(Held),
}

/// Starts the session and notes it.
pub(super) async fn enter(app: &App, officer: OfficerRow, origin: &Origin, tried: Option<&Try>, method: Method) -> QueryResult<Entered> {
    let token = sessions::start(app, Who::Officer(officer.id), origin, method).await?;
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if let Some(tried) = tried {
            guesses::settle(conn, tried).await?;
        }
        let detail = json!({ "method": method.as_str() });
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "officer.sign_in", ("officer", Some(officer.id)), detail).await
    })
    .await?;
    drop(conn);
    let devices = origin.remember(app, officer.id);
    Ok(Entered { officer, token, devices })
}
