//! The journal's file: SQLite, with one table to read. It is looked at before it is touched.

use std::ffi::OsString;
use std::fs::{self, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, Row, TransactionBehavior};
use serde_json::value::RawValue;

use crate::message_log::{
    Kept, MessageLog, Publication, Retention, Version, is_epoch, new_epoch, now,
};

/// What tells the file from other programs' (SQLite's `application_id`): `Trif`.
const APPLICATION: i64 = 0x5472_6966;

/// The form of the tables (SQLite's `user_version`).
const FORM: i64 = 1;

const CREATE: &str = "
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

/// What the write-ahead log is cut to when it was longer, in bytes.
const WAL_BYTES: usize = 4 << 20;

/// The file, open.
pub(super) struct File {
    connection: Connection,
    /// Held as long as the connection; the system lets go of it whatever ends the process.
    _lock: fs::File,
}

/// A message on its way into the file, and into the log after that.
pub(super) struct Numbered<'a> {
    version: Version,
    at: f64,
    new: &'a Publication,
    pub(super) kept: Kept,
}

impl<'a> Numbered<'a> {
    pub(super) fn new(version: Version, new: &'a Publication) -> Self {
        let at = now();
        Self {
            version,
            at,
            new,
            kept: Kept::new(version, at, new),
        }
    }
}

/// Why a file cannot be used.
struct Why(String);

impl From<&str> for Why {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<io::Error> for Why {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rusqlite::Error> for Why {
    fn from(error: rusqlite::Error) -> Self {
        Self(match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => "it is not a SQLite file".to_owned(),
            // Without a code: what SQLite reads, and what does not fit our tables.
            Some(ErrorCode::DatabaseCorrupt) | None => format!("it is damaged: {error}"),
            _ => error.to_string(),
        })
    }
}

impl File {
    /// Opens a file, or makes one, and the log that it holds.
    ///
    /// # Errors
    /// When it cannot be used; the message names it and says why.
    pub(super) fn open(
        path: &Path,
        retention: Retention,
    ) -> io::Result<(Self, MessageLog)> {
        Self::take(path, retention).map_err(|Why(why)| {
            let path = path.display();
            io::Error::other(format!("cannot use {path} as the journal: {why}"))
        })
    }

    fn take(path: &Path, retention: Retention) -> Result<(Self, MessageLog), Why> {
        let path = std::path::absolute(path)?;
        let path = path.canonicalize().unwrap_or(path); // two links are one file
        let mut found = None;
        is_new(&path)?; // whether it is a file at all
        let lock = lock(&path)?;
        if !is_new(&path)? {
            if let Err(why) = recognise(&path) {
                let _ = fs::remove_file(beside(&path, ".lock")); // it is somebody else's
                return Err(why);
            }
            found = read(&cautious(&path)?, retention)?;
        }
        let connection = open(&path)?;
        let mut file = Self {
            connection,
            _lock: lock,
        };
        let log = match found {
            Some(log) => log,
            None => MessageLog::restored(retention, &file.create()?, 1),
        };
        file.prepare()?;
        // With less retention than before, there is something to remove. Not being able to is no
        // reason not to start: the next commit does it, too.
        if let Err(error) = file.write(&[], log.oldest()) {
            log::warn!("the journal is not trimmed yet: {error}");
        }
        Ok((file, log))
    }

    /// Makes the tables. All in one transaction, and in the file itself: who is killed now
    /// leaves an empty file or a journal.
    fn create(&mut self) -> Result<String, Why> {
        let epoch = new_epoch();
        let all = self.connection.transaction()?;
        all.pragma_update(None, "application_id", APPLICATION)?;
        all.pragma_update(None, "user_version", FORM)?;
        all.execute_batch(CREATE)?;
        all.execute("INSERT INTO log VALUES (?)", [&epoch])?;
        all.commit()?;
        Ok(epoch)
    }

    /// A commit appends to the write-ahead log and waits for the disk once (`FULL`); readers of
    /// the file do not stop it.
    fn prepare(&mut self) -> Result<(), Why> {
        let connection = &self.connection;
        let mode = |row: &Row| row.get(0);
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", mode)?;
        if mode != "wal" {
            return Err("its file system cannot share memory".into());
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?; // macOS waits for the disk only then
        let ignore = |_: &Row| Ok(());
        let limit = ("journal_size_limit", WAL_BYTES as i64);
        connection.pragma_update_and_check(None, limit.0, limit.1, ignore)?;
        Ok(())
    }

    /// Adds messages and removes what is older than `oldest`, both or neither. When this returns
    /// it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written. The file is as before, and the next attempt may succeed.
    pub(super) fn write(
        &mut self,
        numbered: &[Numbered],
        oldest: Version,
    ) -> rusqlite::Result<()> {
        match self.commit(numbered, oldest) {
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) => {
                self.make_room()?;
                self.commit(numbered, oldest)
            }
            done => done,
        }
    }

