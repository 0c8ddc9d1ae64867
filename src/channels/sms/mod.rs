//! SMS vendors: one file each, pure.

pub mod notify;
pub mod twilio;
