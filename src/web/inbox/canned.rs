//! `/inbox/canned`: canned answers, to write and retire; and for one conversation, to choose from.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::may_read;
use crate::app::App;
use crate::domain::canned::{self, FIELDS, Values};
use crate::inbox::canned::{NewCanned, Whose};
use crate::inbox::{canned as answers, reading};
use crate::store::accounts::OfficerRow;
use crate::store::canned_answers::CannedRow;
use crate::store::{accounts, alerts, correspondents, residents};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "inbox/canned.html")]
struct CannedPage {
    shell: Shell,
    answers: Vec<Entry>,
    scopes: Vec<Whose>,
    form: NewCanned,
    fields: Vec<String>,
    errors: Vec<FieldError>,
}

struct Entry {
    id: i64,
    name: String,
    whose: &'static str,
    body: String,
    mine: bool,
}

fn entry(row: CannedRow, officer: &OfficerRow) -> Entry {
    let whose = Whose::of(&row);
    Entry { id: row.id, name: row.name, whose: whose.label(), body: row.body, mine: whose.may_change(officer) }
}

/// Officers who answer, and administrators for the force's.
fn may_open(officer: &Officer) -> Result<(), AppError> {
    if officer.row.reads_replies() || Whose::Force.may_change(&officer.row) { Ok(()) } else { Err(AppError::Forbidden) }
}

async fn build(officer: &Officer, form: NewCanned, errors: Vec<FieldError>) -> Result<CannedPage, AppError> {
    let (app, officer) = (officer.app().clone(), officer.clone());
    app.clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "Canned answers", "inbox").await?;
            let rows = answers::list(&app, &officer.row).await?;
            let form = match form.id.and_then(|id| rows.iter().find(|row| row.id == id)) {
                Some(row) if errors.is_empty() => {
                    NewCanned { id: Some(row.id), whose: Whose::of(row).as_str().to_owned(), name: row.name.clone(), body: row.body.clone() }
                }
                _ => form,
            };
            Ok(CannedPage {
                shell,
                scopes: Whose::ALL.iter().copied().filter(|whose| whose.may_change(&officer.row)).collect(),
                answers: rows.into_iter().map(|row| entry(row, &officer.row)).collect(),
                form,
                fields: FIELDS.iter().map(|field| format!("{{{field}}}")).collect(),
                errors,
            })
        })
        .await
}

/// `GET /inbox/canned`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_open(&officer)?;
    let id = form_urlencoded::parse(request.query_string().as_bytes()).find(|(key, _)| key == "id").and_then(|(_, value)| value.parse().ok());
    shell::page(&build(&officer, NewCanned { id, whose: "own".to_owned(), ..NewCanned::default() }, Vec::new()).await?)
}

/// `POST /inbox/canned`
pub async fn act(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_open(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, row) = (officer.app().clone(), officer.row.clone());
    if let Ok(id) = fields.one("retire").parse::<i64>() {
        let done = app.clone().run(async move { answers::retire(&app, &row, id).await }).await?;
        return Ok(shell::redirect_with("/inbox/canned", if done { "It is offered no more." } else { "It is not yours to retire." }));
    }
    let new = NewCanned {
        id: fields.one("id").parse().ok(),
        whose: fields.one("whose").to_owned(),
        name: fields.one("name").to_owned(),
        body: fields.one("body").to_owned(),
    };
    let asked = new.clone();
    let faults = app.clone().run(async move { answers::save(&app, &row, &asked).await }).await?;
    if faults.is_empty() {
        return Ok(shell::redirect_with("/inbox/canned", "Saved."));
    }
    let errors = faults.iter().map(|(field, message)| FieldError::new(field, message)).collect();
    shell::page_with_errors(&build(&officer, new, errors).await?)
}

#[derive(Template)]
#[template(path = "inbox/canned_choice.html")]
struct ChoicePage {
    shell: Shell,
    conversation: String,
    answers: Vec<Filled>,
}

struct Filled {
    id: i64,
    name: String,
    text: String,
}

/// What is filled in for a conversation.
async fn values(app: &App, officer: &OfficerRow, public_id: &str) -> Result<Values, AppError> {
    let found = reading::find(app, officer, public_id).await?.ok_or(AppError::NotFound)?;
    let mut conn = app.read().await?;
    let correspondent = correspondents::get(&mut conn, found.correspondent_id).await?;
    let resident = residents::find_of(&mut conn, &correspondent).await?.map(|(resident, _)| resident.name);
    let alert = match found.alert_id {
        Some(id) => Some(alerts::get(&mut conn, id).await?),
        None => None,
    };
    let team = accounts::list_teams(&mut conn).await?.into_iter().find(|team| Some(team.id) == officer.team_id);
    Ok(Values {
        name: resident.or(correspondent.name).unwrap_or_default(),
        reference: alert.as_ref().map(|alert| alert.reference.clone()).unwrap_or_default(),
        title: alert.map(|alert| alert.title).unwrap_or_default(),
        officer: officer.name.clone(),
        team: team.map_or_else(|| app.config().branding.force.clone(), |team| team.name),
    })
}

/// `GET /inbox/{id}/canned`: each answer as it would go out here.
pub async fn choose(officer: Officer, id: web::Path<String>) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let values = values(&app, &officer.row, &id).await?;
            let rows = answers::list(&app, &officer.row).await?;
            let shell = shell::officer(&officer.visitor, &officer.row, "Choose an answer", "inbox").await?;
            let answers = rows.into_iter().map(|row| Filled { id: row.id, name: row.name, text: canned::fill(&row.body, &values) }).collect();
            Ok::<_, AppError>(ChoicePage { shell, conversation: id.into_inner(), answers })
        })
        .await?;
    shell::page(&page)
}

/// The words of the canned answer that a page was opened with, filled in for its conversation.
pub(super) async fn chosen(app: &App, officer: &OfficerRow, public_id: &str, id: i64) -> Result<Option<String>, AppError> {
    let Some(row) = answers::list(app, officer).await?.into_iter().find(|row| row.id == id) else { return Ok(None) };
    Ok(Some(canned::fill(&row.body, &values(app, officer, public_id).await?)))
}
