//! What the storage reports about itself: whether it can be written, its metrics and its clock.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::metrics::JournalMetrics;
use crate::log::unix_millis;

/// Shared by a storage and the [`LogWriter`](super::LogWriter).
#[derive(Debug, Default)]
pub(super) struct Status {
    is_write_failing: AtomicBool,
    /// Whether the messages of other servers do not arrive.
    is_detached: AtomicBool,
    /// By how much the clock that dates messages is ahead of this machine's, in microseconds.
    clock_offset: AtomicI64,
    pub(super) metrics: JournalMetrics,
}

impl Status {
    /// Returns whether the last write failed.
    pub(super) fn is_write_failing(&self) -> bool {
        self.is_write_failing.load(Ordering::Relaxed)
    }

    /// Returns whether messages of other servers do not arrive.
    pub(super) fn is_detached(&self) -> bool {
        self.is_detached.load(Ordering::Relaxed)
    }

    /// Returns whether the last write failed, or the storage cannot be reached.
    pub(super) fn is_failing(&self) -> bool {
        self.is_write_failing() || self.is_detached()
    }

    /// Records that messages were written. Logged on change, not for every publisher.
    pub(super) fn report_success(&self) {
        if self.is_write_failing.swap(false, Ordering::Relaxed) {
            log::info!("journal: messages can be written again");
            self.update_gauge();
        }
    }

    /// Records that messages could not be written.
    pub(super) fn report_failure(&self, error: &impl Display) {
        if !self.is_write_failing.swap(true, Ordering::Relaxed) {
            log::error!("journal: messages cannot be written: {error}");
            self.update_gauge();
        }
    }

    /// Records that messages of other servers arrive.
    pub(super) fn report_attached(&self) {
        if self.is_detached.swap(false, Ordering::Relaxed) {
            log::info!("journal: connected to Redis again");
            self.report_success();
            self.update_gauge();
        }
    }

    /// Records that messages of other servers do not arrive.
    pub(super) fn report_detached(&self, error: &impl Display) {
        if !self.is_detached.swap(true, Ordering::Relaxed) {
            log::error!("journal: the connection to Redis is lost: {error}");
            self.metrics.disconnects.inc();
            self.update_gauge();
        }
    }

    fn update_gauge(&self) {
        self.metrics.failing.set(i64::from(self.is_failing()));
    }

    pub(super) fn set_clock_offset(&self, micros: i64) {
        self.clock_offset.store(micros, Ordering::Relaxed);
    }

    /// Returns the time on the clock that dates messages, in milliseconds since the Unix epoch.
    pub(super) fn now(&self) -> f64 {
        unix_millis() + self.clock_offset.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
