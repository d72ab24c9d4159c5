//! Metrics for Prometheus: what the server counts. docs/operations.md explains each metric.
//!
//! Modules register their own metrics ([`limits`](crate::limits), [`journal`](crate::journal));
//! this one has those that several modules record.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The three transports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    /// `/poll`
    Poll,
    /// `/longpoll`
    Longpoll,
    /// `/ws`
    Ws,
}

impl TransportKind {
    const ALL: [Self; 3] = [Self::Poll, Self::Longpoll, Self::Ws];

    /// Returns the name used in paths, JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Longpoll => "longpoll",
            Self::Ws => "ws",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    endpoint: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectionLabels {
    limit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GapLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransportLabels {
    transport: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PublishLabels {
    result: &'static str,
}

/// The endpoints, each with the status of almost all of its responses.
const EXPECTED_STATUS: [(&str, u16); 8] = [
    ("poll", 200),
    ("longpoll", 200),
    ("ws", 101),
    ("messages", 201),
    ("lab", 101),
    ("time", 200),
    ("health", 200),
    ("metrics", 200),
];

/// Counters and histograms that are recorded while the server runs.
#[derive(Debug)]
pub struct Metrics {
    responses: Family<ResponseLabels, Counter>,
    /// The counters of [`EXPECTED_STATUS`]: a lookup costs more than an increment.
    common_responses: [(ResponseLabels, Counter); 8],
    limit_exceeded: Family<RejectionLabels, Counter>,
    cursor_gaps: Family<GapLabels, Counter>,
    transports: [TransportMetrics; 3],
    long_poll_hold: Histogram,
    published_created: Counter,
    published_duplicate: Counter,
    websockets_open: Gauge,
}

impl Metrics {
    /// Creates and registers all metrics. `limits` and `gap_reasons` are initialized to 0, so
    /// that `rate()` sees the first increment.
    pub fn register(
        registry: &mut Registry,
        limits: impl IntoIterator<Item = &'static str>,
        gap_reasons: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let responses = Family::<ResponseLabels, Counter>::default();
        let published = Family::<PublishLabels, Counter>::default();
        let published_as =
            |result| published.get_or_create_owned(&PublishLabels { result });
        let metrics = Self {
            common_responses: EXPECTED_STATUS.map(|(endpoint, code)| {
                let labels = ResponseLabels { endpoint, code };
                let counter = responses.get_or_create_owned(&labels);
                (labels, counter)
            }),
            responses,
            limit_exceeded: Family::default(),
            cursor_gaps: Family::default(),
            transports: TransportMetrics::register_all(registry),
            long_poll_hold: seconds_histogram(1e-3, 16),
            published_created: published_as("created"),
            published_duplicate: published_as("duplicate"),
            websockets_open: Gauge::default(),
        };
        for limit in limits {
            let labels = RejectionLabels { limit };
            let _ = metrics.limit_exceeded.get_or_create(&labels);
        }
        for reason in gap_reasons {
            let _ = metrics.cursor_gaps.get_or_create(&GapLabels { reason });
        }
        registry.register(
            "messages_published",
            "Publish requests that succeeded; a duplicate appends nothing",
            published,
        );
        metrics.register_own(registry);
        metrics
    }

    fn register_own(&self, registry: &mut Registry) {
        registry.register(
            "http_responses",
            "HTTP responses by endpoint and status code; 101 is an opened WebSocket",
            self.responses.clone(),
        );
        registry.register(
            "limit_exceeded",
            "Requests, messages and connections that exceeded a limit",
            self.limit_exceeded.clone(),
        );
        registry.register(
            "cursor_gaps",
            "Gaps reported to readers: the log could not continue from their cursor",
            self.cursor_gaps.clone(),
        );
        registry.register_with_unit(
            "long_poll_hold",
            "How long a long poll was held before its response",
            Unit::Seconds,
            self.long_poll_hold.clone(),
        );
        registry.register(
            "websockets_open",
            "Open WebSockets on /ws",
            self.websockets_open.clone(),
        );
    }

    /// Returns the metrics of one transport.
    pub fn transport(&self, kind: TransportKind) -> &TransportMetrics {
        &self.transports[kind as usize]
    }

    /// Records an HTTP response. Every path that is not an endpoint counts as `page`, so that
    /// clients cannot create labels.
    pub fn record_response(&self, path: &str, code: u16) {
        let endpoint = path.strip_prefix('/');
        let common = self
            .common_responses
            .iter()
            .find(|(labels, _)| Some(labels.endpoint) == endpoint);
        match common {
            Some((labels, counter)) if labels.code == code => counter.inc(),
            _ => {
                let endpoint = common.map_or("page", |(labels, _)| labels.endpoint);
                let labels = ResponseLabels { endpoint, code };
                self.responses.get_or_create(&labels).inc()
            }
        };
    }

    /// Records that a client exceeded a limit.
    pub fn record_limit_exceeded(&self, limit: &'static str) {
        self.limit_exceeded
            .get_or_create(&RejectionLabels { limit })
            .inc();
    }

    /// Records a gap that was reported to a reader.
    pub fn record_gap(&self, reason: &'static str) {
        self.cursor_gaps.get_or_create(&GapLabels { reason }).inc();
    }

    /// Records a successful publish.
    pub fn record_publish(&self, duplicate: bool) {
        match duplicate {
            false => self.published_created.inc(),
            true => self.published_duplicate.inc(),
        };
    }

    /// Records how long a long poll was held.
    pub fn record_hold(&self, duration: Duration) {
        self.long_poll_hold.observe(duration.as_secs_f64());
    }

    /// Counts a WebSocket as open until the guard is dropped.
    pub fn track_websocket(&self) -> OpenWebSocket {
        self.websockets_open.inc();
        OpenWebSocket(self.websockets_open.clone())
    }
}

/// An open WebSocket; decrements the gauge on drop.
pub struct OpenWebSocket(Gauge);

impl Drop for OpenWebSocket {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What one transport has delivered.
#[derive(Debug, Clone)]
pub struct TransportMetrics {
    batches: Counter,
    messages: Counter,
    bytes: Counter,
    latency: Histogram,
}

impl TransportMetrics {
    /// Records a batch that is handed to the connection. `latency` is the time since its newest
    /// message was appended or since the reader requested it, whichever is shorter.
    pub fn record_batch(&self, messages: u64, bytes: usize, latency: Duration) {
        self.batches.inc();
        self.bytes.inc_by(bytes as u64);
        if messages > 0 {
            self.messages.inc_by(messages);
            self.latency.observe(latency.as_secs_f64());
        }
    }

    fn register_all(registry: &mut Registry) -> [Self; 3] {
        let batches = Family::<TransportLabels, Counter>::default();
        let messages = Family::<TransportLabels, Counter>::default();
        let bytes = Family::<TransportLabels, Counter>::default();
        let latency = Family::<TransportLabels, Histogram>::new_with_constructor(|| {
            seconds_histogram(50e-6, 18)
        });
        registry.register(
            "batches_sent",
            "Batches sent to readers, including empty ones",
            batches.clone(),
        );
        registry.register(
            "messages_delivered",
            "Messages sent to readers: one message counts once per reader",
            messages.clone(),
        );
        registry.register(
            "batch_bytes_sent",
            "JSON of the batches sent, without headers and framing, in bytes",
            bytes.clone(),
        );
        registry.register_with_unit(
            "delivery_latency",
            "From append (or request, if later) until the batch is handed to the connection",
            Unit::Seconds,
            latency.clone(),
        );
        TransportKind::ALL.map(|kind| {
            let labels = TransportLabels {
                transport: kind.name(),
            };
            Self {
                batches: batches.get_or_create_owned(&labels),
                messages: messages.get_or_create_owned(&labels),
                bytes: bytes.get_or_create_owned(&labels),
                latency: latency.get_or_create_owned(&labels),
            }
        })
    }
}

/// Creates a histogram of durations: the first bucket ends at `first` seconds, and each one is
/// twice as long as the previous.
fn seconds_histogram(first: f64, buckets: u16) -> Histogram {
    Histogram::new(exponential_buckets(first, 2.0, buckets))
}
