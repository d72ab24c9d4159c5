//! The report of a sweep as a table for people.

use std::fmt;

use super::columns::{number, one_decimal, optional, write_columns};
use super::sweep::{SweepPoint, SweepReport};

const HEADINGS: [&str; 10] = [
    "transport",
    "rate",
    "clients",
    "requests/s",
    "upload/s",
    "download/s",
    "p50",
    "p99",
    "CPU/s",
    "cores",
];

impl fmt::Display for SweepReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters = &self.parameters;
        writeln!(
            out,
            "{}: each transport on its own, messages of {} bytes for {} s at each rate",
            self.target, parameters.message_bytes, parameters.duration_seconds
        )?;
        if parameters.network.is_active() {
            writeln!(out, "simulated network: {}", parameters.network)?;
        }
        writeln!(out)?;
        let headings = HEADINGS.map(str::to_owned).to_vec();
        let lines: Vec<_> = [headings]
            .into_iter()
            .chain(self.sweep.iter().map(cells))
            .collect();
        write_columns(out, &lines)?;
        writeln!(
            out,
            "rate in messages per second; requests, upload and download in bytes, and the \
             server's CPU time in µs, per client and second; latency in ms, from due to delivered\n"
        )?;
        write_crossings(out, self)?;
        for warning in &self.warnings {
            writeln!(out, "! {warning}")?;
        }
        Ok(())
    }
}

fn cells(point: &SweepPoint) -> Vec<String> {
    let latency = point.latency_ms;
    vec![
        point.transport.to_string(),
        point.rate.to_string(),
        point.clients.to_string(),
        number(point.requests_per_client_second),
        one_decimal(Some(point.upload_bytes_per_client_second)),
        one_decimal(Some(point.download_bytes_per_client_second)),
        optional(latency.map(|latency| latency.p50)),
        optional(latency.map(|latency| latency.p99)),
        optional(point.cpu_us_per_client_second),
        optional(point.server_cores),
    ]
}

fn write_crossings(out: &mut fmt::Formatter<'_>, report: &SweepReport) -> fmt::Result {
    for crossing in &report.crossings {
        let [first, second] = crossing.transports;
        writeln!(
            out,
            "{first} and {second} send as many bytes as each other at {} messages per second",
            number(crossing.rate)
        )?;
    }
    if report.crossings.is_empty() {
        writeln!(
            out,
            "the order of the transports by bytes is the same at all rates"
        )?;
    }
    Ok(())
}
