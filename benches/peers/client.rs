//! The neutral client: it opens subscribers on any of the servers, publishes at an even rate,
//! and looks for one thing in what comes: the marker that each message carries.
//!
//! One thread and readiness events, no runtime: the client shares two cores with the server, so
//! what it costs is taken from what is measured.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::servers::{Dialect, Say};

/// What a message's marker begins with; 16 hexadecimal digits follow: when it was due, in
/// nanoseconds from the run's start.
pub(crate) const MARKER: &[u8] = b"due=";

/// How long nothing may come before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest latency that is told from longer ones: a minute, in nanoseconds.
const LONGEST_NS: u64 = 60_000_000_000;

/// How long the opening of all subscribers may take.
const OPENING: Duration = Duration::from_secs(60);

/// Subscribers that are being opened at one time: fewer than any server's backlog.
const OPENING_AT_ONCE: usize = 100;

/// What is asked of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) subscribers: usize,
    /// Messages a second.
    pub(crate) rate: f64,
    /// Messages that are measured.
    pub(crate) messages: usize,
    /// Messages before them that are not.
    pub(crate) warm_up: usize,
    /// Bytes of a message, marker included.
    pub(crate) size: usize,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    /// From the moment that a message was due until a subscriber had it, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// From the first measured message due to the last delivered.
    pub(crate) took: Duration,
}

/// One subscriber: what it has read and not understood, and what it may not write yet.
struct Subscriber {
    stream: TcpStream,
    stage: usize,
    unread: Vec<u8>,
    unsent: Vec<u8>,
    session: String,
}

/// Opens all subscribers of a load; then [`run`](Self::run) publishes and measures.
pub(crate) struct Client<'a> {
    poll: Poll,
    dialect: &'a dyn Dialect,
    address: SocketAddr,
    subscribers: Vec<Subscriber>,
    buffer: Vec<u8>,
}

impl<'a> Client<'a> {
    /// Opens `count` subscribers and waits until each is served.
    ///
    /// # Errors
    /// When a connection is refused or lost, or the last one is not ready in time.
    pub(crate) fn open(
        dialect: &'a dyn Dialect,
        address: SocketAddr,
        count: usize,
    ) -> io::Result<Self> {
        let mut client = Self {
            poll: Poll::new()?,
            dialect,
            address,
            subscribers: Vec::with_capacity(count),
            buffer: vec![0; 1 << 16],
        };
        let mut events = Events::with_capacity(1024);
        let give_up = Instant::now() + OPENING;
        let mut ready = 0;
        while ready < count {
            while client.subscribers.len() < count.min(ready + OPENING_AT_ONCE) {
                client.connect()?;
            }
            client
                .poll
                .poll(&mut events, Some(Duration::from_millis(100)))?;
            for event in &events {
                let number = event.token().0;
                client.serve(number, event.is_writable(), &mut |_, _| {})?;
            }
            ready = client
                .subscribers
                .iter()
                .filter(|own| own.ready(dialect))
                .count();
            if Instant::now() > give_up {
                return Err(io::Error::other(format!("only {ready} of {count} opened")));
            }
        }
        Ok(client)
    }

    fn connect(&mut self) -> io::Result<()> {
        let number = self.subscribers.len();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
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
            unread: Vec::new(),
            unsent: self.dialect.hello(self.address),
            session: String::new(),
        });
        Ok(())
    }

    /// Reads and writes what can be, and gives each marker to `arrived`.
    fn serve(
        &mut self,
        number: usize,
        writable: bool,
        arrived: &mut impl FnMut(usize, u64),
    ) -> io::Result<()> {
        let Self {
            subscribers,
            buffer,
            dialect,
            address,
            ..
        } = self;
        let own = &mut subscribers[number];
        if writable && !own.unsent.is_empty() {
            own.flush()?;
        }
        loop {
            let count = match own.stream.read(buffer) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        format!("{} closed subscriber {number}", dialect.name()),
                    ));
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::NotConnected => break,
                Err(error) => return Err(error),
            };
            own.unread.extend_from_slice(&buffer[..count]);
            own.understand(*dialect, *address, number, arrived)?;
            if count < buffer.len() {
                break;
            }
        }
        Ok(())
    }
}

const EINPROGRESS: i32 = 115;

