//! Each warning appears for its reason, and alone.

use super::*;
use crate::load::counters::Counters;
use crate::load::mix::Mix;
use crate::load::network::SimulatedNetwork;
use crate::load::quantiles::Quantiles;
use crate::load::report::{MessagesReport, Parameters, TransportReport};
use crate::load::usage_report::{GeneratorUsage, ServerUsage};

/// No errors, and a server with the default limits.
const HEALTHY: Observations = Observations {
    all_subscribed: true,
    max_hold: Some(Duration::from_millis(26_562)),
    errors: FirstErrors {
        client: None,
        publisher: None,
    },
};

/// Cores that the load generator used.
const GENERATOR_CORES: f64 = 0.5;

/// A run just below all limits: a little more of anything causes a warning.
fn healthy_report() -> Report {
    Report {
        version: "",
        target: String::new(),
        targets: Vec::new(),
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
            conflicting: 0,
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
        machine: None,
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
        pids: vec![1],
        is_local: true,
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
    let found = warnings(&report, &HEALTHY);
    assert!(
        matches!(&found[..], [warning] if warning.contains(words)),
        "{words}: {found:?}"
    );
}

#[test]
fn no_warnings_when_healthy() {
    assert_eq!(warnings(&healthy_report(), &HEALTHY), [""; 0]);
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
        is_local: false,
        ..server(2.0 * cores() as f64)
    });
    assert_eq!(warnings(&report, &HEALTHY), [""; 0]);
}

#[test]
fn warns_about_publishing() {
    assert_warning(
        |report| report.messages.queued = 3,
        "3 messages were due while all 64 publishing connections were busy",
    );
    assert_warning(
        |report| report.messages.conflicting = 2,
        "2 messages had different versions for different clients",
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
    let observations = Observations {
        errors: FirstErrors {
            client: Some("of a client".into()),
            publisher: Some("of the publisher".into()),
        },
        ..HEALTHY
    };
    let warnings = warnings(&report, &observations);
    let ends: Vec<_> = warnings
        .iter()
        .filter_map(|warning| warning.split("; first error: ").nth(1))
        .collect();
    assert_eq!(ends, ["of the publisher", "of a client"]);
}

#[test]
fn warns_about_missing_subscriptions() {
    let observations = Observations {
        all_subscribed: false,
        ..HEALTHY
    };
    let [warning] = &warnings(&healthy_report(), &observations)[..] else {
        panic!("one warning");
    };
    assert!(warning.contains("did not report all"), "{warning}");
}

#[test]
fn warns_when_waiting_ends_too_early() {
    use Transport::{Longpoll, Poll, Ws};
    let found = |transports: &[Transport], rate, seconds| {
        let mut report = healthy_report();
        let clients = transports.iter().map(|transport| (*transport, 1));
        report.parameters.clients = Mix(clients.collect());
        report.parameters.rate = Some(rate);
        report.parameters.duration_seconds = seconds;
        warnings(&report, &HEALTHY)
    };
    let both = "--duration is shorter than a long poll's wait (up to 26.6 s) and a WebSocket's \
                ping interval (20 s): what they cost is not in the figures";
    assert_eq!(found(&[Poll, Longpoll, Ws], 0.0, 10.0), [both]);
    let [long_poll] = &found(&[Longpoll, Ws], 0.0, 22.0)[..] else {
        panic!("one warning");
    };
    assert!(long_poll.contains("a long poll's wait (up to 26.6 s): what"));
    let [socket] = &found(&[Ws], 0.0, 10.0)[..] else {
        panic!("one warning");
    };
    assert!(socket.contains("shorter than a WebSocket's ping interval (20 s): what"));
    for (transports, rate, seconds) in [
        (&[Poll][..], 0.0, 10.0),
        (&[Longpoll, Ws], 0.0, 27.0),
        (&[Longpoll, Ws], 1.0, 10.0),
    ] {
        assert_eq!(found(transports, rate, seconds), [""; 0], "{transports:?}");
    }
}
