//! `/sign-in`, `/sign-in/code`, `/sign-out`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::accounts::guesses::Held;
use crate::accounts::sessions;
use crate::accounts::sign_in::{self as accounts, Entered, SignInOutcome};
use crate::domain::At;
use crate::domain::attempts::TooOften;
use crate::domain::officer::Role;
use crate::store::accounts::OfficerRow;
use crate::web::error::AppError;
use crate::web::extract::{CameFrom, Fields, Realm, Visitor, devices_cookie, session_cookie, session_cookie_name};
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "officers/sign_in.html")]
struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    /// What the button to the directory says, if there is one.
    directory: Option<String>,
    /// Whether e-mail and password open the door.
    local: bool,
    /// They were signed in, and that has ended.
    ended: bool,
    errors: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "officers/code.html")]
struct CodePage {
    shell: Shell,
    ticket: String,
    next: String,
    errors: Vec<FieldError>,
}

fn sign_in_page(visitor: &Visitor, email: String, next: &str, errors: Vec<FieldError>) -> SignInPage {
    let config = visitor.app.config();
    SignInPage {
        shell: shell::public(visitor, "Officer sign-in", "home"),
        email,
        next: local(next),
        directory: config.oidc.as_ref().map(|oidc| oidc.name.clone()),
        local: config.security.local_accounts,
        ended: false,
        errors,
    }
}

/// `GET /sign-in`
pub async fn show(visitor: Visitor, request: HttpRequest) -> Result<HttpResponse, AppError> {
    if let Some(officer) = visitor.session.as_ref().and_then(|session| session.officer.as_ref()) {
        return Ok(shell::redirect(home_of(officer)));
    }
    let asked: Vec<(String, String)> = form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
    let one = |name: &str| asked.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let page = sign_in_page(&visitor, String::new(), one("next"), Vec::new());
    shell::page(&SignInPage { ended: !one("ended").is_empty(), ..page })
}

/// `POST /sign-in`
pub async fn sign_in(visitor: Visitor, fields: Fields, from: CameFrom) -> Result<HttpResponse, AppError> {
    if !visitor.app.config().security.local_accounts {
        return Err(AppError::Invalid("Nobody signs in by password here: use the button for your force account.".to_owned()));
    }
    visitor.check_form(fields.one("csrf"))?;
    let (email, password) = (fields.one("email").trim().to_owned(), fields.one("password").to_owned());
    let (app, asked, browser, origin) = (visitor.app.clone(), email.clone(), visitor.form_token.clone(), from.0);
    let outcome = app.clone().run(async move { accounts::by_password(&app, &asked, &password, &origin, &browser).await }).await?;
    let next = fields.one("next");
    match outcome {
        SignInOutcome::In(entered) => enter(&visitor, *entered, next),
        SignInOutcome::Code(ticket) => shell::page(&code_page(&visitor, ticket, next, Vec::new())),
        SignInOutcome::Held(held) => {
            let errors = vec![FieldError::new("email", &wait_in_words(held, visitor.app.now()))];
            held_back(&sign_in_page(&visitor, email, next, errors), held, visitor.app.now())
        }
        SignInOutcome::Wrong | SignInOutcome::UsedBefore | SignInOutcome::Stale => {
            let errors = vec![FieldError::new("password", "The e-mail address or the password is not right. Check the address and enter the password again")];
            shell::page_with_errors(&sign_in_page(&visitor, email, next, errors))
        }
    }
}

fn code_page(visitor: &Visitor, ticket: String, next: &str, errors: Vec<FieldError>) -> CodePage {
    CodePage { shell: shell::public(visitor, "Officer sign-in", "home"), ticket, next: local(next), errors }
}

/// `POST /sign-in/code`
pub async fn code(visitor: Visitor, fields: Fields, from: CameFrom) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    let (ticket, typed, next) = (fields.one("ticket").to_owned(), fields.one("code").trim().to_owned(), fields.one("next"));
    let (app, asked, browser, origin) = (visitor.app.clone(), ticket.clone(), visitor.form_token.clone(), from.0);
    let outcome = app.clone().run(async move { accounts::by_code(&app, &asked, &typed, &origin, &browser).await }).await?;
    let again = |message: &str| code_page(&visitor, ticket.clone(), next, vec![FieldError::new("code", message)]);
    match outcome {
        SignInOutcome::In(entered) => enter(&visitor, *entered, next),
        SignInOutcome::Held(held) => held_back(&again(&wait_in_words(held, visitor.app.now())), held, visitor.app.now()),
        SignInOutcome::UsedBefore => shell::page_with_errors(&again("That code was used already. Wait for the next one, then enter it")),
        SignInOutcome::Wrong | SignInOutcome::Code(_) => {
            shell::page_with_errors(&again("The code is not right. Enter the six digits that the app shows now, or a recovery code"))
        }
        SignInOutcome::Stale => {
            let errors = vec![FieldError::new("email", "That took too long. Sign in again")];
            shell::page_with_errors(&sign_in_page(&visitor, String::new(), next, errors))
        }
    }
}

/// What to do about too many failures.
pub fn wait_in_words(held: Held, now: At) -> String {
    let seconds = held.until.since_ms(now).max(0) / 1_000 + 1;
    let wait = match seconds {
        1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    };
    match held.why {
        TooOften::Code => format!("Too many wrong codes for this account. Wait {wait}, then try again"),
        TooOften::Pair | TooOften::Device => format!("Too many wrong tries from here. Wait {wait}, then try again"),
        TooOften::Network => format!("Too many wrong tries from your network. Wait {wait}, then try again"),
    }
}

fn held_back(page: &impl Template, held: Held, now: At) -> Result<HttpResponse, AppError> {
    let mut response = shell::page_with_errors(page)?;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let seconds = held.until.since_ms(now).max(0) / 1_000 + 1;
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    Ok(response)
}

/// Sets the cookies of somebody who is in, and leads them on.
pub fn enter(visitor: &Visitor, entered: Entered, next: &str) -> Result<HttpResponse, AppError> {
    let next = local(next);
    let to = if next.is_empty() || next == "/inbox" { home_of(&entered.officer).to_owned() } else { next };
    let mut response = shell::redirect(&to);
    for cookie in [session_cookie(&visitor.app, Realm::Officers, entered.token), devices_cookie(&visitor.app, entered.devices)] {
        response.add_cookie(&cookie).map_err(|error| AppError::Internal(error.into()))?;
    }
    Ok(response)
}

/// Where somebody begins.
pub fn home_of(officer: &OfficerRow) -> &'static str {
    let role = officer.role.parse();
    if officer.reads_replies() {
        // Where work waits for them: few have conversations of their own.
        match role {
            Ok(Role::DutyDesk) => "/inbox?view=waiting",
            Ok(Role::Supervisor) => "/inbox?view=team",
            _ => "/inbox",
        }
    } else if role.is_ok_and(Role::administers) {
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
pub fn local(next: &str) -> String {
    if next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && !next.chars().any(char::is_control) {
        next.to_owned()
    } else {
        String::new()
    }
}
