//! Alerts: the list, writing one, and watching it go.

pub mod compose;
pub mod list;
pub mod outcome;
pub mod show;

/// Why an address got no copy, and how many.
pub struct Exclusion {
    /// A sentence.
    pub reason: String,
    /// Addresses.
    pub count: i64,
}
