//! SMS vendors: one file each, pure.

pub mod aws;
pub mod twilio;
