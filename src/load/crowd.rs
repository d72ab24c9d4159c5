//! All clients of a run, on their threads: opened, watched until the server holds them and
//! until nothing more comes, and ended.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::Run;
use super::client::{self, Plan};
use super::flags::{Load, Technique};
use super::publisher::{CONNECTIONS_MAX, Publisher};
use super::schedule::Schedule;
use super::tally::{Book, Counters, Page, Tally};
use super::target::{Health, Target};

/// How long nothing may happen while clients are opened.
const OPENING_PATIENCE: Duration = Duration::from_secs(12);

/// What may be the reason when the server does not hold all clients.
const FEWER: &str = "it may take fewer connections (--max-connections, ulimit -n)";

/// How often the main thread looks at the books.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Open files besides those of clients and publishing connections.
const SPARE_FILES: usize = 64;

/// Makes sure that so many connections can be open. The soft limit is raised as far as the
/// system lets it.
pub(super) fn enough_files(clients: usize) -> Result<(), String> {
    #[cfg(unix)]
    {
        let needed = (clients + CONNECTIONS_MAX + SPARE_FILES) as u64;
        let limit = rlimit::increase_nofile_limit(needed)
            .map_err(|error| format!("the limit of open files is not known: {error}"))?;
        if limit < needed {
            let most = limit.saturating_sub((CONNECTIONS_MAX + SPARE_FILES) as u64);
            return Err(format!(
                "{clients} clients need {needed} open files, and this process may have {limit} \
                 (ulimit -n): {most} clients are the most"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (clients, CONNECTIONS_MAX, SPARE_FILES);
    Ok(())
}

/// All clients, on their threads. They stop when this is dropped.
pub(super) struct Crowd {
    books: Vec<Arc<Book>>,
    threads: Vec<Thread>,
    clients: u64,
    /// So many of them wait at the server: all but those that poll.
    held: u64,
}

/// A thread with its clients. It stops when the sender is dropped.
type Thread = (oneshot::Sender<()>, JoinHandle<()>);

/// A client that is still to be opened.
type Newcomer = (Technique, Option<IpAddr>, Page, Instant);

impl Crowd {
    /// Begins to open the clients, spread over the threads.
    pub(super) fn open(load: &Load, run: &Run, health: &Health) -> io::Result<Self> {
        let spread = load.mix().map_err(io::Error::other)?.spread();
        let sources = run.plan.target.sources(load.sources);
        let epoch: Arc<str> = health.epoch.as_str().into();
        let begin = Instant::now();
        let books: Vec<_> = (0..load.threads.min(spread.len()))
            .map(|_| Arc::new(Book::new(run.times.clone(), run.mark.clone())))
            .collect();
        let mut newcomers: Vec<Vec<Newcomer>> =
            books.iter().map(|_| Vec::new()).collect();
        for (index, technique) in spread.iter().enumerate() {
            let thread = index % books.len();
            let source = sources.get(index % sources.len().max(1)).copied();
            let page = books[thread].open(*technique, &epoch, health.head);
            let first = begin + Duration::from_secs_f64(index as f64 / load.ramp);
            newcomers[thread].push((*technique, source, page, first));
        }
        let mut crowd = Self {
            clients: spread.len() as u64,
            held: spread.iter().filter(|own| **own != Technique::Poll).count() as u64,
            books,
            threads: Vec::new(),
        };
        for (index, newcomers) in newcomers.into_iter().enumerate() {
            let thread = spawn(index, run.plan.clone(), newcomers)?;
            crowd.threads.push(thread);
        }
        Ok(crowd)
    }

    /// How many clients are open, and how many messages came to all of them.
    fn progress(&self) -> (u64, u64) {
        let books = self.books.iter().map(|book| book.progress());
        books.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
    }

    /// What was counted so far, by technique.
    pub(super) fn counters(&self) -> [Counters; 3] {
        let mut sums = [Counters::default(); 3];
        for book in &self.books {
            for (sum, own) in sums.iter_mut().zip(book.counters()) {
                *sum += &own;
            }
        }
        sums
    }

    /// Waits until all clients are there, and the server has said that it holds all long polls
    /// and WebSockets. Returns whether it has.
    pub(super) fn wait_until_open(
        &self,
        target: &Target,
        health: &Health,
        refusals: &mut UnboundedReceiver<String>,
    ) -> Result<bool, String> {
        let bar = bar("opening", self.clients);
        let mut patience = Patience::new(OPENING_PATIENCE);
        loop {
            let opened = self.progress().0;
            bar.set_position(opened);
            if let Ok(refusal) = refusals.try_recv() {
                return Err(refusal);
            }
            if opened == self.clients {
                break;
            }
            if patience.is_over(opened) {
                let why = self
                    .first_error()
                    .unwrap_or_else(|| format!("the server does not answer; {FEWER}"));
                let all = self.clients;
                return Err(format!(
                    "only {opened} of {all} clients could be opened: {why}"
                ));
            }
            thread::sleep(LOOK_EVERY);
        }
        bar.finish_and_clear();
        are_held(target, health.waiters, self.held)
    }

    /// Waits until the time is over and all is delivered, or nothing comes any more.
    pub(super) fn wait_until_delivered(
        &self,
        load: &Load,
        start: Instant,
        publisher: &Publisher,
        refusals: &mut UnboundedReceiver<String>,
    ) -> Result<(), String> {
        let due = Schedule::new(load.rate, load.seconds).total();
        let seconds = Duration::from_secs_f64(load.seconds);
        let polls = Duration::from_millis(load.every_ms);
        let has_polls = self.held < self.clients;
        let patience = Duration::from_secs_f64(load.patience);
        let mut patience =
            Patience::new(patience + if has_polls { polls } else { Duration::ZERO });
        let bar = match due {
            0 => bar("waiting, in s", seconds.as_secs()),
            _ => bar("delivered", due * self.clients),
        };
        loop {
            let elapsed = Instant::now().saturating_duration_since(start);
            let (delivered, confirmed) = (self.progress().1, publisher.confirmed());
            bar.set_position(if due == 0 {
                elapsed.as_secs()
            } else {
                delivered
            });
            if let Ok(refusal) = refusals.try_recv() {
                return Err(refusal);
            }
            let is_quiet = patience.is_over(delivered + confirmed);
            let is_all = confirmed == due && delivered == due * self.clients;
            if elapsed >= seconds && (is_all || is_quiet) {
                bar.finish_and_clear();
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// The first error that a client had.
    pub(super) fn first_error(&self) -> Option<String> {
        self.books.iter().find_map(|book| book.first_error())
    }

    /// Closes the books: counts what is lost, and returns what each technique counted since
    /// `before`. Only once, because what is lost is counted into the books.
    pub(super) fn close_books(
        &self,
        publisher: &Publisher,
        before: &[Counters; 3],
    ) -> Vec<(Technique, Tally)> {
        let mut sums: [Tally; 3] = Default::default();
        for book in &self.books {
            publisher.look(|published| book.count_lost(&published.confirmed));
            book.sum(&mut sums);
        }
        let mut tallies = Vec::new();
        for (technique, mut tally) in Technique::ALL.into_iter().zip(sums) {
            tally.counters -= &before[technique as usize];
            if tally.clients > 0 {
                tallies.push((technique, tally));
            }
        }
        tallies
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let (stops, threads): (Vec<_>, Vec<_>) = self.threads.drain(..).unzip();
        drop(stops);
        for thread in threads {
            let _ = thread.join(); // if it panicked, it has said so
        }
    }
}

/// Runs clients on a thread of their own, each from its time on.
fn spawn(index: usize, plan: Arc<Plan>, newcomers: Vec<Newcomer>) -> io::Result<Thread> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = thread::Builder::new().name(format!("load-{index}"));
    let thread = thread.spawn(move || {
        for (technique, source, page, first) in newcomers {
            let client = client::run(plan.clone(), technique, source, page, first.into());
            runtime.spawn(client);
        }
        let _ = runtime.block_on(stopped); // the sender is dropped: that is the sign
    })?;
    Ok((stop, thread))
}

/// Waits until the server says that it holds so many readers besides those who were there
/// before, or that no more come. Returns whether these are all.
///
/// # Errors
/// When it holds fewer than that in all, or does not say.
fn are_held(target: &Target, before: u64, held: u64) -> Result<bool, String> {
    let mut patience = Patience::new(OPENING_PATIENCE);
    loop {
        let health = target.health();
        let waiting = health.as_ref().map_or(0, |now| now.waiters);
        if waiting >= before + held {
            return Ok(true);
        }
        if patience.is_over(waiting) {
            let what = match health {
                // Perhaps some of those who were there before have left.
                Ok(_) if waiting >= held => return Ok(false),
                Ok(_) => format!("holds {waiting} of {held} long polls and WebSockets"),
                Err(error) => format!("does not say how many it holds: {error}"),
            };
            return Err(format!("the server {what}; {FEWER}"));
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// Notices when nothing has happened for some time.
struct Patience {
    most: Duration,
    last: u64,
    since: Instant,
}

impl Patience {
    fn new(most: Duration) -> Self {
        Self {
            most,
            last: 0,
            since: Instant::now(),
        }
    }

    /// Whether this figure has stayed the same for too long.
    fn is_over(&mut self, figure: u64) -> bool {
        if figure != self.last {
            (self.last, self.since) = (figure, Instant::now());
        }
        self.since.elapsed() > self.most
    }
}

/// A progress bar; it shows only where standard error is a terminal.
fn bar(what: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    match ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
