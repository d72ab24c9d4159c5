//! What all subscribers of a transport need together.

use serde::Serialize;

use super::costs::UnitCosts;
use super::fit::Split;

use crate::load::args::LoadArgs;
use crate::load::mix::Transport;

/// What the subscribers of a transport do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// How they receive messages.
    pub transport: Transport,
    /// How many there are.
    pub subscribers: u64,
    /// Messages per second, each of which is delivered to all of them.
    pub rate: f64,
    /// Size of each body, in bytes.
    pub message_bytes: f64,
    /// Polls of each subscriber per second, or its connection.
    pub base: f64,
}

impl Demand {
    /// Returns what the flags say.
    pub(super) fn new(args: &LoadArgs, transport: Transport, subscribers: u64) -> Self {
        Self {
            transport,
            subscribers,
            rate: args.rate,
            message_bytes: args.message_bytes as f64,
            base: match transport {
                Transport::Poll => 1.0 / args.poll_interval.as_secs_f64(),
                Transport::Longpoll | Transport::Ws => 1.0,
            },
        }
    }

    /// Returns what all subscribers cost per second.
    fn sum(&self, cost: Split) -> Option<f64> {
        let one = cost.per_second(self.base, self.rate)?;
        Some(one * self.subscribers as f64)
    }
}

/// What all subscribers need, per second where that applies. What is unknown is missing.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Needs {
    /// Messages delivered per second, each counted once for each subscriber.
    pub deliveries_per_second: f64,
    /// Requests per second.
    pub requests_per_second: Option<f64>,
    /// CPU time, as a number of cores that are busy all the time.
    pub cores: Option<f64>,
    /// Memory of the servers' processes, in bytes.
    pub memory_bytes: Option<f64>,
    /// Bytes to the servers per second.
    pub upload_bytes_per_second: Option<f64>,
    /// Bytes from the servers per second.
    pub download_bytes_per_second: Option<f64>,
    /// Connections, and open files of the servers.
    pub connections: f64,
}

impl Needs {
    /// Computes the needs, without the memory of servers that have no clients.
    pub(super) fn new(costs: &UnitCosts, demand: &Demand) -> Self {
        let subscribers = demand.subscribers as f64;
        let deliveries = subscribers * demand.rate;
        let bodies = deliveries * demand.message_bytes;
        let download = demand.sum(costs.download);
        Self {
            deliveries_per_second: deliveries,
            requests_per_second: demand.sum(costs.requests),
            cores: demand.sum(costs.cpu_us).map(|us| us / 1e6),
            memory_bytes: costs.memory(demand.rate).map(|bytes| bytes * subscribers),
            upload_bytes_per_second: demand.sum(costs.upload),
            download_bytes_per_second: download.map(|bytes| bytes + bodies),
            connections: subscribers,
        }
    }

    /// Adds the memory that each server needs without clients.
    pub(super) fn add_servers(&mut self, servers: f64, memory_before: Option<f64>) {
        if let Some(memory) = &mut self.memory_bytes {
            *memory += servers * memory_before.unwrap_or_default();
        }
    }

    /// Returns the bytes per second in the busier direction.
    pub(super) fn busier_direction(&self) -> Option<f64> {
        let directions = [self.upload_bytes_per_second, self.download_bytes_per_second];
        directions.into_iter().flatten().reduce(f64::max)
    }
}
