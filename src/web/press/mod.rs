//! The media team's page.

pub mod volume;
