//! What has to be known to interpret the figures: each limit that was reached, and everything
//! that was not as it should be, in one sentence each. These are the report's lines that start
//! with `!`.

use super::process::cores;
use super::publisher::MAX_CONNECTIONS;
use super::report::Report;

/// Share of its cores above which the load generator may have been the limit.
const MAX_CPU_SHARE: f64 = 0.9;

/// The 99th percentile of the schedule lag above which the load generator was too late, in ms.
/// On an idle machine it is about 0.2 ms.
const MAX_SCHEDULE_LAG_MS: f64 = 5.0;

/// A warning, if there is a reason for it.
type Warning = Option<String>;

/// The first error of the clients, and of the publisher.
pub(super) struct FirstErrors {
    /// Of the clients.
    pub client: Option<String>,
    /// Of the publisher.
    pub publisher: Option<String>,
}

/// Returns all warnings about a report. `all_subscribed`: before the first message the server
/// reported that it had all subscriptions.
pub(super) fn warnings(
    report: &Report,
    all_subscribed: bool,
    errors: &FirstErrors,
) -> Vec<String> {
    let warnings = limits(report)
        .into_iter()
        .chain(publishing(report, errors.publisher.as_deref()))
        .chain(clients(report, errors.client.as_deref()))
        .chain([not_all_subscribed(all_subscribed)]);
    warnings.flatten().collect()
}

