//! Residents: joining, coming back, changing, leaving, and imports. No password: a code by text or mail, used by POST only.

pub mod codes;
pub mod groups;
pub mod import;
pub mod join;
pub mod leave;
pub mod places;
pub mod preferences;
