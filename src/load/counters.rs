//! What is counted for the clients of one transport: messages, requests, bytes and latency.

use std::time::Duration;

use derive_more::{AddAssign, SubAssign};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::net::connection::ByteCounts;

/// Creates an empty histogram of microseconds, from 1 µs to one hour, with three significant
/// digits.
pub(super) fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("these bounds are valid")
}

/// Records a duration; more than one hour counts as one hour.
pub(super) fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(time.as_micros() as u64);
}

/// Event counts.
#[derive(
    Debug,
    Default,
    Clone,
    Copy,
    PartialEq,
    Eq,
    AddAssign,
    SubAssign,
    Serialize,
    Deserialize,
)]
pub struct Counters {
    /// Messages of this run that were delivered, once for each client.
    pub delivered: u64,
    /// Messages that were delivered again.
    pub duplicate: u64,
    /// Messages that were delivered after one with a higher version.
    pub out_of_order: u64,
    /// Messages of other publishers.
    pub unrelated: u64,
    /// Requests and opening handshakes.
    pub requests: u64,
    /// Batches without a message, and 304 responses.
    pub empty: u64,
    /// Bytes received with them.
    pub empty_download_bytes: u64,
    /// Polls that were skipped because the previous response had not arrived.
    pub skipped: u64,
    /// Times that the log could not continue from a cursor.
    pub gaps: u64,
    /// Failed or broken connections, and error responses.
    pub errors: u64,
    /// Connections after each client's first.
    pub reconnects: u64,
    /// Bytes sent to the server.
    pub upload_bytes: u64,
    /// Bytes received from the server.
    pub download_bytes: u64,
}

impl Counters {
    /// Counts a response without a message. Its bytes are also part of all bytes.
    pub fn add_empty(&mut self, bytes: ByteCounts) {
        self.empty += 1;
        self.empty_download_bytes += bytes.received;
    }

    /// Adds the bytes of a connection.
    pub fn add_bytes(&mut self, bytes: ByteCounts) {
        self.upload_bytes += bytes.sent;
        self.download_bytes += bytes.received;
    }
}

/// The counters and latencies of the clients of one transport.
#[derive(Debug, Clone)]
pub struct TransportStats {
    /// Number of clients.
    pub clients: u64,
    /// How many of them have been connected.
    pub connected: u64,
    /// What they counted.
    pub counters: Counters,
    /// Messages that were published and not delivered; counted at the end.
    pub lost: u64,
    /// Time from due to delivered, in µs.
    pub latency: Histogram<u64>,
}

impl Default for TransportStats {
    fn default() -> Self {
        Self {
            clients: 0,
            connected: 0,
            counters: Counters::default(),
            lost: 0,
            latency: new_histogram(),
        }
    }
}

impl TransportStats {
    /// Adds what other clients counted.
    pub fn add(&mut self, other: &Self) {
        self.clients += other.clients;
        self.connected += other.connected;
        self.counters += other.counters;
        self.lost += other.lost;
        // Histograms with the same bounds can always be added.
        let _ = self.latency.add(&other.latency);
    }
}
