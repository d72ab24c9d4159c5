//! `SqliteStorage`: the queue of the writer thread.

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::writer;
use crate::journal::error::Unavailable;
use crate::journal::queue::{CommandQueue, PublishResult};
use crate::journal::status::Status;
use crate::journal::storage::{Head, Storage};
use crate::log::{MessageLog, NewMessage};

pub(in crate::journal) struct SqliteStorage {
    log: Arc<MessageLog>,
    queue: CommandQueue,
}

impl SqliteStorage {
    /// Opens a file, creating it if necessary, and restores its log.
    ///
    /// # Errors
    /// If another server uses the file, if it is not a journal, or is corrupt, or cannot be
    /// written. In these cases it is not modified.
    pub(in crate::journal) fn open(
        path: &Path,
        log: Arc<MessageLog>,
        status: Arc<Status>,
    ) -> io::Result<Self> {
        let (queue, commands) = CommandQueue::new();
        writer::start(path, log.clone(), status, commands)?;
        Ok(Self { log, queue })
    }
}

impl Storage for SqliteStorage {
    fn append(&self, message: NewMessage) -> BoxFuture<'_, PublishResult> {
        self.queue.append(message).boxed()
    }

    fn follow(&self) -> BoxFuture<'_, ()> {
        self.log.closed().boxed() // the file is locked: no other server appends to it
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, Unavailable>> {
        ready(Ok(Head::of(&self.log))).boxed()
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.queue.trim().boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.queue.close().boxed()
    }
}
