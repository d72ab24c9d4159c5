//! The publisher: an open loop. Each message is sent when it is due, whether or not the previous
//! ones have been acknowledged; its latency starts at the due time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Semaphore, mpsc};

use super::backoff::Backoff;
use super::counters::{new_histogram, record};
use super::net::connection::{ByteCounter, ByteCounts, Connection};
use super::protocol::{describe_error_response, is_retryable};
use super::range_set::RangeSet;
use super::schedule::Schedule;
use super::target::Target;

/// Maximum number of publications in flight, each on its own connection. A message that is due
/// while all of them are busy waits, and the wait counts as latency.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// How often a sleeping publisher checks whether the run is over.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The results of publishing so far.
#[derive(Debug)]
pub struct PublishStats {
    /// The messages that the server has acknowledged.
    pub confirmed: RangeSet,
    /// Failed attempts; each was repeated.
    pub failures: u64,
    /// Why the first one failed.
    pub first_failure: Option<String>,
    /// Time from due to started, in µs: the delay that the generator itself causes.
    pub schedule_lag: Histogram<u64>,
    /// Time from started to acknowledged, in µs.
    pub publish_latency: Histogram<u64>,
    /// Messages that were due while all connections were busy.
    pub queued: u64,
}

/// The bytes of all publishing connections.
#[derive(Debug, Default)]
struct SharedByteCounts {
    sent: AtomicU64,
    received: AtomicU64,
}

impl ByteCounter for Arc<SharedByteCounts> {
    fn add(&self, bytes: ByteCounts) {
        self.sent.fetch_add(bytes.sent, Ordering::Relaxed);
        self.received.fetch_add(bytes.received, Ordering::Relaxed);
    }
}

/// The JSON of a message to publish.
#[derive(Serialize)]
struct PublishRequest<'a> {
    id: &'a str,
    sender: &'static str,
    kind: &'static str,
    body: &'a str,
}

/// Settings of a publisher.
pub struct PublishConfig {
    /// The server.
    pub target: Target,
    /// When the messages are due, relative to the start.
    pub schedule: Schedule,
    /// Start of each message's `id`; its number follows.
    pub id_prefix: Arc<str>,
    /// Size of each `body` as JSON, with its quotes; at least 2.
    pub message_bytes: usize,
    /// Receives errors that no retry can fix.
    pub fatal_errors: UnboundedSender<String>,
}

/// A running publisher. Dropping it stops it.
pub struct Publisher {
    state: Arc<PublisherState>,
    threads: Vec<JoinHandle<()>>,
}

struct PublisherState {
    config: PublishConfig,
    start: Instant,
    body: String,
    is_over: AtomicBool,
    bytes: Arc<SharedByteCounts>,
    idle: Mutex<Vec<Connection<Arc<SharedByteCounts>>>>,
    permits: Semaphore,
    stats: Mutex<PublishStats>,
}

/// A message that is due: its number, and when.
type DueMessage = (u64, Instant);

impl Publisher {
    /// Starts to publish: the first message is due at `start`.
    ///
    /// # Errors
    /// When threads cannot be created.
    pub fn start(config: PublishConfig, start: Instant) -> io::Result<Self> {
        let state = Arc::new(PublisherState {
            start,
            body: "x".repeat(config.message_bytes.saturating_sub(2)),
            is_over: AtomicBool::new(false),
            bytes: Arc::default(),
            idle: Mutex::default(),
            permits: Semaphore::new(MAX_CONNECTIONS),
            stats: Mutex::new(PublishStats {
                confirmed: RangeSet::default(),
                failures: 0,
                first_failure: None,
                schedule_lag: new_histogram(),
                publish_latency: new_histogram(),
                queued: 0,
            }),
            config,
        });
        let (tx, due_messages) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (scheduler, sender) = (state.clone(), state.clone());
        let threads = vec![
            named("load-schedule").spawn(move || scheduler.run_schedule(&tx))?,
            named("load-publish")
                .spawn(move || runtime.block_on(sender.run(due_messages)))?,
        ];
        Ok(Self { state, threads })
    }

    /// Returns when the messages are due.
    pub fn schedule(&self) -> Schedule {
        self.state.config.schedule
    }

    /// Returns how many messages the server has acknowledged.
    pub fn confirmed(&self) -> u64 {
        self.with(|stats| stats.confirmed.len())
    }

    /// Reads the results so far.
    pub fn with<T>(&self, read: impl FnOnce(&PublishStats) -> T) -> T {
        read(&self.state.stats.lock())
    }

