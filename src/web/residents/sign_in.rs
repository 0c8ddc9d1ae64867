//! `/account/sign-in`, `/account/code`: a code to an address that we have; the same answer if we do not.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::origin::Origin;
use crate::accounts::sessions::{self, Method, Who};
use crate::domain::Address;
use crate::residents::join::{self, JoinOutcome};
use crate::web::error::AppError;
use crate::web::extract::{Caller, Fields, Realm, Visitor, session_cookie};
use crate::web::middleware::Limits;
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "residents/sign_in.html")]
struct ResidentSignInPage {
    shell: Shell,
    address: String,
    errors: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "residents/code.html")]
struct ResidentCodePage {
    shell: Shell,
    sent_to: String,
    ticket: String,
    errors: Vec<FieldError>,
}

/// `GET /account/sign-in`
pub async fn show(visitor: Visitor) -> Result<HttpResponse, AppError> {
    shell::page(&ResidentSignInPage { shell: shell::public(&visitor, "Your account", "account"), address: String::new(), errors: Vec::new() })
}

/// `POST /account/sign-in`
pub async fn send_code(visitor: Visitor, fields: Fields, caller: Caller, limits: web::Data<Limits>) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    let text = fields.one("address").trim().to_owned();
    limits.take(caller.0, &text)?;
    let shell = shell::public(&visitor, "Your account", "account");
    let address = match Address::parse(&text) {
        Ok(address) => address,
        Err(error) => {
            return shell::page_with_errors(&ResidentSignInPage { shell, address: text, errors: vec![FieldError::new("address", &error.to_string())] });
        }
    };
    let app = visitor.app.clone();
    let sent_to = address.masked();
    let ticket = app.clone().run(async move { join::send_sign_in_code(&app, &address).await }).await?;
    shell::page(&ResidentCodePage { shell, sent_to, ticket, errors: Vec::new() })
}

/// `POST /account/code`
pub async fn check_code(visitor: Visitor, fields: Fields, caller: Caller, limits: web::Data<Limits>) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    let (ticket, code) = (fields.one("ticket").to_owned(), fields.one("code").to_owned());
    limits.take(caller.0, &ticket)?;
    let (app, asked) = (visitor.app.clone(), ticket.clone());
    let outcome = app
        .clone()
        .run(async move {
            match join::sign_in(&app, &asked, &code).await? {
                Ok(resident_id) => sessions::start(&app, Who::Resident(resident_id), &Origin::default(), Method::Code).await.map(Ok),
                Err(outcome) => Ok(Err(outcome)),
            }
        })
        .await?;
    let sentence = match outcome {
        Ok(token) => {
            let mut response = shell::redirect("/account");
            response.add_cookie(&session_cookie(&visitor.app, Realm::Residents, token)).map_err(|error| AppError::Internal(error.into()))?;
            return Ok(response);
        }
        Err(JoinOutcome::Spent) => "This code no longer works. Go back and ask for a new one.",
        Err(_) => "This is not the code we sent. Check it and try again.",
    };
    let shell = shell::public(&visitor, "Your account", "account");
    shell::page_with_errors(&ResidentCodePage { shell, sent_to: String::new(), ticket, errors: vec![FieldError::new("code", sentence)] })
}
