//! Limits on concurrent connections (total and per address), on long polls and on the publish
//! rate. A client over a limit gets an error; others are unaffected.
//!
//! Sizes and times are limited where the bytes arrive: in [`http`](crate::http),
//! [`ws`](crate::ws) and [`publish`](crate::publish).

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Publish calls between two cleanups of idle rate-limiter entries.
const LIMITER_CLEANUP_INTERVAL: usize = 4096;

/// A limit that can be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(
    missing_docs,
    reason = "named after what is limited; docs/operations.md"
)]
pub enum LimitKind {
    Connections,
    ConnectionsPerAddress,
    LongPolls,
    PublishRate,
    HeaderBytes,
    MessageBytes,
    BodyTimeout,
    PongTimeout,
    JournalQueue,
    LabClients,
}

impl LimitKind {
    /// Every limit.
    pub const ALL: [Self; 10] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::LongPolls,
        Self::PublishRate,
        Self::HeaderBytes,
        Self::MessageBytes,
        Self::BodyTimeout,
        Self::PongTimeout,
        Self::JournalQueue,
        Self::LabClients,
    ];

    /// Returns the name used in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::LongPolls => "long_polls",
            Self::PublishRate => "publish_rate",
            Self::HeaderBytes => "header_bytes",
            Self::MessageBytes => "message_bytes",
            Self::BodyTimeout => "body_timeout",
            Self::PongTimeout => "pong_timeout",
            Self::JournalQueue => "journal_queue",
            Self::LabClients => "lab_clients",
        }
    }
}

/// A client exceeded a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The limit.
    pub kind: LimitKind,
    /// The time after which the client may succeed, if it is known.
    pub retry_after: Option<Duration>,
}

impl From<LimitKind> for LimitExceeded {
    fn from(kind: LimitKind) -> Self {
        Self {
            kind,
            retry_after: None,
        }
    }
}

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

/// Where a connection comes from, as far as it matters for limits: an IPv4 address, or the /64
/// of an IPv6 address, which is the least that a network assigns to one site (RFC 6177 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))
            }
            v4 => v4,
        })
    }
}

/// A semaphore that knows how many of its permits are in use.
struct Permits {
    semaphore: Arc<Semaphore>,
    max: usize,
}

impl Permits {
    fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(max)),
            max,
        }
    }

    fn try_acquire(&self) -> Option<OwnedSemaphorePermit> {
        self.semaphore.clone().try_acquire_owned().ok()
    }

    fn in_use(&self) -> usize {
        self.max - self.semaphore.available_permits()
    }
}

type PublishLimiter = RateLimiter<
    ClientNetwork,
    HashMapStateStore<ClientNetwork>,
    MonotonicClock,
    NoOpMiddleware,
>;

type ConnectionCounts = Arc<Mutex<HashMap<ClientNetwork, usize>>>;

/// All limits and what is in use of each.
pub struct Limits {
    max_connections_per_address: usize,
    connections: Permits,
    long_polls: Permits,
    connections_by_address: ConnectionCounts,
    publish_limiter: Option<PublishLimiter>,
    publish_count: AtomicUsize,
    connections_accepted: Counter,
    connections_without_request: Counter,
}

