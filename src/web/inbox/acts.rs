//! What an officer does to a conversation beside answering: tag, hand over, note, split, mark; to many at once; and takes back.

use actix_web::{HttpRequest, HttpResponse, web};

use super::actions::allowed;
use super::desk::{choose, mend};
use super::{back_to, list_of, may_read};
use crate::audit::Actor;
use crate::domain::closing::Outcome;
use crate::domain::place::Urgency;
use crate::inbox::assign::{self, AssignOutcome, Receiver};
use crate::inbox::bulk::{self, Act};
use crate::inbox::elsewhere::{self, Meant};
use crate::inbox::leave_out::{self, LeaveOutOutcome};
use crate::inbox::mark::{self, MarkOutcome};
use crate::inbox::split::{self, SplitOutcome};
use crate::inbox::{handover, note, tag, thrive, undo};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell;

/// `POST /inbox/{id}/tag`
pub async fn tag(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let off = fields.has("remove");
    let name = match tag::clean(fields.one(if off { "remove" } else { "tag" })) {
        Ok(name) => name,
        Err(fault) => return mend(officer, &request, id.into_inner(), "tag", fault).await,
    };
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone()
        .run(async move { if off { tag::remove(&app, conversation.id, &name, &actor).await } else { tag::add(&app, conversation.id, &name, &actor).await } })
        .await?;
    Ok(shell::redirect(&back_to(&request, &id)))
}

/// `POST /inbox/{id}/assign`
pub async fn assign(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let to = match fields.one("to") {
        "me" => Ok(Receiver::Officer(officer.row.id)),
        other => other.parse(),
    };
    let Ok(to) = to else { return mend(officer, &request, id.into_inner(), "hand-to", "Choose an officer or a team").await };
    let reason = fields.one("hand_reason").split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.chars().count() > assign::LONGEST_REASON {
        return mend(officer, &request, id.into_inner(), "hand_reason", "Say why in 200 characters or fewer").await;
    }
    let (app, row) = (officer.app().clone(), officer.row.clone());
    let outcome = app.clone().run(async move { assign::assign_with(&app, conversation.id, to, &reason, &row).await }).await?;
    match outcome {
        // It may be another team's now: then this officer no longer sees it.
        AssignOutcome::Given(_) if to != Receiver::Officer(officer.row.id) => Ok(shell::redirect(&list_of(&request))),
        AssignOutcome::Given(_) => Ok(shell::redirect(&back_to(&request, &id))),
        AssignOutcome::Already => Ok(shell::redirect_with(&back_to(&request, &id), "It is theirs already.")),
        AssignOutcome::NoSuchReceiver => mend(officer, &request, id.into_inner(), "hand-to", "You cannot hand it to them. Choose from the list").await,
    }
}

