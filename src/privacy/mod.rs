//! What is owed to the people in the records: nothing is kept longer than the rules say unless it is held, and whoever asks gets
//! what we hold of them, or has it erased.
//!
//! Data comes from every table that names a person; what goes out is disposals, a ZIP for the person, and entries in the audit
//! log that say what was done without saying to whom.

pub mod access;
pub mod bounds;
pub mod erasure;
pub mod months;
pub mod people;
pub mod retention;
