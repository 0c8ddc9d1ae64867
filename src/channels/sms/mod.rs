//! SMS vendors: one file each, pure. But for SMPP, which is no HTTP: a folder, with a session of its own.

pub mod aws;
pub mod notify;
pub mod smpp;
pub mod twilio;
pub mod vonage;
pub mod vonage_sms;
