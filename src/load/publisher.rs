//! The publisher: an open loop. Each message is sent when it is due, whether or not the ones
//! before have been answered; what comes late is charged from its due time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{Semaphore, mpsc};

use super::client::{BackOff, Plan};
use super::schedule::Schedule;
use super::seen::Seen;
use super::tally::{histogram, record};
use super::wire::{Account, Bytes, Wire, title};

/// Most publications that are under way at one time, each on a connection of its own. What is
/// due beyond them waits for one, and is charged for it.
pub const CONNECTIONS_MAX: usize = 64;

/// How often a sleeping publisher looks whether the run is over.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

/// What became of the messages so far.
#[derive(Debug)]
pub struct Published {
    /// Which messages the server has numbered.
    pub confirmed: Seen,
    /// Attempts that failed; each was made again.
    pub failures: u64,
    /// The first one's reason.
    pub first_failure: Option<String>,
    /// Due to taken in hand, in µs: what the generator itself was late.
    pub late: Histogram<u64>,
    /// Taken in hand to answered, in µs.
    pub answered: Histogram<u64>,
    /// Messages that found all connections busy.
    pub queued: u64,
}

/// The bytes of publishing.
#[derive(Debug, Default)]
struct Sum {
    up: AtomicU64,
    down: AtomicU64,
}

impl Account for Arc<Sum> {
    fn count(&self, bytes: Bytes) {
        self.up.fetch_add(bytes.up, Ordering::Relaxed);
        self.down.fetch_add(bytes.down, Ordering::Relaxed);
    }
}

/// The body of a publication.
#[derive(Serialize)]
struct Publication<'a> {
    id: &'a str,
    sender: &'static str,
    kind: &'static str,
    body: &'a str,
}

/// What a publisher needs to know.
pub struct Job {
    /// The server, and where hopeless refusals are told.
    pub plan: Arc<Plan>,
    /// When the messages are due, counted from the start.
    pub schedule: Schedule,
    /// How each message's `id` begins; its number follows.
    pub mark: Arc<str>,
    /// Bytes of each `body` as JSON, quotes included; 2 at least.
    pub size: usize,
}

/// A publisher at work. It stops when it is dropped.
pub struct Publisher {
    work: Arc<Work>,
    threads: Vec<JoinHandle<()>>,
}

struct Work {
    job: Job,
    start: Instant,
    body: String,
    is_over: AtomicBool,
    bytes: Arc<Sum>,
    idle: Mutex<Vec<Wire<Arc<Sum>>>>,
    places: Semaphore,
    published: Mutex<Published>,
}

