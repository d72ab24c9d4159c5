//! One run from start to end: connect the clients, publish, wait until everything is delivered,
//! and put the report together.

use std::io;
use std::time::{Duration, Instant};

use super::args::LoadArgs;
use super::clients::ClientPool;
use super::context::RunContext;
use super::counters::TransportStats;
use super::mix::{Mix, Transport};
use super::network::SimulatedNetwork;
use super::plot;
use super::process::raise_fd_limit;
use super::publisher::{MAX_CONNECTIONS, PublishConfig, Publisher};
use super::report::{MessagesReport, Parameters, Report};
use super::target::ServerHealth;
use super::targets::Targets;
use super::usage::{ProcessSnapshot, UsageSources};
use super::usage_report::RunUsage;
use super::warnings::{FirstErrors, Observations, warnings};

/// From the decision to start to the first due time: the threads need time to start.
const START_DELAY: Duration = Duration::from_millis(100);

/// Open files in addition to the connections of clients and publisher.
const OTHER_FILES: usize = 64;

/// The results of a run.
pub struct RunResult {
    /// The figures.
    pub report: Report,
    /// The statistics of each transport, with its latencies.
    pub transports: Vec<(Transport, TransportStats)>,
}

impl RunResult {
    /// Draws the latency distribution as SVG.
    ///
    /// # Errors
    /// When it cannot be drawn.
    pub fn latency_svg(&self) -> Result<String, String> {
        let Report {
            target,
            parameters,
            all,
            ..
        } = &self.report;
        let mut subtitle = format!(
            "{} clients, {} messages/s of {} bytes for {} s, {target}",
            all.clients,
            parameters.rate.unwrap_or_default(),
            parameters.message_bytes,
            parameters.duration_seconds
        );
        if parameters.network.is_active() {
            subtitle += &format!("; simulated: {}", parameters.network);
        }
        let curves = self.transports.iter();
        let curves: Vec<_> = curves
            .map(|(transport, stats)| (*transport, &stats.latency))
            .collect();
        plot::svg(&curves, &subtitle)
    }
}

/// Measures a server: connects the clients, publishes, and waits until everything is delivered
/// or nothing more is. Blocks for as long as that takes. If standard error is a terminal, it
/// shows a progress bar.
///
/// # Errors
/// When flags contradict each other, the server does not respond or rejects a request, the
/// limit of open files is too low, or not all clients could connect.
pub fn measure(args: &LoadArgs) -> Result<RunResult, String> {
    let setup = Setup::new(args)?;
    let (targets, health) = (&setup.targets, &setup.health);
    let before = ProcessSnapshot::now(&setup.sources);

    // Connect all clients.
    let (context, mut fatal_errors) = RunContext::new(args, targets);
    let connect_start = Instant::now();
    let clients = ClientPool::connect(args, &context, health)
        .map_err(|error| format!("cannot start threads for the clients: {error}"))?;
    let all_subscribed =
        clients.wait_until_connected(targets, health, &mut fatal_errors)?;
    let connect_time = connect_start.elapsed();
    let connected = ProcessSnapshot::now(&setup.sources);

    // Publish, and deliver.
    let counted_before = clients.counters();
    let (publisher, start) = start_publisher(args, &context)
        .map_err(|error| format!("cannot start threads for the publisher: {error}"))?;
    clients.wait_until_delivered(args, start, &publisher, &mut fatal_errors)?;
    let (window, end) = (start.elapsed(), ProcessSnapshot::now(&setup.sources));

    let transports = clients.finish(&publisher, &counted_before);
    let observations = Observations {
        all_subscribed,
        max_hold: health.max_hold(),
        errors: first_errors(&clients, &publisher),
    };
    let usage = RunUsage {
        connect_time,
        window,
        sources: setup.sources.clone(),
        before,
        connected,
        end,
    };
    let messages = MessagesReport::new(&publisher, &context.versions);
    let report = setup.report(args, messages, &usage, &transports, &observations);
    Ok(RunResult { report, transports })
}

/// What is known before the first client connects.
struct Setup {
    mix: Mix,
    targets: Targets,
    sources: UsageSources,
    health: ServerHealth,
}

impl Setup {
    /// Checks the flags, and finds the servers.
    fn new(args: &LoadArgs) -> Result<Self, String> {
        args.check()?;
        let mix = args.mix()?;
        let publishing = MAX_CONNECTIONS * args.urls.len();
        raise_fd_limit(mix.clients(), publishing + OTHER_FILES)?;
        let targets = Targets::find(&args.urls, args.allow_remote, &args.pid)?;
        let sources = UsageSources::find(&args.pid, &targets)?;
        let health = targets
            .wait_until_stable()
            .map_err(|error| error.to_string())?;
        SimulatedNetwork::from(args.network).check(&health)?;
        Ok(Self {
            mix,
            targets,
            sources,
            health,
        })
    }

    /// Returns the report of the run, with its warnings.
    fn report(
        self,
        args: &LoadArgs,
        messages: MessagesReport,
        usage: &RunUsage,
        transports: &[(Transport, TransportStats)],
        observations: &Observations,
    ) -> Report {
        let mut report = Report::new(
            &self.targets,
            Parameters::new(args, self.mix, &self.targets),
            messages,
            usage,
            transports,
        );
        report.warnings = warnings(&report, observations);
        report
    }
}

fn first_errors(clients: &ClientPool, publisher: &Publisher) -> FirstErrors {
    FirstErrors {
        client: clients.first_error(),
        publisher: publisher.with(|stats| stats.first_failure.clone()),
    }
}

/// Starts to publish. Returns also when the first message is due, which is in a moment.
fn start_publisher(
    args: &LoadArgs,
    context: &RunContext,
) -> io::Result<(Publisher, Instant)> {
    let start = Instant::now() + START_DELAY;
    context.times.start.get_or_init(|| start);
    let config = PublishConfig {
        targets: context.config.targets.clone(),
        schedule: context.times.schedule,
        id_prefix: context.id_prefix.clone(),
        message_bytes: args.message_bytes,
        fatal_errors: context.config.fatal_errors.clone(),
    };
    Ok((Publisher::start(config, start)?, start))
}
