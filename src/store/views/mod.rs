//! Read models: one file a screen. They join what a page shows; they change nothing.

pub mod administration;
pub mod alerts;
pub mod audience;
pub mod audit;
pub mod inbox;
pub mod informants;
pub mod press;
pub mod search;
pub mod tally;
