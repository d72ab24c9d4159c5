//! `trifold load`: measures a server. Many clients subscribe, messages are published at a
//! steady rate, and every one of them is followed to every client.
//!
//! ```text
//! schedule ─▶ publisher ─▶ the server ─▶ clients ─▶ books ─▶ report: table, JSON, picture
//!    └──────── due times ──────────────────────────▶ latency: from due to delivered
//! ```
//!
//! - [`flags`]: the command line
//! - [`target`]: the server, and what it says of itself
//! - [`schedule`], [`publisher`]: when messages are due; an open loop that sends them then
//! - [`client`], [`wire`], [`batch`]: one subscriber; its connection, to the byte; what it reads
//! - [`tally`], [`seen`]: what came, and what it cost; which messages each client has
//! - [`process`]: CPU and memory
//! - [`report`], [`plot`]: what it came to
//!
//! Publisher and clients are in one process, so that one clock measures both ends. What the
//! figures mean is in `docs/performance.md`.

pub mod batch;
pub mod client;
pub mod flags;
pub mod plot;
pub mod process;
pub mod publisher;
pub mod report;
pub mod schedule;
pub mod seen;
pub mod tally;
pub mod target;
pub mod wire;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::{mpsc, oneshot};

pub use flags::{Load, Technique};
pub use report::Report;

use client::Plan;
use process::Usage;
use publisher::{CONNECTIONS_MAX, Job, Published, Publisher};
use report::{Generator, Messages, Parameters, Quantiles, Row, Server, per};
use schedule::Schedule;
use tally::{Book, Counters, Page, Tally, Times};
use target::{Health, Target};

/// The exit code when something was lost, came twice or out of order.
const BROKEN: u8 = 1;

/// The exit code when nothing could be measured; clap's for wrong flags, too.
const IMPOSSIBLE: u8 = 2;

/// How long nothing may happen while clients are opened.
const OPENING_PATIENCE: Duration = Duration::from_secs(12);

/// What may be the reason when it does not hold all clients.
const FEWER: &str = "it may take fewer connections (--max-connections, ulimit -n)";

/// How often the main thread looks at the books.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// From the decision to begin to the first due time: threads have to start.
const LEAD: Duration = Duration::from_millis(100);

/// Open files besides those of clients and publishing connections.
const SPARE_FILES: usize = 64;

/// Above this part of its cores the generator says that it may have been the limit.
const BUSY: f64 = 0.9;

/// Later than that at the 99th percentile, in ms, the generator says that it was late. Alone on
/// a machine it is some 0.2 ms.
const LATE_MS: f64 = 5.0;

/// What was measured.
pub struct Measured {
    /// The figures.
    pub report: Report,
    /// Each technique's own, with its latencies.
    pub tallies: Vec<(Technique, Tally)>,
}

impl Measured {
    /// The distribution of latency, as SVG.
    pub fn picture(&self) -> String {
        let Report {
            target,
            parameters,
            all,
            ..
        } = &self.report;
        let about = format!(
            "{} clients, {} messages a second of {} bytes for {} s, {target}",
            all.clients, parameters.rate, parameters.size, parameters.seconds
        );
        let curves = self.tallies.iter();
        let curves: Vec<_> = curves
            .map(|(name, tally)| (*name, &tally.latency))
            .collect();
        plot::svg(&curves, &about)
    }
}

/// The subcommand: measures, and prints what it came to. Errors go to standard error.
pub fn main(load: &Load) -> ExitCode {
    match measure_and_print(load) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => BROKEN.into(),
        Err(error) => {
            eprintln!("error: {error}");
            IMPOSSIBLE.into()
        }
    }
}

fn measure_and_print(load: &Load) -> Result<bool, String> {
    load.check()?;
    let to_stdout = load.json.as_deref() == Some(Path::new("-"));
    // A file that cannot be written is told before the measurement, not after it.
    let json = load.json.as_deref().filter(|_| !to_stdout);
    let json = json.map(create).transpose()?;
    let plot = load.plot.as_deref().map(create).transpose()?;

    let measured = measure(load)?;
    let as_json = serde_json::to_string_pretty(&measured.report)
        .map_err(|error| format!("the report does not encode: {error}"))?;
    match to_stdout {
        true => print(&format!("{as_json}\n")),
        false => print(&measured.report.to_string()),
    }?;
    if let Some(file) = json {
        write(file, &format!("{as_json}\n"))?;
    }
    if let Some(file) = plot {
        write(file, &measured.picture())?;
    }
    Ok(measured.report.ok)
}

