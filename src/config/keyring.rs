//! The keyring: HMAC keys in a file of their own, apart from the database and part of the backup.
//!
//! The match key is what suppressions are joined on: it is never rotated without re-keying, and a database that was filled
//! under another one is refused at start. Token keys have ids; the first signs, all verify.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::domain::seal;
use crate::domain::token::{TokenKey, mac};

/// The installation's keys.
#[derive(Clone)]
pub struct Keyring {
    /// Makes match keys.
    pub match_secret: Vec<u8>,
    /// Sign and verify tokens; the first signs.
    pub tokens: Vec<TokenKey>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} token keys)", self.tokens.len())
    }
}

/// Why the keyring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read or written.
    #[error("security.keyring: cannot use {path}: {cause}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The file is not a keyring.
    #[error("security.keyring: {0} is not a keyring: {1}")]
    Form(String, String),
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    match_key: String,
    token_keys: Vec<OnDiskToken>,
}

#[derive(Serialize, Deserialize)]
struct OnDiskToken {
    id: char,
    secret: String,
}

impl Keyring {
    /// Reads the keyring, or makes one if there is no such file.
    pub fn open(path: &Path) -> Result<Self, KeyringError> {
        let file = |cause| KeyringError::File { path: path.display().to_string(), cause };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|cause| KeyringError::Form(path.display().to_string(), cause)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let disk = OnDisk { match_key: crate::domain::ids::secret(), token_keys: vec![OnDiskToken { id: 'a', secret: crate::domain::ids::secret() }] };
                let text = serde_json::to_string_pretty(&disk).unwrap_or_default();
                write_private(path, &text).map_err(file)?;
                tracing::info!(path = %path.display(), "a new keyring was made: put it into the backup, apart from the database");
                Self::parse(&text).map_err(|cause| KeyringError::Form(path.display().to_string(), cause))
            }
            Err(error) => Err(file(error)),
        }
    }

    /// Puts a new token key in front, which signs from the next start on; the others go on verifying. Gives its id.
    pub fn rotate(path: &Path) -> Result<char, KeyringError> {
        let file = |cause| KeyringError::File { path: path.display().to_string(), cause };
        let form = |cause: String| KeyringError::Form(path.display().to_string(), cause);
        let text = std::fs::read_to_string(path).map_err(file)?;
        Self::parse(&text).map_err(form)?;
        let mut disk: OnDisk = serde_json::from_str(&text).map_err(|error| form(error.to_string()))?;
        let id = ('a'..='z')
            .find(|id| disk.token_keys.iter().all(|key| key.id != *id))
            .ok_or_else(|| form("it has a key for every letter: take the last ones out, whose tokens have long run out".to_owned()))?;
        disk.token_keys.insert(0, OnDiskToken { id, secret: crate::domain::ids::secret() });
        // Beside it first, so that a crash leaves the one or the other whole.
        let beside = path.with_extension("new");
        write_private(&beside, &serde_json::to_string_pretty(&disk).unwrap_or_default()).map_err(file)?;
        std::fs::rename(&beside, path).map_err(file)?;
        Ok(id)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let disk: OnDisk = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let match_secret = hex::decode(&disk.match_key).map_err(|error| error.to_string())?;
        let tokens = disk
            .token_keys
            .iter()
            .map(|key| hex::decode(&key.secret).map(|secret| TokenKey { id: key.id, secret }))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        if match_secret.len() < 32 || tokens.is_empty() {
            return Err("a match key of 32 bytes and at least one token key are needed".to_owned());
        }
        Ok(Self { match_secret, tokens })
    }

    /// The key that signs.
    pub fn signing(&self) -> Option<&TokenKey> {
        self.tokens.first()
    }

    /// Encrypts what must be read back, for one purpose.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Option<Vec<u8>> {
        seal::seal(self.signing()?, purpose, plain)
    }

    /// What was sealed for this purpose under any of our keys.
    pub fn open_sealed(&self, purpose: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        seal::open(&self.tokens, purpose, sealed)
    }

    /// Whether what was sealed is under a key that signs no longer, and should be sealed anew.
    pub fn is_sealed_by_an_older_key(&self, sealed: &[u8]) -> bool {
        self.signing().is_some_and(|key| sealed.first().is_some_and(|id| u32::from(*id) != u32::from(key.id)))
    }

    /// What the database remembers of the match key, to refuse a keyring that does not belong to it.
    pub fn fingerprint(&self) -> String {
        hex::encode(mac(&self.match_secret, &[b"fingerprint"]).get(..8).unwrap_or_default())
    }

    /// Keys for tests, the same each time.
    pub fn fixed() -> Self {
        Self { match_secret: vec![7; 32], tokens: vec![TokenKey { id: 'a', secret: vec![9; 32] }] }
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
