//! What all clients of a run and its publisher share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::args::LoadArgs;
use super::message_versions::MessageVersions;
use super::network::SimulatedNetwork;
use super::protocol::BatchDecoder;
use super::schedule::Schedule;
use super::stats::RunTimes;
use super::targets::Targets;

/// Settings that all clients of a run share.
pub(super) struct ClientConfig {
    /// The addresses that each client connects to in turn.
    pub targets: Targets,
    /// Number of loopback addresses that clients connect from.
    pub source_addresses: u8,
    /// Time between the due times of two polls.
    pub poll_interval: Duration,
    /// Whether polls send the ETag of the last response, so that the server can respond 304.
    pub etag: bool,
    /// What the server adds to the clients' requests.
    pub network: SimulatedNetwork,
    /// Whether a client that lost its connection reconnects.
    pub reconnect: bool,
    /// Receives errors that no retry can fix.
    pub fatal_errors: UnboundedSender<String>,
}

/// The settings, times and message ids of a run.
pub(super) struct RunContext {
    /// The settings of the clients.
    pub config: Arc<ClientConfig>,
    /// When the messages are due.
    pub times: Arc<RunTimes>,
    /// Start of the `id` of each message.
    pub id_prefix: Arc<str>,
    /// The version of each message.
    pub versions: Arc<MessageVersions>,
}

impl RunContext {
    /// Creates the context of a run that has not started, and the receiver of errors that no
    /// retry can fix.
    pub(super) fn new(
        args: &LoadArgs,
        targets: &Targets,
    ) -> (Self, UnboundedReceiver<String>) {
        let (fatal_errors, received_errors) = mpsc::unbounded_channel();
        let config = ClientConfig {
            targets: targets.clone(),
            source_addresses: args.source_addresses,
            poll_interval: args.poll_interval,
            etag: args.etag,
            network: args.network.into(),
            reconnect: !args.no_reconnect,
            fatal_errors,
        };
        let times = RunTimes {
            start: OnceLock::new(),
            schedule: Schedule::new(args.rate, args.duration),
        };
        let total = times.schedule.total();
        let context = Self {
            config: config.into(),
            times: times.into(),
            // 64 random bits, so that messages of other runs are not counted as this run's.
            id_prefix: format!("{:016x}-", rand::random::<u64>()).into(),
            versions: Arc::new(MessageVersions::new(total)),
        };
        (context, received_errors)
    }

    /// Creates a decoder of what the servers send.
    pub(super) fn decoder(&self) -> BatchDecoder {
        BatchDecoder::new(self.id_prefix.clone(), self.versions.clone())
    }
}
