//! All clients of a run, on their threads: connected, watched until the server has all of their
//! subscriptions and until nothing more is delivered, and stopped.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::args::LoadArgs;
use super::client::{self, ClientSpec};
use super::context::{ClientConfig, RunContext};
use super::counters::{Counters, TransportStats};
use super::mix::Transport;
use super::progress::{CHECK_INTERVAL, StallDetector, progress_bar};
use super::publisher::Publisher;
use super::stats::ThreadStats;
use super::target::ServerHealth;
use super::targets::Targets;

/// How long connecting the clients may make no progress.
const CONNECT_STALL_TIMEOUT: Duration = Duration::from_secs(12);

/// The likely reason and its cure when the server does not accept all clients.
const CONNECTION_LIMIT_HINT: &str =
    "raise its connection limits (--max-connections, ulimit -n) or use fewer clients";

/// All clients, on their threads. Dropping the pool stops them.
pub(super) struct ClientPool {
    threads: Vec<Arc<ThreadStats>>,
    workers: Vec<Worker>,
    clients: u64,
    /// Clients that wait at the server: all except those that poll.
    subscriptions: u64,
    /// The longest time that the simulated network adds to a request and its response.
    network_delay: Duration,
}

/// A thread with its clients. Dropping the sender stops it.
type Worker = (oneshot::Sender<()>, JoinHandle<()>);

