//! The way in: raw bytes to an item in the owning officer's inbox.
//!
//! `intake` stores the envelope (and an exact STOP) before anything is answered → `process` → `channels::…::parse` →
//! `understand` (`normalise`, `classify`) → `thread` → `route` → the store. Everything after `intake` can be replayed from it.

mod acknowledge;
pub mod classify;
mod filing;
pub mod fill;
pub mod intake;
pub mod listen;
pub mod listing;
mod mail;
pub mod normalise;
pub mod parts;
mod phrases;
pub mod poll;
pub mod process;
mod receipt;
pub mod recognise;
mod returned;
pub mod route;
pub mod sender;
mod text;
pub mod thread;
pub mod understand;
mod way_out;
mod wish;