    /// Puts what is in the write-ahead log in its place, so that the log is used from its
    /// beginning again. SQLite does so after each thousandth page that was committed; where the
    /// disk is full before, it never would.
    fn make_room(&self) -> rusqlite::Result<()> {
        let done = |_: &Row| Ok(());
        self.connection.query_row("PRAGMA wal_checkpoint", [], done)
    }

    fn commit(&mut self, numbered: &[Numbered], oldest: Version) -> rusqlite::Result<()> {
        let all = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut insert =
            all.prepare_cached("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)")?;
        for Numbered {
            version, at, new, ..
        } in numbered
        {
            let (id, sender, kind) = (&new.id, &new.sender, &new.kind);
            insert.execute((*version as i64, id, at, sender, kind, new.body.get()))?;
        }
        drop(insert);
        all.prepare_cached("DELETE FROM messages WHERE version < ?")?
            .execute([oldest as i64])?;
        all.commit()
    }
}

/// Whether there is nothing yet. An empty file is nothing.
fn is_new(path: &Path) -> Result<bool, Why> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(found.len() == 0),
        Ok(_) => Err("it is not a file".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Makes sure that no other server writes the file. The lock is on a file beside it: SQLite's
/// own are let go between transactions, and whoever only reads is welcome.
fn lock(path: &Path) -> Result<fs::File, Why> {
    let lock = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(beside(path, ".lock"))
        .map_err(|error| Why(format!("its lock cannot be made beside it: {error}")))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err("another server is using it".into()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A connection that sees the file alone, and leaves no trace.
fn untouched(path: &Path) -> Result<Connection, Why> {
    let name = path.to_str().ok_or("its name is not UTF-8")?;
    let name = ["%", "?", "#"].iter().fold(name.to_owned(), |name, own| {
        name.replace(own, &format!("%{:02x}", own.as_bytes()[0]))
    });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let address = format!("file:{name}?immutable=1");
    Ok(Connection::open_with_flags(address, flags)?)
}

/// A connection that reads what is there, unfinished work beside the file included, and leaves
/// all of it in its place.
fn cautious(path: &Path) -> Result<Connection, Why> {
    if !beside(path, "-wal").exists() && !beside(path, "-journal").exists() {
        return untouched(path);
    }
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// The connection that stays.
fn open(path: &Path) -> Result<Connection, Why> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags(path, flags)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err("it may not be written".into());
    }
    Ok(connection)
}

/// Whether a file that is not empty is a journal, and of a form that is known. SQLite's header
/// says so, whatever else of the file is not finished
/// (<https://www.sqlite.org/fileformat2.html#the_database_header>).
///
/// Only with the lock: closing a file lets go of all locks that this process has on it, those of
/// a connection included (POSIX).
fn recognise(path: &Path) -> Result<(), Why> {
    let mut header = [0; 72];
    let read = fs::File::open(path)?.read_exact(&mut header);
    if read.is_err() || !header.starts_with(b"SQLite format 3\0") {
        return Err("it is not a SQLite file".into());
    }
    let number = |at: usize| {
        header[at..at + 4]
            .iter()
            .fold(0, |n, own| n << 8 | i64::from(*own))
    };
    match (number(68), number(60)) {
        (APPLICATION, FORM) => Ok(()),
        (APPLICATION, _) => Err("it was written by another version of Trifold".into()),
        _ => Err("it is not a journal of Trifold's".into()),
    }
}

/// The log in a file; `None` when its making was cut off.
fn read(
    connection: &Connection,
    retention: Retention,
) -> Result<Option<MessageLog>, Why> {
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 {
        return Ok(None);
    }
    let found: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Why(format!("it is damaged: {found}")));
    }
    let epoch: String =
        connection.query_row("SELECT epoch FROM log", [], |row| row.get(0))?;
    if !is_epoch(&epoch) {
        return Err("it is damaged: its epoch is none".into());
    }
    let oldest: Option<i64> =
        connection
            .query_row("SELECT min(version) FROM messages", [], |row| row.get(0))?;
    let oldest = oldest.unwrap_or(1);
    if oldest < 1 {
        return Err(Why(format!("it is damaged: there is a message {oldest}")));
    }
    let log = MessageLog::restored(retention, &epoch, oldest as Version);
    let mut all = connection.prepare("SELECT * FROM messages ORDER BY version")?;
    for message in all.query_map([], message)? {
        let (version, kept) = message?;
        let next = log.head() + 1;
        if version != next {
            return Err(Why(format!("it is damaged: there is no message {next}")));
        }
        log.extend([kept]);
    }
    Ok(Some(log))
}

/// A message as it was: the same bytes as before.
fn message(row: &Row) -> rusqlite::Result<(Version, Kept)> {
    let version = row.get::<_, i64>("version")? as Version;
    let body = RawValue::from_string(row.get("body")?).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(5, kind, Box::new(error))
    })?;
    let new = Publication {
        id: row.get("id")?,
        sender: row.get("sender")?,
        kind: row.get("kind")?,
        body,
    };
    Ok((version, Kept::new(version, row.get("at")?, &new)))
}