fn create(path: &Path) -> Result<(File, &Path), String> {
    let file = File::create(path);
    file.map(|file| (file, path))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn write((mut file, path): (File, &Path), text: &str) -> Result<(), String> {
    file.write_all(text.as_bytes())
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn print(text: &str) -> Result<(), String> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| format!("standard output: {error}"))
}

/// Measures: opens the clients, publishes, waits until all is delivered or nothing comes any
/// more. Blocks for as long as that takes. A progress bar is shown where standard error is a
/// terminal.
///
/// # Errors
/// When flags contradict each other, the server does not answer or refuses, files would run
/// out, or not all clients could be opened.
pub fn measure(load: &Load) -> Result<Measured, String> {
    load.check()?;
    let mix = load.mix()?;
    enough_files(mix.clients())?;
    let target = Target::find(&load.url, load.allow_remote)?;
    let pid = server_process(load, &target)?;
    let health = target.settled().map_err(|error| error.to_string())?;
    let before = pid.and_then(process::usage);

    let (hopeless, mut refusals) = mpsc::unbounded_channel();
    let plan = Arc::new(Plan {
        target: target.clone(),
        every: Duration::from_millis(load.every_ms),
        conditional: load.conditional,
        reconnect: !load.no_reconnect,
        hopeless,
    });
    // 64 random bits: no other run's messages are taken for this one's.
    let mark: Arc<str> = format!("{:016x}-", rand::random::<u64>()).into();
    let schedule = Schedule::new(load.rate, load.seconds);
    let times = Arc::new(Times {
        start: OnceLock::new(),
        schedule,
    });

    let begin = Instant::now();
    let crowd = Crowd::open(load, &plan, &times, &mark, &health)
        .map_err(|error| format!("the clients have no threads: {error}"))?;
    let is_held = crowd.wait_until_open(&target, &health, &mut refusals)?;
    let opening = begin.elapsed();
    let open = pid.and_then(process::usage);
    let own_open = process::usage(std::process::id());

    let counted_before = crowd.counters();
    let start = Instant::now() + LEAD;
    times.start.get_or_init(|| start);
    let job = Job {
        plan: plan.clone(),
        schedule,
        mark,
        size: load.size,
    };
    let publisher = Publisher::start(job, start)
        .map_err(|error| format!("the publisher has no threads: {error}"))?;
    crowd.wait_until_delivered(load, start, &publisher, &mut refusals)?;

    let window = start.elapsed();
    let end = pid.and_then(process::usage);
    let own_end = process::usage(std::process::id());
    let tallies = crowd.close(&publisher, &counted_before);
    let messages = messages(schedule, &publisher);
    let mut all = Tally::default();
    for (_, tally) in &tallies {
        all.add(tally);
    }
    let delivered = all.counters.delivered;
    let server = match (pid, before, open, end) {
        (Some(pid), Some(before), Some(open), Some(end)) => Some(server(
            pid,
            [before, open, end],
            window,
            delivered,
            all.clients,
        )),
        _ => None,
    };
    let cpu = match (own_open, own_end) {
        (Some(open), Some(end)) => Some((end.cpu - open.cpu).as_secs_f64()),
        _ => None,
    };
    let generator = Generator {
        cpu_seconds: cpu,
        cores: cpu.map(|cpu| cpu / window.as_secs_f64()),
        cores_most: load.threads.min(cores()),
        cpu_us_per_delivery: cpu.and_then(|cpu| per(cpu * 1e6, delivered)),
    };
    let rows = tallies.iter();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION"),
        target: format!("http://{}", target.authority),
        parameters: Parameters {
            clients: mix,
            rate: load.rate,
            seconds: load.seconds,
            size: load.size,
            every_ms: load.every_ms,
            conditional: load.conditional,
            reconnect: !load.no_reconnect,
            sources: target.sources(load.sources).len().max(1),
            threads: load.threads,
        },
        opening_seconds: opening.as_secs_f64(),
        window_seconds: window.as_secs_f64(),
        techniques: rows
            .map(|(name, tally)| Row::new(Some(*name), tally))
            .collect(),
        all: Row::new(None, &all),
        ok: all.lost == 0
            && all.counters.duplicate == 0
            && all.counters.out_of_order == 0
            && messages.published == messages.due,
        messages,
        server,
        generator,
        warnings: Vec::new(),
    };
    let errors = [
        crowd_error(&crowd),
        publisher.look(|own| own.first_failure.clone()),
    ];
    report.warnings = warnings(&report, is_held, errors);
    Ok(Measured { report, tallies })
}

