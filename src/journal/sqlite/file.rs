//! The journal's file: an SQLite database with one readable table. It is checked before it is
//! modified.

use std::ffi::OsString;
use std::fs::{self, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use derive_more::{Display, From};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, Row, TransactionBehavior};
use serde_json::value::RawValue;

use super::file_identity::{FileIdentity, has_hard_link};
use crate::log::{
    EncodedMessage, MessageLog, NewMessage, Version, is_epoch, unix_millis,
};

/// Identifies the file as a Trifold journal (SQLite's `application_id`): `Trif`.
const APPLICATION_ID: i64 = 0x5472_6966;

/// The version of the tables (SQLite's `user_version`).
const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE messages (
        version INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        at REAL NOT NULL, -- milliseconds since 1970
        sender TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL -- JSON
    );
    CREATE TABLE log (epoch TEXT NOT NULL);
";

/// Size to which a larger write-ahead log is truncated, in bytes.
const MAX_WAL_BYTES: usize = 4 << 20;

/// The open file.
pub(super) struct SqliteFile {
    connection: Connection,
    /// The database and its write-ahead log, which must stay at their paths.
    files: Vec<FileIdentity>,
    /// Held as long as the connection. The system releases it however the process ends.
    _lock: fs::File,
}

/// A message with its version, on its way into the file and then into the log.
pub(super) struct SequencedMessage<'a> {
    version: Version,
    at: f64,
    message: &'a NewMessage,
    pub(super) encoded: EncodedMessage,
}

impl<'a> SequencedMessage<'a> {
    pub(super) fn new(version: Version, message: &'a NewMessage) -> Self {
        let at = unix_millis();
        Self {
            version,
            at,
            message,
            encoded: EncodedMessage::new(version, at, message),
        }
    }
}

/// Why messages were not written.
#[derive(Debug, Display, From)]
pub(super) enum WriteError {
    Sqlite(rusqlite::Error),
    /// A path no longer names the open file.
    #[display("{} was deleted or replaced; move it back, or restart the server", _0.display())]
    Moved(PathBuf),
}

/// Why a file cannot be used as the journal.
struct OpenError(String);

impl From<&str> for OpenError {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self(match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => "not an SQLite database".to_owned(),
            // Errors without a code come from rows that do not match our tables.
            Some(ErrorCode::DatabaseCorrupt) | None => {
                format!("journal is corrupt: {error}")
            }
            _ => error.to_string(),
        })
    }
}

impl SqliteFile {
    /// Opens or creates the file, and restores the log that it holds.
    ///
    /// # Errors
    /// If the file cannot be used; the message names it and the reason.
    pub(super) fn open(path: &Path, log: &MessageLog) -> io::Result<Self> {
        Self::open_locked(path, log).map_err(|OpenError(reason)| {
            let path = path.display();
            io::Error::other(format!("cannot use {path} as the journal: {reason}"))
        })
    }

    fn open_locked(path: &Path, log: &MessageLog) -> Result<Self, OpenError> {
        let path = std::path::absolute(path)?;
        let path = path.canonicalize().unwrap_or(path); // two links are one file
        let mut is_restored = false;
        is_empty_or_missing(&path)?; // rejects what is not a regular file
        if has_hard_link(&path) {
            let reason = "it has a hard link, under which another server could write it";
            return Err(reason.into());
        }
        let (lock, is_new_lock) = lock(&path)?;
        if !is_empty_or_missing(&path)? {
            if let Err(error) = check_header(&path) {
                // Not our file, so it does not need our lock file.
                if is_new_lock {
                    let _ = fs::remove_file(sibling_path(&path, ".lock"));
                }
                return Err(error);
            }
            is_restored = load_log(&open_without_checkpoint(&path)?, log)?;
        }
        let connection = open_writable(&path)?;
        let mut file = Self {
            connection,
            files: Vec::new(),
            _lock: lock,
        };
        if !is_restored {
            file.create_schema(&log.epoch())?;
        }
        file.configure()?;
        let _ = file.write(&[], 0); // creates the write-ahead log, also on a full disk
        for path in [sibling_path(&path, "-wal"), path] {
            file.files.push(FileIdentity::of(path)?);
        }
        Ok(file)
    }

