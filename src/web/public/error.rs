//! The page for anything that cannot be shown, with what to do.

use askama::Template;

use crate::app::App;
use crate::web::api::Problem;
use crate::web::error::AppError;
use crate::web::extract::Visitor;
use crate::web::shell::{self, Shell};

/// An error, for people.
#[derive(Template)]
#[template(path = "public/error.html")]
pub struct ErrorPage {
    shell: Shell,
    status: u16,
    heading: String,
    sentence: String,
}

impl ErrorPage {
    /// The page as HTML; none if even that fails.
    pub fn render_for(app: &App, status: u16, heading: &str, sentence: &str) -> Option<String> {
        let shell = Shell {
            brand: shell::brand(app),
            title: heading.to_owned(),
            csrf: String::new(),
            officer: None,
            active: "",
            notice: None,
            undo: None,
            live: false,
        };
        let page = Self { shell, status, heading: heading.to_owned(), sentence: sentence.to_owned() };
        page.render().ok()
    }
}

/// Whatever has no route; programs get their own kind of answer. Who asks is looked at so that officers get a page of theirs.
pub async fn not_found(request: actix_web::HttpRequest, _: Option<Visitor>) -> Result<actix_web::HttpResponse, AppError> {
    if request.path().starts_with("/api/") {
        return Ok(actix_web::ResponseError::error_response(&Problem::NotFound("resource")));
    }
    Err(AppError::NotFound)
}
