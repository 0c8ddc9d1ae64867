//! `/me/security/codes`: setting up an authenticator app, recovery codes, and switching both off.

use std::fmt::Write;

use actix_web::HttpResponse;
use askama::Template;
use qrcode::{Color, QrCode};

use crate::accounts::second_step;
use crate::accounts::sign_in::{self, Proof};
use crate::web::error::AppError;
use crate::web::extract::{CameFrom, Fields, Officer};
use crate::web::officers::sign_in::wait_in_words;
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "me/codes.html")]
struct CodesPage {
    shell: Shell,
    qr: Qr,
    secret: String,
    /// Nothing else can be opened before.
    required: bool,
    errors: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "me/codes_on.html")]
struct CodesOnPage {
    shell: Shell,
    since: When,
    left: i64,
    required: bool,
    errors: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "me/recovery_codes.html")]
struct RecoveryPage {
    shell: Shell,
    codes: Vec<String>,
}

/// A QR code as the path of an SVG, with the quiet zone of four modules that readers need.
struct Qr {
    size: usize,
    path: String,
}

const QUIET: usize = 4;

impl Qr {
    fn of(text: &str) -> anyhow::Result<Self> {
        let code = QrCode::new(text.as_bytes())?;
        let width = code.width();
        let mut path = String::new();
        for (index, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                write!(path, "M{} {}h1v1h-1z", index % width + QUIET, index / width + QUIET)?;
            }
        }
        Ok(Self { size: width + 2 * QUIET, path })
    }
}

/// `GET /me/security/codes`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    answer(officer, Vec::new()).await
}

enum Stands {
    On(CodesOnPage),
    NotYet(CodesPage),
}

/// The page for how the officer's codes stand.
async fn answer(officer: Officer, errors: Vec<FieldError>) -> Result<HttpResponse, AppError> {
    let (app, refused) = (officer.app().clone(), !errors.is_empty());
    let page = app
        .clone()
        .run(async move {
            let standing = second_step::standing(&app, officer.row.id).await?;
            if standing.off {
                return Err(AppError::NotFound);
            }
            let shell = shell::officer(&officer.visitor, &officer.row, "Two-step sign-in", "me").await?;
            if let Some(since) = standing.since {
                let since = When::at(since, app.now());
                return Ok(Stands::On(CodesOnPage { shell, since, left: standing.recovery_codes, required: standing.required, errors }));
            }
            let pending = second_step::pending(&app, officer.row.id, &officer.row.email).await?;
            Ok(Stands::NotYet(CodesPage { shell, qr: Qr::of(&pending.uri)?, secret: pending.text, required: standing.required, errors }))
        })
        .await?;
    match (page, refused) {
        (Stands::On(page), false) => shell::page(&page),
        (Stands::On(page), true) => shell::page_with_errors(&page),
        (Stands::NotYet(page), false) => shell::page(&page),
        (Stands::NotYet(page), true) => shell::page_with_errors(&page),
    }
}

async fn recovery(officer: &Officer, codes: Vec<String>) -> Result<HttpResponse, AppError> {
    let (visitor, row, runner) = (officer.visitor.clone(), officer.row.clone(), officer.app().clone());
    let shell = runner.run(async move { shell::officer(&visitor, &row, "Recovery codes", "me").await }).await?;
    shell::page(&RecoveryPage { shell, codes })
}

/// `POST /me/security/codes`
pub async fn confirm(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, id, typed) = (officer.app().clone(), officer.row.id, fields.one("code").to_owned());
    match app.clone().run(async move { second_step::confirm(&app, id, &typed).await }).await? {
        Some(codes) => recovery(&officer, codes).await,
        None => {
            let sentence = "The code is not right. Check that the phone’s clock is set by the network, then enter the six digits that the app shows now";
            answer(officer, vec![FieldError::new("code", sentence)]).await
        }
    }
}

/// What a form asks for before it does something that a borrowed session must not: a code of the app.
async fn proven(officer: &Officer, fields: &Fields, from: CameFrom, field: &str) -> Result<Option<FieldError>, AppError> {
    let (app, row, typed) = (officer.app().clone(), officer.row.clone(), fields.one("code").to_owned());
    Ok(match app.clone().run(async move { sign_in::prove(&app, &row, &typed, &from.0).await }).await? {
        Proof::Given => None,
        Proof::Wrong => Some(FieldError::new(field, "The code is not right. Enter the six digits that the app shows now; each counts once")),
        Proof::Held(held) => Some(FieldError::new(field, &wait_in_words(held, officer.app().now()))),
    })
}

/// `POST /me/security/codes/new`
pub async fn anew(officer: Officer, fields: Fields, from: CameFrom) -> Result<HttpResponse, AppError> {
    officer.visitor.check_form(fields.one("csrf"))?;
    if let Some(error) = proven(&officer, &fields, from, "new-code").await? {
        return answer(officer, vec![error]).await;
    }
    let (app, id) = (officer.app().clone(), officer.row.id);
    match app.clone().run(async move { second_step::new_codes(&app, id).await }).await? {
        Some(codes) => recovery(&officer, codes).await,
        None => Ok(shell::redirect("/me/security/codes")),
    }
}

/// `POST /me/security/codes/off`
pub async fn off(officer: Officer, fields: Fields, from: CameFrom) -> Result<HttpResponse, AppError> {
    officer.visitor.check_form(fields.one("csrf"))?;
    if let Some(error) = proven(&officer, &fields, from, "off-code").await? {
        return answer(officer, vec![error]).await;
    }
    let (app, id) = (officer.app().clone(), officer.row.id);
    app.clone().run(async move { second_step::remove(&app, id, id).await }).await?;
    Ok(shell::redirect_with("/me/security", "The app is taken away. Your password alone signs you in."))
}
