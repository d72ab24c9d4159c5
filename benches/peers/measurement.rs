//! One measurement: publishes at an even rate, until everything is delivered or nothing more is.

use std::io;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::client::PeerClient;
use crate::publisher::Publisher;
use crate::workload::Workload;

/// Time without a delivery after which missing messages count as lost.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Once a measured message is this late, publishing stops: the server cannot keep up, and what is
/// measured would be the length of the measurement.
const MAX_LATE: Duration = Duration::from_secs(2);

/// Time after the end of the schedule after which missing messages count as lost.
const MAX_OVERTIME: Duration = Duration::from_secs(30);

/// Maximum latency of the histogram: a minute, in nanoseconds.
const MAX_LATENCY_NS: u64 = 60_000_000_000;

/// The results of one run.
pub(crate) struct PeerResult {
    /// Number of deliveries since `on_measuring`.
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    /// Time from due to delivered, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// Whether publishing stopped early, because the server could not keep up.
    pub(crate) is_stopped: bool,
}

/// What was delivered so far.
struct Deliveries {
    start: Instant,
    first: Instant,
    latency: Histogram<u64>,
    /// When the newest message of each subscriber was due.
    newest: Vec<Option<u64>>,
    count: u64,
    misordered: u64,
    last: Instant,
    latest: Duration,
}

impl Deliveries {
    fn new(start: Instant, first: Instant, subscribers: usize) -> Self {
        let latency = Histogram::new_with_max(MAX_LATENCY_NS, 3);
        Self {
            start,
            first,
            latency: latency.expect("the bounds are valid"),
            newest: vec![None; subscribers],
            count: 0,
            misordered: 0,
            last: first,
            latest: Duration::ZERO,
        }
    }

    fn record(&mut self, subscriber: usize, due: u64) {
        if self.newest[subscriber].replace(due) >= Some(due) {
            self.misordered += 1;
        }
        self.count += 1;
        let now = Instant::now();
        self.last = self.last.max(now);
        let due = self.start + Duration::from_nanos(due);
        if due >= self.first {
            let latency = now - due;
            self.latest = self.latest.max(latency);
            self.latency.saturating_record(latency.as_nanos() as u64);
        }
    }

    /// Returns whether the server does not keep up.
    fn is_too_late(&self) -> bool {
        self.latest > MAX_LATE
    }

    /// Returns the result, of which `before` deliveries were before the measurement.
    fn result(self, expected: usize, before: u64) -> io::Result<PeerResult> {
        if self.misordered > 0 {
            let count = self.misordered;
            let what = format!("{count} messages are duplicate or out of order");
            return Err(io::Error::other(what));
        }
        Ok(PeerResult {
            delivered: self.count - before,
            lost: expected as u64 - self.count,
            is_stopped: self.is_too_late(),
            latency: self.latency,
        })
    }
}

impl PeerClient<'_> {
    /// Publishes and measures. Calls `on_measuring` after the warm-up.
    ///
    /// # Errors
    /// When a connection fails, or a message is duplicate or out of order.
    pub(crate) fn run(
        &mut self,
        workload: Workload,
        mut on_measuring: impl FnMut(),
    ) -> io::Result<PeerResult> {
        let start = Instant::now() + Duration::from_millis(100);
        let first = start + workload.interval() * workload.warm_up as u32;
        let end = first + workload.interval() * workload.messages as u32;
        let publisher = self.publish(workload, start);
        let mut deliveries = Deliveries::new(start, first, self.len());
        let mut before = None;
        let is_complete = |deliveries: &Deliveries| {
            let expected = publisher.published() * workload.subscribers;
            publisher.is_finished() && deliveries.count >= expected as u64
        };
        while !is_complete(&deliveries) {
            self.drive(Duration::from_millis(20), |subscriber, due| {
                deliveries.record(subscriber, due);
            })?;
            let now = Instant::now();
            if before.is_none() && now >= first {
                before = Some(deliveries.count);
                on_measuring();
            }
            if deliveries.is_too_late() {
                publisher.stop();
            }
            if now > end + MAX_OVERTIME || now > deliveries.last + DRAIN_TIMEOUT {
                break;
            }
        }
        let published = publisher.join()?;
        deliveries.result(published * workload.subscribers, before.unwrap_or_default())
    }

    fn publish(&self, workload: Workload, start: Instant) -> Publisher {
        let requests = workload.schedule().map(|(due, message)| {
            (start + due, self.protocol.publish(self.address, &message))
        });
        Publisher::start(self.address, requests.collect())
    }
}