    /// Creates the tables for a new log. One transaction, before WAL mode is
    /// enabled, so a crash leaves either an empty file or a complete schema.
    fn create_schema(&mut self, epoch: &str) -> Result<(), OpenError> {
        let transaction = self.connection.transaction()?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.execute_batch(SCHEMA)?;
        transaction.execute("INSERT INTO log VALUES (?)", [epoch])?;
        transaction.commit()?;
        Ok(())
    }

    /// Enables the write-ahead log. A commit appends to it and waits for the disk once
    /// (`synchronous=FULL`); other processes can read the database meanwhile.
    fn configure(&mut self) -> Result<(), OpenError> {
        let connection = &self.connection;
        let mode = |row: &Row| row.get(0);
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", mode)?;
        if mode != "wal" {
            return Err("the file system does not support shared memory".into());
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?; // macOS waits for the disk only then
        let ignore = |_: &Row| Ok(());
        let limit = ("journal_size_limit", MAX_WAL_BYTES as i64);
        connection.pragma_update_and_check(None, limit.0, limit.1, ignore)?;
        Ok(())
    }

    /// Adds messages and deletes those older than `oldest` in one transaction. When this returns,
    /// it is on disk.
    ///
    /// # Errors
    /// If the file cannot be written. It is unchanged, and the next attempt may succeed.
    pub(super) fn write(
        &mut self,
        messages: &[SequencedMessage],
        oldest: Version,
    ) -> Result<(), WriteError> {
        match self.commit(messages, oldest) {
            Err(WriteError::Sqlite(error))
                if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) =>
            {
                match self.checkpoint() {
                    Ok(()) => self.commit(messages, oldest),
                    Err(_) => Err(error.into()),
                }
            }
            result => result,
        }
    }

    /// Checks that the database and its write-ahead log are where they were opened.
    pub(super) fn check_in_place(&self) -> Result<(), WriteError> {
        match self.files.iter().find(|file| !file.is_in_place()) {
            Some(moved) => Err(WriteError::Moved(moved.path.clone())),
            None => Ok(()),
        }
    }

    /// Copies the write-ahead log into the database, so that it is reused from its beginning.
    /// SQLite does so every thousand committed pages; on a full disk that never happens.
    fn checkpoint(&self) -> rusqlite::Result<()> {
        let ignore = |_: &Row| Ok(());
        self.connection
            .query_row("PRAGMA wal_checkpoint", [], ignore)
    }

    fn commit(
        &mut self,
        messages: &[SequencedMessage],
        oldest: Version,
    ) -> Result<(), WriteError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert = transaction
            .prepare_cached("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)")?;
        for sequenced in messages {
            let NewMessage {
                id,
                sender,
                kind,
                body,
            } = sequenced.message;
            let version = sequenced.version as i64;
            insert.execute((version, id, sequenced.at, sender, kind, body.get()))?;
        }
        drop(insert);
        transaction
            .prepare_cached("DELETE FROM messages WHERE version < ?")?
            .execute([oldest as i64])?;
        Ok(transaction.commit()?)
    }
}

