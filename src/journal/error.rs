//! Why publishing fails.

use crate::log::LogClosed;

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
