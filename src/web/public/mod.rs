//! What everybody sees.

pub mod error;
pub mod front;
