//! The plan as tables for people.

use std::fmt;

use super::report::{Cost, PlanReport, TransportPlan};

use crate::load::columns::{number, one_decimal, optional, write_columns};

const COST_HEADINGS: [&str; 5] = ["cost of one", "CPU", "upload", "download", "memory"];

const NEED_HEADINGS: [&str; 8] = [
    "transport",
    "subscribers",
    "deliveries/s",
    "requests/s",
    "cores",
    "memory",
    "upload",
    "download",
];

const SERVER_HEADINGS: [&str; 7] = [
    "servers for",
    "CPU",
    "memory",
    "network",
    "connections",
    "all",
    "first wall",
];

const GIB: f64 = (1 << 30) as f64;

impl fmt::Display for PlanReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_summary(out, self)?;
        write_costs(out, self)?;
        write_needs(out, self)?;
        write_servers(out, self)?;
        for note in &self.notes {
            writeln!(out, "! {note}")?;
        }
        Ok(())
    }
}

fn write_summary(out: &mut fmt::Formatter<'_>, report: &PlanReport) -> fmt::Result {
    writeln!(
        out,
        "plan for messages of {} bytes at {} per second to each subscriber, and polls every {} ms; \
         each transport on its own",
        report.message_bytes, report.rate, report.poll_interval_ms
    )?;
    for source in &report.sources {
        writeln!(
            out,
            "measured: {} with {} clients and messages at {} per second, {} cores ({})",
            source.transport,
            source.clients,
            source.rate,
            number(source.cores),
            source.file
        )?;
    }
    writeln!(out)
}

fn write_costs(out: &mut fmt::Formatter<'_>, report: &PlanReport) -> fmt::Result {
    let mut lines = vec![headings(&COST_HEADINGS)];
    lines.extend(report.transports.iter().flat_map(cost_lines));
    write_columns(out, &lines)?;
    writeln!(
        out,
        "CPU in µs, upload and download in bytes, memory in KiB; of a connection and a subscriber \
         per second\n"
    )
}

fn cost_lines(plan: &TransportPlan) -> Vec<Vec<String>> {
    let cost = &plan.cost;
    let line = |what: &str, cost: &Cost, memory: Option<f64>| {
        vec![
            format!("{} {what}", plan.transport),
            optional(cost.cpu_us),
            optional(cost.upload_bytes),
            optional(cost.download_bytes),
            one_decimal(memory.map(|bytes| bytes / 1024.0)),
        ]
    };
    let mut lines = vec![line("delivery", &cost.delivery, None)];
    lines.extend(cost.empty_poll.map(|poll| line("empty poll", &poll, None)));
    let (idle, active) = (cost.memory_per_idle_connection, cost.memory_per_subscriber);
    lines.push(line("idle connection", &cost.idle_connection, idle));
    lines.push(line("subscriber", &cost.subscriber, active));
    lines.push(line("message to all", &cost.message, None));
    lines
}

fn write_needs(out: &mut fmt::Formatter<'_>, report: &PlanReport) -> fmt::Result {
    let mut lines = vec![headings(&NEED_HEADINGS)];
    lines.extend(report.transports.iter().map(|plan| {
        let needs = &plan.needs;
        let megabits = |bytes: Option<f64>| optional(bytes.map(|bytes| bytes * 8e-6));
        vec![
            plan.transport.to_string(),
            plan.subscribers.to_string(),
            number(needs.deliveries_per_second),
            optional(needs.requests_per_second),
            optional(needs.cores),
            optional(needs.memory_bytes.map(|bytes| bytes / GIB)),
            megabits(needs.upload_bytes_per_second),
            megabits(needs.download_bytes_per_second),
        ]
    }));
    write_columns(out, &lines)?;
    writeln!(
        out,
        "cores that are busy all the time; memory of the processes in GiB; upload and download in \
         Mbit/s, without TCP and IP; each subscriber is one connection and one open file\n"
    )
}

fn write_servers(out: &mut fmt::Formatter<'_>, report: &PlanReport) -> fmt::Result {
    let mut lines = vec![headings(&SERVER_HEADINGS)];
    lines.extend(report.transports.iter().map(|plan| {
        let servers = &plan.servers;
        vec![
            plan.transport.to_string(),
            optional(servers.cpu),
            optional(servers.memory),
            optional(servers.network),
            number(servers.connections),
            format!("{:.0}", servers.all),
            plan.first_wall.name().to_owned(),
        ]
    }));
    write_columns(out, &lines)?;
    let assumed = &report.assumptions;
    let machine = match assumed.is_measured_machine {
        true => "as measured",
        false => "assumed, because the reports do not name the machine",
    };
    writeln!(
        out,
        "a server: {} cores and {} GiB ({machine}), {} Gbit/s in each direction, of which {} % are \
         planned; {} connections (the default of --max-connections, which can be raised)\n\
         linear in deliveries, polls and connections; without the kernel's memory for \
         connections, a fuller log than measured, and what servers pay to share one",
        assumed.cores,
        number(assumed.memory_bytes / GIB),
        assumed.network_bits_per_second / 1e9,
        assumed.planned_share * 100.0,
        assumed.connections
    )
}

fn headings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}
