//! `/admin/keys`: keys for the HTTP API. A key is shown once, when it is made.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::may_administer;
use crate::accounts::keys;
use crate::audit::Actor;
use crate::store::accounts;
use crate::web::error::AppError;
use crate::web::extract::{Fields, Officer};
use crate::web::shell::{self, FieldError, Shell, When};

#[derive(Template)]
#[template(path = "admin/keys.html")]
struct KeysPage {
    shell: Shell,
    keys: Vec<KeyView>,
    live: usize,
    /// The one that was just made.
    fresh: Option<String>,
    name: String,
    scopes: Vec<ScopeView>,
    errors: Vec<FieldError>,
}

struct KeyView {
    id: i64,
    name: String,
    scopes: String,
    made: When,
    used: Option<When>,
    revoked: Option<When>,
}

struct ScopeView {
    word: &'static str,
    what: &'static str,
    chosen: bool,
}

async fn page(officer: &Officer, fresh: Option<String>, name: String, chosen: &[String], errors: Vec<FieldError>) -> Result<KeysPage, AppError> {
    let scopes = keys::SCOPES.iter().map(|word| ScopeView {
        word,
        what: match *word {
            "alerts" => "publish alerts and read their figures",
            "inbox" => "read replies and answer them",
            _ => "",
        },
        chosen: chosen.iter().any(|known| known == word),
    });
    let scopes = scopes.collect();
    let (officer, app) = (officer.clone(), officer.app().clone());
    app.clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "API keys", "admin").await?, app.now());
            let rows = accounts::list_api_keys(&mut app.read().await?).await?;
            let live = rows.iter().filter(|row| row.revoked_at.is_none()).count();
            let keys = rows.into_iter().map(|row| KeyView {
                id: row.id,
                name: row.name,
                scopes: row.scopes.replace(',', ", "),
                made: When::at(row.created_at, now),
                used: row.last_used_at.map(|at| When::at(at, now)),
                revoked: row.revoked_at.map(|at| When::at(at, now)),
            });
            Ok(KeysPage { shell, keys: keys.collect(), live, fresh, name, scopes, errors })
        })
        .await
}

/// `GET /admin/keys`
pub async fn list(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    shell::page(&page(&officer, None, String::new(), &[], Vec::new()).await?)
}

/// `POST /admin/keys`
pub async fn add(officer: Officer, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (name, scopes) = (fields.one("name").trim().to_owned(), fields.all("scope"));
    let mut errors = Vec::new();
    if name.is_empty() || name.chars().count() > 60 {
        errors.push(FieldError::new("name", "Enter a name that says what the key is for, in 60 characters or fewer"));
    }
    if scopes.is_empty() || !scopes.iter().all(|scope| keys::SCOPES.contains(&scope.as_str())) {
        errors.push(FieldError::new("scope-alerts", "Choose what the key may be used for"));
    }
    if scopes.iter().any(|scope| scope == "inbox") && !officer.row.reads_replies() {
        let sentence = "A key that reads replies is made by somebody who may read them: have another administrator allow you that, or make it";
        errors.push(FieldError::new("scope-inbox", sentence));
    }
    if errors.is_empty() {
        let (app, by, asked, wanted) = (officer.app().clone(), Actor::Officer(officer.row.id), name.clone(), scopes.clone());
        match app.clone().run(async move { keys::add_by(&app, &by, &asked, &wanted).await }).await {
            Ok(key) => return shell::page(&page(&officer, Some(key), String::new(), &[], Vec::new()).await?),
            Err(error) if error.downcast_ref::<diesel::result::Error>().is_some() => return Err(AppError::Internal(error)),
            Err(_) => errors.push(FieldError::new("name", "There is a key of this name already")),
        }
    }
    shell::page_with_errors(&page(&officer, None, name, &scopes, errors).await?)
}

/// `POST /admin/keys/{id}/revoke`
pub async fn revoke(officer: Officer, id: web::Path<i64>, fields: Fields) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    officer.visitor.check_form(fields.one("csrf"))?;
    let (app, by, id) = (officer.app().clone(), officer.row.id, id.into_inner());
    let revoked = app.clone().run(async move { keys::revoke(&app, by, id).await }).await?;
    Ok(shell::redirect_with("/admin/keys", if revoked { "The key is taken back: it opens nothing any more." } else { "The key was taken back already." }))
}
