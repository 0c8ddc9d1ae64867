//! The way out: an officer's words to residents' phones and mailboxes.
//!
//! `compose` → `audience` → `publish` (a frozen audience) → `fan_out` (in chunks, by a resumable worker) → `outbox` (claimed by
//! lease) → `dispatch` (handed to a channel) → `receipts`. The pure steps decide; the others store and send.

pub mod after_opt_out;
pub mod audience;
pub mod blocks;
pub mod breaker;
pub mod compose;
pub mod dispatch;
pub mod enqueue;
pub mod fan_out;
pub mod forecast;
pub mod hold;
pub mod hygiene;
pub mod outcome;
pub mod pace;
pub mod progress;
pub mod publish;
pub mod receipts;
pub mod reconcile;
mod reroute;
pub mod retry;
pub mod segments;
pub mod sender_pool;
pub mod standing;
