//! `/admin/groups`: the interest groups that residents choose from.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::may_administer;
use crate::residents::groups::{self, GroupOutcome};
use crate::store::places;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "admin/groups.html")]
struct GroupsPage {
    shell: Shell,
    groups: Vec<GroupView>,
    slug: String,
    name: String,
    description: String,
    errors: Vec<FieldError>,
}

struct GroupView {
    id: i64,
    slug: String,
    name: String,
    description: String,
    residents: i64,
    retired: Option<When>,
}

async fn page(officer: &Officer, typed: [String; 3], errors: Vec<FieldError>) -> Result<GroupsPage, AppError> {
    let (officer, app) = (officer.clone(), officer.app().clone());
    app.clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Interest groups", "admin").await?, app.now());
            let mut conn = app.read().await?;
            let (rows, counts) = (places::list_groups(&mut conn).await?, places::count_residents_by_group(&mut conn).await?);
            let groups = rows.into_iter().map(|row| GroupView {
                residents: counts.iter().find(|count| count.id == row.id).map_or(0, |count| count.residents),
                retired: row.retired_at.map(|at| When::at(at, now)),
                id: row.id,
                slug: row.slug,
                name: row.name,
                description: row.description,
            });
            let [slug, name, description] = typed;
            Ok(GroupsPage { shell, groups: groups.collect(), slug, name, description, errors })
        })
        .await
}

/// `GET /admin/groups`
pub async fn list(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&page(&officer, Default::default(), Vec::new()).await?)
}

/// `POST /admin/groups`
pub async fn add(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let typed = ["slug", "name", "description"].map(|name| fields.one(name).trim().to_owned());
    let (app, by, [slug, name, description]) = (officer.app().clone(), officer.row.id, typed.clone());
    match app.clone().run(async move { groups::add(&app, by, &slug, &name, &description).await }).await? {
        GroupOutcome::Done => Ok(shell::redirect_with("/admin/groups", "The group is added: residents can choose it.")),
        GroupOutcome::Nothing => Err(AppError::NotFound),
        GroupOutcome::Refused(field, sentence) => shell::page_with_errors(&page(&officer, typed, vec![FieldError::new(field, sentence)]).await?),
    }
}

/// `POST /admin/groups/{id}`
pub async fn change(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let (name, description) = (fields.one("name").trim().to_owned(), fields.one("description").trim().to_owned());
    match app.clone().run(async move { groups::rename(&app, by, id, &name, &description).await }).await? {
        GroupOutcome::Done => Ok(shell::redirect_with("/admin/groups", "The group is changed.")),
        GroupOutcome::Nothing => Err(AppError::NotFound),
        GroupOutcome::Refused(field, sentence) => {
            let error = FieldError::new(&format!("{field}-{id}"), sentence);
            shell::page_with_errors(&page(&officer, Default::default(), vec![error]).await?)
        }
    }
}

async fn retire_or_restore(officer: Officer, id: i64, fields: Fields, retire: bool) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by) = (officer.app().clone(), officer.row.id);
    if !app.clone().run(async move { groups::retire(&app, by, id, retire).await }).await? {
        return Err(AppError::NotFound);
    }
    let done = if retire { "Nobody is offered the group any more. You can offer it again below." } else { "The group is offered again." };
    Ok(shell::redirect_with("/admin/groups", done))
}

/// `POST /admin/groups/{id}/retire`
pub async fn retire(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    retire_or_restore(officer, id.into_inner(), fields, true).await
}

/// `POST /admin/groups/{id}/restore`
pub async fn restore(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    retire_or_restore(officer, id.into_inner(), fields, false).await
}
