//! All SQL. Two databases, one set of queries.
//!
//! Every function takes `&mut Conn` and returns `QueryResult`, so that functions compose inside one transaction. One file a
//! table (`…Row`, named queries) and one file a screen in `views/` (read models). Nothing outside this room writes SQL;
//! nothing here decides anything: decisions come from the pure rooms and are stored as they were made.

pub mod db;
pub mod migrate;
pub mod moving;
pub mod presence;
pub mod schema;
pub mod types;
pub mod views;
pub mod wake;
pub mod written;

pub mod accounts;
pub mod alert_closings;
pub mod alert_holds;
pub mod alerts;
pub mod audit_log;
pub mod bounce_scores;
pub mod canned_answers;
pub mod codes;
pub mod conversations;
pub mod correspondents;
pub mod deliveries;
pub mod envelopes;
pub mod events;
pub mod exhibits;
pub mod exports;
pub mod factors;
pub mod fan_out;
pub mod findings;
pub mod forgotten_files;
pub mod gates;
pub mod handovers;
pub mod identities;
pub mod legal_holds;
pub mod listings;
pub mod load;
pub mod mailboxes;
pub mod marks;
pub mod messages;
pub mod months;
pub mod moves;
pub mod notices;
pub mod nudges;
pub mod number_faults;
pub mod outages;
pub mod outbox;
pub mod outcomes;
pub mod pair_holds;
pub mod password_resets;
pub mod pauses;
pub mod people;
pub mod places;
pub mod presences;
pub mod provider_blocks;
pub mod receipts;
pub mod replay_keys;
pub mod residents;
pub mod retention;
pub mod saved_views;
pub mod search_entries;
pub mod sessions;
pub mod settings;
pub mod sign_in_tallies;
pub mod suppressions;
pub mod tags;
pub mod text_parts;
pub mod thrives;
pub mod undos;
pub mod unmasks;
pub mod urgencies;
pub mod working_copies;

pub use db::{Backend, Conn, Db};
