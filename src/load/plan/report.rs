//! The plan, for the table and the JSON.

use serde::Serialize;

use super::costs::UnitCosts;
use super::fit::Split;
use super::input::Measurement;
use super::needs::{Demand, Needs};
use super::servers::{Assumptions, Resource, ServerCounts};

use crate::load::mix::Transport;

/// What the subscribers of each transport need.
#[derive(Debug, Clone, Serialize)]
pub struct PlanReport {
    /// Version of Trifold that computed it.
    pub version: &'static str,
    /// Messages per second.
    pub rate: f64,
    /// Size of each body as JSON.
    pub message_bytes: usize,
    /// Time between the polls of a subscriber, in milliseconds.
    pub poll_interval_ms: f64,
    /// The measurements that it was computed from.
    pub sources: Vec<SourceReport>,
    /// The plan of each transport.
    pub transports: Vec<TransportPlan>,
    /// What a server is assumed to have.
    pub assumptions: Assumptions,
    /// What the measurements cannot tell.
    pub notes: Vec<String>,
}

/// A measurement that a plan was computed from.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    /// Name of the file.
    pub file: String,
    /// The transport of all clients.
    pub transport: Transport,
    /// Number of clients.
    pub clients: u64,
    /// Messages per second.
    pub rate: f64,
    /// Size of each body.
    pub message_bytes: f64,
    /// CPU time of the servers, as a number of cores.
    pub cores: f64,
    /// Number of addresses.
    pub addresses: u64,
}

impl SourceReport {
    pub(super) fn new(source: &Measurement) -> Self {
        Self {
            file: source.file.clone(),
            transport: source.transport,
            clients: source.clients,
            rate: source.rate,
            message_bytes: source.message_bytes,
            cores: source.cores,
            addresses: source.addresses,
        }
    }
}

/// The plan of one transport.
#[derive(Debug, Clone, Serialize)]
pub struct TransportPlan {
    /// Name of the transport.
    pub transport: Transport,
    /// Number of subscribers.
    pub subscribers: u64,
    /// What one of each costs.
    pub cost: CostReport,
    /// What all subscribers need.
    pub needs: Needs,
    /// How many servers that takes.
    pub servers: ServerCounts,
    /// The resource that runs out first.
    pub first_wall: Resource,
}

/// CPU time and bytes of one thing. What is unknown is missing.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Cost {
    /// CPU time of the servers, in µs.
    pub cpu_us: Option<f64>,
    /// Bytes to the servers.
    pub upload_bytes: Option<f64>,
    /// Bytes from the servers.
    pub download_bytes: Option<f64>,
}

/// What one of each costs.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CostReport {
    /// A message to one subscriber.
    pub delivery: Cost,
    /// A poll without a message; polling only.
    pub empty_poll: Option<Cost>,
    /// A subscriber without messages, per second.
    pub idle_connection: Cost,
    /// A subscriber with the planned messages, per second.
    pub subscriber: Cost,
    /// A message to all subscribers.
    pub message: Cost,
    /// Memory of a connection without messages, in bytes.
    pub memory_per_idle_connection: Option<f64>,
    /// Memory of a connection with the planned messages, in bytes.
    pub memory_per_subscriber: Option<f64>,
    /// Memory of a server without clients, in bytes.
    pub memory_per_server: Option<f64>,
}

impl CostReport {
    pub(super) fn new(costs: &UnitCosts, demand: &Demand) -> Self {
        let body = demand.message_bytes;
        let each = |cost: &dyn Fn(Split) -> Option<f64>, bodies: f64| Cost {
            cpu_us: cost(costs.cpu_us),
            upload_bytes: cost(costs.upload),
            download_bytes: cost(costs.download).map(|bytes| bytes + bodies * body),
        };
        let (base, rate) = (demand.base, demand.rate);
        let subscribers = demand.subscribers as f64;
        Self {
            delivery: each(&|cost| cost.delivery, 1.0),
            empty_poll: (demand.transport == Transport::Poll)
                .then(|| each(&|cost| cost.base, 0.0)),
            idle_connection: each(&|cost| cost.per_second(base, 0.0), 0.0),
            subscriber: each(&|cost| cost.per_second(base, rate), rate),
            message: each(
                &|cost| cost.delivery.map(|one| one * subscribers),
                subscribers,
            ),
            memory_per_idle_connection: costs.memory_idle,
            memory_per_subscriber: costs.memory(rate),
            memory_per_server: costs.memory_before,
        }
    }
}
