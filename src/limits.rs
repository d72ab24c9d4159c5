//! The limits: how many may be here at one time, from one address too, and how fast one address
//! may publish. Whoever is past a limit is told so; all others do not notice.
//!
//! Sizes and times are limited where the bytes are: see [`guard`](crate::guard),
//! [`socket`](crate::socket) and [`publish`](crate::transports::publish).

use std::cell::Cell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use crate::Options;
use crate::problem::Problem;

/// After so many publications those are forgotten who have not published for a while.
const FORGET_EVERY: usize = 4096;

/// What may be past its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it; docs/operations.md has them")]
pub enum Limit {
    Connections,
    ConnectionsPerAddress,
    HeldPolls,
    PublishRate,
    HeaderBytes,
    MessageBytes,
    BodyTimeout,
    PongTimeout,
    JournalQueue,
    Room,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Connections,
        Self::ConnectionsPerAddress,
        Self::HeldPolls,
        Self::PublishRate,
        Self::HeaderBytes,
        Self::MessageBytes,
        Self::BodyTimeout,
        Self::PongTimeout,
        Self::JournalQueue,
        Self::Room,
    ];

    /// Its name in the metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::HeldPolls => "held_polls",
            Self::PublishRate => "publish_rate",
            Self::HeaderBytes => "header_bytes",
            Self::MessageBytes => "message_bytes",
            Self::BodyTimeout => "body_timeout",
            Self::PongTimeout => "pong_timeout",
            Self::JournalQueue => "journal_queue",
            Self::Room => "room",
        }
    }
}

/// So many at one time.
#[derive(Debug, Default)]
pub struct Seats(AtomicUsize);

impl Seats {
    /// Takes a seat while fewer than `most` are taken. It is given back when it is dropped.
    pub fn take(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let one_more = |taken| (taken < most).then_some(taken + 1);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .ok()
            .map(|_| Seat(self.clone()))
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// One of the [`Seats`].
#[derive(Debug)]
pub struct Seat(Arc<Seats>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Where a connection comes from, as far as it is counted: an IPv4 address, or the /64 of an
/// IPv6 address, which is the least that a network gives to one site (RFC 6177 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)))
            }
            v4 => v4,
        })
    }
}

type Publishers =
    RateLimiter<Address, HashMapStateStore<Address>, MonotonicClock, NoOpMiddleware>;

/// What is limited, and how much of it there is.
pub struct Limits {
    most_connections: usize,
    most_per_address: usize,
    most_held: usize,
    /// Longest that a long poll may ask to be held, in ms.
    pub max_wait_ms: u64,
    /// Most bytes of a message.
    pub max_body: usize,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// Connections that are served.
    pub connections: Arc<Seats>,
    /// Polls that are held.
    pub held: Arc<Seats>,
    /// WebSockets on `/ws`.
    pub sockets: Arc<Seats>,
    addresses: Arc<Mutex<HashMap<Address, usize>>>,
    publishers: Option<Publishers>,
    published: AtomicUsize,
    connects: Counter,
    silent: Counter,
}

impl Limits {
    /// The limits that the flags set.
    pub fn new(options: &Options) -> Self {
        let quota = NonZeroU32::new(options.publish_rate).map(Quota::per_second);
        Self {
            most_connections: options.max_connections,
            most_per_address: options.max_connections_per_address,
            most_held: options.max_long_polls,
            max_wait_ms: options.max_poll_wait.as_millis() as u64,
            max_body: options.max_message_bytes,
            body_timeout: options.body_timeout,
            connections: Arc::default(),
            held: Arc::default(),
            sockets: Arc::default(),
            addresses: Arc::default(),
            publishers: quota.map(|quota| {
                RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock)
            }),
            published: AtomicUsize::new(0),
            connects: Counter::default(),
            silent: Counter::default(),
        }
    }

    /// Registers what is counted here.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Connections that came, served or not";
        registry.register("connects", help, self.connects.clone());
        let help = "Connections that ended before a whole request came";
        registry.register("silent_connections", help, self.silent.clone());
    }

    /// A connection that has just been accepted. One past a limit is there, too, but only to be
    /// told so.
    pub fn connect(&self, from: IpAddr) -> Connection {
        self.connects.inc();
        let address = from.into();
        let seat = match self.sit_beside_neighbours(address) {
            None => Err(Limit::ConnectionsPerAddress),
            Some(beside) => match self.connections.take(self.most_connections) {
                None => Err(Limit::Connections),
                Some(seat) => Ok((seat, beside)),
            },
        };
        Connection {
            address,
            seat,
            has_asked: Cell::new(false),
            silent: self.silent.clone(),
        }
    }

    fn sit_beside_neighbours(&self, address: Address) -> Option<Beside> {
        let mut addresses = self.addresses.lock();
        let here = addresses.entry(address).or_default();
        if *here >= self.most_per_address {
            return None;
        }
        *here += 1;
        Some(Beside {
            address,
            addresses: self.addresses.clone(),
        })
    }

    /// A seat for a poll that is held.
    ///
    /// # Errors
    /// 503 when all are taken.
    pub fn hold(&self) -> Result<Seat, Problem> {
        self.held.take(self.most_held).ok_or_else(|| {
            let most = self.most_held;
            let title = format!("{most} polls are held; --max-long-polls allows more");
            Problem::unavailable(title).past(Limit::HeldPolls)
        })
    }

    /// A seat for a WebSocket. There is always one: what is limited are connections.
    pub fn open(&self) -> Option<Seat> {
        self.sockets.take(usize::MAX)
    }

    /// Counts a message that somebody at this address wants to publish.
    ///
    /// # Errors
    /// 429 when it comes too soon, with the time until the next may come.
    pub fn publish(&self, from: Address) -> Result<(), Problem> {
        let Some(publishers) = &self.publishers else {
            return Ok(());
        };
        if self
            .published
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(FORGET_EVERY)
        {
            publishers.retain_recent();
        }
        publishers.check_key(&from).map_err(|not_until| {
            let wait = not_until.wait_time_from(MonotonicClock.now());
            let title = "This address publishes too fast; --publish-rate allows more";
            Problem::new(StatusCode::TOO_MANY_REQUESTS, title)
                .past(Limit::PublishRate)
                .retry_after(wait)
        })
    }
}

