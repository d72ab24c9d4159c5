//! Publish to receive over loopback, for each technique, and what an empty poll costs. Beside
//! each of them the limit: the same client and the same bytes, and instead of the server a
//! thread that replays what the server said, and does nothing else.

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{AxisScale, BenchmarkId, Criterion, PlotConfiguration, Throughput};

use common::{Server, masked_frame};

/// How long anything may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Two files for each connection, both ends being in this process, and room for the last
/// bench's that are not closed yet.
const FILES: u64 = 6000;

fn main() {
    let limit = rlimit::increase_nofile_limit(FILES).expect("it may be asked for");
    assert!(limit >= FILES, "{FILES} files are needed: see `ulimit -n`");
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

/// From before the publisher's `POST` until the last subscriber has the message.
fn publish_to_receive(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish to receive");
    group.plot_config(PlotConfiguration::default().summary_scale(AxisScale::Logarithmic));
    for subscribers in [1, 100, 1000] {
        group.throughput(Throughput::Elements(subscribers));
        let count = subscribers as usize;
        for technique in [Technique::Poll, Technique::LongPoll, Technique::WebSocket] {
            let mut bench = |name: String, open: &dyn Fn() -> Audience| {
                let mut audience = None;
                group.bench_function(BenchmarkId::new(name, subscribers), |bencher| {
                    // Opened here, so that what the filter leaves out is not opened.
                    let audience = audience.get_or_insert_with(open);
                    bencher.iter_custom(|rounds| {
                        (0..rounds).map(|_| audience.round()).sum()
                    });
                });
            };
            let name = technique.name();
            bench(name.to_owned(), &|| Audience::of_trifold(technique, count));
            bench(format!("{name}, bare TCP"), &|| {
                Audience::of_bare_tcp(technique, count)
            });
        }
    }
    group.finish();
}

/// A poll that finds nothing, there and back, on a connection that is kept.
fn empty_poll(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("empty poll");
    group.throughput(Throughput::Elements(1));
    let server = Server::start(&[]);
    server.fill(1);
    let mut wire = Connection::open(server.address);
    let poll = |field: &str| get("/poll?since=1", field);

    let answer = wire.exchange(&poll("")).to_vec();
    let tag = field(text(&answer), "etag").expect("a poll's answer has an ETag");
    let conditional = format!("If-None-Match: {tag}\r\n");
    for (name, field) in [("200, no messages", ""), ("304, by ETag", &conditional)] {
        let request = poll(field);
        let answer = wire.exchange(&request).to_vec();
        assert_eq!(text(&answer)[9..12], name[..3]);
        group.bench_function(name, |bencher| {
            bencher.iter(|| wire.exchange(&request).len());
        });
        let mut bare = Connection::open(pong(request.len(), answer));
        group.bench_function(format!("{name}, bare TCP"), |bencher| {
            bencher.iter(|| bare.exchange(&request).len());
        });
    }
    group.finish();
}

/// Answers as many bytes as a request has with the same answer, again and again.
fn pong(request: usize, answer: Vec<u8>) -> SocketAddr {
    listen(move |mut accept| {
        let mut stream = accept()?;
        let mut request = vec![0; request];
        loop {
            stream.read_exact(&mut request)?;
            stream.write_all(&answer)?;
        }
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Technique {
    Poll,
    LongPoll,
    WebSocket,
}

impl Technique {
    fn name(self) -> &'static str {
        match self {
            // Without the interval, which is whatever the user makes it.
            Self::Poll => "poll, asked right after",
            Self::LongPoll => "long poll, held before",
            Self::WebSocket => "WebSocket",
        }
    }

    /// What a subscriber asks with that holds everything up to a version. All are of one
    /// length, so that whoever replays can count bytes.
    fn request(self, version: u64) -> Vec<u8> {
        match self {
            Self::Poll => get(&format!("/poll?since={version:010}"), ""),
            Self::LongPoll => get(&format!("/longpoll?since={version:010}"), ""),
            Self::WebSocket => get(&format!("/ws?since={version:010}"), UPGRADE),
        }
    }
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn get(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").into_bytes()
}

/// The publisher's request.
fn publication() -> Vec<u8> {
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
/// other. On two cores that takes less from the server than any runtime.
struct Audience {
    technique: Technique,
    publisher: Connection,
    subscribers: Vec<Connection>,
    /// The version that all hold.
    version: u64,
    peer: Peer,
}

/// Who is at the other end.
enum Peer {
    Trifold(Server),
    Bare { held: Arc<AtomicUsize> },
}

impl Peer {
    /// How many readers wait there for a message.
    fn held(&self) -> usize {
        match self {
            Self::Trifold(server) => server.log.waiter_count(),
            Self::Bare { held } => held.load(Ordering::Acquire),
        }
    }
}

impl Audience {
    fn of_trifold(technique: Technique, count: usize) -> Self {
        let server = Server::start(&["--publish-rate=0"]); // one address publishes it all
        Self::open(server.address, technique, count, Peer::Trifold(server))
    }

    fn of_bare_tcp(technique: Technique, count: usize) -> Self {
        let held = Arc::new(AtomicUsize::new(0));
        let address = replay(Script::record(technique), count, held.clone());
        Self::open(address, technique, count, Peer::Bare { held })
    }

    fn open(address: SocketAddr, technique: Technique, count: usize, peer: Peer) -> Self {
        let publisher = Connection::open(address);
        let subscriber = |_| {
            let mut own = Connection::open(address);
            if technique == Technique::WebSocket {
                let answer = own.exchange(&technique.request(0));
                assert!(answer.starts_with(b"HTTP/1.1 101"));
            }
            own
        };
        Self {
            technique,
            publisher,
            subscribers: (0..count).map(subscriber).collect(),
            version: 0,
            peer,
        }
    }

    /// Publishes one message, and says how long it took until the last one had it.
    fn round(&mut self) -> Duration {
        self.get_ready();
        let publication = publication();
        let request = self.technique.request(self.version);

        let begin = Instant::now();
        self.publisher.send(&publication);
        if self.technique == Technique::Poll {
            self.publisher.receive(); // else a poll could overtake the message
            self.ask(&request);
        }
        for subscriber in &mut self.subscribers {
            subscriber.receive();
        }
        let took = begin.elapsed();

        if self.technique != Technique::Poll {
            self.publisher.receive();
        }
        self.version += 1;
        self.check();
        took
    }

    /// Long polls are held and WebSockets quiet before the message comes.
    fn get_ready(&mut self) {
        match self.technique {
            Technique::Poll => return,
            Technique::LongPoll => self.ask(&self.technique.request(self.version)),
            Technique::WebSocket => {}
        }
        let begin = Instant::now();
        while self.peer.held() < self.subscribers.len() {
            assert!(begin.elapsed() < PATIENCE, "not all of them wait");
            thread::yield_now();
        }
    }

    fn ask(&mut self, request: &[u8]) {
        for subscriber in &mut self.subscribers {
            subscriber.send(request);
        }
    }

    /// Everyone has this message and no other. What is replayed is the same each time.
    fn check(&self) {
        if let Peer::Trifold(_) = self.peer {
            let published = self.publisher.last().starts_with(b"HTTP/1.1 201");
            assert!(published, "not published: {}", text(self.publisher.last()));
            let (since, version) = (self.version - 1, self.version);
            let batch = format!(r#""since":{since},"version":{version},"#);
            for subscriber in &self.subscribers {
                let is_there = memchr::memmem::find(subscriber.last(), batch.as_bytes());
                assert!(is_there.is_some(), "not the batch that was expected");
            }
        }
    }
}

/// What went over the wire when one subscriber got one message from Trifold.
struct Script {
    technique: Technique,
    /// The answer to a WebSocket's handshake.
    opening: Vec<u8>,
    published: Vec<u8>,
    delivered: Vec<u8>,
}

impl Script {
    fn record(technique: Technique) -> Self {
        let mut audience = Audience::of_trifold(technique, 1);
        let opening = audience.subscribers[0].last().to_vec();
        audience.round();
        Self {
            technique,
            opening,
            published: audience.publisher.last().to_vec(),
            delivered: audience.subscribers[0].last().to_vec(),
        }
    }
}

/// Replays a script to so many subscribers, and says in `held` when all of them wait. The
/// first connection is the publisher's.
fn replay(script: Script, count: usize, held: Arc<AtomicUsize>) -> SocketAddr {
    listen(move |mut accept| {
        let technique = script.technique;
        let mut publication = publication();
        let mut request = technique.request(0);
        let mut publisher = accept()?;
        let mut subscribers = Vec::with_capacity(count);
        for _ in 0..count {
            let mut own = accept()?;
            if technique == Technique::WebSocket {
                own.read_exact(&mut request)?;
                own.write_all(&script.opening)?;
            }
            subscribers.push(own);
        }
        loop {
            if technique == Technique::LongPoll {
                for own in &mut subscribers {
                    own.read_exact(&mut request)?;
                }
            }
            held.store(count, Ordering::Release);
            publisher.read_exact(&mut publication)?;
            held.store(0, Ordering::Release);
            publisher.write_all(&script.published)?;
            for own in &mut subscribers {
                if technique == Technique::Poll {
                    own.read_exact(&mut request)?;
                }
                own.write_all(&script.delivered)?;
            }
        }
    })
}

/// Runs a peer on a thread of its own, until its clients leave.
fn listen<S>(serve: S) -> SocketAddr
where
    S: FnOnce(Box<dyn FnMut() -> io::Result<TcpStream>>) -> io::Result<()>
        + Send
        + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let accept = move || {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        serve(Box::new(accept)) // an error is the clients' leaving
    });
    address
}

/// A connection that carries one answer or one frame at a time.
struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    filled: usize,
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the peer listens");
        stream.set_nodelay(true).expect("a socket has this option");
        let set = stream.set_read_timeout(Some(PATIENCE));
        set.expect("a socket has this option");
        Self {
            stream,
            buffer: vec![0; 2048].into(),
            filled: 0,
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let sent = self.stream.write_all(bytes);
        sent.expect("the peer takes bytes");
    }

    /// Reads until there is one whole answer or frame.
    fn receive(&mut self) {
        self.filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[self.filled..]);
            let count = read.expect("the peer answers in time");
            assert!(
                count > 0,
                "the peer hung up, or said more than was expected"
            );
            self.filled += count;
            while let Some(whole) = whole(self.last()) {
                if self.buffer[0] != PING {
                    assert_eq!(whole, self.filled, "more came than was expected");
                    return;
                }
                self.send(&masked_frame(PONG, &[])); // a sign of life is all it wants
                self.buffer.copy_within(whole..self.filled, 0);
                self.filled -= whole;
            }
        }
    }

    fn exchange(&mut self, request: &[u8]) -> &[u8] {
        self.send(request);
        self.receive();
        self.last()
    }

    /// What was received last.
    fn last(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }
}

/// The first bytes of a heartbeat and of its answer.
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// How long the HTTP answer or the WebSocket frame is that these bytes begin with, once it is
/// there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let length = match bytes {
        [b'H', ..] => {
            let head = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
            let length = field(text(&bytes[..head]), "content-length");
            head + length.map_or(0, |own| own.parse().expect("a length is a number"))
        }
        [_, 126, high, low, ..] => 4 + usize::from(u16::from_be_bytes([*high, *low])),
        [_, length @ 0..126, ..] => 2 + usize::from(*length),
        _ => return None,
    };
    (bytes.len() >= length).then_some(length)
}

/// A header field, by its name in lower case, as actix writes it.
fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the server's answers are text")
}
