//! Connections: how many there may be, in all and from one network.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tokio::sync::OwnedSemaphorePermit;

use super::kind::{LimitExceeded, LimitKind};
use super::permits::Permits;

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

type ConnectionCounts = Arc<Mutex<HashMap<ClientNetwork, usize>>>;

/// Limits concurrent connections.
pub(super) struct ConnectionLimits {
    permits: Permits,
    max_per_address: usize,
    counts: ConnectionCounts,
    accepted: Counter,
    without_request: Counter,
}

impl ConnectionLimits {
    pub(super) fn new(max: usize, max_per_address: usize) -> Self {
        Self {
            permits: Permits::new(max),
            max_per_address,
            counts: Arc::default(),
            accepted: Counter::default(),
            without_request: Counter::default(),
        }
    }

    pub(super) fn register_metrics(&self, registry: &mut Registry) {
        registry.register(
            "connections_accepted",
            "Accepted connections, including those over a limit",
            self.accepted.clone(),
        );
        registry.register(
            "connections_without_request",
            "Connections that ended before a complete request arrived",
            self.without_request.clone(),
        );
    }

    pub(super) fn permits(&self) -> &Permits {
        &self.permits
    }

    pub(super) fn admit(&self, network: ClientNetwork) -> ConnectionGuard {
        self.accepted.inc();
        ConnectionGuard {
            network,
            admission: self.reserve(network),
            received_request: Cell::new(false),
            without_request: self.without_request.clone(),
        }
    }

    fn reserve(&self, network: ClientNetwork) -> Result<Admission, LimitKind> {
        let count = self.reserve_for_address(network)?;
        let permit = self.permits.try_acquire();
        Ok(Admission {
            _permit: permit.ok_or(LimitKind::Connections)?,
            _count: count,
        })
    }

    fn reserve_for_address(
        &self,
        network: ClientNetwork,
    ) -> Result<AddressCount, LimitKind> {
        let mut counts = self.counts.lock();
        let count = counts.entry(network).or_default();
        if *count >= self.max_per_address {
            return Err(LimitKind::ConnectionsPerAddress);
        }
        *count += 1;
        Ok(AddressCount {
            network,
            counts: self.counts.clone(),
        })
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

    fn network(last: u8) -> ClientNetwork {
        IpAddr::from(Ipv4Addr::new(192, 0, 2, last)).into()
    }

    #[test]
    fn rejected_connection_holds_no_permit() {
        let limits = ConnectionLimits::new(3, 2);
        let admit = |last| limits.admit(network(last));
        let error = |guard: &ConnectionGuard| guard.check_admitted().map_err(|e| e.kind);
        let mut admitted = vec![admit(1), admit(1)];
        let third = admit(1);
        admitted.push(admit(2));
        let fourth = admit(2);
        assert_eq!(error(&third), Err(LimitKind::ConnectionsPerAddress));
        assert_eq!(error(&fourth), Err(LimitKind::Connections));
        assert!(admitted.iter().all(|guard| guard.check_admitted().is_ok()));
        assert_eq!(limits.permits.in_use(), 3);
        drop(admitted);
        assert_eq!(limits.permits.in_use(), 0);
        assert_eq!(error(&admit(1)), Ok(()));
    }

    #[test]
    fn idle_addresses_are_removed() {
        let limits = ConnectionLimits::new(usize::MAX, usize::MAX);
        let guards: Vec<_> = (0..9).map(|n| limits.admit(network(n / 3))).collect();
        assert_eq!(limits.counts.lock().len(), 3);
        drop(guards);
        assert!(limits.counts.lock().is_empty());
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
}
