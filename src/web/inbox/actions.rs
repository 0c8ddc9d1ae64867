//! What an officer does to a conversation: answer, close, open again, move, mark as not read.

use actix_web::{HttpRequest, HttpResponse, web};

use super::conversation::{self, Again};
use super::desk::{choose, mend};
use super::list::ListQuery;
use super::{back_to, list_of, may_read};
use crate::audit::Actor;
use crate::domain::closing::Outcome;
use crate::inbox::close::{self as closing, CloseOutcome};
use crate::inbox::elsewhere::{self, Meant};
use crate::inbox::reply::{self, Answer};
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
    let again =
        |fault: &str, seen: &str| Again { draft: Some(text.clone()), errors: vec![FieldError::new("text", fault)], seen: seen.to_owned(), found: Vec::new() };
    if let Some(fault) = fault {
        return conversation::again(officer, query, id.into_inner(), again(&fault, "")).await;
    }
    let version: i64 = fields.one("version").parse().map_err(|_| AppError::StaleForm)?;
    let (app, row, words, take_over) = (officer.app().clone(), officer.row.clone(), text.clone(), fields.has("take_over"));
    let outcome = app
        .clone()
        .run(async move {
            let answer = Answer { conversation_id: conversation.id, version: Some(version), text: &words, take_over };
            reply::send(&app, answer, Some(&row), &Actor::Officer(row.id)).await
        })
        .await?;
    let again = match outcome {
        ReplyOutcome::Sent => return Ok(shell::redirect_with(&back_to(&request, &id), "Your answer is on its way.")),
        ReplyOutcome::Changed => again("Something new came in while you were writing. Read it below, then send again. Nothing was sent.", fields.one("last")),
        ReplyOutcome::Answering(name) => {
            let fault = format!(
                "{name} is answering. Nothing was sent, and your words are kept. To send yours all the same, tick \u{201c}Take over\u{201d} and send again."
            );
            again(&fault, "")
        }
        ReplyOutcome::Refused(reason) => again(reason, ""),
    };
    conversation::again(officer, query, id.into_inner(), again).await
}

/// `POST /inbox/{id}/close`
pub async fn close(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (word, remark) = (fields.one("outcome"), fields.one("remark").trim().to_owned());
    let outcome: Option<Outcome> = match (word, word.parse()) {
        ("", _) => None,
        (_, Ok(outcome)) => Some(outcome),
        (_, Err(_)) => return mend(officer, &request, id.into_inner(), "outcome", "Choose what came of it").await,
    };
    if remark.chars().count() > inbox::note::LONGEST {
        return mend(officer, &request, id.into_inner(), "remark", "Shorten the note to 4,000 characters or fewer").await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let seen: Option<i64> = fields.one("version").parse().ok();
    let done = app.clone().run(async move { closing::close_as_seen(&app, conversation.id, seen, outcome, &remark, &actor).await }).await?;
    match done {
        CloseOutcome::Closed => Ok(shell::redirect(&list_of(&request))),
        CloseOutcome::Already => Ok(shell::redirect_with(&list_of(&request), "It was closed already.")),
        CloseOutcome::Changed => mend(officer, &request, id.into_inner(), "outcome", super::UNSEEN).await,
    }
}

/// `POST /inbox/{id}/reopen`
pub async fn reopen(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone().run(async move { inbox::set_open(&app, conversation.id, true, &actor).await }).await?;
    Ok(shell::redirect(&back_to(&request, &id)))
}

/// `POST /inbox/{id}/unread`
pub async fn unread(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let app = officer.app().clone();
    app.clone().run(async move { inbox::set_unread(&app, conversation.id).await }).await?;
    Ok(shell::redirect_with(&list_of(&request), "Marked as not read."))
}

/// `POST /inbox/{id}/move`
pub async fn move_to(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let asked = fields.one("alert").trim().to_owned();
    let (finder, typed) = (officer.app().clone(), asked.clone());
    let reference = match finder.clone().run(async move { elsewhere::meant(&finder, &typed).await }).await? {
        Meant::Alert(reference) => reference,
        Meant::OneOf(found) => return choose(officer, &request, id.into_inner(), "alert", found).await,
        Meant::None => return mend(officer, &request, id.into_inner(), "alert", super::NO_SUCH_ALERT).await,
    };
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let wanted = reference.clone();
    let outcome = app.clone().run(async move { inbox::move_to(&app, conversation.id, &wanted, &actor).await }).await?;
    match outcome {
        // The other alert may be another team's: then this officer no longer sees it.
        MoveOutcome::Moved(_) => Ok(shell::redirect(&list_of(&request))),
        MoveOutcome::Already => Ok(shell::redirect_with(&back_to(&request, &id), &format!("It is in {reference} already."))),
        MoveOutcome::NoSuchAlert => mend(officer, &request, id.into_inner(), "alert", super::NO_SUCH_ALERT).await,
    }
}
