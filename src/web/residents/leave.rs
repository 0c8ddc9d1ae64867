//! Leaving: `/account/leave` for all of it, `/leave/{token}` for the mails of one address (RFC 8058). GET asks, POST does.

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::residents::leave;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Resident, Visitor};
use crate::web::shell::{self, Shell};

#[derive(Template)]
#[template(path = "residents/leave.html")]
struct LeavePage {
    shell: Shell,
    action: String,
    what: String,
    done: bool,
}

/// `GET /account/leave`
pub async fn ask(resident: Resident) -> Result<HttpResponse, AppError> {
    let what = "Your name, addresses, postcode and interests are removed, and nothing more is sent to you.".to_owned();
    shell::page(&LeavePage { shell: shell::public(&resident.visitor, "Leave", "account"), action: "/account/leave".to_owned(), what, done: false })
}

/// `POST /account/leave`
pub async fn leave(resident: Resident, fields: Fields) -> Result<HttpResponse, AppError> {
    resident.visitor.check_form(fields.one("csrf"))?;
    let (app, id) = (resident.visitor.app.clone(), resident.row.id);
    app.clone().run(async move { leave::leave(&app, id).await }).await?;
    let what = "You have left. Nothing more is sent to you. You can join again at any time.".to_owned();
    shell::page(&LeavePage { shell: shell::public(&resident.visitor, "You have left", "account"), action: String::new(), what, done: true })
}

/// `GET /leave/{token}`: changes nothing, whoever follows the link.
pub async fn ask_by_link(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, AppError> {
    if !leave::is_ours(&visitor.app, &token) {
        return Err(AppError::NotFound);
    }
    let what = "E-mails to this address stop. Text messages, if you have them, go on.".to_owned();
    shell::page(&LeavePage { shell: shell::public(&visitor, "Stop these e-mails", "home"), action: format!("/leave/{token}"), what, done: false })
}

/// `POST /leave/{token}`: from the page's button, or from a mail program with one click; without cookies, and as often as it comes.
pub async fn by_link(visitor: Visitor, token: web::Path<String>) -> Result<HttpResponse, AppError> {
    let (app, asked) = (visitor.app.clone(), token.into_inner());
    if !app.clone().run(async move { leave::by_link(&app, &asked).await }).await? {
        return Err(AppError::NotFound);
    }
    let what = "No more e-mails go to this address.".to_owned();
    shell::page(&LeavePage { shell: shell::public(&visitor, "Stopped", "home"), action: String::new(), what, done: true })
}