impl Publisher {
    /// Starts to publish: the first message is due at `start`.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(job: Job, start: Instant) -> std::io::Result<Self> {
        let work = Arc::new(Work {
            start,
            body: "x".repeat(job.size.saturating_sub(2)),
            is_over: AtomicBool::new(false),
            bytes: Arc::default(),
            idle: Mutex::default(),
            places: Semaphore::new(CONNECTIONS_MAX),
            published: Mutex::new(Published {
                confirmed: Seen::default(),
                failures: 0,
                first_failure: None,
                late: histogram(),
                answered: histogram(),
                queued: 0,
            }),
            job,
        });
        let (due, dues) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (pacing, sending) = (work.clone(), work.clone());
        let threads = vec![
            named("load-due").spawn(move || pacing.pace(&due))?,
            named("load-publish").spawn(move || runtime.block_on(sending.send(dues)))?,
        ];
        Ok(Self { work, threads })
    }

    /// How many messages the server has numbered.
    pub fn confirmed(&self) -> u64 {
        self.work.published.lock().confirmed.len()
    }

    /// What became of the messages so far.
    pub fn look<T>(&self, look: impl FnOnce(&Published) -> T) -> T {
        look(&self.work.published.lock())
    }

    /// The bytes of all publications that were answered, and of all attempts that failed.
    pub fn bytes(&self) -> Bytes {
        let Sum { up, down } = &*self.work.bytes;
        Bytes {
            up: up.load(Ordering::Relaxed),
            down: down.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.work.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // if it panicked, it has said so
        }
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

impl Work {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Says when each message is due. A thread that sleeps wakes within some 0.1 ms, where
    /// tokio's timers are exact to 1 ms only; that would be added to each latency.
    fn pace(&self, due: &mpsc::UnboundedSender<(u64, Instant)>) {
        for number in 0..self.job.schedule.total() {
            let time = self.start + self.job.schedule.due(number);
            while let wait = time.saturating_duration_since(Instant::now())
                && !wait.is_zero()
            {
                if self.is_over() {
                    return;
                }
                thread::sleep(wait.min(LOOK_UP_EVERY));
            }
            if self.is_over() || due.send((number, time)).is_err() {
                return;
            }
        }
    }

    async fn send(self: Arc<Self>, mut dues: mpsc::UnboundedReceiver<(u64, Instant)>) {
        // The first message needs a connection; opening it is none of the message's time.
        if let Ok(wire) = self.connect().await {
            self.idle.lock().push(wire);
        }
        let mut look_up = tokio::time::interval(LOOK_UP_EVERY);
        let mut are_all_taken = false;
        while !self.is_over() {
            tokio::select! {
                due = dues.recv(), if !are_all_taken => match due {
                    Some((number, time)) => {
                        let late = Instant::now().saturating_duration_since(time);
                        record(&mut self.published.lock().late, late);
                        tokio::spawn(self.clone().publish(number));
                    }
                    None => are_all_taken = true,
                },
                _ = look_up.tick() => {}
            }
        }
    }

    async fn connect(&self) -> std::io::Result<Wire<Arc<Sum>>> {
        Wire::connect(&self.job.plan.target, None, self.bytes.clone()).await
    }

    /// Publishes a message, again and again until its fate is known. Its `id` makes that safe:
    /// the server appends it once.
    async fn publish(self: Arc<Self>, number: u64) {
        let begin = Instant::now();
        if self.places.available_permits() == 0 {
            self.published.lock().queued += 1;
        }
        let Ok(_place) = self.places.acquire().await else {
            return; // it is never closed
        };
        let request = self.request(number);
        let mut back_off = BackOff::default();
        loop {
            match self.post(&request).await {
                Ok((200 | 201, _)) => {
                    let mut published = self.published.lock();
                    published.confirmed.insert(number);
                    record(&mut published.answered, begin.elapsed());
                    return;
                }
                Ok((status, title)) => {
                    let what = format!("publishing: the server says {status} {title}");
                    let what = what.trim_end().to_owned();
                    if !matches!(status, 408 | 429 | 500..) {
                        let _ = self.job.plan.hopeless.send(what);
                        return;
                    }
                    self.failed(what);
                }
                Err(error) => self.failed(format!("publishing: {error}")),
            }
            tokio::time::sleep(back_off.wait()).await;
        }
    }

    fn failed(&self, what: String) {
        let mut published = self.published.lock();
        published.failures += 1;
        published.first_failure.get_or_insert(what);
    }

    fn request(&self, number: u64) -> String {
        let json = serde_json::to_string(&Publication {
            id: &format!("{}{number}", self.job.mark),
            sender: "load",
            kind: "load",
            body: &self.body,
        })
        .expect("this type always encodes");
        format!(
            "POST /messages HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{json}",
            self.job.plan.target.authority,
            json.len()
        )
    }

    /// One attempt: the status, and the title of a refusal.
    async fn post(&self, request: &str) -> std::io::Result<(u16, String)> {
        let idle = self.idle.lock().pop();
        let mut wire = match idle.filter(|wire| !wire.is_closed()) {
            Some(wire) => wire,
            None => self.connect().await?,
        };
        wire.send(request.as_bytes()).await?;
        let head = wire.answer().await?;
        let title = title(wire.body(&head));
        self.bytes.count(wire.book());
        wire.done(&head);
        if !head.closes {
            self.idle.lock().push(wire);
        }
        Ok((head.status, title))
    }
}
