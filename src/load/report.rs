//! What a run came to: as a table for people, as JSON for programs. Both are made of one
//! [`Report`], so they cannot disagree.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::flags::{Load, Mix, Technique};
use super::process::{Used, cores};
use super::publisher::{Published, Publisher};
use super::tally::{Counters, Tally};
use super::target::Target;

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of Trifold that measured.
    pub version: &'static str,
    /// The server's address.
    pub target: String,
    /// What was asked for.
    pub parameters: Parameters,
    /// How long it took until all clients were there, in seconds.
    pub opening_seconds: f64,
    /// From the first due time until all was delivered or given up, in seconds. Counters, bytes
    /// and CPU are those of this time.
    pub window_seconds: f64,
    /// The messages that were published.
    pub messages: Messages,
    /// What each technique came to.
    pub techniques: Vec<Row>,
    /// All of them together.
    pub all: Row,
    /// The server's process, where it may be read.
    pub server: Option<Server>,
    /// This process.
    pub generator: Generator,
    /// What a reader of these figures has to know.
    pub warnings: Vec<String>,
    /// Whether every client got every message, once and in order.
    pub ok: bool,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Parameters {
    /// Clients of each technique.
    pub clients: Mix,
    /// Messages a second.
    pub rate: f64,
    /// How long they are published, in seconds.
    pub seconds: f64,
    /// Bytes of each body as JSON.
    pub size: usize,
    /// Milliseconds between the polls of a client.
    pub every_ms: u64,
    /// Whether polls are conditional.
    pub conditional: bool,
    /// Whether clients come back.
    pub reconnect: bool,
    /// Addresses that clients come from.
    pub sources: usize,
    /// Threads that run them.
    pub threads: usize,
}

/// The messages that were published.
#[derive(Debug, Clone, Serialize)]
pub struct Messages {
    /// How many were due.
    pub due: u64,
    /// How many of them the server has numbered, as far as it said so.
    pub published: u64,
    /// Attempts that failed and were made again.
    pub failures: u64,
    /// Messages that found all publishing connections busy.
    pub queued: u64,
    /// From due to taken in hand: what the generator was late.
    pub late_ms: Option<Quantiles>,
    /// From taken in hand to answered.
    pub answered_ms: Option<Quantiles>,
    /// Bytes sent to publish them.
    pub bytes_up: u64,
    /// Bytes of the answers.
    pub bytes_down: u64,
}

/// What a technique came to.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its name, or `all`.
    pub technique: &'static str,
    /// How many clients it has.
    pub clients: u64,
    /// Messages that were published and did not come.
    pub lost: u64,
    /// What was counted.
    #[serde(flatten)]
    pub counters: Counters,
    /// From due to delivered; nothing where nothing was.
    pub latency_ms: Option<Quantiles>,
    /// Bytes up for each message delivered.
    pub bytes_up_per_message: Option<f64>,
    /// Bytes down for each message delivered.
    pub bytes_down_per_message: Option<f64>,
}

/// A distribution, in milliseconds, exact to three digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many values there are.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// What the server's process used.
#[derive(Debug, Clone, Serialize)]
pub struct Server {
    /// Its number.
    pub pid: u32,
    /// CPU time, in seconds, its own and the kernel's for it.
    pub cpu_seconds: f64,
    /// The same in cores.
    pub cores: f64,
    /// CPU time in µs for each message delivered.
    pub cpu_us_per_delivery: Option<f64>,
    /// Resident memory before the first client, in bytes.
    pub memory_before: u64,
    /// The same when all clients were there and nothing was published yet.
    pub memory_open: u64,
    /// The same at the end.
    pub memory_end: u64,
    /// `memory_open` less `memory_before`, for each client.
    pub memory_per_client: f64,
}

/// What this process used.
#[derive(Debug, Clone, Serialize)]
pub struct Generator {
    /// CPU time, in seconds; nothing where it cannot be read.
    pub cpu_seconds: Option<f64>,
    /// The same in cores.
    pub cores: Option<f64>,
    /// How many cores it may use: its threads, or the machine's cores if these are fewer.
    pub cores_most: usize,
    /// CPU time in µs for each message delivered.
    pub cpu_us_per_delivery: Option<f64>,
}

