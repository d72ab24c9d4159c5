//! Publish to receive over loopback, for each transport, and what an empty poll costs. Next to
//! each of them the limit: the same client and the same bytes, and instead of the server a
//! thread that replays the bytes of the server, and does nothing else.

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, Throughput};

use common::Server;
use trifold::load::net::http::ResponseHead;
use trifold::load::net::websocket::{
    FrameHeader, PING, PONG, SAMPLE_KEY, client_frame, upgrade_headers,
};

/// Timeout of each step; after it the run fails.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Two files per connection, because both ends are in this process, and some that the previous
/// bench has not closed yet.
const OPEN_FILES: u64 = 6000;

fn main() {
    let limit = rlimit::increase_nofile_limit(OPEN_FILES).expect("it is readable");
    assert!(
        limit >= OPEN_FILES,
        "{OPEN_FILES} open files are needed: see `ulimit -n`"
    );
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30)
        .nresamples(10_000) // 100 000 take longer than measuring does
        .configure_from_args();
    publish_to_receive(&mut criterion);
    empty_poll(&mut criterion);
    criterion.final_summary();
}

/// Measures from before the publisher's `POST` until the last subscriber has the message.
fn publish_to_receive(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish to receive");
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for subscribers in [1, 100, 1000] {
        group.throughput(Throughput::Elements(subscribers));
        let count = subscribers as usize;
        for transport in [
            BenchTransport::Poll,
            BenchTransport::LongPoll,
            BenchTransport::WebSocket,
        ] {
            let mut bench = |name: String, open: &dyn Fn() -> Subscribers| {
                let mut opened = None;
                group.bench_function(BenchmarkId::new(name, subscribers), |bencher| {
                    // Opened here, so that benches that are filtered out open nothing.
                    let opened = opened.get_or_insert_with(open);
                    bencher.iter_custom(|rounds| {
                        (0..rounds).map(|_| opened.measure_once()).sum()
                    });
                });
            };
            let name = transport.name();
            bench(name.to_owned(), &|| {
                Subscribers::of_trifold(transport, count)
            });
            bench(format!("{name}, bare TCP"), &|| {
                Subscribers::of_bare_tcp(transport, count)
            });
        }
    }
    group.finish();
}

/// Measures a poll that finds nothing: one round trip on a connection that stays open.
fn empty_poll(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("empty poll");
    group.throughput(Throughput::Elements(1));
    let server = Server::start(&[]);
    server.append_messages(1);
    let mut connection = ClientConnection::open(server.address);
    let poll = |headers: &str| get("/poll?since=1", headers);

    let response = connection.exchange(&poll("")).to_vec();
    let head = parse_head(&response).expect("the response is complete");
    let etag = head.header(&response, "etag").expect("it has an ETag");
    let condition = format!("If-None-Match: {etag}\r\n");
    for (name, status, headers) in [
        ("200, no messages", 200, ""),
        ("304, by ETag", 304, &condition),
    ] {
        let request = poll(headers);
        let response = connection.exchange(&request).to_vec();
        assert_eq!(parse_head(&response).map(|head| head.status), Some(status));
        group.bench_function(name, |bencher| {
            bencher.iter(|| connection.exchange(&request).len());
        });
        let mut bare = ClientConnection::open(echo_server(request.len(), response));
        group.bench_function(format!("{name}, bare TCP"), |bencher| {
            bencher.iter(|| bare.exchange(&request).len());
        });
    }
    group.finish();
}

