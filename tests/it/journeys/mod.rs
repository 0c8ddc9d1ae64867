//! The main jobs end to end, over real HTTP, on both databases.

mod alert_and_replies;
mod by_bind;
mod carriers_no;
mod each_provider;
mod holds;
mod imports;
mod mail_machines;
mod mail_stop;
mod moved_by_hand;
mod new_owners;
mod opt_out;
mod outcome;
mod press_desk;
mod residents_site;
mod seed;
mod several_routes;
mod urgent;
mod wishes;
