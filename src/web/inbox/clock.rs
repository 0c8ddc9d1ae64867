//! What an officer does to a conversation's clock: stops it for a reason, lets it run on, takes up what is urgent.

use actix_web::{HttpRequest, HttpResponse, web};

use super::actions::allowed;
use super::desk::mend;
use crate::audit::Actor;
use crate::inbox::clock;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell;

const LONGEST_REASON: usize = 120;

/// `POST /inbox/{id}/pause`
pub async fn pause(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let row = allowed(&officer, &fields, &id).await?;
    let reason: String = fields.one("reason").split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_REASON).collect();
    if reason.is_empty() {
        return mend(officer, &request, id.into_inner(), "reason", "Say why the clock stops: it is on the record").await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let paused = app.clone().run(async move { clock::pause(&app, row.id, &reason, &actor).await }).await?;
    let told = if paused { "The clock is stopped. It runs again when they write, or when you say so." } else { "The clock is not running." };
    Ok(shell::redirect_with(&super::back_to(&request, &id), told))
}

/// `POST /inbox/{id}/resume`
pub async fn resume(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let row = allowed(&officer, &fields, &id).await?;
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone().run(async move { clock::resume(&app, row.id, &actor).await }).await?;
    Ok(shell::redirect_with(&super::back_to(&request, &id), "The clock runs again."))
}

/// `POST /inbox/{id}/take-up`
pub async fn take_up(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let row = allowed(&officer, &fields, &id).await?;
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let taken = app.clone().run(async move { clock::take_up(&app, row.id, &actor).await }).await?;
    let told = if taken { "It is yours now. The duty desk is not called." } else { "A colleague has it already." };
    Ok(shell::redirect_with(&super::back_to(&request, &id), told))
}
