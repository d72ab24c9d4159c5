//! The report of a run. The table for people and the JSON for programs are made from one
//! [`Report`], so they cannot disagree.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::args::LoadArgs;
use super::counters::{Counters, TransportStats};
use super::mix::{Mix, Transport};
use super::network::SimulatedNetwork;
use super::process::cores;
use super::publisher::Publisher;
use super::target::Target;
use super::usage::{ProcessSnapshot, UsageSource};

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of Trifold that measured.
    pub version: &'static str,
    /// URL of the server.
    pub target: String,
    /// Settings of the run.
    pub parameters: Parameters,
    /// Time until all clients were connected, in seconds.
    pub connect_seconds: f64,
    /// Time from the first due time until everything was delivered or given up, in seconds.
    /// Counters, bytes and CPU time are those of this window.
    pub window_seconds: f64,
    /// The messages that were published.
    pub messages: MessagesReport,
    /// The figures of each transport.
    pub transports: Vec<TransportReport>,
    /// The figures of all transports together.
    pub all: TransportReport,
    /// The server's CPU time and memory, if they can be read.
    pub server: Option<ServerUsage>,
    /// The load generator's CPU time.
    pub generator: GeneratorUsage,
    /// What has to be known to interpret the figures.
    pub warnings: Vec<String>,
    /// Whether every client received every message, once and in order.
    pub ok: bool,
}

/// The settings of a run, named like the flags.
#[derive(Debug, Clone, Serialize)]
pub struct Parameters {
    /// Number of clients of each transport.
    pub clients: Mix,
    /// Messages per second.
    pub rate: f64,
    /// How long messages are published, in seconds.
    pub duration_seconds: f64,
    /// Size of each body as JSON.
    pub message_bytes: usize,
    /// Time between the polls of a client, in milliseconds.
    pub poll_interval_ms: f64,
    /// Whether polls send the ETag of the last response.
    pub etag: bool,
    /// What the server adds to the clients' requests.
    #[serde(flatten)]
    pub network: SimulatedNetwork,
    /// Whether clients reconnect.
    pub reconnect: bool,
    /// Number of addresses that clients connect from.
    pub source_addresses: usize,
    /// Threads that run the clients.
    pub threads: usize,
}

/// The messages that were published.
#[derive(Debug, Clone, Serialize)]
pub struct MessagesReport {
    /// Messages that were due.
    pub due: u64,
    /// Messages that the server has acknowledged.
    pub published: u64,
    /// Failed attempts; each was repeated.
    pub failures: u64,
    /// Messages that were due while all publishing connections were busy.
    pub queued: u64,
    /// Time from due to started: the delay that the generator itself caused.
    pub schedule_lag_ms: Option<Quantiles>,
    /// Time from started to acknowledged.
    pub publish_latency_ms: Option<Quantiles>,
    /// Bytes sent to publish.
    pub upload_bytes: u64,
    /// Bytes of the responses.
    pub download_bytes: u64,
}

/// The figures of one transport.
#[derive(Debug, Clone, Serialize)]
pub struct TransportReport {
    /// Name of the transport, or `all`.
    pub transport: &'static str,
    /// Number of clients.
    pub clients: u64,
    /// Messages that were published and not delivered.
    pub lost: u64,
    /// Event counts.
    #[serde(flatten)]
    pub counters: Counters,
    /// Time from due to delivered, if any message was.
    pub latency_ms: Option<Quantiles>,
    /// Bytes sent for each delivered message.
    pub upload_bytes_per_message: Option<f64>,
    /// Bytes received for each delivered message.
    pub download_bytes_per_message: Option<f64>,
}

/// A distribution, in milliseconds, with three significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Number of values.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Maximum.
    pub max: f64,
}

/// What the server used.
#[derive(Debug, Clone, Serialize)]
pub struct ServerUsage {
    /// Its process, or nothing if these figures are from its `/metrics`.
    pub pid: Option<u32>,
    /// CPU time in user and kernel mode, in seconds.
    pub cpu_seconds: f64,
    /// The same, as a number of cores.
    pub cores: f64,
    /// CPU time for each delivered message, in µs.
    pub cpu_us_per_delivery: Option<f64>,
    /// Resident memory before the first client, in bytes.
    pub memory_before: u64,
    /// Resident memory when all clients were connected and nothing was published yet, in bytes.
    pub memory_connected: u64,
    /// Resident memory at the end, in bytes.
    pub memory_end: u64,
    /// Growth from `memory_before` to `memory_connected` for each client, in bytes.
    pub memory_per_client: f64,
}

/// What the load generator used.
#[derive(Debug, Clone, Serialize)]
pub struct GeneratorUsage {
    /// CPU time in user and kernel mode, in seconds, if it can be read.
    pub cpu_seconds: Option<f64>,
    /// The same, as a number of cores.
    pub cores: Option<f64>,
    /// Cores that it can use: its threads, or the machine's cores if these are fewer.
    pub cores_available: usize,
    /// CPU time for each delivered message, in µs.
    pub cpu_us_per_delivery: Option<f64>,
}

