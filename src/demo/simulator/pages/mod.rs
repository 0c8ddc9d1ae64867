//! Pages on which a person watches residents' phones and mailboxes, and answers in their name.
//!
//! Owns: what is shown and in which words. Must not: be needed by the gateway or by scripts.
//! Data: from the ledger; forms go to `inbound`, `mail::send` and `mail::unsubscribe`.

pub(crate) mod assets;
pub(crate) mod frame;
pub(crate) mod mailbox;
pub(crate) mod people;
pub(crate) mod phone;
pub(crate) mod view;

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use askama::Template;
use tokio::task::JoinHandle;

use super::gateway::Answer;

/// How long a form waits for the gateway before the page comes back; the rest is seen live.
const FORM_WAIT: Duration = Duration::from_secs(3);

fn render(page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html),
        Err(error) => {
            tracing::error!(%error, "simulator.page.not_rendered");
            HttpResponse::InternalServerError().body("This page could not be shown.")
        }
    }
}

fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, to)).finish()
}

async fn wait_a_little(answer: JoinHandle<Answer>) {
    // The task goes on by itself when this gives up.
    if tokio::time::timeout(FORM_WAIT, answer).await.is_err() {
        tracing::debug!("simulator.form.answer_still_waited_for");
    }
}