/// Makes sure that so many connections can be open. The soft limit is raised as far as the
/// system lets it.
fn enough_files(clients: usize) -> Result<(), String> {
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
    let _ = (clients, SPARE_FILES);
    Ok(())
}

/// The server's process, if it is on this machine and not this one.
fn server_process(load: &Load, target: &Target) -> Result<Option<u32>, String> {
    if let Some(pid) = load.pid {
        return match process::usage(pid) {
            Some(_) => Ok(Some(pid)),
            None => Err(format!("--pid {pid}: there is no process that may be read")),
        };
    }
    let is_here = target.address.ip().is_loopback();
    let listener = is_here.then(|| process::listener(target.address)).flatten();
    Ok(listener.filter(|pid| *pid != std::process::id()))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// All clients, on their threads. They stop when this is dropped.
struct Crowd {
    books: Vec<Arc<Book>>,
    threads: Vec<(oneshot::Sender<()>, JoinHandle<()>)>,
    clients: u64,
    held: u64,
}

/// A client that is still to be opened.
type Newcomer = (Technique, Option<std::net::IpAddr>, Page, Instant);

impl Crowd {
    /// Begins to open the clients, spread over the threads.
    fn open(
        load: &Load,
        plan: &Arc<Plan>,
        times: &Arc<Times>,
        mark: &Arc<str>,
        health: &Health,
    ) -> io::Result<Self> {
        let spread = load.mix().map_err(io::Error::other)?.spread();
        let sources = plan.target.sources(load.sources);
        let epoch: Arc<str> = health.epoch.as_str().into();
        let begin = Instant::now();
        let books: Vec<_> = (0..load.threads.min(spread.len()))
            .map(|_| Arc::new(Book::new(times.clone(), mark.clone())))
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
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let (stop, stopped) = oneshot::channel::<()>();
            let plan = plan.clone();
            let thread = thread::Builder::new().name(format!("load-{index}"));
            let thread = thread.spawn(move || {
                for (technique, source, page, first) in newcomers {
                    let client =
                        client::run(plan.clone(), technique, source, page, first.into());
                    runtime.spawn(client);
                }
                let _ = runtime.block_on(stopped); // the sender is dropped: that is the sign
            })?;
            crowd.threads.push((stop, thread));
        }
        Ok(crowd)
    }

    fn progress(&self) -> (u64, u64) {
        let books = self.books.iter().map(|book| book.progress());
        books.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
    }

    /// What was counted so far, by technique.
    fn counters(&self) -> [Counters; 3] {
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
    fn wait_until_open(
        &self,
        target: &Target,
        health: &Health,
        refusals: &mut mpsc::UnboundedReceiver<String>,
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
                let why = crowd_error(self)
                    .unwrap_or_else(|| format!("the server does not answer; {FEWER}"));
                let all = self.clients;
                return Err(format!(
                    "only {opened} of {all} clients could be opened: {why}"
                ));
            }
            thread::sleep(LOOK_EVERY);
        }
        bar.finish_and_clear();
        are_held(target, health.waiting, self.held)
    }

    /// Waits until the time is over and all is delivered, or nothing comes any more.
    fn wait_until_delivered(
        &self,
        load: &Load,
        start: Instant,
        publisher: &Publisher,
        refusals: &mut mpsc::UnboundedReceiver<String>,
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

    /// Ends all clients, and returns what each technique counted since `before`.
    fn close(
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

/// Waits until the server says that it holds so many readers besides those who were there
/// before, or that no more come. Returns whether these are all.
///
/// # Errors
/// When it holds fewer than that in all, or does not say.
fn are_held(target: &Target, before: u64, held: u64) -> Result<bool, String> {
    let mut patience = Patience::new(OPENING_PATIENCE);
    loop {
        let health = target.health();
        let waiting = health.as_ref().map_or(0, |now| now.waiting);
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

fn crowd_error(crowd: &Crowd) -> Option<String> {
    crowd.books.iter().find_map(|book| book.first_error())
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

fn messages(schedule: Schedule, publisher: &Publisher) -> Messages {
    let bytes = publisher.bytes();
    publisher.look(|published| {
        let Published {
            confirmed,
            failures,
            late,
            answered,
            queued,
            ..
        } = published;
        Messages {
            due: schedule.total(),
            published: confirmed.len(),
            failures: *failures,
            queued: *queued,
            late_ms: Quantiles::of(late),
            answered_ms: Quantiles::of(answered),
            bytes_up: bytes.up,
            bytes_down: bytes.down,
        }
    })
}

fn server(
    pid: u32,
    [before, open, end]: [Usage; 3],
    window: Duration,
    delivered: u64,
    clients: u64,
) -> Server {
    let cpu = end.cpu.saturating_sub(open.cpu).as_secs_f64();
    Server {
        pid,
        cpu_seconds: cpu,
        cores: cpu / window.as_secs_f64(),
        cpu_us_per_delivery: per(cpu * 1e6, delivered),
        memory_before: before.memory,
        memory_open: open.memory,
        memory_end: end.memory,
        memory_per_client: (open.memory as f64 - before.memory as f64) / clients as f64,
    }
}

/// What a reader of the figures has to know.
fn warnings(
    report: &Report,
    is_held: bool,
    [client_error, publisher_error]: [Option<String>; 2],
) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |is_so: bool, text: String| {
        if is_so {
            warnings.push(text);
        }
    };
    let Report {
        messages,
        all,
        generator,
        server,
        ..
    } = report;
    let counters = &all.counters;
    let own = generator.cores.unwrap_or(0.0);
    let most = generator.cores_most as f64;
    warn(
        own > BUSY * most,
        format!("the generator was the limit: it used {own:.2} of {most} cores"),
    );
    let both = own + server.as_ref().map_or(0.0, |server| server.cores);
    let machine = cores() as f64;
    warn(
        server.is_some() && both > BUSY * machine,
        format!(
            "the machine was the limit: server and generator together used {both:.2} of \
             {machine} cores"
        ),
    );
    let late = messages.late_ms.map_or(0.0, |late| late.p99);
    warn(
        late > LATE_MS,
        format!(
            "the generator did not get to run in time: 1 in 100 messages was taken in hand \
             {late:.1} ms late or more, and the latencies are too long by as much"
        ),
    );
    warn(
        messages.queued > 0,
        format!(
            "{} messages found all {CONNECTIONS_MAX} publishing connections busy; their wait is \
             in the latency",
            messages.queued
        ),
    );
    let unknown = messages.due - messages.published;
    warn(
        unknown > 0,
        format!("the fate of {unknown} messages is unknown: no answer came to them"),
    );
    let first = |error: Option<String>| {
        error.map_or_else(String::new, |error| format!("; the first: {error}"))
    };
    warn(
        messages.failures > 0,
        format!(
            "{} attempts to publish failed and were made again{}",
            messages.failures,
            first(publisher_error)
        ),
    );
    warn(
        counters.errors > 0,
        format!(
            "clients had {} errors and came back {} times{}",
            counters.errors,
            counters.reconnects,
            first(client_error)
        ),
    );
    warn(
        counters.errors == 0 && counters.reconnects > 0,
        format!("clients came back {} times", counters.reconnects),
    );
    warn(
        counters.gaps > 0,
        format!("the log could not continue {} times", counters.gaps),
    );
    warn(
        counters.skipped > 0,
        format!(
            "{} polls were left out, because the answer before had not come",
            counters.skipped
        ),
    );
    warn(
        counters.foreign > 0,
        format!(
            "others published, too: {} of their messages came; their bytes are counted",
            counters.foreign
        ),
    );
    warn(
        !is_held,
        "the server did not say that it held all long polls and WebSockets before the first \
         message"
            .to_owned(),
    );
    warnings
}
