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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::flags::Mix;
    use crate::load::report::{Generator, Messages, Parameters, Quantiles, Row, Server};
    use crate::load::tally::Counters;

    const NO_ERRORS: FirstErrors = FirstErrors {
        client: None,
        publisher: None,
    };

    /// Cores that the generator used.
    const OWN: f64 = 0.5;

    /// A run of which there is just nothing to say: a little more of anything would be too much.
    fn calm() -> Report {
        Report {
            version: "",
            target: String::new(),
            parameters: Parameters {
                clients: Mix(Vec::new()),
                rate: 20.0,
                seconds: 10.0,
                size: 100,
                every_ms: 1000,
                conditional: false,
                reconnect: true,
                sources: 1,
                threads: 1,
            },
            opening_seconds: 0.1,
            window_seconds: 10.0,
            messages: Messages {
                due: 200,
                published: 200,
                failures: 0,
                queued: 0,
                late_ms: Some(late(LATE_MS)),
                answered_ms: None,
                bytes_up: 0,
                bytes_down: 0,
            },
            techniques: Vec::new(),
            all: Row {
                technique: "all",
                clients: 1,
                lost: 0,
                counters: Counters::default(),
                latency_ms: None,
                bytes_up_per_message: None,
                bytes_down_per_message: None,
            },
            server: Some(server(BUSY * cores() as f64 - OWN - 0.1)),
            generator: Generator {
                cpu_seconds: Some(5.0),
                cores: Some(OWN),
                cores_most: 1,
                cpu_us_per_delivery: None,
            },
            warnings: Vec::new(),
            ok: true,
        }
    }

    /// All were as late as this.
    fn late(ms: f64) -> Quantiles {
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

    /// A server that used so many cores.
    fn server(cores: f64) -> Server {
        Server {
            pid: 1,
            cpu_seconds: 10.0 * cores,
            cores,
            cpu_us_per_delivery: None,
            memory_before: 0,
            memory_open: 0,
            memory_end: 0,
            memory_per_client: 0.0,
        }
    }

    /// Asserts that this change of a calm run, and no other, is warned of in these words.
    fn assert_warned(change: impl FnOnce(&mut Report), words: &str) {
        let mut report = calm();
        change(&mut report);
        let told = warnings(&report, true, &NO_ERRORS);
        assert!(
            matches!(&told[..], [own] if own.contains(words)),
            "{words}: {told:?}"
        );
    }

    #[test]
    fn of_a_calm_run_there_is_nothing_to_say() {
        assert_eq!(warnings(&calm(), true, &NO_ERRORS), [""; 0]);
    }

    #[test]
    fn who_was_the_limit_is_named() {
        let generator = "the generator was the limit: it used 0.95 of 1 cores";
        assert_warned(
            |report| {
                report.server = None;
                report.generator.cores = Some(0.95);
            },
            generator,
        );
        assert_warned(
            |report| report.server = Some(server(cores() as f64)),
            "the machine was the limit: server and generator together used",
        );
        assert_warned(
            |report| report.messages.late_ms = Some(late(5.1)),
            "was taken in hand 5.1 ms late or more",
        );
    }

    #[test]
    fn what_went_wrong_with_publishing_is_said() {
        assert_warned(
            |report| report.messages.queued = 3,
            "3 messages found all 64 publishing connections busy",
        );
        assert_warned(
            |report| report.messages.published = 198,
            "the fate of 2 messages is unknown",
        );
        assert_warned(
            |report| report.messages.failures = 4,
            "4 attempts to publish failed and were made again",
        );
    }

    #[test]
    fn what_went_wrong_with_clients_is_said() {
        let assert_counted = |count: fn(&mut Counters), words| {
            assert_warned(|report| count(&mut report.all.counters), words);
        };
        assert_counted(
            |counters| (counters.errors, counters.reconnects) = (5, 2),
            "clients had 5 errors and came back 2 times",
        );
        assert_counted(
            |counters| counters.reconnects = 6,
            "clients came back 6 times",
        );
        assert_counted(|counters| counters.gaps = 7, "could not continue 7 times");
        assert_counted(|counters| counters.skipped = 8, "8 polls were left out");
        assert_counted(|counters| counters.foreign = 9, "9 of their messages came");
    }

    #[test]
    fn errors_come_with_the_first_of_their_side() {
        let mut report = calm();
        report.all.counters.errors = 1;
        report.messages.failures = 1;
        let errors = FirstErrors {
            client: Some("of a client".into()),
            publisher: Some("of the publisher".into()),
        };
        let told = warnings(&report, true, &errors);
        let ends: Vec<_> = told
            .iter()
            .filter_map(|own| own.split("; the first: ").nth(1))
            .collect();
        assert_eq!(ends, ["of the publisher", "of a client"]);
    }

    #[test]
    fn who_was_not_held_yet_is_told_of() {
        let [told] = &warnings(&calm(), false, &NO_ERRORS)[..] else {
            panic!("one warning");
        };
        assert!(told.contains("did not say that it held"), "{told}");
    }
}
