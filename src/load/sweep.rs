//! A sweep: each transport on its own, at several message rates. It shows from which rate on one
//! transport costs more than another.

use serde::Serialize;

use super::args::LoadArgs;
use super::counters::Counters;
use super::crossings::{CostCurve, Crossing, crossings};
use super::measure::measure;
use super::mix::{Mix, Transport, TransportShare};
use super::process::Machine;
use super::quantiles::Quantiles;
use super::report::{Parameters, Report};

/// Maximum number of rates.
const MAX_RATES: usize = 20;

/// The figures of a sweep.
#[derive(Debug, Clone, Serialize)]
pub struct SweepReport {
    /// Version of Trifold that measured.
    pub version: &'static str,
    /// URL of the server; of several servers, all of them in one text.
    pub target: String,
    /// URLs of all servers.
    pub targets: Vec<String>,
    /// Settings of all measurements.
    pub parameters: Parameters,
    /// The machine of all servers, if it is this one.
    pub machine: Option<Machine>,
    /// The measurements, by rate and transport.
    pub sweep: Vec<SweepPoint>,
    /// The rates at which two transports send the same number of bytes.
    pub crossings: Vec<Crossing>,
    /// What has to be known to interpret the figures.
    pub warnings: Vec<String>,
    /// Whether in every measurement every client received every message, once and in order.
    pub ok: bool,
}

/// One measurement of a sweep. Costs are per client and second.
#[derive(Debug, Clone, Serialize)]
pub struct SweepPoint {
    /// Messages per second.
    pub rate: f64,
    /// The transport of all clients.
    pub transport: Transport,
    /// Number of clients.
    pub clients: u64,
    /// How long the measurement took, in seconds.
    pub window_seconds: f64,
    /// Event counts of all clients.
    #[serde(flatten)]
    pub counters: Counters,
    /// Requests.
    pub requests_per_client_second: f64,
    /// Bytes to the server.
    pub upload_bytes_per_client_second: f64,
    /// Bytes from the server.
    pub download_bytes_per_client_second: f64,
    /// Time from due to delivered, if any message was.
    pub latency_ms: Option<Quantiles>,
    /// CPU time of the server, as a number of cores, if it can be read.
    pub server_cores: Option<f64>,
    /// The same for each client and second, in µs.
    pub cpu_us_per_client_second: Option<f64>,
    /// The server's memory before the first client, in bytes. Only the first measurement has it.
    pub memory_before: Option<u64>,
    /// Growth of the server's memory for each client, in bytes. Only the first measurement has it:
    /// afterwards the server has the memory of the clients before.
    pub memory_per_client: Option<f64>,
    /// The server's memory at the end, in bytes. Only the first measurement has it.
    pub memory_end: Option<u64>,
}

/// Measures each transport of the mix at each rate.
///
/// # Errors
/// As [`measure`]; the error names the measurement.
pub fn sweep(args: &LoadArgs) -> Result<SweepReport, String> {
    let measurements = plan(args)?;
    let mut reports: Vec<(Transport, Report)> = Vec::new();
    for (transport, args) in &measurements {
        let result = measure(args)
            .map_err(|error| format!("{}: {error}", label(*transport, args.rate)))?;
        reports.push((*transport, result.report));
    }
    let (_, first) = reports.first().ok_or("--sweep contains no rate")?;
    let settings = first.parameters.clone();
    let points: Vec<_> = reports.iter().enumerate().map(SweepPoint::new).collect();
    Ok(SweepReport {
        version: env!("CARGO_PKG_VERSION"),
        target: first.target.clone(),
        targets: first.targets.clone(),
        parameters: Parameters {
            clients: Mix(parts(args)?),
            rate: None,
            duration_seconds: args.duration.as_secs_f64(),
            etag: args.etag,
            ..settings
        },
        machine: first.machine,
        crossings: crossings(&curves(&points)),
        sweep: points,
        warnings: reports.iter().flat_map(warnings).collect(),
        ok: reports.iter().all(|(_, report)| report.ok),
    })
}

