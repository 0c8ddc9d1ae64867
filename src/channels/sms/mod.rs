//! SMS vendors: one file each, pure.

pub mod twilio;
pub mod vonage;
pub mod vonage_sms;
