//! A journal's file, in a folder of its own.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

/// A journal's file, or the place for one. It goes with all that is beside it when this is
/// dropped.
pub struct JournalFile {
    pub path: PathBuf,
    folder: PathBuf,
}

impl JournalFile {
    /// A place where nothing is yet.
    pub fn new() -> Self {
        let name = format!("journal-{:016x}", rand::random::<u64>());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder can be made");
        Self {
            path: folder.join("lecture 1?#%.db"), // a name that is hard to quote
            folder,
        }
    }

    /// The flag that names it.
    pub fn flag(&self) -> String {
        let path = self.path.to_str().expect("its name is UTF-8");
        format!("--journal={path}")
    }

    /// The file, as any tool sees it.
    pub fn open(&self) -> Connection {
        Connection::open(&self.path).expect("it is SQLite")
    }

    /// The versions that are in the file.
    pub fn versions(&self) -> Vec<u64> {
        let file = self.open();
        let query = file.prepare("SELECT version FROM messages ORDER BY version");
        let mut query = query.expect("there is a table");
        let rows = query.query_map([], |row| row.get::<_, i64>(0));
        let rows = rows.expect("it can be read");
        rows.map(|row| row.expect("a version") as u64).collect()
    }

    /// Asserts that there is nothing beside it, not even a lock.
    pub fn assert_alone(&self) {
        let count = fs::read_dir(&self.folder)
            .expect("there is a folder")
            .count();
        assert_eq!(count, 1, "there is something beside it");
    }

    /// All files in its folder but the lock, by name, with what is in them.
    pub fn all(&self) -> Vec<(String, Vec<u8>)> {
        let files = fs::read_dir(&self.folder).expect("there is a folder");
        let files = files.map(|file| file.expect("it can be listed").path());
        let mut all: Vec<_> = files
            .filter(|path| path.extension().is_none_or(|own| own != "lock"))
            .map(|path| {
                let bytes = fs::read(&path).unwrap_or_default(); // a folder has none
                (path.to_string_lossy().into_owned(), bytes)
            })
            .collect();
        all.sort();
        all
    }
}

impl Drop for JournalFile {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
