//! `/admin/teams`: neighbourhood teams and where they work.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::{Choice, may_administer};
use crate::accounts::officers::{self, ChangeOutcome};
use crate::store::views::administration;
use crate::store::{accounts, places};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell};

#[derive(Template)]
#[template(path = "admin/teams.html")]
struct TeamsPage {
    shell: Shell,
    teams: Vec<TeamView>,
    areas: Vec<Choice>,
    name: String,
    errors: Vec<FieldError>,
}

struct TeamView {
    id: i64,
    name: String,
    /// The name of its area.
    area: String,
    areas: Vec<Choice>,
    officers: i64,
}

async fn page(officer: &Officer, name: String, errors: Vec<FieldError>) -> Result<TeamsPage, AppError> {
    let (officer, app) = (officer.clone(), officer.app().clone());
    app.clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "Teams", "admin").await?;
            let mut conn = app.read().await?;
            let teams = accounts::list_teams(&mut conn).await?;
            let counts = administration::count_officers_by_team(&mut conn).await?;
            // Sectors are too many to choose from, and no team works in one alone.
            let areas: Vec<_> = places::list_areas(&mut conn).await?.into_iter().filter(|area| area.kind != "sector").collect();
            let choices = |chosen: Option<i64>| {
                let chosen = chosen.map(|id| id.to_string()).unwrap_or_default();
                let first = Choice::new("", "No area", &chosen);
                std::iter::once(first).chain(areas.iter().map(|area| Choice::new(&area.id.to_string(), &area.name, &chosen))).collect::<Vec<_>>()
            };
            let view = |team: accounts::TeamRow| TeamView {
                area: areas.iter().find(|area| Some(area.id) == team.area_id).map_or_else(|| "No area".to_owned(), |area| area.name.clone()),
                areas: choices(team.area_id),
                officers: counts.iter().find(|count| count.id == team.id).map_or(0, |count| count.count),
                id: team.id,
                name: team.name,
            };
            Ok(TeamsPage { shell, teams: teams.into_iter().map(view).collect(), areas: choices(None), name, errors })
        })
        .await
}

/// `GET /admin/teams`
pub async fn list(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&page(&officer, String::new(), Vec::new()).await?)
}

async fn put(officer: Officer, id: Option<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, name, area) = (officer.app().clone(), officer.row.id, fields.one("name").to_owned(), fields.one("area").parse().ok());
    let asked = name.clone();
    match app.clone().run(async move { officers::put_team(&app, by, id, &asked, area).await }).await? {
        ChangeOutcome::Done => Ok(shell::redirect_with("/admin/teams", if id.is_some() { "The team is changed." } else { "The team is added." })),
        ChangeOutcome::Nobody => Err(AppError::NotFound),
        ChangeOutcome::Refused(_, sentence) => {
            let field = id.map_or_else(|| "name".to_owned(), |id| format!("name-{id}"));
            let name = if id.is_some() { String::new() } else { name };
            shell::page_with_errors(&page(&officer, name, vec![FieldError::new(&field, &sentence)]).await?)
        }
    }
}

/// `POST /admin/teams`
pub async fn add(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    put(officer, None, fields).await
}

/// `POST /admin/teams/{id}`
pub async fn change(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    put(officer, Some(id.into_inner()), fields).await
}
