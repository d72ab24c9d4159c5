//! The neutral client: it opens subscribers on any of the servers, publishes at an even rate,
//! and searches all it receives for one thing: the marker in each message.
//!
//! One thread and readiness events, no runtime: the client shares two cores with the server, so
//! the server lacks what the client uses.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};
use trifold::load::net::http::{ResponseHead, read_response};

use crate::protocols::{Protocol, ProtocolStep};

/// Start of a message's marker; 16 hexadecimal digits follow: when it was due, in nanoseconds
/// from the start of the run.
pub(crate) const MARKER: &[u8] = b"due=";

/// Time without a delivery after which missing messages count as lost.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum latency of the histogram: a minute, in nanoseconds.
const MAX_LATENCY_NS: u64 = 60_000_000_000;

/// Timeout for opening all subscribers.
const OPEN_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum number of subscribers that are opening at one time: fewer than any server's backlog.
const MAX_OPENING: usize = 100;

/// The settings of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) subscribers: usize,
    /// Messages per second.
    pub(crate) rate: f64,
    /// Number of messages that are measured.
    pub(crate) messages: usize,
    /// Number of messages before them that are not.
    pub(crate) warm_up: usize,
    /// Bytes of a message, with its marker.
    pub(crate) message_bytes: usize,
}

/// The results of one run.
pub(crate) struct PeerResult {
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    /// Time from due to delivered, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// Time from the first measured message due to the last one delivered.
    pub(crate) elapsed: Duration,
}

/// One subscriber: what it has received and not consumed, and what it cannot send yet.
struct Subscriber {
    stream: TcpStream,
    stage: usize,
    received: Vec<u8>,
    unsent: Vec<u8>,
    session: String,
}

/// All subscribers. [`run`](Self::run) publishes and measures.
pub(crate) struct PeerClient<'a> {
    poll: Poll,
    protocol: &'a dyn Protocol,
    address: SocketAddr,
    subscribers: Vec<Subscriber>,
    buffer: Vec<u8>,
}

impl<'a> PeerClient<'a> {
    /// Opens `count` subscribers, and waits until all are ready.
    ///
    /// # Errors
    /// When a connection fails, or not all are ready in time.
    pub(crate) fn open(
        protocol: &'a dyn Protocol,
        address: SocketAddr,
        count: usize,
    ) -> io::Result<Self> {
        let mut client = Self {
            poll: Poll::new()?,
            protocol,
            address,
            subscribers: Vec::with_capacity(count),
            buffer: vec![0; 1 << 16],
        };
        let mut events = Events::with_capacity(1024);
        let deadline = Instant::now() + OPEN_TIMEOUT;
        let mut ready = 0;
        while ready < count {
            while client.subscribers.len() < count.min(ready + MAX_OPENING) {
                client.connect()?;
            }
            client
                .poll
                .poll(&mut events, Some(Duration::from_millis(100)))?;
            for event in &events {
                let number = event.token().0;
                client.drive(number, event.is_writable(), &mut |_, _| {})?;
            }
            ready = client
                .subscribers
                .iter()
                .filter(|subscriber| subscriber.is_ready(protocol))
                .count();
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("only {ready} of {count} opened")));
            }
        }
        Ok(client)
    }

    fn connect(&mut self) -> io::Result<()> {
        let number = self.subscribers.len();
        let socket =
            Socket::new(Domain::IPV4, Type::STREAM, Some(socket2::Protocol::TCP))?;
        // Several addresses, so that ports do not run out; and no TIME_WAIT that keeps them.
        let source = Ipv4Addr::new(127, 0, 1, (number % 8) as u8 + 1);
        socket.bind(&SocketAddrV4::new(source, 0).into())?;
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&self.address.into()) {
            Err(error) if error.raw_os_error() != Some(EINPROGRESS) => return Err(error),
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        self.poll.registry().register(
            &mut stream,
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.subscribers.push(Subscriber {
            stream,
            stage: 0,
            received: Vec::new(),
            unsent: self.protocol.initial_request(self.address),
            session: String::new(),
        });
        Ok(())
    }

    /// Reads and writes as much as possible without blocking, and passes each marker to
    /// `on_marker`.
    fn drive(
        &mut self,
        number: usize,
        writable: bool,
        on_marker: &mut impl FnMut(usize, u64),
    ) -> io::Result<()> {
        let Self {
            subscribers,
            buffer,
            protocol,
            address,
            ..
        } = self;
        let subscriber = &mut subscribers[number];
        if writable && !subscriber.unsent.is_empty() {
            subscriber.flush()?;
        }
        loop {
            let count = match subscriber.stream.read(buffer) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!("{} closed subscriber {number}", protocol.name()),
                    ));
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => break,
                Err(error) => return Err(error),
            };
            subscriber.received.extend_from_slice(&buffer[..count]);
            subscriber.process(*protocol, *address, number, on_marker)?;
            if count < buffer.len() {
                break;
            }
        }
        Ok(())
    }
}

const EINPROGRESS: i32 = 115;

