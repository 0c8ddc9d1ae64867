//! `/me/security`: an officer's sessions, password and codes.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::passwords::{self, ChangeOutcome};
use crate::accounts::{second_step, sessions};
use crate::store::sessions as rows;
use crate::web::error::AppError;
use crate::web::extract::{CameFrom, Fields, Officer};
use crate::web::officers::sign_in::wait_in_words;
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "me/security.html")]
struct SecurityPage {
    shell: Shell,
    email: String,
    sessions: Vec<SessionView>,
    /// Signed in by the directory: no password of ours.
    by_directory: bool,
    codes: CodesView,
    errors: Vec<FieldError>,
}

struct SessionView {
    id: String,
    here: bool,
    browser: String,
    network: String,
    began: When,
    seen: When,
    directory: bool,
}

/// How the officer's codes stand.
struct CodesView {
    /// The force uses none.
    off: bool,
    /// They cannot be switched off.
    required: bool,
    /// Since when they are asked for.
    since: Option<When>,
    /// Recovery codes left.
    left: i64,
}

/// `GET /me/security`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    shell::page(&page(officer, Vec::new()).await?)
}

async fn page(officer: Officer, errors: Vec<FieldError>) -> Result<SecurityPage, AppError> {
    let app = officer.app().clone();
    app.clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Your sign-in", "me").await?, app.now());
            let here = officer.visitor.session.as_ref().map(|session| session.row.id);
            let standing = second_step::standing(&app, officer.row.id).await?;
            let list = rows::list_of_officer(&mut app.read().await?, officer.row.id, now).await?;
            let sessions = list.into_iter().map(|row| SessionView {
                id: row.id.to_string(),
                here: Some(row.id) == here,
                browser: row.browser,
                network: row.network,
                began: When::at(row.created_at, now),
                seen: When::at(row.last_seen_at, now),
                directory: row.method == sessions::Method::Oidc.as_str(),
            });
            Ok::<_, AppError>(SecurityPage {
                shell,
                email: officer.row.email,
                sessions: sessions.collect(),
                by_directory: officer.visitor.session.as_ref().is_some_and(|session| session.row.method == sessions::Method::Oidc.as_str())
                    || !app.config().security.local_accounts,
                codes: CodesView {
                    off: standing.off,
                    required: standing.required,
                    since: standing.since.map(|at| When::at(at, now)),
                    left: standing.recovery_codes,
                },
                errors,
            })
        })
        .await
}

/// `POST /me/security/password`
pub async fn change_password(officer: Officer, fields: Fields, from: CameFrom) -> Result<HttpResponse, AppError> {
    officer.visitor.check_form(fields.one("csrf"))?;
    let (old, new, again) = (fields.one("old").to_owned(), fields.one("new").to_owned(), fields.one("again"));
    if new != again {
        return shell::page_with_errors(&page(officer, vec![FieldError::new("again", "Enter the same new password twice")]).await?);
    }
    let session = officer.visitor.session.as_ref().map_or(0, |session| session.row.id);
    let (app, row) = (officer.app().clone(), officer.row.clone());
    let errors = match app.clone().run(async move { passwords::change(&app, &row, session, &old, &new, &from.0).await }).await? {
        ChangeOutcome::Changed => return Ok(shell::redirect_with("/me/security", "Your password is changed. You are signed out everywhere else.")),
        ChangeOutcome::Unfit(sentence) => FieldError::new("new", sentence),
        ChangeOutcome::Held(held) => FieldError::new("old", &wait_in_words(held, officer.app().now())),
        ChangeOutcome::WrongOld | ChangeOutcome::Stale => FieldError::new("old", "The old password is not right"),
    };
    shell::page_with_errors(&page(officer, vec![errors]).await?)
}

/// `POST /me/security/sessions/{id}/end`
pub async fn end_session(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, id) = (officer.app().clone(), id.into_inner());
    let ended = app.clone().run(async move { sessions::end_one(&app, officer.row.id, id).await }).await?;
    Ok(shell::redirect_with("/me/security", if ended { "That session has ended." } else { "That session had ended already." }))
}

/// `POST /me/security/sessions/end-others`
pub async fn end_others(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.visitor.check_form(fields.one("csrf"))?;
    let here = officer.visitor.session.as_ref().map(|session| session.row.id);
    let (app, id) = (officer.app().clone(), officer.row.id);
    app.clone().run(async move { sessions::end_all(&app, id, id, here).await }).await?;
    Ok(shell::redirect_with("/me/security", "You are signed out everywhere else."))
}
