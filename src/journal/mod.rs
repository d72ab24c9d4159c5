//! The write path of the log: in memory, or through a journal on disk.
//!
//! In memory, [`LogWriter`] appends directly. With a journal, a writer thread assigns versions to
//! all queued messages, commits them in one transaction, appends them to the log and then
//! replies, so a reader never sees a message that a crash could lose. Readers are unaffected.

mod metrics;
mod sqlite;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;

use prometheus_client::registry::Registry;

use crate::log::{LogClosed, MessageLog, NewMessage, PublishAck, Retention};
use writer::Journal;

/// The only way to publish.
pub struct LogWriter {
    log: Arc<MessageLog>,
    journal: Option<Journal>,
}

/// Why a message was not published. The publisher may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishError {
    /// The server is shutting down.
    ShuttingDown,
    /// The queue in front of the journal is full.
    QueueFull,
    /// The journal could not be written: the disk is full or broken.
    StorageFailed,
}

impl From<LogClosed> for PublishError {
    fn from(_: LogClosed) -> Self {
        Self::ShuttingDown
    }
}

impl LogWriter {
    /// Creates a writer that appends to this log in memory.
    pub fn in_memory(log: Arc<MessageLog>) -> Self {
        Self { log, journal: None }
    }

    /// Creates a writer and its log: a new one in memory, or the one that the journal holds.
    ///
    /// # Errors
    /// If the journal cannot be used; the message says why.
    pub fn open(journal: Option<&Path>, retention: Retention) -> io::Result<Self> {
        let Some(path) = journal else {
            return Ok(Self::in_memory(Arc::new(MessageLog::new(retention))));
        };
        let (log, journal) = writer::open(path, retention)?;
        Ok(Self {
            log,
            journal: Some(journal),
        })
    }

    /// Returns the log that is written to.
    pub fn log(&self) -> &Arc<MessageLog> {
        &self.log
    }

    /// Publishes a message. When this returns, the message has a version and, with a journal, is
    /// on disk.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message may still be published.
    ///
    /// # Errors
    /// [`PublishError`] if the message is not published.
    pub async fn publish(&self, message: NewMessage) -> Result<PublishAck, PublishError> {
        match &self.journal {
            None => Ok(self.log.append(message)?),
            Some(journal) => journal.publish(message).await,
        }
    }

    /// Registers the metrics of the journal, if there is one.
    pub fn register_metrics(&self, registry: &mut Registry) {
        if let Some(journal) = &self.journal {
            journal.metrics.register(registry);
        }
    }

    /// Waits until everything in the queue is written and the journal is closed. It is one file
    /// again then.
    pub async fn close(&self) {
        if let Some(journal) = &self.journal {
            journal.close().await;
        }
    }
}
