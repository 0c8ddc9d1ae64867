//! Originals and attachments by content hash. A file is written and synced before the row that names it.
//!
//! Must not know what the bytes mean. Data comes from `inbound` (large raw mail, attachments), goes to pages and exports.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

/// The folder of content-addressed files.
#[derive(Clone, Debug)]
pub struct Files {
    dir: PathBuf,
}

impl Files {
    /// Opens the folder, making it if need be.
    pub fn open(dir: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Keeps bytes; gives their SHA-256. Bytes that are there already are not written again.
    pub async fn put(&self, bytes: &[u8]) -> std::io::Result<[u8; 32]> {
        let hash = sha256(bytes);
        let path = self.path_of(&hash);
        if tokio::fs::try_exists(&path).await? {
            return Ok(hash);
        }
        let folder = path.parent().map_or_else(|| self.dir.clone(), Path::to_owned);
        tokio::fs::create_dir_all(&folder).await?;
        // Written under another name first: a crash leaves no half file under the hash.
        let draft = folder.join(format!(".{}-{}", hex::encode(hash), crate::domain::ids::public_id()));
        let mut file = tokio::fs::File::create(&draft).await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        tokio::fs::rename(&draft, &path).await?;
        // The name itself is durable only once its folder is.
        tokio::fs::File::open(&folder).await?.sync_all().await?;
        Ok(hash)
    }

    /// The bytes of a hash, checked against it.
    pub async fn get(&self, hash: &[u8]) -> std::io::Result<Vec<u8>> {
        let bytes = tokio::fs::read(self.path_of(hash)).await?;
        if sha256(&bytes).as_slice() == hash {
            Ok(bytes)
        } else {
            Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a stored file no longer matches its hash"))
        }
    }

    fn path_of(&self, hash: &[u8]) -> PathBuf {
        let name = hex::encode(hash);
        self.dir.join(name.get(..2).unwrap_or("00")).join(&name)
    }
}

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