impl Subscriber {
    /// Returns whether it receives what is published from now on.
    fn is_ready(&self, protocol: &dyn Protocol) -> bool {
        self.unsent.is_empty() && protocol.is_ready(self.stage)
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                    ) =>
                {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Consumes all complete responses and frames.
    fn process(
        &mut self,
        protocol: &dyn Protocol,
        address: SocketAddr,
        number: usize,
        on_marker: &mut impl FnMut(usize, u64),
    ) -> io::Result<()> {
        let mut consumed = 0;
        while let Some(length) =
            protocol.message_len(self.stage, &self.received[consumed..])?
        {
            let message = &self.received[consumed..consumed + length];
            markers(message, |due| on_marker(number, due));
            match protocol.next(self.stage, message, &mut self.session, address)? {
                ProtocolStep::Wait => {}
                ProtocolStep::Send(request) => self.unsent.extend_from_slice(&request),
                ProtocolStep::Advance(request) => {
                    self.unsent.extend_from_slice(&request);
                    self.stage += 1;
                }
            }
            consumed += length;
        }
        self.received.drain(..consumed);
        self.flush()
    }
}

/// Passes every marker in `bytes` to `on_marker`.
fn markers(mut bytes: &[u8], mut on_marker: impl FnMut(u64)) {
    while let Some(at) = memchr::memmem::find(bytes, MARKER) {
        let digits = &bytes[at + MARKER.len()..];
        let Some(due) = digits.get(..16) else { return };
        if let Some(due) = std::str::from_utf8(due)
            .ok()
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        {
            on_marker(due);
        }
        bytes = &digits[16..];
    }
}

impl PeerClient<'_> {
    /// Publishes, and measures until everything is delivered or nothing more is. Calls
    /// `on_measuring` after the warm-up.
    ///
    /// # Errors
    /// When a connection fails.
    pub(crate) fn run(
        &mut self,
        workload: Workload,
        mut on_measuring: impl FnMut(),
    ) -> io::Result<PeerResult> {
        let start = Instant::now() + Duration::from_millis(100);
        let interval = Duration::from_secs_f64(1.0 / workload.rate);
        let first = start + interval * workload.warm_up as u32;
        let total = workload.warm_up + workload.messages;
        let (errors, error) = mpsc::channel();
        let publishing = publish(
            self.protocol,
            self.address,
            workload,
            start,
            interval,
            errors,
        );

        let mut latency = Histogram::<u64>::new_with_max(MAX_LATENCY_NS, 3)
            .expect("the bounds are valid");
        let expected = (workload.subscribers * total) as u64;
        let (mut delivered, mut measured, mut misordered) = (0u64, 0u64, 0u64);
        let mut newest: Vec<Option<u64>> = vec![None; workload.subscribers];
        let mut last = Instant::now().max(first);
        let mut started = false;
        let mut events = Events::with_capacity(1024);
        while delivered < expected && last.elapsed() < DRAIN_TIMEOUT {
            self.poll
                .poll(&mut events, Some(Duration::from_millis(20)))?;
            let now = Instant::now();
            if !started && now >= first {
                started = true;
                on_measuring();
            }
            for event in &events {
                self.drive(event.token().0, event.is_writable(), &mut |number, due| {
                    if newest[number].replace(due) >= Some(due) {
                        misordered += 1;
                    }
                    delivered += 1;
                    last = Instant::now();
                    let due = start + Duration::from_nanos(due);
                    if due >= first {
                        measured += 1;
                        latency.saturating_record((last - due).as_nanos() as u64);
                    }
                })?;
            }
            if let Ok(error) = error.try_recv() {
                return Err(error);
            }
        }
        publishing.join().expect("the publisher does not panic");
        assert_eq!(
            misordered,
            0,
            "{}: duplicate or out of order",
            self.protocol.name()
        );
        Ok(PeerResult {
            delivered: measured,
            lost: expected - delivered,
            latency,
            elapsed: last - first,
        })
    }
}

/// Publishes on its own connection: each message when it is due, or later if the response to the
/// previous one is late.
fn publish(
    protocol: &dyn Protocol,
    address: SocketAddr,
    workload: Workload,
    start: Instant,
    interval: Duration,
    errors: mpsc::Sender<io::Error>,
) -> thread::JoinHandle<()> {
    let requests: Vec<(Instant, Vec<u8>)> = (0..workload.warm_up + workload.messages)
        .map(|number| {
            let after = interval * number as u32;
            let mut message = format!("due={:016x}", after.as_nanos());
            while message.len() < workload.message_bytes {
                message.push('.');
            }
            (start + after, protocol.publish(address, &message))
        })
        .collect();
    thread::spawn(move || {
        let work = || -> io::Result<()> {
            let mut stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            let mut buffer = Vec::new();
            for (due, request) in requests {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                stream.write_all(&request)?;
                buffer.clear();
                let head: ResponseHead = read_response(&mut stream, &mut buffer)?;
                if !(200..300).contains(&head.status) {
                    let text = String::from_utf8_lossy(&buffer).into_owned();
                    return Err(io::Error::other(text));
                }
            }
            Ok(())
        };
        if let Err(error) = work() {
            let _ = errors.send(error); // the run may be over
        }
    })
}
