//! A meter: the counts of one pane.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// Counts the traffic of one pane.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    responses: AtomicU64,
    empty: AtomicU64,
    in_flight: AtomicU64,
    upload_bytes: AtomicU64,
    download_bytes: AtomicU64,
}

/// The counts of a meter at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeterSnapshot {
    /// Requests and opening handshakes.
    pub requests: u64,
    /// Responses; on a socket, chunks sent.
    pub responses: u64,
    /// Batches without a message.
    pub empty: u64,
    /// Requests without a response yet, and open sockets.
    pub in_flight: u64,
    /// Bytes from the client.
    pub upload_bytes: u64,
    /// Bytes to the client.
    pub download_bytes: u64,
}

impl Meter {
    /// Returns the current counts.
    pub fn snapshot(&self) -> MeterSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        MeterSnapshot {
            requests: read(&self.requests),
            responses: read(&self.responses),
            empty: read(&self.empty),
            in_flight: read(&self.in_flight),
            upload_bytes: read(&self.upload_bytes),
            download_bytes: read(&self.download_bytes),
        }
    }

    /// Counts a request and the bytes of its head. It is in flight until the guard is dropped.
    pub(super) fn record_request(self: &Arc<Self>, head_bytes: usize) -> InFlightGuard {
        increment(&self.requests, 1);
        increment(&self.in_flight, 1);
        self.record_upload(head_bytes);
        InFlightGuard(self.clone())
    }

    pub(super) fn record_response(&self) {
        increment(&self.responses, 1);
    }

    pub(super) fn record_empty_batch(&self) {
        increment(&self.empty, 1);
    }

    pub(super) fn record_upload(&self, bytes: usize) {
        increment(&self.upload_bytes, bytes);
    }

    pub(super) fn record_download(&self, bytes: usize) {
        increment(&self.download_bytes, bytes);
    }
}

fn increment(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}

/// A request without a response yet, or an open socket.
pub(super) struct InFlightGuard(Arc<Meter>);

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
