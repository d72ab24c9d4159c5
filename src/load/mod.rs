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
//! - `crowd`: all clients, opened, watched and ended
//! - [`client`], [`wire`], [`batch`]: one subscriber; its connection, to the byte; what it reads
//! - [`tally`], [`seen`]: what came, and what it cost; which messages each client has
//! - [`process`]: CPU and memory
//! - [`report`], `warnings`, [`plot`]: what it came to, and what a reader has to know of it
//!
//! Publisher and clients are in one process, so that one clock measures both ends. What the
//! figures mean is in `docs/performance.md`.

pub mod batch;
pub mod client;
mod crowd;
pub mod flags;
pub mod net;
pub mod plot;
pub mod process;
pub mod publisher;
pub mod report;
pub mod schedule;
pub mod seen;
pub mod tally;
pub mod target;
mod warnings;
pub mod wire;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, UnboundedReceiver};

pub use flags::{Load, Technique};
pub use report::Report;

use client::Plan;
use crowd::{Crowd, enough_files};
use process::Used;
use publisher::{Job, Publisher};
use report::{Messages, Parameters, Readings};
use schedule::Schedule;
use tally::{Tally, Times};
use target::Target;
use warnings::{FirstErrors, warnings};

/// The exit code when something was lost, came twice or out of order.
const BROKEN: u8 = 1;

/// The exit code when nothing could be measured; clap's for wrong flags, too.
const IMPOSSIBLE: u8 = 2;

/// From the decision to begin to the first due time: threads have to start.
const LEAD: Duration = Duration::from_millis(100);

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
    // The server, before anybody comes.
    load.check()?;
    let mix = load.mix()?;
    enough_files(mix.clients())?;
    let target = Target::find(&load.url, load.allow_remote)?;
    let pid = server_process(load, &target)?;
    let health = target.settled().map_err(|error| error.to_string())?;
    let before = Used::so_far(pid);

    // All clients come.
    let (run, mut refusals) = Run::new(load, &target);
    let begin = Instant::now();
    let crowd = Crowd::open(load, &run, &health)
        .map_err(|error| format!("the clients have no threads: {error}"))?;
    let is_held = crowd.wait_until_open(&target, &health, &mut refusals)?;
    let (opening, open) = (begin.elapsed(), Used::so_far(pid));

    // Messages are published, and come to the clients.
    let counted_before = crowd.counters();
    let (publisher, start) = publish(load, &run)
        .map_err(|error| format!("the publisher has no threads: {error}"))?;
    crowd.wait_until_delivered(load, start, &publisher, &mut refusals)?;
    let (window, end) = (start.elapsed(), Used::so_far(pid));

    // What it came to.
    let tallies = crowd.close_books(&publisher, &counted_before);
    let parameters = Parameters::new(load, mix, &target);
    let messages = Messages::new(run.times.schedule.total(), &publisher);
    let readings = Readings {
        opening,
        window,
        pid,
        used: [before, open, end],
    };
    let mut report = Report::new(&target, parameters, messages, &readings, &tallies);
    let errors = FirstErrors {
        client: crowd.first_error(),
        publisher: publisher.look(|own| own.first_failure.clone()),
    };
    report.warnings = warnings(&report, is_held, &errors);
    Ok(Measured { report, tallies })
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

/// What all clients of a run and its publisher share.
struct Run {
    plan: Arc<Plan>,
    times: Arc<Times>,
    /// How the `id` of each message begins.
    mark: Arc<str>,
}

impl Run {
    /// A run that has not begun, and where to hear of refusals that no retry mends.
    fn new(load: &Load, target: &Target) -> (Self, UnboundedReceiver<String>) {
        let (hopeless, refusals) = mpsc::unbounded_channel();
        let plan = Plan {
            target: target.clone(),
            every: Duration::from_millis(load.every_ms),
            conditional: load.conditional,
            reconnect: !load.no_reconnect,
            hopeless,
        };
        let times = Times {
            start: OnceLock::new(),
            schedule: Schedule::new(load.rate, load.seconds),
        };
        let run = Self {
            plan: plan.into(),
            times: times.into(),
            // 64 random bits: no other run's messages are taken for this one's.
            mark: format!("{:016x}-", rand::random::<u64>()).into(),
        };
        (run, refusals)
    }
}

/// Begins to publish. Returns when the first message is due, too: in a moment.
fn publish(load: &Load, run: &Run) -> io::Result<(Publisher, Instant)> {
    let start = Instant::now() + LEAD;
    run.times.start.get_or_init(|| start);
    let job = Job {
        plan: run.plan.clone(),
        schedule: run.times.schedule,
        mark: run.mark.clone(),
        size: load.size,
    };
    Ok((Publisher::start(job, start)?, start))
}
