//! What a reader of the figures has to know: each limit that was hit, and all that was not as it
//! should be, in a sentence each. They are the report's lines that begin with `!`.

use super::process::cores;
use super::publisher::CONNECTIONS_MAX;
use super::report::Report;

/// Above this part of its cores the generator says that it may have been the limit.
const BUSY: f64 = 0.9;

/// Later than that at the 99th percentile, in ms, the generator says that it was late. Alone on
/// a machine it is some 0.2 ms.
const LATE_MS: f64 = 5.0;

/// A warning, where there is reason for it.
type Warning = Option<String>;

/// The first error of each side, in its own words.
pub(super) struct FirstErrors {
    pub(super) client: Option<String>,
    pub(super) publisher: Option<String>,
}

/// All warnings about a report. `is_held`: the server has said that it held everyone who waits
/// before the first message.
pub(super) fn warnings(
    report: &Report,
    is_held: bool,
    errors: &FirstErrors,
) -> Vec<String> {
    let warnings = limits(report)
        .into_iter()
        .chain(publishing(report, errors.publisher.as_deref()))
        .chain(clients(report, errors.client.as_deref()))
        .chain([unheld(is_held)]);
    warnings.flatten().collect()
}

/// Where this process or the machine was too slow, so that the figures are not the server's.
fn limits(report: &Report) -> [Warning; 3] {
    let own = report.generator.cores.unwrap_or(0.0);
    let most = report.generator.cores_most as f64;
    let server = report.server.as_ref();
    let both = own + server.map_or(0.0, |server| server.cores);
    let machine = cores() as f64;
    let late = report.messages.late_ms.map_or(0.0, |late| late.p99);
    [
        (own > BUSY * most).then(|| {
            format!("the generator was the limit: it used {own:.2} of {most} cores")
        }),
        (server.is_some() && both > BUSY * machine).then(|| {
            format!(
                "the machine was the limit: server and generator together used {both:.2} of \
                 {machine} cores"
            )
        }),
        (late > LATE_MS).then(|| {
            format!(
                "the generator did not get to run in time: 1 in 100 messages was taken in hand \
                 {late:.1} ms late or more, and the latencies are too long by as much"
            )
        }),
    ]
}

fn publishing(report: &Report, first_error: Option<&str>) -> [Warning; 3] {
    let messages = &report.messages;
    let unknown = messages.due - messages.published;
    [
        (messages.queued > 0).then(|| {
            format!(
                "{} messages found all {CONNECTIONS_MAX} publishing connections busy; their \
                 wait is in the latency",
                messages.queued
            )
        }),
        (unknown > 0).then(|| {
            format!("the fate of {unknown} messages is unknown: no answer came to them")
        }),
        (messages.failures > 0).then(|| {
            format!(
                "{} attempts to publish failed and were made again{}",
                messages.failures,
                the_first(first_error)
            )
        }),
    ]
}

fn clients(report: &Report, first_error: Option<&str>) -> [Warning; 5] {
    let counters = &report.all.counters;
    [
        (counters.errors > 0).then(|| {
            format!(
                "clients had {} errors and came back {} times{}",
                counters.errors,
                counters.reconnects,
                the_first(first_error)
            )
        }),
        (counters.errors == 0 && counters.reconnects > 0)
            .then(|| format!("clients came back {} times", counters.reconnects)),
        (counters.gaps > 0)
            .then(|| format!("the log could not continue {} times", counters.gaps)),
        (counters.skipped > 0).then(|| {
            format!(
                "{} polls were left out, because the answer before had not come",
                counters.skipped
            )
        }),
        (counters.foreign > 0).then(|| {
            format!(
                "others published, too: {} of their messages came; their bytes are counted",
                counters.foreign
            )
        }),
    ]
}

fn unheld(is_held: bool) -> Warning {
    let text = "the server did not say that it held all long polls and WebSockets before the \
                first message";
    (!is_held).then(|| text.to_owned())
}

/// The end of a sentence about errors.
fn the_first(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!("; the first: {error}"))
}
