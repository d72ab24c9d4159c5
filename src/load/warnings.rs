//! What has to be known to interpret the figures: each limit that was reached, and everything
//! that was not as it should be, in one sentence each. These are the report's lines that start
//! with `!`.

use std::time::Duration;

use super::mix::Transport;
use super::process::cores;
use super::publisher::MAX_CONNECTIONS;
use super::report::Report;

/// Share of its cores above which the load generator may have been the limit.
const MAX_CPU_SHARE: f64 = 0.9;

/// The 99th percentile of the schedule lag above which the load generator was too late, in ms.
/// On an idle machine it is about 0.2 ms.
const MAX_SCHEDULE_LAG_MS: f64 = 5.0;

/// How often a server pings an idle WebSocket, by default. `/health` does not report it.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// A warning, if there is a reason for it.
type Warning = Option<String>;

/// What a report does not contain, and its warnings need.
pub(super) struct Observations {
    /// Whether before the first message the server reported that it had all subscriptions.
    pub all_subscribed: bool,
    /// How long the server holds a long poll at most, if it reports that.
    pub max_hold: Option<Duration>,
    /// The first errors.
    pub errors: FirstErrors,
}

/// The first error of the clients, and of the publisher.
pub(super) struct FirstErrors {
    /// Of the clients.
    pub client: Option<String>,
    /// Of the publisher.
    pub publisher: Option<String>,
}

/// Returns all warnings about a report.
pub(super) fn warnings(report: &Report, observations: &Observations) -> Vec<String> {
    let errors = &observations.errors;
    let warnings = limits(report)
        .into_iter()
        .chain(publishing(report, errors.publisher.as_deref()))
        .chain(clients(report, errors.client.as_deref()))
        .chain([
            not_all_subscribed(observations.all_subscribed),
            too_short_to_wait(report, observations.max_hold),
        ]);
    warnings.flatten().collect()
}

/// Returns where this process or the machine was too slow, so that the figures are not the
/// server's.
fn limits(report: &Report) -> [Warning; 3] {
    let generator = report.generator.cores.unwrap_or(0.0);
    let available = report.generator.cores_available as f64;
    // Without a process a server may be on another machine, with other cores.
    let server = report.server.as_ref().filter(|server| server.is_local);
    let both = generator + server.map_or(0.0, |server| server.cores);
    let machine = cores() as f64;
    let lag = report.messages.schedule_lag_ms.map_or(0.0, |lag| lag.p99);
    [
        (generator > MAX_CPU_SHARE * available).then(|| {
            format!(
                "the load generator was the limit: it used {generator:.2} of {available} cores"
            )
        }),
        (server.is_some() && both > MAX_CPU_SHARE * machine).then(|| {
            format!(
                "the machine was the limit: server and load generator used {both:.2} of \
                 {machine} cores"
            )
        }),
        (lag > MAX_SCHEDULE_LAG_MS).then(|| {
            format!(
                "the load generator fell behind its schedule (p99 {lag:.1} ms); latencies \
                 include that delay"
            )
        }),
    ]
}

fn publishing(report: &Report, first_error: Option<&str>) -> [Warning; 4] {
    let messages = &report.messages;
    let unconfirmed = messages.due - messages.published;
    [
        (messages.conflicting > 0).then(|| {
            format!(
                "{} messages had different versions for different clients: the servers do not \
                 agree on the order",
                messages.conflicting
            )
        }),
        (messages.queued > 0).then(|| {
            format!(
                "{} messages were due while all {MAX_CONNECTIONS} publishing connections were \
                 busy; latencies include their wait",
                messages.queued
            )
        }),
        (unconfirmed > 0).then(|| {
            format!(
                "{unconfirmed} messages were not acknowledged, so it is unknown whether they \
                 were published"
            )
        }),
        (messages.failures > 0).then(|| {
            format!(
                "{} attempts to publish failed and were repeated{}",
                messages.failures,
                first_error_suffix(first_error)
            )
        }),
    ]
}

fn clients(report: &Report, first_error: Option<&str>) -> [Warning; 5] {
    let counters = &report.all.counters;
    [
        (counters.errors > 0).then(|| {
            format!(
                "clients had {} errors and reconnected {} times{}",
                counters.errors,
                counters.reconnects,
                first_error_suffix(first_error)
            )
        }),
        (counters.errors == 0 && counters.reconnects > 0)
            .then(|| format!("clients reconnected {} times", counters.reconnects)),
        (counters.gaps > 0).then(|| {
            format!(
                "the log could not continue from a cursor {} times: the server restarted with a \
                 new log (--journal keeps it), or evicted messages (--retain-messages)",
                counters.gaps
            )
        }),
        (counters.skipped > 0).then(|| {
            format!(
                "{} polls were skipped, because the previous response had not arrived",
                counters.skipped
            )
        }),
        (counters.unrelated > 0).then(|| {
            format!(
                "other publishers were active: {} of their messages were delivered, and their \
                 bytes are counted",
                counters.unrelated
            )
        }),
    ]
}

fn not_all_subscribed(all_subscribed: bool) -> Warning {
    let text = "the server did not report all long polls and WebSockets before the first \
                message";
    (!all_subscribed).then(|| text.to_owned())
}

/// Returns which clients only waited: without messages a long poll costs something when the server
/// ends it, and a WebSocket when the server pings it.
fn too_short_to_wait(report: &Report, max_hold: Option<Duration>) -> Warning {
    let parameters = &report.parameters;
    if parameters.rate != Some(0.0) {
        return None;
    }
    let wait_of = |transport| match transport {
        Transport::Poll => None,
        Transport::Longpoll => {
            max_hold.map(|wait| (wait, "a long poll's wait", "up to "))
        }
        Transport::Ws => Some((PING_INTERVAL, "a WebSocket's ping interval", "")),
    };
    let waits = parameters.clients.0.iter();
    let waits: Vec<_> = waits
        .filter_map(|&(transport, _)| wait_of(transport))
        .filter(|(wait, ..)| parameters.duration_seconds < wait.as_secs_f64())
        .map(|(wait, what, bound)| {
            let tenths = (wait.as_secs_f64() * 10.0).round() / 10.0;
            format!("{what} ({bound}{tenths} s)")
        })
        .collect();
    (!waits.is_empty()).then(|| {
        format!(
            "--duration is shorter than {}: what they cost is not in the figures",
            waits.join(" and ")
        )
    })
}

/// Returns the end of a sentence about errors.
fn first_error_suffix(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!("; first error: {error}"))
}

#[cfg(test)]
mod tests;
