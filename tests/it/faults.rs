//! What may break around the gateway: its process, its clients, its database. Nothing that was acknowledged may be lost,
//! and nothing kept twice.

mod alert_killed;
mod carrier;
mod county;
mod database_lost;
mod hang_up;
mod kill;
mod kill_mail;
mod records;
mod webhooks;
