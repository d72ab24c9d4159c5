//! How many servers the needs take, and which resource runs out first.

use serde::Serialize;

use super::input::Measurement;
use super::needs::Needs;

use crate::load::process::Machine;

/// Share of a server's cores, memory and network that is planned. The rest is for peaks, for the
/// clients of a server that fails, and for what the kernel needs.
const PLANNED_SHARE: f64 = 0.5;

/// Network of a server, in bits per second in each direction.
const NETWORK_BITS: f64 = 1e9;

/// Connections of a server: the default of `--max-connections`.
const CONNECTIONS: f64 = 16_000.0;

/// The machine if the reports do not name it.
const ASSUMED_MACHINE: Machine = Machine {
    cores: 2,
    memory: Some(4 << 30),
};

/// What a server is assumed to have.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Assumptions {
    /// Cores of a server.
    pub cores: f64,
    /// Memory of a server, in bytes.
    pub memory_bytes: f64,
    /// Whether cores and memory are those of the machine that was measured.
    pub is_measured_machine: bool,
    /// Network of a server in each direction, in bits per second.
    pub network_bits_per_second: f64,
    /// Share of cores, memory and network that is planned.
    pub planned_share: f64,
    /// Connections of a server.
    pub connections: f64,
}

impl Assumptions {
    /// Returns the assumptions: the machine is that of the first measurement that names one.
    pub(super) fn new(measurements: &[Measurement]) -> Self {
        let machine = measurements.iter().find_map(|it| it.machine);
        let Machine { cores, memory } = machine.unwrap_or(ASSUMED_MACHINE);
        let memory = memory.or(ASSUMED_MACHINE.memory).unwrap_or_default();
        Self {
            cores: cores as f64,
            memory_bytes: memory as f64,
            is_measured_machine: machine.is_some(),
            network_bits_per_second: NETWORK_BITS,
            planned_share: PLANNED_SHARE,
            connections: CONNECTIONS,
        }
    }
}

/// A resource of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// CPU time.
    Cpu,
    /// Memory.
    Memory,
    /// Bytes per second, in the busier direction.
    Network,
    /// Connections, and open files.
    Connections,
}

impl Resource {
    /// Returns the name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Connections => "connections",
        }
    }
}

/// How many servers each resource needs; fractions show how full they are.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ServerCounts {
    /// For the CPU time.
    pub cpu: Option<f64>,
    /// For the memory.
    pub memory: Option<f64>,
    /// For the network.
    pub network: Option<f64>,
    /// For the connections.
    pub connections: f64,
    /// For everything: the largest of these, rounded up.
    pub all: f64,
}

impl ServerCounts {
    /// Divides the needs by what a server has.
    pub(super) fn new(
        needs: &Needs,
        assumptions: &Assumptions,
        memory_before: Option<f64>,
    ) -> Self {
        let share = assumptions.planned_share;
        // A server that has less than it needs without clients serves none.
        let memory = assumptions.memory_bytes * share - memory_before.unwrap_or_default();
        let mut counts = Self {
            cpu: needs.cores.map(|cores| cores / (assumptions.cores * share)),
            memory: needs.memory_bytes.map(|bytes| bytes / memory.max(1.0)),
            network: needs
                .busier_direction()
                .map(|bytes| bytes * 8.0 / (assumptions.network_bits_per_second * share)),
            connections: needs.connections / assumptions.connections,
            all: 1.0,
        };
        let most = counts.by_resource().map(|(_, count)| count.unwrap_or(0.0));
        counts.all = most.into_iter().fold(1.0, f64::max).ceil();
        counts
    }

    fn by_resource(&self) -> [(Resource, Option<f64>); 4] {
        [
            (Resource::Cpu, self.cpu),
            (Resource::Memory, self.memory),
            (Resource::Network, self.network),
            (Resource::Connections, Some(self.connections)),
        ]
    }

    /// Returns the resource that runs out first: the one that needs the most servers.
    pub(super) fn first_wall(&self) -> Resource {
        let known = self.by_resource();
        let known = known
            .iter()
            .filter_map(|(name, count)| Some((name, (*count)?)));
        let most = known.max_by(|left, right| left.1.total_cmp(&right.1));
        most.map_or(Resource::Connections, |(resource, _)| *resource)
    }
}
