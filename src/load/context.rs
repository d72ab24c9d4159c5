//! What all clients of a run and its publisher share.

use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::args::LoadArgs;
use super::client::ClientConfig;
use super::schedule::Schedule;
use super::stats::RunTimes;
use super::target::Target;

/// The settings, times and message ids of a run.
pub(super) struct RunContext {
    /// The settings of the clients.
    pub config: Arc<ClientConfig>,
    /// When the messages are due.
    pub times: Arc<RunTimes>,
    /// Start of the `id` of each message.
    pub id_prefix: Arc<str>,
}

impl RunContext {
    /// Creates the context of a run that has not started, and the receiver of errors that no
    /// retry can fix.
    pub(super) fn new(
        args: &LoadArgs,
        target: &Target,
    ) -> (Self, UnboundedReceiver<String>) {
        let (fatal_errors, received_errors) = mpsc::unbounded_channel();
        let config = ClientConfig {
            target: target.clone(),
            poll_interval: args.poll_interval,
            etag: args.etag,
            reconnect: !args.no_reconnect,
            fatal_errors,
        };
        let times = RunTimes {
            start: OnceLock::new(),
            schedule: Schedule::new(args.rate, args.duration),
        };
        let context = Self {
            config: config.into(),
            times: times.into(),
            // 64 random bits, so that messages of other runs are not counted as this run's.
            id_prefix: format!("{:016x}-", rand::random::<u64>()).into(),
        };
        (context, received_errors)
    }
}
