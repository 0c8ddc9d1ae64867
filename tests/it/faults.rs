//! What may break around the gateway: its process, its clients, its database. Nothing that was acknowledged may be lost,
//! and nothing kept twice.

mod alert_killed;
mod alert_nodes;
mod carrier;
mod clocks;
mod county;
mod database_lost;
mod hang_up;
mod held;
mod kill;
mod kill_mail;
mod opt_out_race;
mod provider_trouble;
mod records;
mod server_restarted;
mod stalled;
mod webhooks;
