//! Read models: one file a screen.
pub mod audience;
