//! What officers see and change of their own account.

pub mod codes;
pub mod security;
