//! `/sign-in`, `/sign-out`.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::{self, sessions};
use crate::domain::officer::Role;
use crate::web::error::AppError;
use crate::web::extract::{Caller, Fields, Realm, Visitor, session_cookie, session_cookie_name};
use crate::web::middleware::Limits;
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "officers/sign_in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    errors: Vec<FieldError>,
}

/// `GET /sign-in`
pub async fn show(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, AppError> {
    if let Some(officer) = visitor.session.as_ref().and_then(|session| session.officer.as_ref()) {
        return Ok(shell::redirect(home_of(officer.role.parse().unwrap_or(Role::Press))));
    }
    let next = form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == "next").map(|(_, value)| value.into_owned());
    shell::page(&SignInPage {
        shell: shell::public(&visitor, "Officer sign-in", "home"),
        email: String::new(),
        next: local(&next.unwrap_or_default()),
        errors: Vec::new(),
    })
}

/// `POST /sign-in`
pub async fn sign_in(visitor: Visitor, fields: Fields, caller: Caller, limits: web::Data<Limits>) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    let (email, password) = (fields.one("email").trim().to_owned(), fields.one("password").to_owned());
    limits.take(caller.0, &email)?;
    let app = visitor.app.clone();
    let runner = app.clone();
    let asked = email.clone();
    let found = runner
        .run(async move {
            let Some(officer) = accounts::sign_in(&app, &asked, &password).await? else { return anyhow::Ok(None) };
            let token = sessions::start(&app, sessions::Who::Officer(officer.id)).await?;
            Ok(Some((officer, token)))
        })
        .await?;
    let Some((officer, token)) = found else {
        let errors =
            vec![FieldError::new("email", "The e-mail address or the password is not right"), FieldError::new("password", "Enter your password again")];
        let page = SignInPage { shell: shell::public(&visitor, "Officer sign-in", "home"), email, next: local(fields.one("next")), errors };
        return shell::page_with_errors(&page);
    };
    let role: Role = officer.role.parse().unwrap_or(Role::Press);
    let home = home_of(role);
    let next = local(fields.one("next"));
    let to = if next.is_empty() || next == "/inbox" { home.to_owned() } else { next };
    let mut response = shell::redirect(&to);
    response.add_cookie(&session_cookie(&visitor.app, Realm::Officers, token)).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}

/// Where somebody of a role begins.
fn home_of(role: Role) -> &'static str {
    if role.reads_replies() {
        "/inbox"
    } else if role.administers() {
        "/admin"
    } else {
        "/press"
    }
}

/// `POST /sign-out`
pub async fn sign_out(visitor: Visitor, fields: Fields) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    if let Some(session) = visitor.session.clone() {
        let app = visitor.app.clone();
        let runner = app.clone();
        runner.run(async move { sessions::end(&app, session.row.id).await }).await?;
    }
    let mut response = shell::redirect("/sign-in");
    let mut gone = actix_web::cookie::Cookie::build(session_cookie_name(&visitor.app, Realm::Officers), "")
        .path("/")
        .secure(visitor.app.config().server.is_https())
        .finish();
    gone.make_removal();
    response.add_cookie(&gone).map_err(|error| AppError::Internal(error.into()))?;
    Ok(response)
}

/// Only a path of ours: a link must not lead elsewhere after signing in.
fn local(next: &str) -> String {
    if next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control) {
        next.to_owned()
    } else {
        String::new()
    }
}
