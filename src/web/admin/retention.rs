//! `/admin/retention`: how long what is kept, what is due, what is held and what went last.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::may_administer;
use crate::domain::retention::Kept;
use crate::inbox::holds::{self, HoldReason};
use crate::privacy::retention;
use crate::store::views::audit::{Filter, search};
use crate::store::{accounts, legal_holds};
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, Shell, When};

/// Holds and disposals that one page shows.
const MOST: i64 = 100;

#[derive(Template)]
#[template(path = "admin/retention.html")]
struct RetentionPage {
    shell: Shell,
    rules: Vec<RuleView>,
    holds: Vec<HoldView>,
    disposals: Vec<DisposalView>,
    as_of: When,
}

struct RuleView {
    what: &'static str,
    months: u32,
    due: i64,
    soon: i64,
}

struct HoldView {
    id: i64,
    reference: String,
    reason: &'static str,
    by: String,
    since: When,
    looks: String,
}

struct DisposalView {
    when: When,
    what: &'static str,
    count: i64,
    number: String,
}

/// `GET /admin/retention`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Keeping", "admin").await?, app.now());
            let rules = retention::look(&app).await?;
            let mut conn = app.read().await?;
            let (standing, officers) = (legal_holds::list_standing(&mut conn, MOST).await?, accounts::list_officers(&mut conn).await?);
            let filter = Filter { action: Some("retention.dispose".to_owned()), ..Filter::default() };
            let gone = search(&mut conn, &filter, MOST).await?;
            let holds = standing.into_iter().map(|(row, public_id)| HoldView {
                id: row.id,
                reason: row.reason.parse().map_or("Kept", HoldReason::told),
                by: officers.iter().find(|officer| officer.id == row.officer_id).map(|officer| officer.name.clone()).unwrap_or_default(),
                since: When::at(row.from_at, now),
                looks: format!("/inbox/{public_id}/views"),
                reference: row.reference,
            });
            let disposals = gone.into_iter().map(|row| DisposalView {
                when: When::at(row.created_at, now),
                what: row.detail.get("rule").and_then(serde_json::Value::as_str).and_then(|word| word.parse().ok()).map_or("Records", Kept::told),
                count: row.detail.get("count").and_then(serde_json::Value::as_i64).unwrap_or(1),
                number: row.subject_id.map(|id| id.to_string()).unwrap_or_default(),
            });
            let rules = rules.into_iter().map(|rule| RuleView { what: rule.kind.told(), months: rule.months, due: rule.due, soon: rule.soon });
            Ok::<_, AppError>(RetentionPage {
                shell,
                rules: rules.collect(),
                holds: holds.collect(),
                disposals: disposals.collect(),
                as_of: When::at(now, now),
            })
        })
        .await?;
    shell::page(&page)
}

/// `POST /admin/holds/{id}/lift`
pub async fn lift(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    if !app.clone().run(async move { holds::lift(&app, by, id).await }).await? {
        return Err(AppError::NotFound);
    }
    Ok(shell::redirect_with("/admin/retention", "The hold is lifted. The rules apply to that conversation again."))
}