impl Subscriber {
    /// Whether it gets what is published from now on.
    fn ready(&self, dialect: &dyn Dialect) -> bool {
        self.unsent.is_empty() && dialect.is_ready(self.stage)
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

    /// Takes whole answers or frames out of what was read.
    fn understand(
        &mut self,
        dialect: &dyn Dialect,
        address: SocketAddr,
        number: usize,
        arrived: &mut impl FnMut(usize, u64),
    ) -> io::Result<()> {
        let mut taken = 0;
        while let Some(whole) = dialect.whole(self.stage, &self.unread[taken..])? {
            let piece = &self.unread[taken..taken + whole];
            markers(piece, |due| arrived(number, due));
            match dialect.next(self.stage, piece, &mut self.session, address)? {
                Say::Nothing => {}
                Say::Again(request) => self.unsent.extend_from_slice(&request),
                Say::Ready(request) => {
                    self.unsent.extend_from_slice(&request);
                    self.stage += 1;
                }
            }
            taken += whole;
        }
        self.unread.drain(..taken);
        self.flush()
    }
}

/// Every marker in some bytes.
fn markers(mut bytes: &[u8], mut each: impl FnMut(u64)) {
    while let Some(at) = find(bytes, MARKER) {
        let digits = &bytes[at + MARKER.len()..];
        let Some(due) = digits.get(..16) else { return };
        if let Some(due) = std::str::from_utf8(due)
            .ok()
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        {
            each(due);
        }
        bytes = &digits[16..];
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}

impl Client<'_> {
    /// Publishes, and measures until all has come or nothing more does.
    ///
    /// # Errors
    /// When a connection breaks.
    pub(crate) fn run(
        &mut self,
        load: Load,
        mut measuring: impl FnMut(),
    ) -> io::Result<Outcome> {
        let start = Instant::now() + Duration::from_millis(100);
        let interval = Duration::from_secs_f64(1.0 / load.rate);
        let first = start + interval * load.warm_up as u32;
        let total = load.warm_up + load.messages;
        let (failed, failure) = mpsc::channel();
        let publishing =
            publish(self.dialect, self.address, load, start, interval, failed);

        let mut latency =
            Histogram::<u64>::new_with_max(LONGEST_NS, 3).expect("the bounds are valid");
        let wanted = (load.subscribers * total) as u64;
        let (mut delivered, mut measured, mut disordered) = (0u64, 0u64, 0u64);
        let mut newest: Vec<Option<u64>> = vec![None; load.subscribers];
        let mut last = Instant::now().max(first);
        let mut started = false;
        let mut events = Events::with_capacity(1024);
        while delivered < wanted && last.elapsed() < PATIENCE {
            self.poll
                .poll(&mut events, Some(Duration::from_millis(20)))?;
            let now = Instant::now();
            if !started && now >= first {
                started = true;
                measuring();
            }
            for event in &events {
                self.serve(event.token().0, event.is_writable(), &mut |number, due| {
                    if newest[number].replace(due) >= Some(due) {
                        disordered += 1;
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
            if let Ok(error) = failure.try_recv() {
                return Err(error);
            }
        }
        publishing.join().expect("the publisher does not panic");
        assert_eq!(
            disordered,
            0,
            "{}: again, or out of order",
            self.dialect.name()
        );
        Ok(Outcome {
            delivered: measured,
            lost: wanted - delivered,
            latency,
            took: last - first,
        })
    }
}

/// Publishes on a connection of its own, each message when it is due or as soon after as the
/// answer to the one before allows.
fn publish(
    dialect: &dyn Dialect,
    address: SocketAddr,
    load: Load,
    start: Instant,
    interval: Duration,
    failed: mpsc::Sender<io::Error>,
) -> thread::JoinHandle<()> {
    let requests: Vec<(Instant, Vec<u8>)> = (0..load.warm_up + load.messages)
        .map(|number| {
            let after = interval * number as u32;
            let mut message = format!("due={:016x}", after.as_nanos());
            while message.len() < load.size {
                message.push('.');
            }
            (start + after, dialect.publish(address, &message))
        })
        .collect();
    thread::spawn(move || {
        let work = || -> io::Result<()> {
            let mut stream = std::net::TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            let mut buffer = [0; 4096];
            for (due, request) in requests {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                stream.write_all(&request)?;
                let mut answer = Vec::new();
                while whole_answer(&answer)?.is_none() {
                    match stream.read(&mut buffer)? {
                        0 => return Err(io::Error::other("publishing was cut")),
                        count => answer.extend_from_slice(&buffer[..count]),
                    }
                }
                if !answer.starts_with(b"HTTP/1.1 2") {
                    let text = String::from_utf8_lossy(&answer).into_owned();
                    return Err(io::Error::other(text));
                }
            }
            Ok(())
        };
        if let Err(error) = work() {
            let _ = failed.send(error); // the run is over already
        }
    })
}

/// How many bytes the first whole HTTP answer has, if there is one.
///
/// # Errors
/// When its length cannot be known.
pub(crate) fn whole_answer(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(head) = find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head_text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    if head_text.starts_with("http/1.1 101") || head_text.starts_with("http/1.1 304") {
        return Ok(Some(head + 4));
    }
    let length = field(&head_text, "content-length")
        .and_then(|text| text.parse::<usize>().ok())
        .ok_or_else(|| io::Error::other(format!("no content-length in {head_text}")))?;
    let whole = head + 4 + length;
    Ok((bytes.len() >= whole).then_some(whole))
}

/// A header field of a head in lower case.
pub(crate) fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value.trim())
}