/// What clock and system said in the course of a run.
pub(super) struct Readings {
    /// From the first client that was opened until all were there.
    pub(super) opening: Duration,
    /// From the first due time to the end.
    pub(super) window: Duration,
    /// The server's process, if it is known.
    pub(super) pid: Option<u32>,
    /// Before the first client, when all were there, and at the end.
    pub(super) used: [Used; 3],
}

impl Report {
    /// Puts it together, still without warnings.
    pub(super) fn new(
        target: &Target,
        parameters: Parameters,
        messages: Messages,
        readings: &Readings,
        tallies: &[(Technique, Tally)],
    ) -> Self {
        let mut all = Tally::default();
        for (_, tally) in tallies {
            all.add(tally);
        }
        Self {
            version: env!("CARGO_PKG_VERSION"),
            target: format!("http://{}", target.authority),
            opening_seconds: readings.opening.as_secs_f64(),
            window_seconds: readings.window.as_secs_f64(),
            techniques: tallies
                .iter()
                .map(|(name, tally)| Row::new(Some(*name), tally))
                .collect(),
            all: Row::new(None, &all),
            server: Server::new(readings, &all),
            generator: Generator::new(readings, &all, parameters.threads),
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
    /// Those of the command line.
    pub(super) fn new(load: &Load, clients: Mix, target: &Target) -> Self {
        Self {
            clients,
            rate: load.rate,
            seconds: load.seconds,
            size: load.size,
            every_ms: load.every_ms,
            conditional: load.conditional,
            reconnect: !load.no_reconnect,
            sources: target.sources(load.sources).len().max(1),
            threads: load.threads,
        }
    }
}

impl Messages {
    /// What became of so many that were due.
    pub(super) fn new(due: u64, publisher: &Publisher) -> Self {
        let bytes = publisher.bytes();
        publisher.look(|published| {
            let Published {
                confirmed,
                failures,
                late,
                answered,
                queued,
                ..
            } = published;
            Self {
                due,
                published: confirmed.len(),
                failures: *failures,
                queued: *queued,
                late_ms: Quantiles::of(late),
                answered_ms: Quantiles::of(answered),
                bytes_up: bytes.up,
                bytes_down: bytes.down,
            }
        })
    }
}

impl Server {
    /// Nothing where something could not be read.
    fn new(readings: &Readings, all: &Tally) -> Option<Self> {
        let [Some(before), Some(open), Some(end)] = readings.used.map(|used| used.server)
        else {
            return None;
        };
        let cpu = end.cpu.saturating_sub(open.cpu).as_secs_f64();
        Some(Self {
            pid: readings.pid?,
            cpu_seconds: cpu,
            cores: cpu / readings.window.as_secs_f64(),
            cpu_us_per_delivery: per(cpu * 1e6, all.counters.delivered),
            memory_before: before.memory,
            memory_open: open.memory,
            memory_end: end.memory,
            memory_per_client: (open.memory as f64 - before.memory as f64)
                / all.clients as f64,
        })
    }
}

impl Generator {
    fn new(readings: &Readings, all: &Tally, threads: usize) -> Self {
        let [_, open, end] = readings.used.map(|used| used.own);
        let cpu = match (open, end) {
            (Some(open), Some(end)) => Some((end.cpu - open.cpu).as_secs_f64()),
            _ => None,
        };
        Self {
            cpu_seconds: cpu,
            cores: cpu.map(|cpu| cpu / readings.window.as_secs_f64()),
            cores_most: threads.min(cores()),
            cpu_us_per_delivery: cpu
                .and_then(|cpu| per(cpu * 1e6, all.counters.delivered)),
        }
    }
}

impl Quantiles {
    /// Of a histogram of microseconds; none where it is empty.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
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

/// A share of something that may be nothing.
pub fn per(amount: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| amount / count as f64)
}

impl Row {
    /// What a technique's clients counted, or those of all techniques.
    pub fn new(technique: Option<Technique>, tally: &Tally) -> Self {
        let counters = tally.counters;
        Self {
            technique: technique.map_or("all", Technique::name),
            clients: tally.clients,
            lost: tally.lost,
            latency_ms: Quantiles::of(&tally.latency),
            bytes_up_per_message: per(counters.bytes_up as f64, counters.delivered),
            bytes_down_per_message: per(counters.bytes_down as f64, counters.delivered),
            counters,
        }
    }

    fn cells(&self) -> [String; 13] {
        let time = |pick: fn(&Quantiles) -> f64| {
            self.latency_ms
                .as_ref()
                .map_or("-".to_owned(), |own| number(pick(own)))
        };
        let bytes =
            |own: Option<f64>| own.map_or("-".to_owned(), |own| format!("{own:.1}"));
        [
            self.technique.to_owned(),
            self.clients.to_string(),
            self.counters.delivered.to_string(),
            self.lost.to_string(),
            self.counters.duplicate.to_string(),
            self.counters.out_of_order.to_string(),
            time(|own| own.p50),
            time(|own| own.p90),
            time(|own| own.p99),
            time(|own| own.max),
            self.counters.requests.to_string(),
            bytes(self.bytes_up_per_message),
            bytes(self.bytes_down_per_message),
        ]
    }
}

const HEADINGS: [&str; 13] = [
    "technique",
    "clients",
    "delivered",
    "lost",
    "duplicate",
    "out-of-order",
    "p50",
    "p90",
    "p99",
    "max",
    "requests",
    "up",
    "down",
];

/// Three digits, and no more decimals than they need.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

fn optional(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), number)
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters {
            rate,
            seconds,
            size,
            ..
        } = &self.parameters;
        writeln!(
            out,
            "{}: {} of {} messages published, {rate} a second for {seconds} s, bodies of {size} \
             bytes; {} clients, there after {} s\n",
            self.target,
            self.messages.published,
            self.messages.due,
            self.all.clients,
            number(self.opening_seconds),
        )?;

