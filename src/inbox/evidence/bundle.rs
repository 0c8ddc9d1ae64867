//! The ZIP: files one after the other, each hashed as it is written, and a manifest of all of them at the end.
//!
//! Nothing is held in memory but a piece of one file at a time.

use std::io::{Read, Seek, Write};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The manifest's name in the ZIP.
pub const MANIFEST: &str = "MANIFEST.sha256";

/// Why the ZIP could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// What was stored is not what was sealed.
    #[error("{0} no longer matches the seal that it was given when it came in: ask your administrator to look at it before anything is exported")]
    Changed(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The ZIP's own limits.
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
}

/// A ZIP that is being written.
pub struct Bundle<W: Write + Seek> {
    zip: ZipWriter<W>,
    manifest: String,
    files: u64,
}

impl<W: Write + Seek> Bundle<W> {
    /// Begins one.
    pub fn begin(out: W) -> Self {
        Self { zip: ZipWriter::new(out), manifest: String::new(), files: 0 }
    }

    /// Adds a text of ours.
    pub fn add_text(&mut self, name: &str, text: &[u8]) -> Result<(), BundleError> {
        self.add(name, text, None, CompressionMethod::Deflated)
    }

    /// Adds bytes as they came in, which must still have the hash that they were sealed with.
    pub fn add_sealed(&mut self, name: &str, bytes: impl Read, sha256: &[u8]) -> Result<(), BundleError> {
        self.add(name, bytes, Some(sha256), CompressionMethod::Stored)
    }

    fn add(&mut self, name: &str, mut bytes: impl Read, sealed: Option<&[u8]>, method: CompressionMethod) -> Result<(), BundleError> {
        self.zip.start_file(name, SimpleFileOptions::default().compression_method(method).unix_permissions(0o444))?;
        let (mut hash, mut piece) = (Sha256::new(), vec![0; 128 << 10]);
        loop {
            let read = bytes.read(&mut piece)?;
            let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
            hash.update(part);
            self.zip.write_all(part)?;
        }
        let hash: [u8; 32] = hash.finalize().into();
        if sealed.is_some_and(|sealed| sealed != hash) {
            return Err(BundleError::Changed(name.to_owned()));
        }
        // Two blanks: the form that `sha256sum -c` reads.
        self.manifest.extend([hex::encode(hash).as_str(), "  ", name, "\n"]);
        self.files += 1;
        Ok(())
    }

    /// How many files are in it.
    pub const fn files(&self) -> u64 {
        self.files
    }

    /// Writes the manifest and ends the ZIP; gives the manifest's SHA-256.
    pub fn finish(mut self) -> Result<[u8; 32], BundleError> {
        self.zip.start_file(MANIFEST, SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(0o444))?;
        self.zip.write_all(self.manifest.as_bytes())?;
        self.zip.finish()?.flush()?;
        Ok(Sha256::digest(self.manifest.as_bytes()).into())
    }
}
