//! The report as a table for people.

use std::fmt;

use super::report::{
    GeneratorUsage, MessagesReport, Parameters, Quantiles, Report, ServerUsage,
    TransportReport,
};

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

/// Shown instead of a figure that does not exist.
const MISSING: &str = "-";

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_summary(out, self)?;
        write_table(out, self)?;
        writeln!(
            out,
            "latency in ms, from due to delivered; upload and download in bytes per delivered \
             message; requests in {} s\n",
            number(self.window_seconds)
        )?;
        match &self.server {
            Some(server) => write_server(out, server),
            None => writeln!(out, "server: CPU and memory are not readable"),
        }?;
        write_generator(out, &self.generator, &self.messages)?;
        for warning in &self.warnings {
            writeln!(out, "! {warning}")?;
        }
        Ok(())
    }
}

fn write_summary(out: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let Parameters {
        rate,
        duration_seconds,
        message_bytes,
        network,
        ..
    } = &report.parameters;
    writeln!(
        out,
        "{}: {} of {} messages published, {rate} per second for {duration_seconds} s, \
         {message_bytes} bytes each; {} clients, connected after {} s",
        report.target,
        report.messages.published,
        report.messages.due,
        report.all.clients,
        number(report.connect_seconds),
    )?;
    match network.is_active() {
        true => writeln!(out, "simulated network: {network}\n"),
        false => writeln!(out),
    }
}

fn write_table(out: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(report.transports.iter().map(cells));
    if report.transports.len() > 1 {
        lines.push(cells(&report.all));
    }
    let mut widths = [0; HEADINGS.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.len().max(*width);
        }
    }
    for line in &lines {
        write!(out, "{:<1$}", line[0], widths[0])?;
        for (cell, width) in line.iter().zip(&widths).skip(1) {
            write!(out, "  {cell:>width$}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn cells(report: &TransportReport) -> [String; 13] {
    let TransportReport {
        transport,
        clients,
        lost,
        counters,
        latency_ms,
        upload_bytes_per_message: upload,
        download_bytes_per_message: download,
    } = report;
    let time =
        |quantile: fn(&Quantiles) -> f64| optional(latency_ms.as_ref().map(quantile));
    let bytes = |bytes: &Option<f64>| {
        bytes.map_or(MISSING.to_owned(), |bytes| format!("{bytes:.1}"))
    };
    [
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
        bytes(upload),
        bytes(download),
    ]
}

fn write_server(out: &mut fmt::Formatter<'_>, server: &ServerUsage) -> fmt::Result {
    let source = match server.pid {
        Some(pid) => format!("process {pid}"),
        None => "from its /metrics".to_owned(),
    };
    writeln!(
        out,
        "server ({source}): CPU {} µs per delivery, {} cores; memory {} KiB per client",
        optional(server.cpu_us_per_delivery),
        number(server.cores),
        number(server.memory_per_client / 1024.0)
    )
}

fn write_generator(
    out: &mut fmt::Formatter<'_>,
    generator: &GeneratorUsage,
    messages: &MessagesReport,
) -> fmt::Result {
    writeln!(
        out,
        "generator: CPU {} µs per delivery, {} of {} cores; schedule lag p99 {} ms, max {} ms",
        optional(generator.cpu_us_per_delivery),
        optional(generator.cores),
        generator.cores_available,
        optional(messages.schedule_lag_ms.map(|lag| lag.p99)),
        optional(messages.schedule_lag_ms.map(|lag| lag.max)),
    )
}

/// Formats three digits, and no more decimals than they need.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

fn optional(value: Option<f64>) -> String {
    value.map_or(MISSING.to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let formatted = [0.0, 0.1234, 9.5, 12.34, 123.4, 12345.6].map(number);
        assert_eq!(formatted, ["0.00", "0.12", "9.50", "12.3", "123", "12346"]);
    }
}
