//! `LogWriter`: the only way to publish, in memory or through the journal.

use std::io;
use std::path::Path;
use std::sync::Arc;

use prometheus_client::registry::Registry;

use super::error::PublishError;
use super::writer::{self, Journal};
use crate::log::{MessageLog, NewMessage, PublishAck, Retention};

/// Publishes messages to a log.
pub struct LogWriter {
    log: Arc<MessageLog>,
    journal: Option<Journal>,
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

    /// Returns whether messages are rejected because the journal could not be written the last
    /// time.
    pub fn is_failing(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_failing)
    }

    /// Registers the metrics of the journal, if there is one.
    pub fn register_metrics(&self, registry: &mut Registry) {
        if let Some(journal) = &self.journal {
            journal.metrics.register(registry);
        }
    }

    /// Waits until the queue is processed and the journal is closed. Afterwards the journal is a
    /// single file, without a WAL. If the log is closed, queued messages are rejected.
    pub async fn close(&self) {
        if let Some(journal) = &self.journal {
            journal.close().await;
        }
    }
}