        let mut lines = vec![HEADINGS.map(str::to_owned)];
        lines.extend(self.techniques.iter().map(Row::cells));
        if self.techniques.len() > 1 {
            lines.push(self.all.cells());
        }
        let width = |column: usize| lines.iter().map(|line| line[column].len()).max();
        let widths: Vec<_> = (0..HEADINGS.len())
            .map(|own| width(own).unwrap_or(0))
            .collect();
        for line in &lines {
            let mut text = format!("{:<1$}", line[0], widths[0]);
            for (cell, width) in line.iter().zip(&widths).skip(1) {
                text += &format!("  {cell:>width$}");
            }
            writeln!(out, "{text}")?;
        }
        writeln!(
            out,
            "latency in ms, from due to delivered; up and down in bytes a message delivered; \
             requests in {} s\n",
            number(self.window_seconds)
        )?;

        match &self.server {
            Some(own) => writeln!(
                out,
                "server (process {}): CPU {} µs a delivery, {} cores; memory {} KiB a client",
                own.pid,
                optional(own.cpu_us_per_delivery),
                number(own.cores),
                number(own.memory_per_client / 1024.0)
            ),
            None => writeln!(out, "server: CPU and memory are not readable"),
        }?;
        writeln!(
            out,
            "generator: CPU {} µs a delivery, {} of {} cores; late with publishing by {} ms at \
             the 99th percentile, {} ms at most",
            optional(self.generator.cpu_us_per_delivery),
            optional(self.generator.cores),
            self.generator.cores_most,
            optional(self.messages.late_ms.map(|own| own.p99)),
            optional(self.messages.late_ms.map(|own| own.max)),
        )?;
        for warning in &self.warnings {
            writeln!(out, "! {warning}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let written = [0.0, 0.1234, 9.5, 12.34, 123.4, 12345.6].map(number);
        assert_eq!(written, ["0.00", "0.12", "9.50", "12.3", "123", "12346"]);
    }

    #[test]
    fn nothing_has_no_quantiles_and_no_share() {
        assert_eq!(Quantiles::of(&super::super::tally::histogram()), None);
        assert_eq!((per(3.0, 0), per(3.0, 2)), (None, Some(1.5)));
    }
}
