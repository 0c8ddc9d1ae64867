//! The officers' inbox: list, conversation, what is done to it, and its originals.

pub mod actions;
pub mod as_sent;
pub mod clock;
pub mod conversation;
pub mod evidence;
pub mod list;
pub mod originals;
pub mod redact;
pub mod search;

use crate::web::error::AppError;
use crate::web::extract::Officer;

/// Only officers read what residents wrote.
fn may_read(officer: &Officer) -> Result<(), AppError> {
    if officer.row.reads_replies() { Ok(()) } else { Err(AppError::Forbidden) }
}
