//! `/reset/{token}`: an officer chooses a new password by a link that an administrator made. Looking at it changes nothing.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::passwords::{self, ChangeOutcome};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Visitor};
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "officers/reset.html")]
struct ResetPage {
    shell: Shell,
    token: String,
    email: String,
    errors: Vec<FieldError>,
}

async fn page(visitor: &Visitor, token: String, errors: Vec<FieldError>) -> Result<ResetPage, AppError> {
    let (app, asked) = (visitor.app.clone(), token.clone());
    let officer = app.clone().run(async move { passwords::owner_of_link(&app, &asked).await }).await?;
    let officer = officer.filter(|_| visitor.app.config().security.local_accounts).ok_or(AppError::NotFound)?;
    Ok(ResetPage { shell: shell::public(visitor, "Choose a new password", "home"), token, email: officer.email, errors })
}

/// `GET /reset/{token}`
pub async fn show(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, AppError> {
    shell::page(&page(&visitor, token.into_inner(), Vec::new()).await?)
}

/// `POST /reset/{token}`
pub async fn reset(visitor: Visitor, token: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    let (token, new, again) = (token.into_inner(), fields.one("new").to_owned(), fields.one("again").to_owned());
    let empty = page(&visitor, token.clone(), Vec::new()).await?;
    if new != again {
        return shell::page_with_errors(&ResetPage { errors: vec![FieldError::new("again", "Enter the same password twice")], ..empty });
    }
    let app = visitor.app.clone();
    match app.clone().run(async move { passwords::reset(&app, &token, &new).await }).await? {
        ChangeOutcome::Changed => Ok(shell::redirect_with("/sign-in", "Your password is changed. Sign in with it.")),
        ChangeOutcome::Unfit(sentence) => shell::page_with_errors(&ResetPage { errors: vec![FieldError::new("new", sentence)], ..empty }),
        ChangeOutcome::Stale | ChangeOutcome::WrongOld | ChangeOutcome::Held(_) => Err(AppError::NotFound),
    }
}
