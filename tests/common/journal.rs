//! A journal file in a temporary directory.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

/// The path of a journal, which may not exist yet. The directory is removed on drop.
pub struct JournalFile {
    pub path: PathBuf,
    directory: PathBuf,
}

impl JournalFile {
    /// Creates the directory, and no file in it.
    pub fn new() -> Self {
        let name = format!("journal-{:016x}", rand::random::<u64>());
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).expect("the directory can be created");
        Self {
            path: directory.join("lecture 1?#%.db"), // a name that is hard to quote
            directory,
        }
    }

    /// Returns the flag that selects this file.
    pub fn flag(&self) -> String {
        let path = self.path.to_str().expect("the path is UTF-8");
        format!("--journal={path}")
    }

    /// Opens the file as any other program would.
    pub fn open(&self) -> Connection {
        Connection::open(&self.path).expect("the file can be opened")
    }

    /// Returns the versions in the file.
    pub fn versions(&self) -> Vec<u64> {
        let file = self.open();
        let query = file.prepare("SELECT version FROM messages ORDER BY version");
        let mut query = query.expect("the table exists");
        let rows = query.query_map([], |row| row.get::<_, i64>(0));
        let rows = rows.expect("the table can be read");
        rows.map(|row| row.expect("a version") as u64).collect()
    }

    /// Asserts that the directory contains no other file, not even a lock.
    pub fn assert_alone(&self) {
        let files = fs::read_dir(&self.directory).expect("the directory exists");
        assert_eq!(files.count(), 1, "other files in the directory");
    }

    /// Returns the name and content of every file in the directory, except the lock.
    pub fn all(&self) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(&self.directory).expect("the directory exists");
        let files = files.map(|file| file.expect("the directory can be listed").path());
        let mut all: Vec<_> = files
            .filter(|path| path.extension().is_none_or(|extension| extension != "lock"))
            .map(|path| {
                let bytes = fs::read(&path).unwrap_or_default(); // fails for a directory
                (path.to_string_lossy().into_owned(), bytes)
            })
            .collect();
        all.sort();
        all
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
