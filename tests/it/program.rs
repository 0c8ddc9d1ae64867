//! The program as its user meets it: what it prints, what it leaves, what it returns.

mod administration;
mod audit_log;
mod configuration;
mod demo;
pub(crate) mod process;
mod setting_up;
