//! `huecry inspect`: what the product makes of a message, for support and for scripts. Reads files or standard input, writes
//! to standard output; never touches the database.

pub mod email;
pub mod sms;
pub mod urgency;
