//! How much is published in one measurement, and when.

use std::time::Duration;

/// Bytes of a message.
pub(crate) const MESSAGE_BYTES: usize = 100;

/// Start of a message's marker; 16 hexadecimal digits follow: when it is due, in nanoseconds from
/// the start of the run. The rest of the message is [`PADDING`].
pub(crate) const MARKER: &[u8] = b"due=";

/// Digits of a marker.
pub(crate) const MARKER_DIGITS: usize = 16;

/// What fills a message up to its length.
pub(crate) const PADDING: [u8; MESSAGE_BYTES - MARKER.len() - MARKER_DIGITS] =
    [b'.'; MESSAGE_BYTES - MARKER.len() - MARKER_DIGITS];

/// Messages per second, unless few or many subscribers need another rate.
const MESSAGES_PER_SECOND: f64 = 20.0;

/// With few subscribers: more messages per second up to so many deliveries, and so many messages,
/// so that the figures are those of many deliveries.
const FEW_DELIVERIES_PER_SECOND: f64 = 5_000.0;
const MAX_MESSAGES_PER_SECOND: f64 = 200.0;

/// With many: fewer messages per second. Two cores can do more, so that latency is not that of a
/// queue.
const MAX_DELIVERIES_PER_SECOND: f64 = 20_000.0;

/// Deliveries in each round: a p99 is then that of the slowest 200.
const MIN_DELIVERIES: f64 = 20_000.0;

/// The settings of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) subscribers: usize,
    /// Messages per second.
    pub(crate) rate: f64,
    /// Number of messages that are measured.
    pub(crate) messages: usize,
    /// Number of messages before them that are not.
    pub(crate) warm_up: usize,
}

impl Workload {
    /// Returns the load for a number of subscribers. It is measured for `seconds`, or longer until
    /// there are [`MIN_DELIVERIES`], after a warm-up of a quarter of `seconds`.
    pub(crate) fn new(subscribers: usize, seconds: f64) -> Self {
        let count = subscribers as f64;
        let rate = (FEW_DELIVERIES_PER_SECOND / count)
            .clamp(MESSAGES_PER_SECOND, MAX_MESSAGES_PER_SECOND)
            .min(MAX_DELIVERIES_PER_SECOND / count);
        Self {
            subscribers,
            rate,
            messages: (rate * seconds).max(MIN_DELIVERIES / count).ceil() as usize,
            warm_up: (rate * seconds / 4.0).ceil() as usize,
        }
    }

    /// Returns the time between two messages.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate)
    }

    /// Returns all messages: when each is due, from the start, and its text.
    pub(crate) fn schedule(&self) -> impl Iterator<Item = (Duration, String)> {
        let interval = self.interval();
        (0..self.warm_up + self.messages).map(move |number| {
            let due = interval * number as u32;
            let marker = String::from_utf8_lossy(MARKER);
            let padding = String::from_utf8_lossy(&PADDING);
            (due, format!("{marker}{:016x}{padding}", due.as_nanos()))
        })
    }
}