/// Returns whether there is no file yet, or an empty one.
fn is_empty_or_missing(path: &Path) -> Result<bool, OpenError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len() == 0),
        Ok(_) => Err("not a regular file".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn sibling_path(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Makes sure that no other server writes the file. The lock is on a separate file: SQLite
/// releases its own between transactions, and other programs may read the database. Returns also
/// whether the lock file is new.
fn lock(path: &Path) -> Result<(fs::File, bool), OpenError> {
    let lock_path = sibling_path(path, ".lock");
    let is_new = !lock_path.exists();
    let lock = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(lock_path)
        .map_err(|error| OpenError(format!("cannot create its lock file: {error}")))?;
    match lock.try_lock() {
        Ok(()) => Ok((lock, is_new)),
        Err(TryLockError::WouldBlock) => Err("another server is using it".into()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Opens the database file alone, without its WAL, and creates no files next to it.
fn open_immutable(path: &Path) -> Result<Connection, OpenError> {
    let name = path.to_str().ok_or("its name is not UTF-8")?;
    let encode = |name: String, special: &str| {
        name.replace(special, &format!("%{:02x}", special.as_bytes()[0]))
    };
    let name = ["%", "?", "#"].into_iter().fold(name.to_owned(), encode);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let uri = format!("file:{name}?immutable=1");
    Ok(Connection::open_with_flags(uri, flags)?)
}

/// Opens the file for reading, including its WAL, without checkpointing on close.
fn open_without_checkpoint(path: &Path) -> Result<Connection, OpenError> {
    let has_wal = sibling_path(path, "-wal").exists();
    if !has_wal && !sibling_path(path, "-journal").exists() {
        return open_immutable(path);
    }
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

fn open_writable(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(path, flags)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err("no permission to write it".into());
    }
    Ok(connection)
}

/// Checks that a file is a journal of a known schema version, by SQLite's header alone
/// (<https://www.sqlite.org/fileformat2.html#the_database_header>).
///
/// Call it only while holding the lock: closing a file releases all POSIX locks that this
/// process has on it, including those of a connection.
fn check_header(path: &Path) -> Result<(), OpenError> {
    let mut header = [0; 72];
    let read = fs::File::open(path)?.read_exact(&mut header);
    if read.is_err() || !header.starts_with(b"SQLite format 3\0") {
        return Err("not an SQLite database".into());
    }
    let field = |offset: usize| {
        let bytes = &header[offset..offset + 4];
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | i64::from(*byte))
    };
    match (field(68), field(60)) {
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(()),
        (APPLICATION_ID, _) => Err("written by another version of Trifold".into()),
        _ => Err("not a Trifold journal".into()),
    }
}

/// Restores the log. Returns whether the schema was completed.
fn load_log(connection: &Connection, log: &MessageLog) -> Result<bool, OpenError> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 {
        return Ok(false);
    }
    let check: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if check != "ok" {
        return Err(OpenError(format!("journal is corrupt: {check}")));
    }
    let epoch: String =
        connection.query_row("SELECT epoch FROM log", [], |row| row.get(0))?;
    if !is_epoch(&epoch) {
        return Err("journal is corrupt: invalid epoch".into());
    }
    let oldest: Option<i64> =
        connection
            .query_row("SELECT min(version) FROM messages", [], |row| row.get(0))?;
    let oldest = oldest.unwrap_or(1);
    if oldest < 1 {
        let reason = format!("journal is corrupt: invalid version {oldest}");
        return Err(OpenError(reason));
    }
    log.replace(&epoch, oldest as Version, []);
    let mut select = connection.prepare("SELECT * FROM messages ORDER BY version")?;
    for message in select.query_map([], read_message)? {
        let (version, message) = message?;
        let next = log.head() + 1;
        if version != next {
            let reason = format!("journal is corrupt: message {next} is missing");
            return Err(OpenError(reason));
        }
        log.append_sequenced([message]);
    }
    Ok(true)
}

/// Reads a message; it encodes to the same bytes as before.
fn read_message(row: &Row) -> rusqlite::Result<(Version, EncodedMessage)> {
    let version = row.get::<_, i64>("version")? as Version;
    let body = RawValue::from_string(row.get("body")?).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(5, kind, Box::new(error))
    })?;
    let message = NewMessage {
        id: row.get("id")?,
        sender: row.get("sender")?,
        kind: row.get("kind")?,
        body,
    };
    let encoded = EncodedMessage::new(version, row.get("at")?, &message);
    Ok((version, encoded))
}