/// Serves the same response after every `request` bytes.
fn echo_server(request: usize, response: Vec<u8>) -> SocketAddr {
    listen(move |mut accept| {
        let mut stream = accept()?;
        let mut request = vec![0; request];
        loop {
            stream.read_exact(&mut request)?;
            stream.write_all(&response)?;
        }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum BenchTransport {
    Poll,
    LongPoll,
    WebSocket,
}

impl BenchTransport {
    fn name(self) -> &'static str {
        match self {
            // Without the interval, which the user chooses.
            Self::Poll => "poll, sent right after",
            Self::LongPoll => "long poll, waiting before",
            Self::WebSocket => "WebSocket",
        }
    }

    /// Returns the request of a subscriber that has everything up to a version. All have the
    /// same length, so that the replaying server can count bytes.
    fn request(self, version: u64) -> Vec<u8> {
        match self {
            Self::Poll => get(&format!("/poll?since={version:010}"), ""),
            Self::LongPoll => get(&format!("/longpoll?since={version:010}"), ""),
            Self::WebSocket => {
                let headers = upgrade_headers(SAMPLE_KEY);
                get(&format!("/ws?since={version:010}"), &headers)
            }
        }
    }
}

fn get(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// Returns the publisher's request.
fn publish_request() -> Vec<u8> {
    let body =
        r#"{"sender":"anna","body":"and then we take the tram at a quarter past seven"}"#;
    let length = body.len();
    format!(
        "POST /messages HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A publisher and its subscribers: blocking sockets on one thread, which reads one after the
/// other. On two cores that uses less of the server's CPU time than any runtime.
struct Subscribers {
    transport: BenchTransport,
    publisher: ClientConnection,
    connections: Vec<ClientConnection>,
    /// The version that all subscribers have.
    version: u64,
    peer: Peer,
}

/// The server.
enum Peer {
    Trifold(Server),
    Bare { waiters: Arc<AtomicUsize> },
}

impl Peer {
    /// Returns how many subscribers wait for a message.
    fn waiters(&self) -> usize {
        match self {
            Self::Trifold(server) => server.log.waiter_count(),
            Self::Bare { waiters } => waiters.load(Ordering::Acquire),
        }
    }
}

impl Subscribers {
    fn of_trifold(transport: BenchTransport, count: usize) -> Self {
        let server = Server::start(&["--publish-rate=0"]); // all messages are from one address
        Self::open(server.address, transport, count, Peer::Trifold(server))
    }

    fn of_bare_tcp(transport: BenchTransport, count: usize) -> Self {
        let waiters = Arc::new(AtomicUsize::new(0));
        let recording = Recording::record(transport);
        let address = replay_server(recording, count, waiters.clone());
        Self::open(address, transport, count, Peer::Bare { waiters })
    }

    fn open(
        address: SocketAddr,
        transport: BenchTransport,
        count: usize,
        peer: Peer,
    ) -> Self {
        let publisher = ClientConnection::open(address);
        let connect = |_| {
            let mut connection = ClientConnection::open(address);
            if transport == BenchTransport::WebSocket {
                let response = connection.exchange(&transport.request(0));
                assert_eq!(parse_head(response).map(|head| head.status), Some(101));
            }
            connection
        };
        Self {
            transport,
            publisher,
            connections: (0..count).map(connect).collect(),
            version: 0,
            peer,
        }
    }

    /// Publishes one message, and returns the time until the last subscriber has it.
    fn measure_once(&mut self) -> Duration {
        self.prepare();
        let publish_request = publish_request();
        let request = self.transport.request(self.version);

        let start = Instant::now();
        self.publisher.send(&publish_request);
        if self.transport == BenchTransport::Poll {
            self.publisher.receive(); // otherwise a poll could overtake the message
            self.send(&request);
        }
        for connection in &mut self.connections {
            connection.receive();
        }
        let elapsed = start.elapsed();

        if self.transport != BenchTransport::Poll {
            self.publisher.receive();
        }
        self.version += 1;
        self.check();
        elapsed
    }

    /// Waits until all long polls and WebSockets wait for the message.
    fn prepare(&mut self) {
        match self.transport {
            BenchTransport::Poll => return,
            BenchTransport::LongPoll => self.send(&self.transport.request(self.version)),
            BenchTransport::WebSocket => {}
        }
        let start = Instant::now();
        while self.peer.waiters() < self.connections.len() {
            assert!(start.elapsed() < TIMEOUT, "not all subscribers wait");
            thread::yield_now();
        }
    }

    fn send(&mut self, request: &[u8]) {
        for connection in &mut self.connections {
            connection.send(request);
        }
    }

    /// Checks that all subscribers have this message and no other. Replayed bytes are constant.
    fn check(&self) {
        if let Peer::Trifold(_) = self.peer {
            let response = self.publisher.last();
            let status = parse_head(response).map(|head| head.status);
            let text = String::from_utf8_lossy(response);
            assert_eq!(status, Some(201), "not published: {text}");
            let (since, version) = (self.version - 1, self.version);
            let batch = format!(r#""since":{since},"version":{version},"#);
            for connection in &self.connections {
                let found = memchr::memmem::find(connection.last(), batch.as_bytes());
                assert!(found.is_some(), "not the expected batch");
            }
        }
    }
}

/// The bytes of Trifold when one subscriber receives one message.
struct Recording {
    transport: BenchTransport,
    /// The response to a WebSocket's handshake.
    upgraded: Vec<u8>,
    published: Vec<u8>,
    delivered: Vec<u8>,
}

impl Recording {
    fn record(transport: BenchTransport) -> Self {
        let mut subscribers = Subscribers::of_trifold(transport, 1);
        let upgraded = subscribers.connections[0].last().to_vec();
        subscribers.measure_once();
        Self {
            transport,
            upgraded,
            published: subscribers.publisher.last().to_vec(),
            delivered: subscribers.connections[0].last().to_vec(),
        }
    }
}

/// Replays a recording to `count` subscribers, and stores in `waiters` when all of them wait. The
/// first connection is the publisher's.
fn replay_server(
    recording: Recording,
    count: usize,
    waiters: Arc<AtomicUsize>,
) -> SocketAddr {
    listen(move |mut accept| {
        let transport = recording.transport;
        let mut publish_request = publish_request();
        let mut request = transport.request(0);
        let mut publisher = accept()?;
        let mut subscribers = Vec::with_capacity(count);
        for _ in 0..count {
            let mut stream = accept()?;
            if transport == BenchTransport::WebSocket {
                stream.read_exact(&mut request)?;
                stream.write_all(&recording.upgraded)?;
            }
            subscribers.push(stream);
        }
        loop {
            if transport == BenchTransport::LongPoll {
                for stream in &mut subscribers {
                    stream.read_exact(&mut request)?;
                }
            }
            waiters.store(count, Ordering::Release);
            publisher.read_exact(&mut publish_request)?;
            waiters.store(0, Ordering::Release);
            publisher.write_all(&recording.published)?;
            for stream in &mut subscribers {
                if transport == BenchTransport::Poll {
                    stream.read_exact(&mut request)?;
                }
                stream.write_all(&recording.delivered)?;
            }
        }
    })
}

/// Runs a server on a new thread, until its clients disconnect.
fn listen<S>(serve: S) -> SocketAddr
where
    S: FnOnce(Box<dyn FnMut() -> io::Result<TcpStream>>) -> io::Result<()>
        + Send
        + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    thread::spawn(move || {
        let accept = move || {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        serve(Box::new(accept)) // fails when the clients disconnect
    });
    address
}

/// A connection with one response or one frame at a time.
struct ClientConnection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    filled: usize,
}

impl ClientConnection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("a TCP option");
        let set = stream.set_read_timeout(Some(TIMEOUT));
        set.expect("a TCP option");
        Self {
            stream,
            buffer: vec![0; 2048].into(),
            filled: 0,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let sent = self.stream.write_all(bytes);
        sent.expect("the server accepts bytes");
    }

    /// Reads until there is one complete response or frame.
    fn receive(&mut self) {
        self.filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[self.filled..]);
            let count = read.expect("the server responds in time");
            assert!(count > 0, "the server closed, or sent more than expected");
            self.filled += count;
            while let Some(message) = Received::parse(self.last()) {
                if !message.is_ping {
                    assert_eq!(message.length, self.filled, "more than one message");
                    return;
                }
                self.send(&client_frame(PONG, &[])); // any pong satisfies the server
                self.buffer.copy_within(message.length..self.filled, 0);
                self.filled -= message.length;
            }
        }
    }

    fn exchange(&mut self, request: &[u8]) -> &[u8] {
        self.send(request);
        self.receive();
        self.last()
    }

    /// Returns what was received last.
    fn last(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }
}

/// A complete response or frame.
struct Received {
    length: usize,
    is_ping: bool,
}

impl Received {
    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.first() == Some(&b'H') {
            let head = parse_head(bytes)?;
            return head.is_complete(bytes).then(|| Self {
                length: head.total_len(),
                is_ping: false,
            });
        }
        let frame = FrameHeader::parse(bytes).expect("a frame")?;
        frame.is_complete(bytes).then(|| Self {
            length: frame.total_len(),
            is_ping: frame.opcode == PING,
        })
    }
}

fn parse_head(bytes: &[u8]) -> Option<ResponseHead> {
    ResponseHead::parse(bytes).expect("a response")
}
