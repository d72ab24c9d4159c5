//! The report of a run. The table for people and the JSON for programs are made from one
//! [`Report`], so they cannot disagree.

use std::time::Duration;

use serde::Serialize;

use super::args::LoadArgs;
use super::counters::{Counters, TransportStats};
use super::message_versions::MessageVersions;
use super::mix::{Mix, Transport};
use super::network::SimulatedNetwork;
use super::process::Machine;
use super::publisher::Publisher;
use super::quantiles::{Quantiles, per};
use super::targets::Targets;
use super::usage_report::{GeneratorUsage, RunUsage, ServerUsage};

/// The figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Version of Trifold that measured.
    pub version: &'static str,
    /// URL of the server; of several servers, all of them in one text.
    pub target: String,
    /// URLs of all servers.
    pub targets: Vec<String>,
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
    /// The machine of all servers, if it is this one.
    pub machine: Option<Machine>,
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
    /// Messages per second; nothing in a sweep, which has several.
    pub rate: Option<f64>,
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
    /// Messages that different clients received with different versions.
    pub conflicting: u64,
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
    /// Requests of each client per second.
    pub requests_per_client_second: f64,
    /// Bytes that each client sent per second.
    pub upload_bytes_per_client_second: f64,
    /// Bytes that each client received per second.
    pub download_bytes_per_client_second: f64,
}

impl Report {
    /// Creates the report, without warnings.
    pub fn new(
        targets: &Targets,
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
            target: targets.urls().join(", "),
            targets: targets.urls(),
            connect_seconds: usage.connect_time.as_secs_f64(),
            window_seconds: usage.window.as_secs_f64(),
            transports: transports
                .iter()
                .map(|(transport, stats)| {
                    TransportReport::new(Some(*transport), stats, usage.window)
                })
                .collect(),
            all: TransportReport::new(None, &all, usage.window),
            server: ServerUsage::new(usage, &all),
            machine: usage.sources.are_local().then(Machine::this),
            generator: GeneratorUsage::new(usage, &all, parameters.threads),
            warnings: Vec::new(),
            ok: all.lost == 0
                && all.counters.duplicate == 0
                && all.counters.out_of_order == 0
                && messages.conflicting == 0
                && messages.published == messages.due,
            parameters,
            messages,
        }
    }
}

impl Parameters {
    /// Returns the settings of the command line.
    pub fn new(args: &LoadArgs, clients: Mix, targets: &Targets) -> Self {
        Self {
            clients,
            rate: Some(args.rate),
            duration_seconds: args.duration.as_secs_f64(),
            message_bytes: args.message_bytes,
            poll_interval_ms: args.poll_interval.as_secs_f64() * 1000.0,
            etag: args.etag,
            network: args.network.into(),
            reconnect: !args.no_reconnect,
            source_addresses: targets.source_addresses(args.source_addresses),
            threads: args.threads,
        }
    }
}

impl MessagesReport {
    /// Returns the results of a publisher, and of the clients' comparison of its messages.
    pub fn new(publisher: &Publisher, versions: &MessageVersions) -> Self {
        let bytes = publisher.bytes();
        publisher.with(|stats| Self {
            due: publisher.schedule().total(),
            published: stats.confirmed.len(),
            conflicting: versions.conflicting(),
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
    pub fn new(
        transport: Option<Transport>,
        stats: &TransportStats,
        window: Duration,
    ) -> Self {
        let counters = stats.counters;
        let per_message = |bytes: u64| per(bytes as f64, counters.delivered);
        let client_seconds = stats.clients as f64 * window.as_secs_f64();
        let per_client_second = |count: u64| count as f64 / client_seconds;
        Self {
            transport: transport.map_or("all", Transport::name),
            clients: stats.clients,
            lost: stats.lost,
            latency_ms: Quantiles::from_histogram(&stats.latency),
            upload_bytes_per_message: per_message(counters.upload_bytes),
            download_bytes_per_message: per_message(counters.download_bytes),
            requests_per_client_second: per_client_second(counters.requests),
            upload_bytes_per_client_second: per_client_second(counters.upload_bytes),
            download_bytes_per_client_second: per_client_second(counters.download_bytes),
            counters,
        }
    }
}
