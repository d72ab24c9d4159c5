//! The command line of `trifold load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{ArgPredicate, RangedU64ValueParser};

use super::mix::{MAX_CLIENTS, MAX_PLANNED_CLIENTS, Mix, Transport, TransportShare};
use super::network::NetworkArgs;
use super::process::cores;
use super::target::Url;
use super::values::{HOUR, duration, number};

/// Number of clients if neither `--clients` nor the mix contains one.
const DEFAULT_CLIENTS: usize = 100;

/// Maximum number of messages of a run: each client records which ones it has not received.
const MAX_MESSAGES: f64 = 10_000_000.0;

/// Measure a server: many clients subscribe, messages are published at a steady rate, and every
/// delivery is recorded
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Exit code: 0 if every client received every message once and in the same order, \
1 if not, 2 if nothing could be measured."
)]
pub struct LoadArgs {
    /// URL of the server; of several servers of one log, to which clients and messages go in turn
    #[arg(default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub urls: Vec<Url>,

    /// Total number of clients, at most 1000000, unless the mix contains the numbers; with --plan
    /// of each transport, at most 10000000000 [default: 100]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new()
          .range(1..=MAX_PLANNED_CLIENTS as u64))]
    pub clients: Option<usize>,

    /// poll, longpoll or ws; or a mix, in equal parts (ws,poll) or with numbers of clients
    /// (ws=800,longpoll=150,poll=50); with --plan all that the files contain
    #[arg(
        long,
        value_name = "MIX",
        default_value = "ws",
        value_delimiter = ',',
        default_value_ifs([
            ("sweep", ArgPredicate::IsPresent, Some("poll,longpoll,ws")),
            ("plan", ArgPredicate::IsPresent, None),
        ])
    )]
    pub transport: Vec<TransportShare>,

    /// Time from one poll of a client to its next, 1ms to 1h
    #[arg(long, value_name = "DURATION", default_value = "1s",
          value_parser = duration(Duration::from_millis(1)..=HOUR))]
    pub poll_interval: Duration,

    /// Send the ETag of the last response with each poll, so that the server can respond 304
    #[arg(long)]
    pub etag: bool,

    /// Delays and losses that the server simulates.
    #[command(flatten)]
    pub network: NetworkArgs,

    /// Messages per second, 0 to 100000; 0 publishes nothing and measures what waiting costs
    #[arg(long, value_name = "R", default_value_t = 20.0,
          value_parser = number(0.0..=100_000.0))]
    pub rate: f64,

    /// Measure each transport on its own at each of these rates, 0.01 to 100000, at most 20; all
    /// three transports unless --transport names them, and --clients is the number of each
    #[arg(long, value_name = "RATES", value_delimiter = ',', conflicts_with_all = ["rate", "hgrm"],
          value_parser = number(0.01..=100_000.0))]
    pub sweep: Vec<f64>,

    /// Measure nothing, and compute what --clients subscribers need, from reports that --json has
    /// written; repeat it for several reports
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "urls", "sweep", "etag", "up", "down", "jitter", "loss", "duration", "connect_rate",
        "drain_timeout", "no_reconnect", "source_addresses", "threads", "allow_remote", "pid",
        "plot", "hgrm",
    ])]
    pub plan: Vec<PathBuf>,

    /// How long messages are published, 100ms to 1day
    #[arg(long, value_name = "DURATION", default_value = "10s",
          value_parser = duration(Duration::from_millis(100)..=24 * HOUR))]
    pub duration: Duration,

    /// Size of each message's body as JSON, 2 to 1048576; the server may allow less
    #[arg(long, value_name = "BYTES", default_value_t = 100,
          value_parser = RangedU64ValueParser::<usize>::new().range(2..=1 << 20))]
    pub message_bytes: usize,

    /// Clients that are connected per second, 1 to 100000
    #[arg(long, value_name = "N", default_value_t = 2000.0,
          value_parser = number(1.0..=100_000.0))]
    pub connect_rate: f64,

    /// Time without a delivery after which missing messages count as lost, 100ms to 10m; for
    /// polls the poll interval is added
    #[arg(long, value_name = "DURATION", default_value = "5s",
          value_parser = duration(Duration::from_millis(100)..=HOUR / 6))]
    pub drain_timeout: Duration,

    /// Do not reconnect clients that lost their connection
    #[arg(long)]
    pub no_reconnect: bool,

    /// Number of loopback addresses, from 127.0.0.1 on, that clients connect from, 1 to 250
    #[arg(long, value_name = "N", default_value_t = 8,
          value_parser = clap::value_parser!(u8).range(1..=250))]
    pub source_addresses: u8,

    /// Threads that run the clients, 1 to 256 [default: one per core]
    #[arg(long, value_name = "N", default_value_t = cores(), hide_default_value = true,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub threads: usize,

    /// Confirm that a server is on another machine and may be put under load
    #[arg(long)]
    pub allow_remote: bool,

    /// Process of the server, for its CPU time and memory; with several URLs once for each, in
    /// their order [default: the process that listens at the URL]
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pub pid: Vec<u32>,

    /// Print the report as JSON instead of a table; with =FILE write it to that file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// Draw the latency distribution to this file, as SVG; with --sweep the bytes over the rate
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Write the latency percentiles in the HdrHistogram format, one file per transport: FILE
    /// latency.hgrm becomes latency.ws.hgrm
    #[arg(long, value_name = "FILE")]
    pub hgrm: Option<PathBuf>,
}

