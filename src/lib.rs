//! Hue and Cry: two-way public alerting between a police force and its public. This page is the map.
//!
//! # The two journeys
//! Out: [`web`]`::alerts::compose` → [`outbound`]`::compose` → `audience` → `publish` (the alert and its frozen audience in
//! one transaction) → `fan_out` (a resumable worker, in chunks within the database) → `outbox` (claimed by lease) → `dispatch` → [`channels`] →
//! recorded → receipts.
//!
//! In: [`web`]`::webhooks` or [`inbound`]`::poll` → [`channels`]`::…::verify` → [`inbound`]`::intake` (the envelope and an
//! exact STOP commit; only then the answer) → `process` → [`channels`]`::…::parse` → `understand` (`normalise`, `classify`) → `thread` →
//! `route` → [`store`] → [`web`]`::inbox`, live.
//!
//! # Who may use whom
//! `main` and [`web`], [`workers`], [`demo`], [`inspect`] stand above the use-case rooms ([`outbound`], [`inbound`], [`inbox`],
//! [`residents`], [`press`], [`privacy`], [`accounts`], [`audit`]); these use [`store`], [`files`] and [`domain`], and [`app`], which
//! hands them out. Only [`store`] writes SQL, only [`channels`] opens sockets to carriers, only [`config`] reads the
//! environment, only [`clock`] reads the time. A test holds the code to it (`tests/it/rules.rs`).

pub mod accounts;
pub mod app;
pub mod audit;
pub mod channels;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod files;
pub mod inbound;
pub mod inbox;
pub mod inspect;
pub mod outbound;
pub mod press;
pub mod privacy;
pub mod residents;
pub mod store;
pub mod telemetry;
pub mod web;
pub mod workers;
