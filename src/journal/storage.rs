//! The trait of the places that number messages and keep them.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::error::{PublishError, Unavailable};
use crate::log::{MessageLog, NewMessage, PublishAck, Version};

/// Numbers messages and keeps them. A storage is opened for one [`MessageLog`], which then holds
/// what the storage kept; readers are served from the log alone.
pub(super) trait Storage: Send + Sync {
    /// Appends a message. When this resolves, the message is kept, has a version and is in this
    /// server's log (from Redis, or will be soon, if that takes more than a second). An `id` that
    /// is kept already has the version of the first message with it.
    ///
    /// # Cancel safety
    /// If the future is dropped, the message may still be published.
    fn append(
        &self,
        message: NewMessage,
    ) -> BoxFuture<'_, Result<PublishAck, PublishError>>;

    /// Adds to the log what other servers append after its head, until the log is closed.
    fn follow(&self) -> BoxFuture<'_, ()>;

    /// Returns the newest position, whether this server's log has reached it or not.
    fn head(&self) -> BoxFuture<'_, Result<Head, Unavailable>>;

    /// Removes the messages that the log does not retain.
    fn trim(&self) -> BoxFuture<'_, Result<(), Unavailable>>;

    /// Finishes what is queued and releases the storage.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The newest position in a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) epoch: Arc<str>,
    pub(super) version: Version,
}

impl Head {
    /// The head of a log to which no other server appends.
    pub(super) fn of(log: &MessageLog) -> Self {
        let (epoch, version) = log.position();
        Self { epoch, version }
    }
}
