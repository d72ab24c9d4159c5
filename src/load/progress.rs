//! Whether a run makes progress, and a bar that shows it.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the main thread checks the progress of a run.
pub(super) const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Detects that a count has not changed for some time.
pub(super) struct StallDetector {
    timeout: Duration,
    last_count: u64,
    changed_at: Instant,
}

impl StallDetector {
    /// Creates a detector that starts to wait now.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            last_count: 0,
            changed_at: Instant::now(),
        }
    }

    /// Returns whether the count has been the same for longer than the timeout.
    pub(super) fn is_stalled(&mut self, count: u64) -> bool {
        if count != self.last_count {
            (self.last_count, self.changed_at) = (count, Instant::now());
        }
        self.changed_at.elapsed() > self.timeout
    }
}

/// Returns a progress bar; it is visible only if standard error is a terminal.
pub(super) fn progress_bar(label: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(label);
    match ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
