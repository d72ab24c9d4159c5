//! `Limits`: all limits of the server, shared by its workers.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::sync::OwnedSemaphorePermit;

use super::connection::{ClientNetwork, ConnectionGuard, ConnectionLimits};
use super::kind::{LimitExceeded, LimitKind};
use super::permits::Permits;
use super::publish_rate::PublishRate;

/// The values of the limits.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Maximum number of concurrent connections.
    pub max_connections: usize,
    /// Maximum number of concurrent connections from one [`ClientNetwork`].
    pub max_connections_per_address: usize,
    /// Maximum number of long polls in flight.
    pub max_long_polls: usize,
    /// Messages per second that one [`ClientNetwork`] may publish; `None` for no limit.
    pub publish_rate: Option<NonZeroU32>,
}

/// All limits and what is in use of each.
pub struct Limits {
    connections: ConnectionLimits,
    long_polls: Permits,
    publish_rate: Option<PublishRate>,
}

impl Limits {
    /// Creates limits with these values.
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            connections: ConnectionLimits::new(
                config.max_connections,
                config.max_connections_per_address,
            ),
            long_polls: Permits::new(config.max_long_polls),
            publish_rate: config.publish_rate.map(PublishRate::new),
        }
    }

    /// Registers the metrics of connections and long polls.
    pub fn register_metrics(self: &Arc<Self>, registry: &mut Registry) {
        self.connections.register_metrics(registry);
        registry.register_collector(Box::new(InUse(self.clone())));
    }

    /// Admits a connection that was just accepted. One over a limit gets a guard as well, so
    /// that its first request can be answered with the reason.
    pub fn admit_connection(&self, peer: IpAddr) -> ConnectionGuard {
        self.connections.admit(peer.into())
    }

    /// Acquires a permit for one long poll.
    ///
    /// # Errors
    /// [`LimitExceeded`] if all permits are in use.
    pub fn acquire_long_poll(&self) -> Result<OwnedSemaphorePermit, LimitExceeded> {
        let permit = self.long_polls.try_acquire();
        permit.ok_or(LimitKind::LongPolls.into())
    }

    /// Counts a message that a client wants to publish.
    ///
    /// # Errors
    /// [`LimitExceeded`] with the time until the next message is allowed.
    pub fn check_publish_rate(&self, client: ClientNetwork) -> Result<(), LimitExceeded> {
        match &self.publish_rate {
            Some(rate) => rate.check(client),
            None => Ok(()),
        }
    }
}

/// The gauges of what is in use, read when metrics are scraped.
struct InUse(Arc<Limits>);

impl fmt::Debug for InUse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InUse")
    }
}

impl Collector for InUse {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let open = self.0.connections.permits().in_use();
        let held = self.0.long_polls.in_use();
        let (connections, long_polls) = ("connections_open", "long_polls_in_flight");
        for (name, help, in_use) in [
            (connections, "Open connections that are served", open),
            (long_polls, "Long polls that are being held", held),
        ] {
            let gauge = ConstGauge::new(in_use as i64);
            let metric =
                encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn publish_rate_can_be_unlimited() {
        let limits = Limits::new(&LimitsConfig {
            max_connections: 1,
            max_connections_per_address: 1,
            max_long_polls: 1,
            publish_rate: None,
        });
        let client = IpAddr::from(Ipv4Addr::LOCALHOST).into();
        assert!((0..10_000).all(|_| limits.check_publish_rate(client).is_ok()));
    }
}
