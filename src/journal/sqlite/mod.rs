//! The storage in an SQLite file.
//!
//! A message is on disk before any reader sees it, so versions, ids and the epoch survive the
//! process however it ends.

mod file;
mod file_identity;
mod storage;
mod writer;

pub(super) use storage::SqliteStorage;