impl Limits {
    /// Creates limits with these values.
    pub fn new(config: &LimitsConfig) -> Self {
        let quota = config.publish_rate.map(Quota::per_second);
        Self {
            max_connections_per_address: config.max_connections_per_address,
            connections: Permits::new(config.max_connections),
            long_polls: Permits::new(config.max_long_polls),
            connections_by_address: Arc::default(),
            publish_limiter: quota.map(|quota| {
                RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock)
            }),
            publish_count: AtomicUsize::new(0),
            connections_accepted: Counter::default(),
            connections_without_request: Counter::default(),
        }
    }

    /// Registers the metrics of connections and long polls.
    pub fn register_metrics(self: &Arc<Self>, registry: &mut Registry) {
        registry.register(
            "connections_accepted",
            "Accepted connections, including those over a limit",
            self.connections_accepted.clone(),
        );
        registry.register(
            "connections_without_request",
            "Connections that ended before a complete request arrived",
            self.connections_without_request.clone(),
        );
        registry.register_collector(Box::new(InUse(self.clone())));
    }

    /// Admits a connection that was just accepted. One over a limit gets a guard as well, so
    /// that its first request can be answered with the reason.
    pub fn admit_connection(&self, peer: IpAddr) -> ConnectionGuard {
        self.connections_accepted.inc();
        let network = peer.into();
        ConnectionGuard {
            network,
            admission: self.reserve_connection(network),
            received_request: Cell::new(false),
            without_request: self.connections_without_request.clone(),
        }
    }

    fn reserve_connection(&self, network: ClientNetwork) -> Result<Admission, LimitKind> {
        let count = self.reserve_for_address(network)?;
        let permit = self.connections.try_acquire();
        Ok(Admission {
            _permit: permit.ok_or(LimitKind::Connections)?,
            _count: count,
        })
    }

    fn reserve_for_address(
        &self,
        network: ClientNetwork,
    ) -> Result<AddressCount, LimitKind> {
        let mut counts = self.connections_by_address.lock();
        let count = counts.entry(network).or_default();
        if *count >= self.max_connections_per_address {
            return Err(LimitKind::ConnectionsPerAddress);
        }
        *count += 1;
        Ok(AddressCount {
            network,
            counts: self.connections_by_address.clone(),
        })
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
        let Some(limiter) = &self.publish_limiter else {
            return Ok(());
        };
        let count = self.publish_count.fetch_add(1, Ordering::Relaxed);
        if count.is_multiple_of(LIMITER_CLEANUP_INTERVAL) {
            limiter.retain_recent();
        }
        limiter
            .check_key(&client)
            .map_err(|not_until| LimitExceeded {
                kind: LimitKind::PublishRate,
                retry_after: Some(not_until.wait_time_from(MonotonicClock.now())),
            })
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
        let Limits {
            connections,
            long_polls,
            ..
        } = &*self.0;
        for (name, help, permits) in [
            (
                "connections_open",
                "Open connections that are served",
                connections,
            ),
            (
                "long_polls_in_flight",
                "Long polls that are being held",
                long_polls,
            ),
        ] {
            let gauge = ConstGauge::new(permits.in_use() as i64);
            let metric =
                encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

/// What an admitted connection holds.
struct Admission {
    _permit: OwnedSemaphorePermit,
    _count: AddressCount,
}

/// Decrements the per-address count on drop.
struct AddressCount {
    network: ClientNetwork,
    counts: ConnectionCounts,
}

impl Drop for AddressCount {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

/// An accepted connection, for as long as it is open.
pub struct ConnectionGuard {
    network: ClientNetwork,
    admission: Result<Admission, LimitKind>,
    received_request: Cell<bool>,
    without_request: Counter,
}

impl ConnectionGuard {
    /// Returns where the connection comes from.
    pub fn network(&self) -> ClientNetwork {
        self.network
    }

    /// Records that a complete request arrived, and checks that the connection may be served.
    ///
    /// # Errors
    /// [`LimitExceeded`] if the connection was over a limit when it was accepted.
    pub fn check_admitted(&self) -> Result<(), LimitExceeded> {
        self.received_request.set(true);
        match &self.admission {
            Ok(_) => Ok(()),
            Err(kind) => Err((*kind).into()),
        }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        if !self.received_request.get() {
            self.without_request.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const UNLIMITED: LimitsConfig = LimitsConfig {
        max_connections: usize::MAX,
        max_connections_per_address: usize::MAX,
        max_long_polls: usize::MAX,
        publish_rate: None,
    };

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn rejected_connection_holds_no_permit() {
        let limits = Limits::new(&LimitsConfig {
            max_connections: 3,
            max_connections_per_address: 2,
            ..UNLIMITED
        });
        let admit = |last| limits.admit_connection(address(last));
        let error = |guard: &ConnectionGuard| guard.check_admitted().map_err(|e| e.kind);
        let mut admitted = vec![admit(1), admit(1)];
        let third = admit(1);
        admitted.push(admit(2));
        let fourth = admit(2);
        assert_eq!(error(&third), Err(LimitKind::ConnectionsPerAddress));
        assert_eq!(error(&fourth), Err(LimitKind::Connections));
        assert!(admitted.iter().all(|guard| guard.check_admitted().is_ok()));
        assert_eq!(limits.connections.in_use(), 3);
        drop(admitted);
        assert_eq!(limits.connections.in_use(), 0);
        assert_eq!(error(&admit(1)), Ok(()));
    }

    #[test]
    fn idle_addresses_are_removed() {
        let limits = Limits::new(&UNLIMITED);
        let guards: Vec<_> = (0..9)
            .map(|n| limits.admit_connection(address(n / 3)))
            .collect();
        assert_eq!(limits.connections_by_address.lock().len(), 3);
        drop(guards);
        assert!(limits.connections_by_address.lock().is_empty());
    }

    #[test]
    fn network_is_v4_address_or_v6_site() {
        let network = |text: &str| ClientNetwork::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(
            network("2001:db8::1"),
            network("2001:db8::ffff:ffff:ffff:ffff")
        );
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_ne!(network("192.0.2.6"), network("192.0.2.7"));
    }

    #[test]
    fn publish_rate_is_per_address() {
        let limits = Limits::new(&LimitsConfig {
            publish_rate: NonZeroU32::new(5),
            ..UNLIMITED
        });
        let publish = |last| limits.check_publish_rate(address(last).into());
        assert!((0..5).all(|_| publish(1).is_ok()));
        let exceeded = publish(1).unwrap_err();
        assert_eq!(exceeded.kind, LimitKind::PublishRate);
        assert!(exceeded.retry_after.is_some_and(|wait| !wait.is_zero()));
        assert!(publish(2).is_ok());
    }

    #[test]
    fn publish_rate_can_be_unlimited() {
        let limits = Limits::new(&UNLIMITED);
        let client = address(1).into();
        assert!((0..10_000).all(|_| limits.check_publish_rate(client).is_ok()));
    }
}
