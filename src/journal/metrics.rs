//! What the journal reports in `/metrics`.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Counts commits, their duration and their size, and what happens to the connection.
#[derive(Debug, Clone)]
pub(super) struct JournalMetrics {
    duration: Histogram,
    messages: Histogram,
    failures: Counter,
    pub(super) failing: Gauge,
    pub(super) disconnects: Counter,
    pub(super) epoch_changes: Counter,
}

impl Default for JournalMetrics {
    fn default() -> Self {
        Self {
            duration: Histogram::new(exponential_buckets(100e-6, 2.0, 16)),
            messages: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            failures: Counter::default(),
            failing: Gauge::default(),
            disconnects: Counter::default(),
            epoch_changes: Counter::default(),
        }
    }
}

impl JournalMetrics {
    pub(super) fn record_success(&self, messages: usize, duration: Duration) {
        self.duration.observe(duration.as_secs_f64());
        self.messages.observe(messages as f64);
    }

    pub(super) fn record_failure(&self) {
        self.failures.inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "journal_commit_duration",
            "Duration of a journal commit, including the wait for the disk or for Redis",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "journal_commit_batch_messages",
            "Messages written by one journal commit",
            self.messages.clone(),
        );
        registry.register(
            "journal_commit_failures",
            "Journal commits that failed; their messages were rejected",
            self.failures.clone(),
        );
        registry.register(
            "journal_failing",
            "1 while messages are rejected because the journal cannot be written or reached",
            self.failing.clone(),
        );
        registry.register(
            "journal_disconnects",
            "Connections to Redis on which messages were followed and that were lost",
            self.disconnects.clone(),
        );
        registry.register(
            "journal_epoch_changes",
            "New epochs while the server runs: Redis has lost messages, or may have",
            self.epoch_changes.clone(),
        );
    }
}
