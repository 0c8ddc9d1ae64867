//! Hue and Cry.
pub mod app;
pub mod audit;
pub mod channels;
pub mod clock;
pub mod config;
pub mod domain;
pub mod files;
pub mod inbound;
pub mod outbound;
pub mod store;
