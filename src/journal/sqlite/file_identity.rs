//! Whether a path still names the file that was opened under it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A path and the file that it names.
pub(super) struct FileIdentity {
    pub(super) path: PathBuf,
    id: FileId,
}

/// Device and number of a file. They are read without opening it: closing it again would release
/// SQLite's POSIX locks.
type FileId = (u64, u64);

impl FileIdentity {
    /// Returns the identity of the file that this path names now.
    ///
    /// # Errors
    /// If there is none, or if it cannot be examined.
    pub(super) fn of(path: PathBuf) -> io::Result<Self> {
        let id = file_id(&path)?;
        Ok(Self { path, id })
    }

    /// Returns whether the path still names the file. What is written to a deleted or replaced
    /// one is lost when the process ends.
    pub(super) fn is_in_place(&self) -> bool {
        file_id(&self.path).is_ok_and(|id| id == self.id)
    }
}

#[cfg(unix)]
fn file_id(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Windows neither deletes nor moves an open file.
#[cfg(not(unix))]
fn file_id(path: &Path) -> io::Result<FileId> {
    fs::metadata(path).map(|_| (0, 0))
}

/// Returns whether a file has a second name. Another server could open it under that name, with
/// another lock file and another write-ahead log (<https://www.sqlite.org/howtocorrupt.html> §2.5).
#[cfg(unix)]
pub(super) fn has_hard_link(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.nlink() > 1)
}

/// On Windows, Rust has no stable function for it.
#[cfg(not(unix))]
pub(super) fn has_hard_link(_: &Path) -> bool {
    false
}
