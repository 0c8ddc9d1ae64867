//! Officers' way in and out.

pub mod reset;
pub mod sign_in;
