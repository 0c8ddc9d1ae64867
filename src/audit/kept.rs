//! How far the log was sealed, kept beside the keyring, out of the database: whoever cuts the last entries off together with their
//! day's head sets the log back to before what stands here.
//!
//! A log that is restored from a backup lies before it too: then whoever restored it removes the file (docs/evidence.md).

use std::path::{Path, PathBuf};

use super::chain::{Head, HeadKey};
use crate::domain::At;

/// What a head is signed as here.
const AS: &str = "kept";

/// The file.
#[derive(Clone, Debug)]
pub struct Kept {
    path: PathBuf,
}

impl Kept {
    /// Beside this keyring.
    pub fn beside(keyring: &Path) -> Self {
        Self { path: keyring.with_file_name("audit-head") }
    }

    /// What was written last, if it bears our signature; none if there is nothing, or nothing of ours.
    pub fn read(&self, key: &HeadKey) -> Option<Head> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        let mut words = text.split_whitespace();
        let (head, at, mac) = (words.next()?.parse::<Head>().ok()?, words.next()?.parse().ok()?, hex::decode(words.next()?).ok()?);
        let at = At::from(chrono::DateTime::from_timestamp_micros(at)?);
        (key.sign(AS, head, at).as_slice() == mac).then_some(head)
    }

    /// Writes it: whole or not at all.
    pub fn write(&self, key: &HeadKey, head: Head, at: At) -> std::io::Result<()> {
        let line = format!("{head} {} {}\n", at.naive().and_utc().timestamp_micros(), hex::encode(key.sign(AS, head, at)));
        let draft = self.path.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&draft, line)?;
        std::fs::rename(&draft, &self.path)
    }
}
