//! The page for what cannot be shown to an officer: with their own pages around it, and the way back.

use askama::Template;

use super::sign_in::home_of;
use crate::web::extract::OfficerSeen;
use crate::web::shell::{self, Shell};

#[derive(Template)]
#[template(path = "officers/error.html")]
struct OfficerErrorPage {
    shell: Shell,
    status: u16,
    heading: String,
    sentence: String,
    home: &'static str,
}

/// The page as HTML; none if even that fails.
pub async fn render_for(seen: OfficerSeen, status: u16, heading: &str, sentence: &str) -> Option<String> {
    let app = seen.visitor.app.clone();
    let (heading, sentence) = (heading.to_owned(), sentence.to_owned());
    let shell = app.run(async move { shell::officer(&seen.visitor, &seen.row, &heading, "").await.map(|shell| (shell, seen.row, heading)) }).await;
    let (shell, row, heading) = shell.ok()?;
    OfficerErrorPage { shell, status, heading, sentence, home: home_of(&row) }.render().ok()
}
