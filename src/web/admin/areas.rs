//! `/admin/areas`: where people live, with how many and whose. Areas come in by `huecry import areas`.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{may_administer, query};
use crate::store::{accounts, places};
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, Shell};

/// So many are shown; a search narrows them.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "admin/areas.html")]
struct AreasPage {
    shell: Shell,
    areas: Vec<AreaView>,
    found: usize,
    total: usize,
    asked: String,
}

struct AreaView {
    code: String,
    name: String,
    kind: &'static str,
    within: String,
    residents: i64,
    teams: Vec<String>,
}

/// `GET /admin/areas`
pub async fn list(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    let (app, asked) = (officer.app().clone(), query(&request, "q"));
    let page = app
        .clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "Areas", "admin").await?;
            let mut conn = app.read().await?;
            let areas = places::list_areas(&mut conn).await?;
            let (counts, teams) = (places::count_residents_by_area(&mut conn).await?, accounts::list_teams(&mut conn).await?);
            let wanted = asked.to_lowercase();
            let named = |id: Option<i64>| areas.iter().find(|area| Some(area.id) == id).map(|area| area.name.clone()).unwrap_or_default();
            // Without a search the sectors, of which there are hundreds, are left to it.
            let fits = |area: &&places::AreaRow| {
                if wanted.is_empty() { area.kind != "sector" } else { format!("{} {}", area.name, area.code).to_lowercase().contains(&wanted) }
            };
            let found: Vec<_> = areas.iter().filter(fits).collect();
            let view = |area: &&places::AreaRow| AreaView {
                code: area.code.clone(),
                name: area.name.clone(),
                kind: match area.kind.as_str() {
                    "district" => "District",
                    "sector" => "Postcode sector",
                    _ => "The force’s own",
                },
                within: named(area.parent_id),
                residents: counts.iter().find(|count| count.id == area.id).map_or(0, |count| count.residents),
                teams: teams.iter().filter(|team| team.area_id == Some(area.id)).map(|team| team.name.clone()).collect(),
            };
            let shown = found.iter().take(MOST).map(view).collect();
            Ok::<_, AppError>(AreasPage { shell, areas: shown, found: found.len(), total: areas.len(), asked })
        })
        .await?;
    shell::page(&page)
}
