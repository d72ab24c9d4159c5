//! Why publishing and reading fail.

use derive_more::Display;

use crate::log::LogClosed;

/// Why a message was not published. The publisher may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishError {
    /// The server is shutting down.
    ShuttingDown,
    /// The queue in front of the journal is full.
    QueueFull,
    /// The journal could not be written: the disk is full or broken, or Redis rejects it or does
    /// not answer. The message is not published.
    StorageFailed,
    /// The connection to Redis was lost before it confirmed the message, which may be published
    /// or not. With the same `id` it is not published twice.
    Unconfirmed,
}

impl From<LogClosed> for PublishError {
    fn from(_: LogClosed) -> Self {
        Self::ShuttingDown
    }
}

/// The storage cannot be used at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
pub struct Unavailable(pub String);
