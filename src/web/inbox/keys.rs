//! `/inbox/keys`: every shortcut, as a page.

use actix_web::HttpResponse;
use askama::Template;

use super::may_read;
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, Shell};

#[derive(Template)]
#[template(path = "inbox/keys.html")]
struct KeysPage {
    shell: Shell,
}

/// `GET /inbox/keys`
pub async fn show(officer: Officer) -> Result<HttpResponse, AppError> {
    may_read(&officer)?;
    let app = officer.app().clone();
    let shell = app.run(async move { shell::officer(&officer.visitor, &officer.row, "Keyboard shortcuts", "inbox").await }).await?;
    shell::page(&KeysPage { shell })
}
