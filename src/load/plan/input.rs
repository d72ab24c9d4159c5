//! The reports that a plan is computed from.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::load::counters::Counters;
use crate::load::mix::Transport;
use crate::load::process::Machine;

/// One transport, measured on its own.
#[derive(Debug, Clone)]
pub(super) struct Measurement {
    /// Name of the file.
    pub file: String,
    /// The transport of all clients.
    pub transport: Transport,
    /// Number of clients.
    pub clients: u64,
    /// How long it took.
    pub seconds: f64,
    /// Messages per second.
    pub rate: f64,
    /// Size of each body.
    pub message_bytes: f64,
    /// What the clients counted.
    pub counters: Counters,
    /// CPU time of the servers, as a number of cores.
    pub cores: f64,
    /// Memory of the servers before the first client, in bytes.
    pub memory_before: Option<f64>,
    /// Growth of the servers' memory for each client, in bytes.
    pub memory_per_client: Option<f64>,
    /// Memory of the servers at the end, in bytes.
    pub memory_end: Option<f64>,
    /// The machine of the servers.
    pub machine: Option<Machine>,
    /// Number of addresses.
    pub addresses: u64,
    /// What the report says about itself.
    pub warnings: Vec<String>,
}

impl Measurement {
    /// Returns the CPU time of the servers, in seconds.
    pub(super) fn cpu_seconds(&self) -> f64 {
        self.cores * self.seconds
    }

    /// Returns the growth of the servers' memory for each client until the end, if messages were
    /// delivered meanwhile.
    pub(super) fn memory_per_subscriber(&self) -> Option<f64> {
        let growth = self.memory_end? - self.memory_before?;
        (self.counters.delivered > 0).then(|| growth / self.clients as f64)
    }

    /// Returns an amount for each client and second.
    pub(super) fn per_client_second(&self, amount: f64) -> f64 {
        amount / (self.clients as f64 * self.seconds)
    }
}

/// A report, as far as a plan needs it.
#[derive(Deserialize)]
struct ReportFile {
    targets: Vec<String>,
    parameters: ParametersFile,
    machine: Option<Machine>,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct ParametersFile {
    rate: Option<f64>,
    message_bytes: f64,
}

/// The part of a run's report that a sweep has not.
#[derive(Deserialize)]
struct RunFile {
    window_seconds: f64,
    transports: Vec<RowFile>,
    server: Option<ServerFile>,
}

#[derive(Deserialize)]
struct RowFile {
    transport: Transport,
    clients: u64,
    #[serde(flatten)]
    counters: Counters,
}

#[derive(Deserialize)]
struct ServerFile {
    cores: f64,
    memory_before: f64,
    memory_per_client: f64,
    memory_end: f64,
}

/// The part of a sweep's report that a run has not.
#[derive(Deserialize)]
struct SweepFile {
    sweep: Vec<PointFile>,
}

#[derive(Deserialize)]
struct PointFile {
    rate: f64,
    window_seconds: f64,
    server_cores: Option<f64>,
    memory_before: Option<f64>,
    memory_per_client: Option<f64>,
    memory_end: Option<f64>,
    #[serde(flatten)]
    row: RowFile,
}

/// Returns the measurements of a report.
///
/// # Errors
/// When the file cannot be read, is not a report of this version, has several transports in one
/// run, or no CPU time.
pub(super) fn read(path: &Path) -> Result<Vec<Measurement>, String> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {name}: {error}"))?;
    parse(&name, &text)
}

/// Returns the measurements of a report with this name.
pub(super) fn parse(name: &str, text: &str) -> Result<Vec<Measurement>, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| {
        format!("{name} is not JSON ({error}); --plan needs a file of trifold load --json=FILE")
    })?;
    check_version(name, &json)?;
    let report: ReportFile = part(name, &json)?;
    let measurements = match json.get("sweep") {
        Some(_) => sweep(name, &report, part(name, &json)?),
        None => run(name, &report, part(name, &json)?),
    }?;
    match measurements.is_empty() {
        true => Err(format!("{name} contains no measurement")),
        false => Ok(measurements),
    }
}

fn check_version(name: &str, json: &Value) -> Result<(), String> {
    let version = env!("CARGO_PKG_VERSION");
    match json.get("version").and_then(Value::as_str) {
        Some(found) if found == version => Ok(()),
        Some(found) => Err(format!(
            "{name} is from version {found} of trifold, and this is {version}; measure again"
        )),
        None => Err(format!(
            "{name} is not a report; --plan needs a file of trifold load --json=FILE"
        )),
    }
}

fn part<T: DeserializeOwned>(name: &str, json: &Value) -> Result<T, String> {
    T::deserialize(json).map_err(|error| {
        format!(
            "{name} is not a report of this build of trifold ({error}); measure again"
        )
    })
}

fn no_cpu(name: &str) -> String {
    format!(
        "{name} has no CPU time of the server, because its process was not readable; measure a \
         server on this machine, or one whose /metrics can be read"
    )
}

fn run(
    name: &str,
    report: &ReportFile,
    run: RunFile,
) -> Result<Vec<Measurement>, String> {
    if run.transports.len() > 1 {
        return Err(format!(
            "{name} has several transports in one run, so what each of them cost the server is \
             unknown; measure each on its own, or all with --sweep"
        ));
    }
    let server = run.server.ok_or_else(|| no_cpu(name))?;
    let rows = run.transports.into_iter();
    let measurements = rows.map(|row| Measurement {
        rate: report.parameters.rate.unwrap_or_default(),
        seconds: run.window_seconds,
        cores: server.cores,
        memory_before: Some(server.memory_before),
        memory_per_client: Some(server.memory_per_client),
        memory_end: Some(server.memory_end),
        warnings: report.warnings.clone(),
        ..measurement(name, report, row)
    });
    Ok(measurements.collect())
}

fn sweep(
    name: &str,
    report: &ReportFile,
    sweep: SweepFile,
) -> Result<Vec<Measurement>, String> {
    let points = sweep.sweep.into_iter().enumerate();
    let measurements = points.map(|(index, point)| {
        Ok(Measurement {
            rate: point.rate,
            seconds: point.window_seconds,
            cores: point.server_cores.ok_or_else(|| no_cpu(name))?,
            memory_before: point.memory_before,
            memory_per_client: point.memory_per_client,
            memory_end: point.memory_end,
            warnings: match index {
                0 => report.warnings.clone(), // of all measurements, once
                _ => Vec::new(),
            },
            ..measurement(name, report, point.row)
        })
    });
    measurements.collect()
}

/// Returns the figures that runs and sweeps have in common.
fn measurement(name: &str, report: &ReportFile, row: RowFile) -> Measurement {
    Measurement {
        file: name.to_owned(),
        transport: row.transport,
        clients: row.clients,
        seconds: 0.0,
        rate: 0.0,
        message_bytes: report.parameters.message_bytes,
        counters: row.counters,
        cores: 0.0,
        memory_before: None,
        memory_per_client: None,
        memory_end: None,
        machine: report.machine,
        addresses: report.targets.len() as u64,
        warnings: Vec::new(),
    }
}
