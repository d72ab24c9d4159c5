//! The cursor: a reader's position in the log, and why the log may be unable to continue from it.

use std::sync::Arc;

use serde::Serialize;

use super::message::Version;

/// Highest `limit` that a cursor may carry.
pub const MAX_BATCH_MESSAGES: usize = 1000;

/// Messages per batch when the reader gives no `limit`.
pub const DEFAULT_BATCH_MESSAGES: usize = 500;

/// A reader's position: it holds everything up to `since`.
///
/// A cursor is a version and an epoch, never a time: two messages may carry the same time, and
/// clocks jump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The last version that the reader holds; 0 for nothing.
    pub since: Version,
    /// The epoch that `since` belongs to; `None` matches every epoch.
    pub epoch: Option<Box<str>>,
    /// Maximum number of messages per batch, 1 to [`MAX_BATCH_MESSAGES`].
    pub limit: usize,
}

impl Cursor {
    /// Creates a cursor that matches every epoch and reads [`DEFAULT_BATCH_MESSAGES`] at a time.
    pub fn new(since: Version) -> Self {
        Self {
            since,
            epoch: None,
            limit: DEFAULT_BATCH_MESSAGES,
        }
    }

    /// Creates a cursor of an epoch.
    pub fn of_epoch(epoch: &str, since: Version) -> Self {
        Self {
            epoch: Some(epoch.into()),
            ..Self::new(since)
        }
    }

    /// Returns whether the cursor belongs to this epoch, or names none.
    pub fn matches_epoch(&self, epoch: &str) -> bool {
        self.epoch.as_deref().is_none_or(|held| held == epoch)
    }
}

/// Why the log cannot continue from a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GapReason {
    /// The next message has been evicted from the log.
    Truncated,
    /// The cursor belongs to another epoch.
    Epoch,
    /// The cursor is beyond the newest version.
    Ahead,
}

impl GapReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Truncated, Self::Epoch, Self::Ahead];

    /// Returns the name used in JSON and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Epoch => "epoch",
            Self::Ahead => "ahead",
        }
    }
}

/// The log cannot continue exactly from a cursor. Reported to the reader instead of guessing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The reason.
    pub reason: GapReason,
    /// The log's epoch.
    pub epoch: Arc<str>,
    /// The oldest version in the log; `head + 1` if the log is empty.
    pub oldest: Version,
    /// The newest version.
    pub head: Version,
}
