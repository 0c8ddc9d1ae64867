//! Officers' way in and out.

pub mod directory;
pub mod error;
pub mod reset;
pub mod sign_in;
