//! `/sign-in/oidc` and its way back: signing in by the force's directory.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use super::sign_in::{enter, local};
use crate::accounts::directory::{self, DirectoryOutcome};
use crate::app::App;
use crate::web::error::AppError;
use crate::web::extract::{CameFrom, Visitor};
use crate::web::shell;

fn cookie(app: &App, value: String) -> Cookie<'static> {
    let https = app.config().server.is_https();
    let name = if https { "__Host-huecry-oidc" } else { "huecry-oidc" };
    // Lax: it must come along when the provider leads the browser back.
    Cookie::build(name, value).path("/").http_only(true).secure(https).same_site(SameSite::Lax).max_age(Duration::minutes(10)).finish()
}

fn query(request: &HttpRequest, name: &str) -> Option<String> {
    form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// `GET /sign-in/oidc`
pub async fn begin(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, AppError> {
    let (app, next) = (visitor.app.clone(), local(&query(&request, "next").unwrap_or_default()));
    let begun = app.clone().run(async move { directory::begin(&app, &next).await }).await.map_err(|error| {
        tracing::error!(cause = format!("{error:#}"), "a sign-in by the directory cannot begin: check [oidc], and that the provider can be reached");
        AppError::NotLetIn("The force’s sign-in does not answer just now. Try again in a minute; if it goes on, tell your administrator.")
    })?;
    let begun = begun.ok_or(AppError::NotFound)?;
    let mut response = shell::redirect(&begun.url);
    response.add_cookie(&cookie(&visitor.app, begun.cookie)).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}

/// `GET /sign-in/oidc/callback`
pub async fn finish(visitor: Visitor, request: HttpRequest, from: CameFrom) -> Result<HttpResponse, AppError> {
    if visitor.app.config().oidc.is_none() {
        return Err(AppError::NotFound);
    }
    if let Some(word) = query(&request, "error") {
        tracing::warn!(word = word.chars().filter(char::is_ascii_graphic).take(60).collect::<String>(), "the directory refused a sign-in");
        return Err(AppError::NotLetIn("The force’s sign-in did not let you through. Begin again, or ask your administrator."));
    }
    let held = request.cookie(cookie(&visitor.app, String::new()).name()).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let (state, code) = (query(&request, "state").unwrap_or_default(), query(&request, "code").unwrap_or_default());
    let app = visitor.app.clone();
    let outcome = app.clone().run(async move { directory::finish(&app, &held, &state, &code, &from.0).await }).await?;
    let mut response = match outcome.ok_or(AppError::NotFound)? {
        DirectoryOutcome::In(entered, next) => enter(&visitor, *entered, &next)?,
        DirectoryOutcome::NoGroup => {
            return Err(AppError::NotLetIn("Your force account is in none of the groups that use this system. Ask your administrator to put you into one."));
        }
        DirectoryOutcome::Disabled => return Err(AppError::NotLetIn("Your account here is disabled. Ask your administrator if you need it.")),
        DirectoryOutcome::NoAddress => {
            return Err(AppError::NotLetIn(
                "Your force account has no confirmed e-mail address, or another account here has it. Ask your administrator to look into it.",
            ));
        }
        DirectoryOutcome::Stale => return Err(AppError::NotLetIn("That sign-in ran out or was used already. Begin again.")),
        DirectoryOutcome::Failed => {
            return Err(AppError::NotLetIn("The force’s sign-in does not answer as it should. Try again in a minute; if it goes on, tell your administrator."));
        }
    };
    let mut gone = cookie(&visitor.app, String::new());
    gone.make_removal();
    response.add_cookie(&gone).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}
