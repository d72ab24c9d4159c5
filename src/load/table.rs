//! The report as a table for people.

use std::fmt;

use super::columns::{number, one_decimal, optional, write_columns};
use super::network::SimulatedNetwork;
use super::quantiles::Quantiles;
use super::report::{MessagesReport, Parameters, Report, TransportReport};
use super::usage_report::{GeneratorUsage, ServerUsage};

const HEADINGS: [&str; 13] = [
    "transport",
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
    "upload",
    "download",
];

const WAITING_HEADINGS: [&str; 5] = [
    "transport",
    "clients",
    "requests/s",
    "upload/s",
    "download/s",
];

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_summary(out, self)?;
        write_table(out, self)?;
        write_units(out, self)?;
        match &self.server {
            Some(server) => write_server(out, server, publishes(self)),
            None => writeln!(out, "server: CPU and memory are not readable"),
        }?;
        write_generator(out, &self.generator, &self.messages)?;
        for warning in &self.warnings {
            writeln!(out, "! {warning}")?;
        }
        Ok(())
    }
}

fn write_units(out: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let window = number(report.window_seconds);
    match publishes(report) {
        true => writeln!(
            out,
            "latency in ms, from due to delivered; upload and download in bytes per delivered \
             message; requests in {window} s\n"
        ),
        false => writeln!(
            out,
            "per client and second, over {window} s; upload and download in bytes\n"
        ),
    }
}

fn write_summary(out: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let Parameters {
        duration_seconds,
        message_bytes,
        network,
        ..
    } = &report.parameters;
    if !publishes(report) {
        writeln!(
            out,
            "{}: nothing published for {duration_seconds} s; {} clients, connected after {} s",
            report.target,
            report.all.clients,
            number(report.connect_seconds),
        )?;
        return write_network(out, network);
    }
    writeln!(
        out,
        "{}: {} of {} messages published, {} per second for {duration_seconds} s, \
         {message_bytes} bytes each; {} clients, connected after {} s",
        report.target,
        report.messages.published,
        report.messages.due,
        report.parameters.rate.unwrap_or_default(),
        report.all.clients,
        number(report.connect_seconds),
    )?;
    write_network(out, network)
}

fn write_network(
    out: &mut fmt::Formatter<'_>,
    network: &SimulatedNetwork,
) -> fmt::Result {
    match network.is_active() {
        true => writeln!(out, "simulated network: {network}\n"),
        false => writeln!(out),
    }
}

fn write_table(out: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let cells = match publishes(report) {
        true => delivery_cells,
        false => waiting_cells,
    };
    let headings: &[&str] = match publishes(report) {
        true => &HEADINGS,
        false => &WAITING_HEADINGS,
    };
    let mut lines = vec![headings.iter().map(|&heading| heading.to_owned()).collect()];
    lines.extend(report.transports.iter().map(cells));
    if report.transports.len() > 1 {
        lines.push(cells(&report.all));
    }
    write_columns(out, &lines)
}

/// Returns whether the run published anything. If not, its report is about what waiting costs.
fn publishes(report: &Report) -> bool {
    report.parameters.rate.is_some_and(|rate| rate > 0.0)
}

fn delivery_cells(report: &TransportReport) -> Vec<String> {
    let TransportReport {
        transport,
        clients,
        lost,
        counters,
        latency_ms,
        ..
    } = report;
    let time =
        |quantile: fn(&Quantiles) -> f64| optional(latency_ms.as_ref().map(quantile));
    vec![
        (*transport).to_owned(),
        clients.to_string(),
        counters.delivered.to_string(),
        lost.to_string(),
        counters.duplicate.to_string(),
        counters.out_of_order.to_string(),
        time(|quantiles| quantiles.p50),
        time(|quantiles| quantiles.p90),
        time(|quantiles| quantiles.p99),
        time(|quantiles| quantiles.max),
        counters.requests.to_string(),
        one_decimal(report.upload_bytes_per_message),
        one_decimal(report.download_bytes_per_message),
    ]
}

fn waiting_cells(report: &TransportReport) -> Vec<String> {
    vec![
        report.transport.to_owned(),
        report.clients.to_string(),
        number(report.requests_per_client_second),
        one_decimal(Some(report.upload_bytes_per_client_second)),
        one_decimal(Some(report.download_bytes_per_client_second)),
    ]
}

fn write_server(
    out: &mut fmt::Formatter<'_>,
    server: &ServerUsage,
    publishes: bool,
) -> fmt::Result {
    let pids: Vec<_> = server.pids.iter().map(u32::to_string).collect();
    let source = match (&pids[..], server.is_local) {
        ([pid], true) => format!("server (process {pid})"),
        (pids, true) => format!("servers (processes {}, together)", pids.join(", ")),
        ([], false) => "server (from its /metrics)".to_owned(),
        (pids, false) => format!(
            "servers (processes {}, others from their /metrics, together)",
            pids.join(", ")
        ),
    };
    let cpu = match publishes {
        true => cpu_text(server.cpu_us_per_delivery, "delivery"),
        false => cpu_text(Some(server.cpu_us_per_client_second), "client and second"),
    };
    writeln!(
        out,
        "{source}: CPU {cpu}{} cores; memory {} KiB per client",
        number(server.cores),
        number(server.memory_per_client / 1024.0)
    )
}

fn write_generator(
    out: &mut fmt::Formatter<'_>,
    generator: &GeneratorUsage,
    messages: &MessagesReport,
) -> fmt::Result {
    write!(
        out,
        "generator: CPU {}{} of {} cores",
        cpu_text(generator.cpu_us_per_delivery, "delivery"),
        optional(generator.cores),
        generator.cores_available,
    )?;
    match messages.schedule_lag_ms {
        Some(Quantiles { p99, max, .. }) => writeln!(
            out,
            "; schedule lag p99 {} ms, max {} ms",
            number(p99),
            number(max)
        ),
        None => writeln!(out),
    }
}

/// Returns the CPU time per unit, before the number of cores; nothing without deliveries.
fn cpu_text(us: Option<f64>, unit: &str) -> String {
    us.map_or_else(String::new, |us| format!("{} µs per {unit}, ", number(us)))
}