/// Returns the arguments of each measurement, by rate and transport.
///
/// # Errors
/// When flags contradict each other; the error names them.
pub(super) fn plan(args: &LoadArgs) -> Result<Vec<(Transport, LoadArgs)>, String> {
    args.check_etag()?;
    let mut rates = args.sweep.clone();
    rates.sort_by(f64::total_cmp);
    if rates.len() > MAX_RATES {
        let count = rates.len();
        return Err(format!(
            "--sweep has {count} rates; the maximum is {MAX_RATES}"
        ));
    }
    if let Some(twice) = rates.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("--sweep contains {} twice", twice[0]));
    }
    let parts = parts(args)?;
    let mut measurements = Vec::new();
    for rate in rates {
        for &(transport, clients) in &parts {
            let measurement = measurement(args, rate, transport, clients);
            measurement
                .check()
                .map_err(|error| format!("--sweep: {error}"))?;
            measurements.push((transport, measurement));
        }
    }
    Ok(measurements)
}

/// Returns the transports with their numbers of clients, in the usual order. Each is measured on its
/// own, so `--clients` is the number of each one, and not the total.
fn parts(args: &LoadArgs) -> Result<Vec<(Transport, usize)>, String> {
    let mut parts = Vec::new();
    for share in &args.transport {
        let alone = LoadArgs {
            transport: vec![*share],
            ..args.clone()
        };
        parts.extend(alone.mix()?.0);
    }
    parts.sort_by_key(|(transport, _)| *transport as usize);
    if let Some(twice) = parts.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("--transport contains {} twice", twice[0].0));
    }
    Ok(parts)
}

/// Returns the arguments of one measurement. It lasts until a whole number of messages is
/// published, so that the rate is exact.
fn measurement(
    args: &LoadArgs,
    rate: f64,
    transport: Transport,
    clients: usize,
) -> LoadArgs {
    let messages = rate * args.duration.as_secs_f64();
    let whole = (messages - 1e-6).ceil();
    let factor = match messages < 1.0 {
        true => 1.0, // rejected by `check`
        false => (whole / messages).max(1.0),
    };
    LoadArgs {
        rate,
        duration: args.duration.mul_f64(factor),
        transport: vec![TransportShare {
            transport,
            clients: Some(clients),
        }],
        clients: None,
        etag: args.etag && transport == Transport::Poll,
        sweep: Vec::new(),
        ..args.clone()
    }
}

impl SweepPoint {
    fn new((index, (transport, report)): (usize, &(Transport, Report))) -> Self {
        let (row, server) = (&report.all, report.server.as_ref());
        let first = server.filter(|_| index == 0);
        Self {
            rate: report.parameters.rate.unwrap_or_default(),
            transport: *transport,
            clients: row.clients,
            window_seconds: report.window_seconds,
            counters: row.counters,
            requests_per_client_second: row.requests_per_client_second,
            upload_bytes_per_client_second: row.upload_bytes_per_client_second,
            download_bytes_per_client_second: row.download_bytes_per_client_second,
            latency_ms: row.latency_ms,
            server_cores: server.map(|server| server.cores),
            cpu_us_per_client_second: server
                .map(|server| server.cpu_us_per_client_second),
            memory_before: first.map(|server| server.memory_before),
            memory_per_client: first.map(|server| server.memory_per_client),
            memory_end: first.map(|server| server.memory_end),
        }
    }

    /// Returns the bytes per client and second, in both directions together.
    pub(super) fn bytes_per_client_second(&self) -> f64 {
        self.upload_bytes_per_client_second + self.download_bytes_per_client_second
    }
}

/// Returns the bytes per client and second of each transport.
pub(super) fn curves(points: &[SweepPoint]) -> Vec<CostCurve> {
    let mut curves: Vec<CostCurve> = Vec::new();
    for transport in Transport::ALL {
        let points = points.iter().filter(|point| point.transport == transport);
        let values: Vec<_> = points
            .map(|point| (point.rate, point.bytes_per_client_second()))
            .collect();
        if !values.is_empty() {
            curves.push((transport, values));
        }
    }
    curves
}

/// Returns the warnings of one measurement, each with its name.
fn warnings((transport, report): &(Transport, Report)) -> impl Iterator<Item = String> {
    let label = label(*transport, report.parameters.rate.unwrap_or_default());
    let warnings = report.warnings.iter();
    warnings.map(move |warning| format!("{label}: {warning}"))
}

fn label(transport: Transport, rate: f64) -> String {
    format!("{transport} at {rate} messages per second")
}
