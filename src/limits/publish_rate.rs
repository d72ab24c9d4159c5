//! The publish rate: messages per second of one network (generic cell rate algorithm).

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::connection::ClientNetwork;
use super::kind::{LimitExceeded, LimitKind};

/// Publish calls between two cleanups of idle rate-limiter entries.
const LIMITER_CLEANUP_INTERVAL: usize = 4096;

/// Limits how fast each network publishes.
pub(super) struct PublishRate {
    limiter: RateLimiter<
        ClientNetwork,
        HashMapStateStore<ClientNetwork>,
        MonotonicClock,
        NoOpMiddleware,
    >,
    calls: AtomicUsize,
}

impl PublishRate {
    pub(super) fn new(per_second: NonZeroU32) -> Self {
        let quota = Quota::per_second(per_second);
        let entries = HashMapStateStore::default();
        Self {
            limiter: RateLimiter::new(quota, entries, MonotonicClock),
            calls: AtomicUsize::new(0),
        }
    }

    pub(super) fn check(&self, client: ClientNetwork) -> Result<(), LimitExceeded> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if calls.is_multiple_of(LIMITER_CLEANUP_INTERVAL) {
            self.limiter.retain_recent();
        }
        self.limiter
            .check_key(&client)
            .map_err(|not_until| LimitExceeded {
                kind: LimitKind::PublishRate,
                retry_after: Some(not_until.wait_time_from(MonotonicClock.now())),
            })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn publish_rate_is_per_address() {
        let rate = PublishRate::new(NonZeroU32::MIN.saturating_add(4));
        let publish = |last| {
            let address = IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
            rate.check(address.into())
        };
        assert!((0..5).all(|_| publish(1).is_ok()));
        let exceeded = publish(1).unwrap_err();
        assert_eq!(exceeded.kind, LimitKind::PublishRate);
        assert!(exceeded.retry_after.is_some_and(|wait| !wait.is_zero()));
        assert!(publish(2).is_ok());
    }
}
