//! The window: the messages that the log retains, in version order.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::batch::{Batch, MAX_BATCH_BYTES};
use super::message::{EncodedMessage, Version};

/// Batches cached for readers that request the same one. The cache is cleared by the next
/// append, so it holds at most 16 batches of [`MAX_BATCH_BYTES`].
const BATCH_CACHE_SIZE: usize = 16;

/// How much a log retains. The newest message is retained whatever its size.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Maximum number of messages.
    pub messages: usize,
    /// Maximum size of the encoded messages, in bytes.
    pub bytes: usize,
}

impl Retention {
    /// Returns whether this many messages of this size are retained.
    pub fn allows(&self, messages: usize, bytes: usize) -> bool {
        messages <= self.messages && bytes <= self.bytes
    }
}

/// The retained messages, behind the log's lock.
pub(super) struct Window {
    pub(super) epoch: Arc<str>,
    pub(super) oldest: Version,
    pub(super) bytes: usize,
    messages: VecDeque<EncodedMessage>,
    versions_by_id: HashMap<Arc<str>, Version>,
    /// Batches with the `limit` that they were requested with.
    batch_cache: Vec<(usize, Batch)>,
    last_appended_at: Instant,
}

impl Window {
    pub(super) fn new(epoch: &str, oldest: Version) -> Self {
        Self {
            epoch: epoch.into(),
            oldest,
            bytes: 0,
            messages: VecDeque::new(),
            versions_by_id: HashMap::new(),
            batch_cache: Vec::new(),
            last_appended_at: Instant::now(),
        }
    }

    /// Derived, so that it cannot disagree with the messages.
    pub(super) fn head(&self) -> Version {
        self.oldest + self.messages.len() as Version - 1
    }

    pub(super) fn newest(&self) -> Option<&EncodedMessage> {
        self.messages.back()
    }

    pub(super) fn find_version(&self, id: &str) -> Option<Version> {
        self.versions_by_id.get(id).copied()
    }

    pub(super) fn push(&mut self, message: EncodedMessage) {
        let version = self.head() + 1;
        self.bytes += message.json_len();
        self.versions_by_id.insert(message.id.clone(), version);
        self.messages.push_back(message);
        self.batch_cache.clear();
        self.last_appended_at = Instant::now();
    }

    pub(super) fn trim(&mut self, retention: Retention) {
        while self.messages.len() > 1
            && !retention.allows(self.messages.len(), self.bytes)
            && let Some(evicted) = self.messages.pop_front()
        {
            self.oldest += 1;
            self.bytes -= evicted.json_len();
            self.versions_by_id.remove(&evicted.id);
        }
    }

    /// Returns the oldest version after these messages would be appended and the window trimmed.
    pub(super) fn oldest_after_append<'a>(
        &self,
        retention: Retention,
        appended: impl Iterator<Item = &'a EncodedMessage>,
    ) -> Version {
        let appended: Vec<_> = appended.map(EncodedMessage::json_len).collect();
        let mut messages = self.messages.len() + appended.len();
        let mut bytes = self.bytes + appended.iter().sum::<usize>();
        let mut oldest = self.oldest;
        let retained = self.messages.iter().map(EncodedMessage::json_len);
        for length in retained.chain(appended) {
            if messages <= 1 || retention.allows(messages, bytes) {
                break;
            }
            messages -= 1;
            bytes -= length;
            oldest += 1;
        }
        oldest
    }

    /// Returns the messages after `since`, which must be in the window.
    pub(super) fn batch(&mut self, since: Version, limit: usize) -> Batch {
        let cached = |entry: &&(usize, Batch)| (entry.0, entry.1.since) == (limit, since);
        if let Some((_, batch)) = self.batch_cache.iter().find(cached) {
            return batch.clone();
        }
        let mut remaining_bytes = MAX_BATCH_BYTES;
        let messages: Vec<&str> = self
            .messages
            .range((since + 1 - self.oldest) as usize..)
            .take(limit)
            .enumerate()
            .take_while(|(index, message)| {
                let fits = message.json_len() <= remaining_bytes;
                remaining_bytes = remaining_bytes.saturating_sub(message.json_len());
                *index == 0 || fits
            })
            .map(|(_, message)| &*message.json)
            .collect();
        let batch = Batch::new(
            &self.epoch,
            since,
            self.head(),
            self.last_appended_at,
            &messages,
        );
        if self.batch_cache.len() < BATCH_CACHE_SIZE {
            self.batch_cache.push((limit, batch.clone()));
        }
        batch
    }
}
