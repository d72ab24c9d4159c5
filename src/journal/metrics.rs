//! What the journal's commits cost.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Counts commits, their duration and their size.
#[derive(Debug, Clone)]
pub(super) struct CommitMetrics {
    duration: Histogram,
    messages: Histogram,
    failures: Counter,
}

impl Default for CommitMetrics {
    fn default() -> Self {
        Self {
            duration: Histogram::new(exponential_buckets(100e-6, 2.0, 16)),
            messages: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            failures: Counter::default(),
        }
    }
}

impl CommitMetrics {
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
            "Duration of a journal commit, including the wait for the disk",
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
    }
}