/// `POST /inbox/{id}/handover`
pub async fn hand_over(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (system, reference) = (fields.one("system").trim().to_owned(), fields.one("system_reference").trim().to_owned());
    let sound = |text: &str| !text.is_empty() && text.chars().count() <= handover::LONGEST && !text.chars().any(char::is_control);
    if !sound(&system) {
        return mend(officer, &request, id.into_inner(), "system", "Enter the name of the system, in 80 characters or fewer").await;
    }
    if !sound(&reference) {
        return mend(officer, &request, id.into_inner(), "system_reference", "Enter its reference there, such as a crime number").await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone().run(async move { handover::record(&app, conversation.id, &system, &reference, &actor).await }).await?;
    Ok(shell::redirect(&back_to(&request, &id)))
}

/// `POST /inbox/{id}/note`
pub async fn note(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let text = fields.one("note").replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() || text.chars().count() > note::LONGEST {
        return mend(officer, &request, id.into_inner(), "note", "Write a note of 4,000 characters or fewer").await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone().run(async move { note::add(&app, conversation.id, &text, &actor).await }).await?;
    Ok(shell::redirect_with(&back_to(&request, &id), "Your note is kept. It is not sent."))
}

/// `POST /inbox/{id}/split`
pub async fn split(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let (message, typed) = (fields.one("message").to_owned(), fields.one("split_reference").trim().to_owned());
    let chosen = if typed.is_empty() { fields.one("split_to").to_owned() } else { typed };
    let finder = officer.app().clone();
    let reference = if chosen == "tray" {
        None
    } else {
        match finder.clone().run(async move { elsewhere::meant(&finder, &chosen).await }).await? {
            Meant::Alert(reference) => Some(reference),
            Meant::OneOf(found) => return choose(officer, &request, id.into_inner(), "split_to", found).await,
            Meant::None => return mend(officer, &request, id.into_inner(), "split_reference", super::NO_SUCH_ALERT).await,
        }
    };
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let outcome = app.clone().run(async move { split::split(&app, conversation.id, &message, reference.as_deref(), &actor).await }).await?;
    let (field, fault) = match outcome {
        SplitOutcome::Split(_) => return Ok(shell::redirect(&back_to(&request, &id))),
        SplitOutcome::NoSuchMessage => ("message", "Choose the message with which the other matter begins"),
        SplitOutcome::First => ("message", "This is the first message: move the whole conversation instead"),
        SplitOutcome::NoSuchAlert => ("split_reference", super::NO_SUCH_ALERT),
        SplitOutcome::SamePlace => ("split_to", "It is there already. Choose another alert or the tray"),
    };
    mend(officer, &request, id.into_inner(), field, fault).await
}

/// `POST /inbox/{id}/leave-out`: nothing more goes to this address.
pub async fn leave_out(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let reason = fields.one("out_reason").split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() || reason.chars().count() > leave_out::LONGEST {
        return mend(officer, &request, id.into_inner(), "out_reason", "Say why, in 200 characters or fewer: it is on the record").await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    match app.clone().run(async move { leave_out::leave_out(&app, conversation.id, &reason, &actor).await }).await? {
        LeaveOutOutcome::LeftOut => Ok(shell::redirect(&back_to(&request, &id))),
        LeaveOutOutcome::Already => Ok(shell::redirect_with(&back_to(&request, &id), "Nothing goes to them already.")),
    }
}

/// `POST /inbox/{id}/urgency`
pub async fn urgency(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let reason = fields.one("why").trim().to_owned();
    let Ok(urgency) = fields.one("urgency").parse::<Urgency>() else {
        return mend(officer, &request, id.into_inner(), "why", "Choose how urgent it is").await;
    };
    if reason.is_empty() || reason.chars().count() > mark::LONGEST {
        return mend(officer, &request, id.into_inner(), "why", "Say why, in 400 characters or fewer").await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    let seen: Option<i64> = fields.one("version").parse().ok();
    let done = app.clone().run(async move { mark::mark_as_seen(&app, conversation.id, seen, urgency, &reason, &actor).await }).await?;
    if done == MarkOutcome::Changed {
        return mend(officer, &request, id.into_inner(), "why", super::UNSEEN).await;
    }
    Ok(shell::redirect(&back_to(&request, &id)))
}

/// `POST /inbox/{id}/thrive`: what the officer found, where the force wants it.
pub async fn thrive(officer: Officer, request: HttpRequest, id: web::Path<String>, fields: Fields) -> Result<HttpResponse, AppError> {
    let conversation = allowed(&officer, &fields, &id).await?;
    let said = thrive::FIELDS.map(|(field, ..)| fields.one(field).split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some((field, fault)) = thrive::check(&said) {
        return mend(officer, &request, id.into_inner(), field, fault).await;
    }
    let (app, actor) = (officer.app().clone(), Actor::Officer(officer.row.id));
    app.clone().run(async move { thrive::weigh(&app, conversation.id, said, &actor).await }).await?;
    Ok(shell::redirect_with(&back_to(&request, &id), "Kept. It stands in the history too."))
}

/// `POST /inbox/undo`
pub async fn undo(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row, token) = (officer.app().clone(), officer.row.clone(), fields.one("token").to_owned());
    let Some(outcome) = app.clone().run(async move { undo::undo(&app, &row, &token).await }).await? else {
        return Ok(shell::redirect_with("/inbox", "It is too late to take that back. Nothing was changed."));
    };
    let sentence = match (outcome.undone.len(), outcome.changed) {
        (0, _) => "Something has changed since, so nothing was taken back.".to_owned(),
        (1, 0) => format!("Taken back: {}.", outcome.sentence),
        (undone, 0) => format!("Taken back for {undone} conversations."),
        (undone, changed) => format!("Taken back for {undone}. Something has changed in {changed} since: left as they are."),
    };
    let to = match outcome.undone.as_slice() {
        [one] => format!("/inbox/{one}"),
        _ => "/inbox".to_owned(),
    };
    Ok(shell::redirect_with(&to, &sentence))
}

/// `POST /inbox/bulk`
pub async fn bulk(officer: Officer, request: HttpRequest, fields: Fields) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let back = list_of(&request);
    let ids = fields.all("pick");
    if ids.is_empty() {
        return Ok(shell::redirect_with(&back, "Tick the conversations first. Nothing was changed."));
    }
    let act = match fields.one("do") {
        // One key, one press: what came of them is on the button.
        _ if fields.has("outcome") => match fields.one("outcome").parse::<Outcome>() {
            Ok(outcome) => Act::Close(outcome),
            Err(_) => return Ok(shell::redirect_with(&back, "Choose what came of them. Nothing was changed.")),
        },
        "tag" => match tag::clean(fields.one("tag")) {
            Ok(name) => Act::Tag(name),
            Err(fault) => return Ok(shell::redirect_with(&back, &format!("{fault}. Nothing was changed."))),
        },
        "take" => Act::Take,
        "read" => Act::Read,
        _ => return Ok(shell::redirect_with(&back, "Choose what to do with them. Nothing was changed.")),
    };
    let (app, row) = (officer.app().clone(), officer.row.clone());
    let outcome = app.clone().run(async move { bulk::run(&app, &row, &ids, &act).await }).await?;
    // What was done says so with its undo.
    Ok(if outcome.done == 0 { shell::redirect_with(&back, &format!("{}.", outcome.sentence)) } else { shell::redirect(&back) })
}