/// Returns where this process or the machine was too slow, so that the figures are not the
/// server's.
fn limits(report: &Report) -> [Warning; 3] {
    let generator = report.generator.cores.unwrap_or(0.0);
    let available = report.generator.cores_available as f64;
    // Without a process the server may be on another machine, with other cores.
    let server = report.server.as_ref().filter(|server| server.pid.is_some());
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

fn publishing(report: &Report, first_error: Option<&str>) -> [Warning; 3] {
    let messages = &report.messages;
    let unconfirmed = messages.due - messages.published;
    [
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

/// Returns the end of a sentence about errors.
fn first_error_suffix(error: Option<&str>) -> String {
    error.map_or_else(String::new, |error| format!("; first error: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::counters::Counters;
    use super::super::mix::Mix;
    use super::super::network::SimulatedNetwork;
    use super::super::quantiles::Quantiles;
    use super::super::report::{MessagesReport, Parameters, TransportReport};
    use super::super::usage_report::{GeneratorUsage, ServerUsage};
    use super::*;

    const NO_ERRORS: FirstErrors = FirstErrors {
        client: None,
        publisher: None,
    };

    /// Cores that the load generator used.
    const GENERATOR_CORES: f64 = 0.5;

    /// A run just below all limits: a little more of anything causes a warning.
    fn healthy_report() -> Report {
        Report {
            version: "",
            target: String::new(),
            parameters: Parameters {
                clients: Mix(Vec::new()),
                rate: Some(20.0),
                duration_seconds: 10.0,
                message_bytes: 100,
                poll_interval_ms: 1000.0,
                etag: false,
                network: SimulatedNetwork::default(),
                reconnect: true,
                source_addresses: 1,
                threads: 1,
            },
            connect_seconds: 0.1,
            window_seconds: 10.0,
            messages: MessagesReport {
                due: 200,
                published: 200,
                failures: 0,
                queued: 0,
                schedule_lag_ms: Some(constant(MAX_SCHEDULE_LAG_MS)),
                publish_latency_ms: None,
                upload_bytes: 0,
                download_bytes: 0,
            },
            transports: Vec::new(),
            all: TransportReport {
                transport: "all",
                clients: 1,
                lost: 0,
                counters: Counters::default(),
                latency_ms: None,
                upload_bytes_per_message: None,
                download_bytes_per_message: None,
                requests_per_client_second: 0.0,
                upload_bytes_per_client_second: 0.0,
                download_bytes_per_client_second: 0.0,
            },
            server: Some(server(
                MAX_CPU_SHARE * cores() as f64 - GENERATOR_CORES - 0.1,
            )),
            generator: GeneratorUsage {
                cpu_seconds: Some(5.0),
                cores: Some(GENERATOR_CORES),
                cores_available: 1,
                cpu_us_per_delivery: None,
            },
            warnings: Vec::new(),
            ok: true,
        }
    }

    /// A distribution of equal values.
    fn constant(ms: f64) -> Quantiles {
        Quantiles {
            count: 200,
            mean: ms,
            p50: ms,
            p90: ms,
            p99: ms,
            p999: ms,
            max: ms,
        }
    }

    /// A server that used this number of cores.
    fn server(cores: f64) -> ServerUsage {
        ServerUsage {
            pid: Some(1),
            cpu_seconds: 10.0 * cores,
            cores,
            cpu_us_per_delivery: None,
            cpu_us_per_client_second: 0.0,
            memory_before: 0,
            memory_connected: 0,
            memory_end: 0,
            memory_per_client: 0.0,
        }
    }

    /// Asserts that this change to a healthy report causes one warning with these words.
    fn assert_warning(change: impl FnOnce(&mut Report), words: &str) {
        let mut report = healthy_report();
        change(&mut report);
        let found = warnings(&report, true, &NO_ERRORS);
        assert!(
            matches!(&found[..], [warning] if warning.contains(words)),
            "{words}: {found:?}"
        );
    }

    #[test]
    fn no_warnings_when_healthy() {
        assert_eq!(warnings(&healthy_report(), true, &NO_ERRORS), [""; 0]);
    }

    #[test]
    fn warns_about_limits() {
        assert_warning(
            |report| {
                report.server = None;
                report.generator.cores = Some(0.95);
            },
            "the load generator was the limit: it used 0.95 of 1 cores",
        );
        assert_warning(
            |report| report.server = Some(server(cores() as f64)),
            "the machine was the limit: server and load generator used",
        );
        assert_warning(
            |report| report.messages.schedule_lag_ms = Some(constant(5.1)),
            "fell behind its schedule (p99 5.1 ms)",
        );
    }

    #[test]
    fn remote_server_is_not_this_machine() {
        let mut report = healthy_report();
        report.server = Some(ServerUsage {
            pid: None,
            ..server(2.0 * cores() as f64)
        });
        assert_eq!(warnings(&report, true, &NO_ERRORS), [""; 0]);
    }

    #[test]
    fn warns_about_publishing() {
        assert_warning(
            |report| report.messages.queued = 3,
            "3 messages were due while all 64 publishing connections were busy",
        );
        assert_warning(
            |report| report.messages.published = 198,
            "2 messages were not acknowledged",
        );
        assert_warning(
            |report| report.messages.failures = 4,
            "4 attempts to publish failed and were repeated",
        );
    }

    #[test]
    fn warns_about_clients() {
        let assert_counted = |count: fn(&mut Counters), words| {
            assert_warning(|report| count(&mut report.all.counters), words);
        };
        assert_counted(
            |counters| (counters.errors, counters.reconnects) = (5, 2),
            "clients had 5 errors and reconnected 2 times",
        );
        assert_counted(
            |counters| counters.reconnects = 6,
            "clients reconnected 6 times",
        );
        assert_counted(|counters| counters.gaps = 7, "from a cursor 7 times");
        assert_counted(|counters| counters.skipped = 8, "8 polls were skipped");
        assert_counted(|counters| counters.unrelated = 9, "9 of their messages");
    }

    #[test]
    fn warnings_contain_first_error() {
        let mut report = healthy_report();
        report.all.counters.errors = 1;
        report.messages.failures = 1;
        let errors = FirstErrors {
            client: Some("of a client".into()),
            publisher: Some("of the publisher".into()),
        };
        let warnings = warnings(&report, true, &errors);
        let ends: Vec<_> = warnings
            .iter()
            .filter_map(|warning| warning.split("; first error: ").nth(1))
            .collect();
        assert_eq!(ends, ["of the publisher", "of a client"]);
    }

    #[test]
    fn warns_about_missing_subscriptions() {
        let [warning] = &warnings(&healthy_report(), false, &NO_ERRORS)[..] else {
            panic!("one warning");
        };
        assert!(warning.contains("did not report all"), "{warning}");
    }
}
