//! The text provider as the gateway meets it, in Twilio's wire format.
//!
//! Owns: the provider's words, ids and shapes. Must not: show anything to people.
//! Data: the gateway's REST calls come in; signed receipts and residents' texts go out.

pub(crate) mod inbound;
pub(crate) mod listing;
pub(crate) mod receipts;
pub(crate) mod rest;
mod signature;
mod wire;
