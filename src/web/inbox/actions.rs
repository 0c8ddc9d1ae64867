//! What an officer does to a conversation: answer, close, open again, move, mark as not read.

use actix_web::{HttpRequest, HttpResponse, web};

use super::list::ListQuery;
use super::{conversation, may_read};
use crate::audit::Actor;
use crate::domain::reference::parse_reference;
use crate::inbox::{self, MoveOutcome, ReplyOutcome, reading};
use crate::store::conversations::ConversationRow;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError};

const LONGEST_REPLY: usize = 4_000;

/// The conversation, if this officer may see it and the form is theirs.
pub(super) async fn allowed(officer: &Officer, fields: &Fields, public_id: &str) -> Result<ConversationRow, AppError> {
    may_read(officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row, public_id) = (officer.app().clone(), officer.row.clone(), public_id.to_owned());
    app.clone().run(async move { reading::find(&app, &row, &public_id).await?.ok_or(AppError::NotFound) }).await
}

/// `POST /inbox/{id}/reply`
pub async fn reply(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let text = fields.one("text").replace("\r\n", "\n").trim().to_owned();
    let query = ListQuery::read(&request);
    let fault = if text.is_empty() {
        Some("Write your answer first".to_owned())
    } else if conversation.channel_kind == "sms" && text.chars().count() > crate::inbox::LONGEST_TEXT {
        Some("Shorten your answer to 1,600 characters or fewer: a text can be no longer".to_owned())
    } else if text.chars().count() > LONGEST_REPLY {
        Some("Shorten your answer to 4,000 characters or fewer".to_owned())
    } else {
        None
    };
    if let Some(fault) = fault {
        return conversation::again(officer, query, id.into_inner(), text, vec![FieldError::new("text", &fault)]).await;
    }
    let version: i64 = fields.one("version").parse().map_err(|_| AppError::StaleForm)?;
    let (app, row, words) = (officer.app().clone(), officer.row.clone(), text.clone());
    let outcome = app.clone().run(async move { inbox::reply(&app, conversation.id, Some(version), &words, Some(&row), &Actor::Officer(row.id)).await }).await?;
    let fault = match outcome {
        ReplyOutcome::Sent => return Ok(shell::redirect_with(&format!("/inbox/{id}"), "Your answer is on its way.")),
        ReplyOutcome::Changed => "Something new came in while you were writing. Read it below, then send again. Nothing was sent.",
        ReplyOutcome::Refused(reason) => reason,
    };
    conversation::again(officer, query, id.into_inner(), text, vec![FieldError::new("text", fault)]).await
}

/// `POST /inbox/{id}/close`
pub async fn close(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    set_open(&officer, &id, &fields, false).await?;
    Ok(shell::redirect_with("/inbox", "Closed. A new message opens it again."))
}

/// `POST /inbox/{id}/reopen`
pub async fn reopen(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    set_open(&officer, &id, &fields, true).await?;
    Ok(shell::redirect_with(&format!("/inbox/{id}"), "Open again."))
}

async fn set_open(officer: &Officer, id: &str, fields: &Fields, open: bool) -> Result<(), AppError> {
    let conversation = allowed(officer, fields, id).await?;
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone().run(async move { inbox::set_open(&app, conversation.id, open, &actor).await }).await?;
    Ok(())
}

/// `POST /inbox/{id}/unread`
pub async fn unread(officer: Officer, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let app = officer.app().clone();
    app.clone().run(async move { inbox::set_unread(&app, conversation.id).await }).await?;
    Ok(shell::redirect_with("/inbox", "Marked as not read."))
}

/// `POST /inbox/{id}/move`
pub async fn move_to(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let asked = fields.one("alert").trim().to_owned();
    let unknown = || FieldError::new("alert", "There is no alert with this reference. Check the five characters.");
    let Some(reference) = parse_reference(&asked) else {
        return conversation::again(officer, ListQuery::read(&request), id.into_inner(), String::new(), vec![unknown()]).await;
    };
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let wanted = reference.clone();
    let outcome = app.clone().run(async move { inbox::move_to(&app, conversation.id, &wanted, &actor).await }).await?;
    match outcome {
        // The other alert may be another team's: then this officer no longer sees it.
        MoveOutcome::Moved(_) => Ok(shell::redirect_with("/inbox", &format!("Moved to {reference}."))),
        MoveOutcome::Already => Ok(shell::redirect_with(&format!("/inbox/{id}"), &format!("It is in {reference} already."))),
        MoveOutcome::NoSuchAlert => conversation::again(officer, ListQuery::read(&request), id.into_inner(), String::new(), vec![unknown()]).await,
    }
}
