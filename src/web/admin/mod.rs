//! The administrator's pages.

pub mod parked;