/// Times, CPU time and memory of a run, as they were read.
pub struct RunUsage {
    /// From the first client's connection until all clients were connected.
    pub connect_time: Duration,
    /// From the first due time to the end.
    pub window: Duration,
    /// Where the server's figures are from.
    pub source: UsageSource,
    /// Before the first client.
    pub before: ProcessSnapshot,
    /// When all clients were connected.
    pub connected: ProcessSnapshot,
    /// At the end.
    pub end: ProcessSnapshot,
}

impl Report {
    /// Creates the report, without warnings.
    pub fn new(
        target: &Target,
        parameters: Parameters,
        messages: MessagesReport,
        usage: &RunUsage,
        transports: &[(Transport, TransportStats)],
    ) -> Self {
        let mut all = TransportStats::default();
        for (_, stats) in transports {
            all.add(stats);
        }
        Self {
            version: env!("CARGO_PKG_VERSION"),
            target: format!("http://{}", target.authority),
            connect_seconds: usage.connect_time.as_secs_f64(),
            window_seconds: usage.window.as_secs_f64(),
            transports: transports
                .iter()
                .map(|(transport, stats)| TransportReport::new(Some(*transport), stats))
                .collect(),
            all: TransportReport::new(None, &all),
            server: ServerUsage::new(usage, &all),
            generator: GeneratorUsage::new(usage, &all, parameters.threads),
            warnings: Vec::new(),
            ok: all.lost == 0
                && all.counters.duplicate == 0
                && all.counters.out_of_order == 0
                && messages.published == messages.due,
            parameters,
            messages,
        }
    }
}

impl Parameters {
    /// Returns the settings of the command line.
    pub fn new(args: &LoadArgs, clients: Mix, target: &Target) -> Self {
        Self {
            clients,
            rate: args.rate,
            duration_seconds: args.duration.as_secs_f64(),
            message_bytes: args.message_bytes,
            poll_interval_ms: args.poll_interval.as_secs_f64() * 1000.0,
            etag: args.etag,
            network: args.network.into(),
            reconnect: !args.no_reconnect,
            source_addresses: target.source_addresses(args.source_addresses).len().max(1),
            threads: args.threads,
        }
    }
}

impl MessagesReport {
    /// Returns the results of a publisher.
    pub fn new(publisher: &Publisher) -> Self {
        let bytes = publisher.bytes();
        publisher.with(|stats| Self {
            due: publisher.schedule().total(),
            published: stats.confirmed.len(),
            failures: stats.failures,
            queued: stats.queued,
            schedule_lag_ms: Quantiles::from_histogram(&stats.schedule_lag),
            publish_latency_ms: Quantiles::from_histogram(&stats.publish_latency),
            upload_bytes: bytes.sent,
            download_bytes: bytes.received,
        })
    }
}

impl TransportReport {
    /// Returns the figures of a transport, or of all transports together.
    pub fn new(transport: Option<Transport>, stats: &TransportStats) -> Self {
        let counters = stats.counters;
        let per_message = |bytes: u64| per(bytes as f64, counters.delivered);
        Self {
            transport: transport.map_or("all", Transport::name),
            clients: stats.clients,
            lost: stats.lost,
            latency_ms: Quantiles::from_histogram(&stats.latency),
            upload_bytes_per_message: per_message(counters.upload_bytes),
            download_bytes_per_message: per_message(counters.download_bytes),
            counters,
        }
    }
}

impl Quantiles {
    /// Returns the quantiles of a histogram of microseconds, or `None` if it is empty.
    pub fn from_histogram(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!histogram.is_empty()).then(|| Self {
            count: histogram.len(),
            mean: histogram.mean() / 1000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1000.0,
        })
    }
}

impl ServerUsage {
    fn new(usage: &RunUsage, all: &TransportStats) -> Option<Self> {
        let before = usage.before.server?;
        let connected = usage.connected.server?;
        let end = usage.end.server?;
        let cpu = end.cpu.saturating_sub(connected.cpu).as_secs_f64();
        let growth = connected.memory as f64 - before.memory as f64;
        Some(Self {
            pid: usage.source.pid(),
            cpu_seconds: cpu,
            cores: cpu / usage.window.as_secs_f64(),
            cpu_us_per_delivery: per(cpu * 1e6, all.counters.delivered),
            memory_before: before.memory,
            memory_connected: connected.memory,
            memory_end: end.memory,
            memory_per_client: growth / all.clients as f64,
        })
    }
}

impl GeneratorUsage {
    fn new(usage: &RunUsage, all: &TransportStats, threads: usize) -> Self {
        let cpu = match (usage.connected.generator, usage.end.generator) {
            (Some(start), Some(end)) => Some((end.cpu - start.cpu).as_secs_f64()),
            _ => None,
        };
        Self {
            cpu_seconds: cpu,
            cores: cpu.map(|cpu| cpu / usage.window.as_secs_f64()),
            cores_available: threads.min(cores()),
            cpu_us_per_delivery: cpu
                .and_then(|cpu| per(cpu * 1e6, all.counters.delivered)),
        }
    }
}

/// Returns `amount / count`, or `None` if the count is 0.
fn per(amount: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| amount / count as f64)
}

#[cfg(test)]
mod tests {
    use super::super::counters::new_histogram;
    use super::*;

    #[test]
    fn empty_has_no_quantiles_or_ratio() {
        assert_eq!(Quantiles::from_histogram(&new_histogram()), None);
        assert_eq!((per(3.0, 0), per(3.0, 2)), (None, Some(1.5)));
    }
}
