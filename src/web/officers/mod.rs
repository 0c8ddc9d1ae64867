//! Officers' way in and out.

pub mod directory;
pub mod reset;
pub mod sign_in;