/// Being counted with those of the same address.
struct Beside {
    address: Address,
    addresses: Arc<Mutex<HashMap<Address, usize>>>,
}

impl Drop for Beside {
    fn drop(&mut self) {
        let mut addresses = self.addresses.lock();
        if let Some(here) = addresses.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

/// A connection: where it comes from, and its seat, or why it has none.
pub struct Connection {
    /// Where it comes from.
    pub address: Address,
    seat: Result<(Seat, Beside), Limit>,
    /// Whether a whole request ever came.
    has_asked: Cell<bool>,
    silent: Counter,
}

impl Connection {
    /// Whether it may be served.
    ///
    /// # Errors
    /// 503 that names the limit that it is past.
    pub fn admit(&self) -> Result<(), Problem> {
        self.has_asked.set(true);
        self.seat.as_ref().map(|_| ()).map_err(|&limit| {
            Problem::unavailable(match limit {
                Limit::ConnectionsPerAddress => {
                    "There are too many connections from this address; \
                     --max-connections-per-address allows more"
                }
                _ => "There are too many connections; --max-connections allows more",
            })
            .past(limit)
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.has_asked.get() {
            self.silent.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use clap::Parser;

    use super::*;

    fn limits(flags: &[&str]) -> Limits {
        Limits::new(&Options::parse_from([&["trifold"], flags].concat()))
    }

    fn here(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn a_connection_past_a_limit_takes_no_seat_from_others() {
        let limits = limits(&["--max-connections=3", "--max-connections-per-address=2"]);
        let mut served: Vec<_> = (0..2).map(|_| limits.connect(here(1))).collect();
        let third = limits.connect(here(1));
        assert_eq!(
            third.seat.as_ref().err(),
            Some(&Limit::ConnectionsPerAddress)
        );
        served.push(limits.connect(here(2)));
        let fourth = limits.connect(here(2));
        assert_eq!(fourth.seat.as_ref().err(), Some(&Limit::Connections));
        assert!(served.iter().all(|own| own.admit().is_ok()));
        assert!(third.admit().is_err() && fourth.admit().is_err());
        assert_eq!(limits.connections.taken(), 3);
        drop(served);
        assert_eq!(limits.connections.taken(), 0);
        assert!(limits.connect(here(1)).admit().is_ok());
    }

    #[test]
    fn addresses_are_forgotten_with_their_last_connection() {
        let limits = limits(&[]);
        let connections: Vec<_> = (0..9).map(|n| limits.connect(here(n / 3))).collect();
        assert_eq!(limits.addresses.lock().len(), 3);
        drop(connections);
        assert!(limits.addresses.lock().is_empty());
    }

    #[test]
    fn a_site_is_one_address() {
        let of = |text: &str| Address::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.6"), of("192.0.2.7"));
    }

    #[test]
    fn each_address_publishes_at_its_own_rate_and_is_forgotten() {
        let limits = limits(&["--publish-rate=5"]);
        for _ in 0..5 {
            assert!(limits.publish(here(1).into()).is_ok());
        }
        let refused = limits.publish(here(1).into()).unwrap_err();
        assert_eq!(refused.status(), 429);
        assert!(limits.publish(here(2).into()).is_ok());
        let unlimited = self::limits(&["--publish-rate=0"]);
        assert!((0..10_000).all(|_| unlimited.publish(here(1).into()).is_ok()));
    }
}
