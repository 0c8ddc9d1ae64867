//! Residents' pages: one question a page, no password, nothing changes on GET.

pub mod account;
pub mod join;
pub mod leave;
pub mod sign_in;
