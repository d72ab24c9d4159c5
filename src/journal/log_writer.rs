//! `LogWriter`: the only way to publish.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::config::JournalConfig;
use super::error::{PublishError, Unavailable};
use super::memory::MemoryStorage;
use super::redis::RedisStorage;
use super::sqlite::SqliteStorage;
use super::status::Status;
use super::storage::Storage;
use crate::log::{Cursor, MessageLog, NewMessage, PublishAck, Retention};

/// Longest time that a reader waits for messages that another server has sent it already.
const MAX_CATCH_UP: Duration = Duration::from_secs(3);

/// How often the journal's head is read meanwhile.
const CATCH_UP_INTERVAL: Duration = Duration::from_millis(250);

/// Publishes messages to a log.
pub struct LogWriter {
    log: Arc<MessageLog>,
    storage: Arc<dyn Storage>,
    status: Arc<Status>,
    /// The task that follows the journal, if there is one.
    follow: Option<JoinHandle<()>>,
    is_shared: bool,
}

impl LogWriter {
    /// Creates a writer that appends to this log in memory.
    pub fn in_memory(log: Arc<MessageLog>) -> Self {
        Self {
            storage: Arc::new(MemoryStorage(log.clone())),
            log,
            status: Arc::default(),
            follow: None,
            is_shared: false,
        }
    }

    /// Creates a writer and its log, which holds what the journal kept, and follows the journal
    /// from then on.
    ///
    /// # Errors
    /// If the journal cannot be used; the message says why.
    pub async fn open(config: &JournalConfig, retention: Retention) -> io::Result<Self> {
        let log = Arc::new(MessageLog::new(retention));
        let status = Arc::<Status>::default();
        let (opened, kept) = (log.clone(), status.clone());
        let storage: Arc<dyn Storage> = match config {
            JournalConfig::Memory => return Ok(Self::in_memory(log)),
            JournalConfig::Sqlite(path) => {
                Arc::new(SqliteStorage::open(path, opened, kept)?)
            }
            JournalConfig::Redis(config) => {
                Arc::new(RedisStorage::open(config, opened, kept).await?)
            }
        };
        // With a smaller retention than before, there are messages to delete. A failure must not
        // prevent the start: the next message deletes them, too.
        if let Err(Unavailable(reason)) = storage.trim().await {
            log::warn!("journal: old messages could not be deleted yet: {reason}");
        }
        let followed = storage.clone();
        let follow = tokio::spawn(async move { followed.follow().await });
        Ok(Self {
            log,
            storage,
            status,
            follow: Some(follow),
            is_shared: matches!(config, JournalConfig::Redis(_)),
        })
    }

    /// Returns the log that is written to.
    pub fn log(&self) -> &Arc<MessageLog> {
        &self.log
    }

    /// Publishes a message. When this returns, the message has a version and is kept by the
    /// journal, if there is one.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message may still be published.
    ///
    /// # Errors
    /// [`PublishError`] if the message is not published, or is not known to be.
    pub async fn publish(&self, message: NewMessage) -> Result<PublishAck, PublishError> {
        self.storage.append(message).await
    }

    /// Returns whether another server may have reached the cursor, while this one has not.
    pub fn is_behind(&self, cursor: &Cursor) -> bool {
        self.is_shared && !self.log.has_reached(cursor) && !self.log.is_closed()
    }

    /// Waits until this server's log has reached a cursor that it has not reached yet, because
    /// another server was faster. Returns at once if no server has reached it.
    ///
    /// # Errors
    /// [`Unavailable`] if the log does not reach it in time, or the journal does not answer.
    pub async fn catch_up(&self, cursor: &Cursor) -> Result<(), Unavailable> {
        let caught_up = timeout(MAX_CATCH_UP, self.try_catch_up(cursor)).await;
        let too_late = || Unavailable("the log is behind its journal".to_owned());
        caught_up.unwrap_or_else(|_| Err(too_late()))
    }

    async fn try_catch_up(&self, cursor: &Cursor) -> Result<(), Unavailable> {
        while self.is_behind(cursor) {
            // After a connection was lost, the storage counts once it was compared with the log.
            let target = match self.status.is_detached() {
                true => cursor.clone(),
                false => {
                    let head = self.storage.head().await?;
                    match cursor.matches_epoch(&head.epoch) {
                        true if head.version < cursor.since => return Ok(()),
                        true => Cursor::of_epoch(&head.epoch, cursor.since),
                        // The reader has to begin again, with the newest epoch.
                        false if *head.epoch == *self.log.epoch() => return Ok(()),
                        false => Cursor::of_epoch(&head.epoch, 0),
                    }
                }
            };
            let _ = timeout(CATCH_UP_INTERVAL, self.log.reached(&target)).await;
        }
        Ok(())
    }

    /// Returns the time on the clock that dates messages, in milliseconds since the Unix epoch.
    pub fn now(&self) -> f64 {
        self.status.now()
    }

    /// Returns whether messages are rejected because the journal could not be written the last
    /// time.
    pub fn is_failing(&self) -> bool {
        self.status.is_failing()
    }

    /// Registers the metrics of the journal, if there is one.
    pub fn register_metrics(&self, registry: &mut Registry) {
        if self.follow.is_some() {
            self.status.metrics.register(registry);
        }
    }

    /// Waits until the queue is processed and the journal is closed. Afterwards a file is a single
    /// one, without a WAL. If the log is closed, queued messages are rejected.
    pub async fn close(&self) {
        self.storage.close().await;
        self.stop_following();
    }

    /// Then nothing refers to the storage any more, and dropping the writer releases it.
    fn stop_following(&self) {
        if let Some(follow) = &self.follow {
            follow.abort();
        }
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.stop_following();
    }
}