impl ClientPool {
    /// Starts to connect the clients, distributed over the threads.
    pub(super) fn connect(
        args: &LoadArgs,
        context: &RunContext,
        health: &ServerHealth,
    ) -> io::Result<Self> {
        let transports = args.mix().map_err(io::Error::other)?.interleave();
        let threads: Vec<_> = (0..args.threads.min(transports.len()))
            .map(|_| ThreadStats::new(context.times.clone(), context.decoder()))
            .map(Arc::new)
            .collect();
        let specs = specs(&transports, &threads, health, args.connect_rate);
        let is_subscription = |transport: &&Transport| **transport != Transport::Poll;
        let mut pool = Self {
            clients: transports.len() as u64,
            subscriptions: transports.iter().filter(is_subscription).count() as u64,
            network_delay: context.config.network.max_round_trip(),
            threads,
            workers: Vec::new(),
        };
        for (index, specs) in specs.into_iter().enumerate() {
            let worker = spawn(index, context.config.clone(), specs)?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// Returns how many clients are connected, and how many messages were delivered to all of
    /// them.
    fn progress(&self) -> (u64, u64) {
        let mut sums = (0, 0);
        for thread in &self.threads {
            let (connected, delivered) = thread.progress();
            sums.0 += connected;
            sums.1 += delivered;
        }
        sums
    }

    /// Returns the current counters, by transport.
    pub(super) fn counters(&self) -> [Counters; 3] {
        let mut sums = [Counters::default(); 3];
        for thread in &self.threads {
            for (sum, counters) in sums.iter_mut().zip(thread.counters()) {
                *sum += counters;
            }
        }
        sums
    }

    /// Waits until all clients are connected, and the server reports that it has the
    /// subscriptions of all long polls and WebSockets. Returns whether it does.
    pub(super) fn wait_until_connected(
        &self,
        targets: &Targets,
        health: &ServerHealth,
        fatal_errors: &mut UnboundedReceiver<String>,
    ) -> Result<bool, String> {
        let bar = progress_bar("connecting", self.clients);
        let timeout = CONNECT_STALL_TIMEOUT + self.network_delay;
        let mut stall = StallDetector::new(timeout);
        loop {
            let connected = self.progress().0;
            bar.set_position(connected);
            if let Ok(error) = fatal_errors.try_recv() {
                return Err(error);
            }
            if connected == self.clients {
                break;
            }
            if stall.is_stalled(connected) {
                let why = self.first_error().unwrap_or_else(|| {
                    format!("the server does not respond; {CONNECTION_LIMIT_HINT}")
                });
                return Err(format!(
                    "only {connected} of {} clients could connect: {why}",
                    self.clients
                ));
            }
            thread::sleep(CHECK_INTERVAL);
        }
        bar.finish_and_clear();
        wait_until_subscribed(targets, health.waiters, self.subscriptions, timeout)
    }

    /// Waits until the duration is over and all messages are delivered, or nothing more is.
    pub(super) fn wait_until_delivered(
        &self,
        args: &LoadArgs,
        start: Instant,
        publisher: &Publisher,
        fatal_errors: &mut UnboundedReceiver<String>,
    ) -> Result<(), String> {
        let due = publisher.schedule().total();
        let has_polls = self.subscriptions < self.clients;
        let extra = if has_polls {
            args.poll_interval
        } else {
            Duration::ZERO
        };
        let mut stall =
            StallDetector::new(args.drain_timeout + extra + self.network_delay);
        let bar = match due {
            0 => progress_bar("waiting (s)", args.duration.as_secs()),
            _ => progress_bar("delivered", due * self.clients),
        };
        loop {
            let elapsed = Instant::now().saturating_duration_since(start);
            let (delivered, confirmed) = (self.progress().1, publisher.confirmed());
            bar.set_position(match due {
                0 => elapsed.as_secs(),
                _ => delivered,
            });
            if let Ok(error) = fatal_errors.try_recv() {
                return Err(error);
            }
            let is_stalled = stall.is_stalled(delivered + confirmed);
            let is_complete = confirmed == due && delivered == due * self.clients;
            if elapsed >= args.duration && (is_complete || is_stalled) {
                bar.finish_and_clear();
                return Ok(());
            }
            thread::sleep(CHECK_INTERVAL);
        }
    }

    /// Returns the first error of a client.
    pub(super) fn first_error(&self) -> Option<String> {
        self.threads.iter().find_map(|thread| thread.first_error())
    }

    /// Counts the lost messages, and returns what each transport counted since `before`. Call it
    /// once: lost messages are added to the statistics.
    pub(super) fn finish(
        &self,
        publisher: &Publisher,
        before: &[Counters; 3],
    ) -> Vec<(Transport, TransportStats)> {
        let mut sums: [TransportStats; 3] = Default::default();
        for thread in &self.threads {
            publisher.with(|stats| thread.count_lost(&stats.confirmed));
            thread.add_to(&mut sums);
        }
        for (sum, before) in sums.iter_mut().zip(before) {
            sum.counters -= *before;
        }
        let transports = Transport::ALL.into_iter().zip(sums);
        transports.filter(|(_, stats)| stats.clients > 0).collect()
    }
}

impl Drop for ClientPool {
    fn drop(&mut self) {
        let (stops, threads): (Vec<_>, Vec<_>) = self.workers.drain(..).unzip();
        drop(stops);
        for thread in threads {
            let _ = thread.join(); // a panic has printed its message
        }
    }
}

/// Returns the clients of each thread. The clients of a transport use the addresses in turn.
fn specs(
    transports: &[Transport],
    threads: &[Arc<ThreadStats>],
    health: &ServerHealth,
    connect_rate: f64,
) -> Vec<Vec<ClientSpec>> {
    let epoch: Arc<str> = health.epoch.as_str().into();
    let start = Instant::now();
    let mut turns = [0; Transport::ALL.len()];
    let mut specs: Vec<Vec<ClientSpec>> = threads.iter().map(|_| Vec::new()).collect();
    for (index, &transport) in transports.iter().enumerate() {
        let (thread, turn) = (index % threads.len(), &mut turns[transport as usize]);
        specs[thread].push(ClientSpec {
            index: index as u64,
            transport,
            turn: *turn,
            stats: threads[thread].add_client(transport, &epoch, health.head),
            first: start + Duration::from_secs_f64(index as f64 / connect_rate),
        });
        *turn += 1;
    }
    specs
}

/// Runs clients on a new thread, each from its first connection on.
fn spawn(
    index: usize,
    config: Arc<ClientConfig>,
    specs: Vec<ClientSpec>,
) -> io::Result<Worker> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = thread::Builder::new().name(format!("load-{index}"));
    let thread = thread.spawn(move || {
        for spec in specs {
            runtime.spawn(client::run(config.clone(), spec));
        }
        let _ = runtime.block_on(stopped); // resolves when the sender is dropped
    })?;
    Ok((stop, thread))
}

/// Waits until the server reports as many new subscriptions as there should be, in addition to
/// those `before`, or until the number stops growing. Returns whether these are all.
///
/// # Errors
/// When the total is too low, or the server does not report it.
fn wait_until_subscribed(
    targets: &Targets,
    before: u64,
    subscriptions: u64,
    timeout: Duration,
) -> Result<bool, String> {
    let mut stall = StallDetector::new(timeout);
    loop {
        let health = targets.health();
        let waiters = health.as_ref().map_or(0, |health| health.waiters);
        if waiters >= before + subscriptions {
            return Ok(true);
        }
        if stall.is_stalled(waiters) {
            return match health {
                // Some of those that were there before may have left.
                Ok(_) if waiters >= subscriptions => Ok(false),
                Ok(_) => Err(format!(
                    "the server has only {waiters} of {subscriptions} long polls and \
                     WebSockets; {CONNECTION_LIMIT_HINT}"
                )),
                Err(error) => Err(format!(
                    "the server does not report its number of long polls and WebSockets: \
                     {error}; {CONNECTION_LIMIT_HINT}"
                )),
            };
        }
        thread::sleep(CHECK_INTERVAL);
    }
}
