//! The version of each message of a run. All clients must see the same one, whichever server they
//! are connected to: otherwise the servers have the messages in different orders.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::range_set::RangeSet;

/// Bits of a version; the others are those of its epoch.
const VERSION_BITS: u32 = 48;

/// The version of each message, as the first client received it.
#[derive(Debug, Default)]
pub struct MessageVersions {
    /// By message number; 0 if no client has received it. A word for each message is 80 MB for the
    /// longest run.
    versions: Vec<AtomicU64>,
    conflicting: Mutex<RangeSet>,
}

impl MessageVersions {
    /// Creates a table for this number of messages.
    pub fn new(messages: u64) -> Self {
        Self {
            versions: (0..messages).map(|_| AtomicU64::new(0)).collect(),
            conflicting: Mutex::default(),
        }
    }

    /// Records a message of this epoch. A message of another epoch is in another log, where its
    /// version may be different.
    pub fn record(&self, epoch: &str, version: u64, number: u64) {
        let Some(known) = self.versions.get(number as usize) else {
            return; // not published by this run
        };
        let mut hasher = DefaultHasher::new();
        epoch.hash(&mut hasher);
        let tag = hasher.finish() << VERSION_BITS;
        let word = tag | (version & ((1 << VERSION_BITS) - 1));
        let before = known.swap(word, Ordering::Relaxed);
        let is_same_log = before != 0 && before >> VERSION_BITS == word >> VERSION_BITS;
        if is_same_log && before != word {
            self.conflicting.lock().insert(number);
        }
    }

    /// Returns how many messages had several versions in one log.
    pub fn conflicting(&self) -> u64 {
        self.conflicting.lock().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_versions_conflict() {
        let versions = MessageVersions::new(3);
        for version in [7, 7, 7] {
            versions.record("e", version, 0);
        }
        versions.record("e", 8, 1);
        assert_eq!(versions.conflicting(), 0);
        for version in [9, 8, 9] {
            versions.record("e", version, 1);
        }
        assert_eq!(versions.conflicting(), 1);
    }

    #[test]
    fn new_log_and_other_runs_do_not_conflict() {
        let versions = MessageVersions::new(1);
        versions.record("e", 7, 0);
        versions.record("f", 1, 0);
        versions.record("f", 1, 0);
        versions.record("f", 2, 99);
        versions.record("f", 3, 99);
        assert_eq!(versions.conflicting(), 0);
    }
}
