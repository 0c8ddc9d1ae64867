//! The officers' inbox: list, conversation, what is done to it, and its originals.

pub mod actions;
pub mod acts;
pub mod as_sent;
pub mod canned;
pub mod clock;
pub mod conversation;
pub mod desk;
pub mod evidence;
pub mod keys;
pub mod list;
mod message;
pub mod originals;
pub mod privacy;
pub mod redact;
pub mod search;
mod why;

use actix_web::HttpRequest;

use crate::web::error::AppError;
use crate::web::extract::Officer;

/// Said to whoever puts away what they have not seen.
const UNSEEN: &str = "Something new came in since you looked, so nothing was done. Read it below, then do it again";

/// Said to whoever names an alert that is not there.
const NO_SUCH_ALERT: &str = "No current alert has this reference or these words in its title. Type a part of either";

/// Only officers read what residents wrote.
fn may_read(officer: &Officer) -> Result<(), AppError> {
    if officer.row.reads_replies() { Ok(()) } else { Err(AppError::Forbidden) }
}

/// The page of a conversation, with the list beside it as it was.
fn back_to(request: &HttpRequest, id: &str) -> String {
    format!("/inbox/{id}{}", tail(request))
}

/// The list as it was.
fn list_of(request: &HttpRequest) -> String {
    format!("/inbox{}", tail(request))
}

fn tail(request: &HttpRequest) -> String {
    if request.query_string().is_empty() { String::new() } else { format!("?{}", request.query_string()) }
}
