//! Officers' way in and out.

pub mod sign_in;