    /// Returns the bytes of all acknowledged publications, and of all failed attempts.
    pub fn bytes(&self) -> ByteCounts {
        let SharedByteCounts { sent, received } = &*self.state.bytes;
        ByteCounts {
            sent: sent.load(Ordering::Relaxed),
            received: received.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // a panic has printed its message
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

impl PublisherState {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Sends each message's number when it is due. A sleeping thread wakes up within about
    /// 0.1 ms, whereas tokio's timers have a resolution of 1 ms, which would be added to each
    /// latency.
    fn run_schedule(&self, tx: &UnboundedSender<DueMessage>) {
        for number in 0..self.config.schedule.total() {
            let due = self.start + self.config.schedule.due(number);
            while let wait = due.saturating_duration_since(Instant::now())
                && !wait.is_zero()
            {
                if self.is_over() {
                    return;
                }
                thread::sleep(wait.min(STOP_CHECK_INTERVAL));
            }
            if self.is_over() || tx.send((number, due)).is_err() {
                return;
            }
        }
    }

    /// Starts to publish each due message, until the run is over.
    async fn run(self: Arc<Self>, mut due_messages: mpsc::UnboundedReceiver<DueMessage>) {
        // The first message needs a connection; opening it must not count as its latency.
        if let Ok(connection) = self.connect().await {
            self.idle.lock().push(connection);
        }
        let mut stop_check = tokio::time::interval(STOP_CHECK_INTERVAL);
        let mut is_last_started = false;
        while !self.is_over() {
            tokio::select! {
                message = due_messages.recv(), if !is_last_started => match message {
                    Some((number, due)) => {
                        let lag = Instant::now().saturating_duration_since(due);
                        record(&mut self.stats.lock().schedule_lag, lag);
                        tokio::spawn(self.clone().publish(number));
                    }
                    None => is_last_started = true,
                },
                _ = stop_check.tick() => {}
            }
        }
    }

    async fn connect(&self) -> io::Result<Connection<Arc<SharedByteCounts>>> {
        let address = self.config.target.address;
        Connection::connect(address, None, self.bytes.clone()).await
    }

    /// Publishes a message, and repeats it until the server acknowledges it. Its `id` makes that
    /// safe: the server appends it once.
    async fn publish(self: Arc<Self>, number: u64) {
        let started_at = Instant::now();
        if self.permits.available_permits() == 0 {
            self.stats.lock().queued += 1;
        }
        let Ok(_permit) = self.permits.acquire().await else {
            return; // the semaphore is never closed
        };
        let Some(request) = self.request(number) else {
            return; // these fields always encode
        };
        let mut backoff = Backoff::default();
        loop {
            match self.post(&request).await {
                Ok(None) => {
                    let mut stats = self.stats.lock();
                    stats.confirmed.insert(number);
                    record(&mut stats.publish_latency, started_at.elapsed());
                    return;
                }
                Ok(Some(rejection)) => {
                    let error = format!("publishing: {}", rejection.error);
                    if !rejection.is_retryable {
                        let _ = self.config.fatal_errors.send(error); // the run may be over
                        return;
                    }
                    self.record_failure(error);
                }
                Err(error) => self.record_failure(format!("publishing: {error}")),
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    fn record_failure(&self, error: String) {
        let mut stats = self.stats.lock();
        stats.failures += 1;
        stats.first_failure.get_or_insert(error);
    }

    fn request(&self, number: u64) -> Option<String> {
        let json = serde_json::to_string(&PublishRequest {
            id: &format!("{}{number}", self.config.id_prefix),
            sender: "load",
            kind: "load",
            body: &self.body,
        })
        .ok()?;
        Some(format!(
            "POST /messages HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{json}",
            self.config.target.authority,
            json.len()
        ))
    }

    /// Makes one attempt. Returns the error response, if the server sent one.
    async fn post(&self, request: &str) -> io::Result<Option<PublishRejection>> {
        let idle = self.idle.lock().pop();
        let mut connection = match idle.filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.send(request.as_bytes()).await?;
        let head = connection.read_response().await?;
        let rejection = match head.status {
            200 | 201 => None,
            status => Some(PublishRejection {
                error: describe_error_response(status, connection.body(&head)),
                is_retryable: is_retryable(status),
            }),
        };
        self.bytes.add(connection.take_byte_counts());
        connection.consume_response(&head);
        if !head.connection_close {
            self.idle.lock().push(connection);
        }
        Ok(rejection)
    }
}

/// An error response to a publication.
struct PublishRejection {
    error: String,
    is_retryable: bool,
}
