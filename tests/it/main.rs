//! The suite: one binary, so that it links once. Where a new test goes:
//! a store function: `store/`; a table or index: `migrations`; what a vendor sends: a file in `fixtures/providers/`; who may
//! import whom: `rules`. `support/` holds what several of them need; a database comes from `support::db::on_both!`.
#![cfg(test)]

#[macro_use]
mod support;

mod accounts;
mod attribution;
mod audit;
mod browser;
mod corpus;
mod dispatch;
mod evidence;
mod faults;
mod inbox;
mod journeys;
mod mail_out;
mod mailbox;
mod migrations;
mod outages;
mod plans;
mod privacy;
mod program;
mod providers;
mod races;
mod rules;
mod sdks;
mod smpp;
mod store;
mod urgency;
mod web;
mod wishes;
