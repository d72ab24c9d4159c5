//! The publisher: an open loop. Each message is sent when it is due, whether or not the previous
//! ones have been acknowledged; its latency starts at the due time.

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Semaphore, mpsc};

use super::backoff::Backoff;
use super::counters::{new_histogram, record};
use super::net::connection::ByteCounts;
use super::publish_connections::PublishConnections;
use super::range_set::RangeSet;
use super::schedule::Schedule;
use super::targets::Targets;

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
    /// The addresses that messages go to in turn.
    pub targets: Targets,
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
    connections: PublishConnections,
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
            connections: PublishConnections::new(config.targets.clone()),
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
        self.state.connections.bytes()
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
        // The first messages need connections; opening them must not count as their latency.
        self.connections.prepare().await;
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

    /// Publishes a message, and repeats it until a server acknowledges it. Its `id` makes that
    /// safe: the log contains it once. Messages go to the addresses in turn, so that each one
    /// follows a message of another server, and so do the attempts: a server must recognize what
    /// another one has appended.
    async fn publish(self: Arc<Self>, number: u64) {
        let started_at = Instant::now();
        if self.permits.available_permits() == 0 {
            self.stats.lock().queued += 1;
        }
        let Ok(_permit) = self.permits.acquire().await else {
            return; // the semaphore is never closed
        };
        let Some(json) = self.json(number) else {
            return; // these fields always encode
        };
        let mut backoff = Backoff::default();
        for turn in number.. {
            match self.connections.post(turn, &json).await {
                Ok(None) => {
                    let mut stats = self.stats.lock();
                    stats.confirmed.insert(number);
                    record(&mut stats.publish_latency, started_at.elapsed());
                    return;
                }
                Ok(Some(rejection)) => {
                    let error = self.with_address(turn, &rejection.error);
                    if !rejection.is_retryable {
                        let _ = self.config.fatal_errors.send(error); // the run may be over
                        return;
                    }
                    self.record_failure(error);
                }
                Err(error) => self.record_failure(self.with_address(turn, &error)),
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }

    fn with_address(&self, turn: u64, error: &impl Display) -> String {
        let error = format!("publishing: {error}");
        self.config.targets.with_address(turn, error)
    }

    fn record_failure(&self, error: String) {
        let mut stats = self.stats.lock();
        stats.failures += 1;
        stats.first_failure.get_or_insert(error);
    }

    /// Returns the message's JSON.
    fn json(&self, number: u64) -> Option<String> {
        serde_json::to_string(&PublishRequest {
            id: &format!("{}{number}", self.config.id_prefix),
            sender: "load",
            kind: "load",
            body: &self.body,
        })
        .ok()
    }
}
