//! A batch: the messages after a cursor, encoded once for every reader that requests them.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bytes::Bytes;

use super::message::Version;

/// Maximum size of the messages in one batch, in bytes. A batch holds at least one message,
/// however large.
pub const MAX_BATCH_BYTES: usize = 1 << 20;

/// The messages after a cursor. Clones share it: a delivery to another thread costs one reference
/// count.
#[derive(Debug, Clone)]
pub struct Batch(Arc<BatchContent>);

impl Deref for Batch {
    type Target = BatchContent;

    fn deref(&self) -> &BatchContent {
        &self.0
    }
}

/// What a [`Batch`] holds.
#[derive(Debug)]
pub struct BatchContent {
    /// The log's epoch.
    pub epoch: Arc<str>,
    /// The version that the reader already holds.
    pub since: Version,
    /// The version to continue from: the last message's, or `since` if there is nothing new.
    pub version: Version,
    /// The newest version in the log. `version < head` means that the batch was truncated.
    pub head: Version,
    /// When the newest message in the log was appended.
    pub appended_at: Instant,
    /// The batch as JSON.
    pub json: Bytes,
    frame: OnceLock<Bytes>,
}

impl Batch {
    /// Encodes messages as one batch.
    pub(super) fn new(
        epoch: &Arc<str>,
        since: Version,
        head: Version,
        appended_at: Instant,
        messages: &[&str],
    ) -> Self {
        let version = since + messages.len() as Version;
        let mut json = format!(
            r#"{{"type":"batch","epoch":"{epoch}","since":{since},"version":{version},"head":{head},"messages":["#
        );
        for (index, message) in messages.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(message);
        }
        json.push_str("]}");
        Self(Arc::new(BatchContent {
            epoch: epoch.clone(),
            since,
            version,
            head,
            appended_at,
            json: json.into(),
            frame: OnceLock::new(),
        }))
    }
}

impl BatchContent {
    /// Returns whether the batch holds no message.
    pub fn is_empty(&self) -> bool {
        self.version == self.since
    }

    /// Returns the number of messages.
    pub fn len(&self) -> u64 {
        self.version - self.since
    }

    /// Returns the batch in a transport's framing. `encode` runs once for all clones of a batch,
    /// so a thousand sockets share one buffer.
    pub fn framed(&self, encode: impl FnOnce(&Bytes) -> Bytes) -> Bytes {
        self.frame.get_or_init(|| encode(&self.json)).clone()
    }
}
