//! CPU time and memory of servers and generator, as the report shows them.

use std::time::Duration;

use serde::Serialize;

use super::counters::TransportStats;
use super::process::cores;
use super::quantiles::per;
use super::usage::{ProcessSnapshot, UsageSources};

/// What the server used; with several servers, all of them together.
#[derive(Debug, Clone, Serialize)]
pub struct ServerUsage {
    /// Its process, or nothing if these figures are from its `/metrics`, or of several processes.
    pub pid: Option<u32>,
    /// The processes of this machine among the servers.
    pub pids: Vec<u32>,
    /// Whether all servers are processes of this machine.
    #[serde(skip)]
    pub is_local: bool,
    /// CPU time in user and kernel mode, in seconds.
    pub cpu_seconds: f64,
    /// The same, as a number of cores.
    pub cores: f64,
    /// CPU time for each delivered message, in µs.
    pub cpu_us_per_delivery: Option<f64>,
    /// CPU time for each client and second, in µs.
    pub cpu_us_per_client_second: f64,
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
    /// Where the servers' figures are from.
    pub sources: UsageSources,
    /// Before the first client.
    pub before: ProcessSnapshot,
    /// When all clients were connected.
    pub connected: ProcessSnapshot,
    /// At the end.
    pub end: ProcessSnapshot,
}

impl ServerUsage {
    pub(super) fn new(usage: &RunUsage, all: &TransportStats) -> Option<Self> {
        let before = usage.before.server?;
        let connected = usage.connected.server?;
        let end = usage.end.server?;
        let cpu = end.cpu.saturating_sub(connected.cpu).as_secs_f64();
        let growth = connected.memory as f64 - before.memory as f64;
        let pids = usage.sources.pids();
        let is_local = usage.sources.are_local();
        Some(Self {
            pid: pids
                .first()
                .copied()
                .filter(|_| is_local && pids.len() == 1),
            pids,
            is_local,
            cpu_seconds: cpu,
            cores: cpu / usage.window.as_secs_f64(),
            cpu_us_per_delivery: per(cpu * 1e6, all.counters.delivered),
            cpu_us_per_client_second: cpu * 1e6
                / (all.clients as f64 * usage.window.as_secs_f64()),
            memory_before: before.memory,
            memory_connected: connected.memory,
            memory_end: end.memory,
            memory_per_client: growth / all.clients as f64,
        })
    }
}

impl GeneratorUsage {
    pub(super) fn new(usage: &RunUsage, all: &TransportStats, threads: usize) -> Self {
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
