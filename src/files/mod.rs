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
        let files = Self { dir: dir.to_owned() };
        files.sweep()?;
        Ok(files)
    }

    /// Removes what a process that was killed had begun and never kept. Another node may be writing: only what is a day old.
    fn sweep(&self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.dir)? {
            let entry = entry?;
            let old = entry.metadata().and_then(|about| about.modified()).ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() > 86_400);
            if old && entry.file_name().to_string_lossy().starts_with('.') && entry.file_type()?.is_file() {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Keeps bytes; gives their SHA-256. Bytes that are there already are written again, so that they are as young as the row
    /// that is about to name them: see [`Self::forget`].
    pub async fn put(&self, bytes: &[u8]) -> std::io::Result<[u8; 32]> {
        let mut draft = self.begin().await?;
        draft.write(bytes).await?;
        draft.keep().await
    }

    /// Removes bytes that no row names, unless they were written within `young`: a row that names them may be on its way.
    /// Gives whether they are gone.
    pub async fn forget(&self, hash: &[u8], young: std::time::Duration) -> std::io::Result<bool> {
        let path = self.path_of(hash);
        // Out of the way first: bytes that are written now come to stand in its place and stay.
        let aside = self.dir.join(format!(".{}", crate::domain::ids::public_id()));
        match tokio::fs::rename(&path, &aside).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        }
        let age = tokio::fs::metadata(&aside).await?.modified()?.elapsed().unwrap_or_default();
        if age < young {
            tokio::fs::rename(&aside, &path).await?;
            return Ok(false);
        }
        tokio::fs::remove_file(&aside).await?;
        Ok(true)
    }

    /// Begins a file whose bytes are still on their way.
    pub async fn begin(&self) -> std::io::Result<Draft> {
        // Written under another name first: a crash leaves no half file under a hash.
        let path = self.dir.join(format!(".{}", crate::domain::ids::public_id()));
        let file = tokio::fs::File::create(&path).await?;
        Ok(Draft { files: self.clone(), path: Some(path), file, hash: Sha256::new() })
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

    /// The file of a hash, to be read in pieces. Whoever reads it to its end holds it against the hash.
    pub fn open_at(&self, hash: &[u8]) -> std::io::Result<std::fs::File> {
        std::fs::File::open(self.path_of(hash))
    }

    /// Begins a file that is written here and there, as a ZIP is, and not on the async side.
    pub fn begin_seekable(&self) -> std::io::Result<Seekable> {
        let path = self.dir.join(format!(".{}", crate::domain::ids::public_id()));
        let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path)?;
        Ok(Seekable { files: self.clone(), path: Some(path), file })
    }

    fn path_of(&self, hash: &[u8]) -> PathBuf {
        let name = hex::encode(hash);
        self.dir.join(name.get(..2).unwrap_or("00")).join(&name)
    }
}

/// A file on its way in. Dropped before it is kept, it is gone.
pub struct Draft {
    files: Files,
    path: Option<PathBuf>,
    file: tokio::fs::File,
    hash: Sha256,
}

impl Draft {
    /// The next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes).await
    }

    /// Makes it durable under its SHA-256, and gives that.
    pub async fn keep(mut self) -> std::io::Result<[u8; 32]> {
        let hash: [u8; 32] = std::mem::take(&mut self.hash).finalize().into();
        let target = self.files.path_of(&hash);
        let folder = target.parent().map_or_else(|| self.files.dir.clone(), Path::to_owned);
        if !tokio::fs::try_exists(&folder).await? {
            tokio::fs::create_dir_all(&folder).await?;
            tokio::fs::File::open(&self.files.dir).await?.sync_all().await?;
        }
        self.file.flush().await?;
        self.file.sync_all().await?;
        if let Some(path) = &self.path {
            tokio::fs::rename(path, &target).await?;
            self.path = None;
        }
        // The name itself is durable only once its folder is.
        tokio::fs::File::open(&folder).await?.sync_all().await?;
        Ok(hash)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing names it, so that a failure costs a little space only.
            let _left = std::fs::remove_file(path);
        }
    }
}

/// A file that is written here and there. Dropped before it is kept, it is gone.
pub struct Seekable {
    files: Files,
    path: Option<PathBuf>,
    file: std::fs::File,
}

impl Seekable {
    /// To write to.
    pub fn file(&mut self) -> &mut std::fs::File {
        &mut self.file
    }

    /// Makes it durable under its SHA-256; gives that and its size.
    pub fn keep(mut self) -> std::io::Result<([u8; 32], u64)> {
        use std::io::{Read, Seek};
        self.file.rewind()?;
        let (mut hash, mut size, mut piece) = (Sha256::new(), 0_u64, vec![0; 128 << 10]);
        loop {
            let read = self.file.read(&mut piece)?;
            let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else { break };
            hash.update(part);
            size += u64::try_from(read).unwrap_or(0);
        }
        self.file.sync_all()?;
        let hash: [u8; 32] = hash.finalize().into();
        let target = self.files.path_of(&hash);
        let folder = target.parent().map_or_else(|| self.files.dir.clone(), Path::to_owned);
        std::fs::create_dir_all(&folder)?;
        if let Some(path) = &self.path {
            std::fs::rename(path, &target)?;
            self.path = None;
        }
        std::fs::File::open(&folder)?.sync_all()?;
        std::fs::File::open(&self.files.dir)?.sync_all()?;
        Ok((hash, size))
    }
}

impl Drop for Seekable {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // As above.
            let _left = std::fs::remove_file(path);
        }
    }
}

/// SHA-256 of bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