impl LoadArgs {
    /// Returns the number of clients of each transport.
    ///
    /// # Errors
    /// When flags contradict each other; the error names them.
    pub fn mix(&self) -> Result<Mix, String> {
        let shares = &self.transport;
        for (index, TransportShare { transport, .. }) in shares.iter().enumerate() {
            let mut earlier = shares[..index].iter();
            if earlier.any(|share| share.transport == *transport) {
                return Err(format!("--transport contains {transport} twice"));
            }
        }
        let counts = self.client_counts()?;
        let transports = shares.iter().map(|share| share.transport);
        let mix = Mix(transports.zip(counts).collect());
        let sum = mix.clients();
        match self.clients {
            Some(clients) if clients != sum => Err(format!(
                "--clients {clients} contradicts --transport, which has {sum} clients"
            )),
            _ if sum > MAX_CLIENTS => Err(format!(
                "{sum} clients are too many to measure; the maximum is {MAX_CLIENTS}"
            )),
            _ => Ok(mix),
        }
    }

    /// Returns the number of clients of each part of the mix: the given ones, or equal parts.
    fn client_counts(&self) -> Result<Vec<usize>, String> {
        let shares = &self.transport;
        let given: Vec<_> = shares.iter().filter_map(|share| share.clients).collect();
        if !given.is_empty() {
            return match given.len() == shares.len() {
                true => Ok(given),
                false => Err("--transport needs a number of clients for each part of \
                              the mix, or for no part"
                    .into()),
            };
        }
        let clients = self.clients.unwrap_or(DEFAULT_CLIENTS);
        let parts = shares.len();
        if clients < parts {
            return Err(format!(
                "--clients {clients} is too few for {parts} transports"
            ));
        }
        // The first parts get the remainder, one client each.
        let part = |index| clients / parts + usize::from(index < clients % parts);
        Ok((0..parts).map(part).collect())
    }

    /// Checks that a transport is measured that sends ETags.
    ///
    /// # Errors
    /// When `--etag` has no effect.
    pub(super) fn check_etag(&self) -> Result<(), String> {
        let mut shares = self.transport.iter();
        match self.etag && !shares.any(|share| share.transport == Transport::Poll) {
            true => Err("--etag requires --transport poll, or a mix with it".into()),
            false => Ok(()),
        }
    }

    /// Checks that each URL has a process, or none.
    fn check_pids(&self) -> Result<(), String> {
        let (pids, urls) = (self.pid.len(), self.urls.len());
        match pids == 0 || pids == urls {
            true => Ok(()),
            false if urls == 1 => Err(format!(
                "1 URL needs 1 process, and --pid names {pids}; name one, or none"
            )),
            false => Err(format!(
                "{urls} URLs need {urls} processes, and --pid names {pids}; name one for each \
                 URL, in their order, or none"
            )),
        }
    }

    /// Checks rules that concern several flags.
    ///
    /// # Errors
    /// When flags contradict each other; the error names them.
    pub fn check(&self) -> Result<(), String> {
        self.check_etag()?;
        self.check_pids()?;
        let messages = self.rate * self.duration.as_secs_f64();
        let flags = || {
            let duration = humantime::format_duration(self.duration);
            format!("--rate {} with --duration {duration}", self.rate)
        };
        if messages > MAX_MESSAGES {
            return Err(format!(
                "{} publishes {messages:.0} messages; the maximum is {MAX_MESSAGES}",
                flags()
            ));
        }
        if self.rate > 0.0 && messages < 1.0 {
            return Err(format!(
                "{} publishes no message; use a longer --duration, or --rate 0 to measure \
                 without messages",
                flags()
            ));
        }
        self.mix().map(|_| ())
    }
}

#[cfg(test)]
mod tests;
