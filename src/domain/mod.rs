//! `[pure]` The vocabulary: what the house talks about, with no store, no network and no clock.
//!
//! Owns the words of design section 1 as types. Must not import any other room. Every other room imports it.

pub mod address;
pub mod alert;
pub mod at;
pub mod attempts;
pub mod audience;
pub mod bounds;
pub mod browser;
pub mod canned;
pub mod closing;
pub mod delivery;
pub mod file_name;
pub mod finding;
pub mod fold;
pub mod gsm;
pub mod html;
pub mod ids;
pub mod inbound;
pub mod officer;
pub mod place;
pub mod proof;
pub mod quiet;
pub mod reference;
pub mod retention;
pub mod seal;
pub mod search;
pub mod sight;
pub mod token;
pub mod totp;
pub mod words;

pub use address::{Address, Email, MatchKey, Phone};
pub use at::At;
pub use ids::Ids;
