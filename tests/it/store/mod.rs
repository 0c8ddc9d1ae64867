//! The store on both databases: one file a table or queue. Every test gets a database of its own from `on_both!`.

mod accounts;
mod alert_holds;
mod alerts;
mod audience;
mod clock;
mod conversations;
mod deliveries;
mod envelopes;
mod fan_out;
mod gates;
mod ledgers;
mod mailboxes;
mod messages;
mod months;
mod moving;
mod numbers;
mod outbox;
mod pair_holds;
mod receipts;
mod residents;
mod search;
mod suppressions;
mod times;
mod transactions;
mod views;
mod wake;
