//! `trifold load --plan` computes what any number of subscribers needs from earlier reports, and
//! says what they cannot tell.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::load::{output_path, program, text};

const MIB: f64 = (1 << 20) as f64;

/// A report of 1000 clients and 2 messages per second for 10 s, with these counters and cores.
fn run_report(transport: &str, counters: &Value, cores: f64) -> Value {
    let mut row = json!({
        "transport": transport, "clients": 1000, "lost": 0, "duplicate": 0,
        "out_of_order": 0, "unrelated": 0, "skipped": 0, "gaps": 0, "errors": 0,
        "reconnects": 0, "empty": 0, "empty_download_bytes": 0,
    });
    let fields = row.as_object_mut().expect("an object");
    fields.extend(counters.as_object().expect("an object").clone());
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "target": "http://127.0.0.1:8080",
        "targets": ["http://127.0.0.1:8080"],
        "parameters": { "rate": 2.0, "message_bytes": 100 },
        "window_seconds": 10.0,
        "transports": [row],
        "server": {
            "cores": cores,
            "memory_before": 8.0 * MIB,
            "memory_per_client": 12_000.0,
            "memory_end": 8.0 * MIB + 1000.0 * 12_500.0,
        },
        "machine": { "cores": 4, "memory": 8_u64 << 30 },
        "warnings": [],
    })
}

/// A delivery costs 10 µs and 292 bytes.
pub(crate) fn ws_report() -> Value {
    let counters = json!({
        "delivered": 20_000, "requests": 0, "upload_bytes": 0, "download_bytes": 20_000 * 292,
    });
    run_report("ws", &counters, 0.02)
}

/// An idle connection costs 1 µs and a byte in each direction per second.
pub(crate) fn ws_idle_report() -> Value {
    let counters = json!({
        "delivered": 0, "requests": 0, "upload_bytes": 10_000, "download_bytes": 10_000,
    });
    let mut report = run_report("ws", &counters, 0.001);
    report["parameters"]["rate"] = json!(0.0);
    report
}

/// A poll costs 33 µs, 73 bytes up and 274 bytes down, and each message in it 200 bytes.
fn poll_report() -> Value {
    let counters = json!({
        "delivered": 20_000, "requests": 10_000, "upload_bytes": 10_000 * 73,
        "download_bytes": 10_000 * 274 + 20_000 * 200,
        "empty": 4000, "empty_download_bytes": 4000 * 274,
    });
    run_report("poll", &counters, 0.033)
}

/// A delivery costs 15 µs, 77 bytes up and 455 bytes down.
fn longpoll_report() -> Value {
    let counters = json!({
        "delivered": 20_000, "requests": 20_000, "upload_bytes": 20_000 * 77,
        "download_bytes": 20_000 * 455,
    });
    run_report("longpoll", &counters, 0.03)
}

pub(crate) fn written(name: &str, report: &Value) -> PathBuf {
    let path = output_path(name);
    fs::write(&path, report.to_string()).expect("the directory exists");
    path
}

/// Plans from these reports and flags. Returns the table and the JSON.
pub(crate) async fn planned(
    name: &str,
    reports: &[Value],
    flags: &[&str],
) -> (String, Value) {
    let files = reports.iter().enumerate().map(|(index, report)| {
        let path = written(&format!("{name}-{index}.json"), report);
        format!("--plan={}", path.display())
    });
    let json = output_path(&format!("{name}-plan.json"));
    let mut all: Vec<_> = files.collect();
    all.push(format!("--json={}", json.display()));
    all.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let output = program(&all).await;
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());
    let json = fs::read(json).expect("--json has written it");
    let plan = serde_json::from_slice(&json).expect("JSON");
    (text(&output.stdout).to_owned(), plan)
}

/// Asserts that a figure has this value, or is missing.
pub(crate) fn assert_figure(
    plan: &Value,
    pointer: &str,
    expected: impl Into<Option<f64>>,
) {
    let found = plan.pointer(pointer);
    let found = found.unwrap_or_else(|| panic!("{pointer} in {plan}"));
    match (found.as_f64(), expected.into()) {
        (Some(found), Some(expected)) => assert!(
            (found - expected).abs() <= 1e-9 * expected.abs(),
            "{pointer}: {found} instead of {expected}"
        ),
        (None, None) => assert_eq!(*found, Value::Null, "{pointer}"),
        (_, expected) => panic!("{pointer}: {found} instead of {expected:?}"),
    }
}

pub(crate) fn has_note(plan: &Value, words: &str) -> bool {
    let notes = plan["notes"].as_array().expect("a list");
    let mut notes = notes.iter().filter_map(Value::as_str);
    notes.any(|note| note.contains(words))
}

#[tokio::test]
async fn needs_are_deliveries_times_cost() {
    let flags = ["--clients=1000000", "--rate=10", "--message-bytes=200"];
    let (table, plan) = planned("ws", &[ws_report()], &flags).await;
    let ws = &plan["transports"][0];
    assert_eq!(ws["transport"], "ws");
    assert_figure(ws, "/cost/delivery/cpu_us", 10.0);
    assert_figure(ws, "/cost/delivery/download_bytes", 392.0);
    assert_figure(ws, "/cost/subscriber/cpu_us", 100.0);
    assert_figure(ws, "/cost/subscriber/download_bytes", 3920.0);
    assert_figure(ws, "/cost/message/cpu_us", 1e7);
    assert_figure(ws, "/cost/idle_connection/cpu_us", None);
    assert_figure(ws, "/cost/memory_per_idle_connection", 12_000.0);
    assert_figure(ws, "/cost/memory_per_subscriber", 12_500.0);

    assert_figure(ws, "/needs/deliveries_per_second", 1e7);
    assert_figure(ws, "/needs/requests_per_second", 0.0);
    assert_figure(ws, "/needs/cores", 100.0);
    assert_figure(ws, "/needs/download_bytes_per_second", 3.92e9);
    assert_figure(ws, "/needs/connections", 1e6);
    // 4 cores at 50 %, 1 Gbit/s at 50 %, and half of 8 GiB, without 8 MiB.
    assert_figure(ws, "/servers/cpu", 50.0);
    assert_figure(ws, "/servers/network", 62.72);
    assert_figure(ws, "/servers/connections", 62.5);
    assert_figure(ws, "/servers/memory", 12.5e9 / (4088.0 * MIB));
    assert_figure(ws, "/servers/all", 63.0);
    assert_figure(ws, "/needs/memory_bytes", 12.5e9 + 63.0 * 8.0 * MIB);
    assert_eq!(ws["first_wall"], "network");
    assert!(has_note(&plan, "add a report with --rate 0"), "{plan}");
    assert!(
        has_note(&plan, "measured with messages of 100 bytes"),
        "{plan}"
    );

    for expected in [
        "measured: ws with 1000 clients and messages at 2 per second, 0.02 cores",
        "a server: 4 cores and 8.00 GiB (as measured), 1 Gbit/s in each direction, of which 50 %",
    ] {
        assert!(table.contains(expected), "{expected}\n{table}");
    }
    let mut lines = table.lines();
    let cells = lines.find_map(|line| line.strip_prefix("ws           "));
    let cells: Vec<_> = cells.expect("a row").split_whitespace().collect();
    assert_eq!(
        cells,
        [
            "1000000", "10000000", "0.00", "100", "12.1", "0.00", "31360"
        ]
    );
}

#[tokio::test]
async fn large_log_is_noted() {
    let mut report = ws_report(); // 20 messages
    let flags = ["--clients=1000", "--rate=2"];
    let (_, plan) = planned("small_log", &[report.clone()], &flags).await;
    assert!(!has_note(&plan, "the messages in the log"), "{plan}");
    report["parameters"]["message_bytes"] = json!(62_300);
    report["transports"][0]["download_bytes"] = json!(20_000 * 62_500);
    let (_, plan) = planned("large_log", &[report], &flags).await;
    assert!(
        has_note(&plan, "the messages in the log are 10 %"),
        "{plan}"
    );
}

/// A second report without messages tells what waiting costs from what a delivery costs.
#[tokio::test]
async fn idle_report_separates_waiting() {
    let reports = [ws_report(), ws_idle_report()];
    let flags = ["--clients=1000", "--rate=2"];
    let (_, plan) = planned("ws_idle", &reports, &flags).await;
    let ws = &plan["transports"][0];
    assert_figure(ws, "/cost/idle_connection/cpu_us", 1.0);
    assert_figure(ws, "/cost/idle_connection/download_bytes", 1.0);
    assert_figure(ws, "/cost/delivery/cpu_us", 9.5);
    assert_figure(ws, "/cost/delivery/download_bytes", 291.5);
    // Both together are what was measured.
    assert_figure(ws, "/needs/cores", 0.02);
    assert_figure(ws, "/needs/download_bytes_per_second", 2000.0 * 292.0);
    assert!(!has_note(&plan, "add a report with --rate 0"), "{plan}");

    let (_, plan) = planned("ws_idle", &reports, &["--clients=10", "--rate=0"]).await;
    let ws = &plan["transports"][0];
    assert_figure(ws, "/needs/cores", 1e-5);
    assert_figure(ws, "/needs/memory_bytes", 120_000.0 + 8.0 * MIB);
}

#[tokio::test]
async fn poll_interval_changes_requests() {
    let flags = ["--clients=1000000", "--rate=1", "--poll-interval=5s"];
    let (_, plan) = planned("poll", &[poll_report()], &flags).await;
    let poll = &plan["transports"][0];
    assert_figure(poll, "/needs/requests_per_second", 200_000.0);
    assert_figure(poll, "/needs/upload_bytes_per_second", 200_000.0 * 73.0);
    let download = 200_000.0 * 274.0 + 1e6 * 200.0;
    assert_figure(poll, "/needs/download_bytes_per_second", download);
    assert_figure(poll, "/needs/cores", 6.6);
    assert_figure(poll, "/cost/empty_poll/download_bytes", 274.0);
    assert_figure(poll, "/cost/delivery/download_bytes", 200.0);
    assert_figure(poll, "/cost/delivery/cpu_us", None);
    assert!(has_note(&plan, "add a report at another --rate"), "{plan}");
}

/// Without --transport all that were measured, with the numbers of the mix if it has any.
#[tokio::test]
async fn each_measured_transport_is_planned() {
    let reports = [ws_report(), poll_report(), longpoll_report()];
    let flags = ["--clients=5000", "--rate=2"];
    let (table, plan) = planned("all", &reports, &flags).await;
    let names = |plan: &Value| -> Vec<(String, u64)> {
        let plans = plan["transports"].as_array().expect("a list").iter();
        plans
            .map(|it| {
                let name = it["transport"].as_str().expect("a name");
                let subscribers = it["subscribers"].as_u64().expect("a number");
                (name.to_owned(), subscribers)
            })
            .collect()
    };
    let expected = ["poll", "longpoll", "ws"].map(|name| (name.to_owned(), 5000));
    assert_eq!(names(&plan), expected, "{table}");
    let longpoll = &plan["transports"][1];
    assert_figure(longpoll, "/needs/requests_per_second", 10_000.0);
    assert_figure(longpoll, "/needs/upload_bytes_per_second", 770_000.0);
    assert_figure(longpoll, "/needs/cores", 0.15);

    let flags = ["--transport=ws=10000000000,poll=7"];
    let (_, plan) = planned("named", &reports, &flags).await;
    let expected = [("poll".to_owned(), 7), ("ws".to_owned(), 10_000_000_000)];
    assert_eq!(names(&plan), expected);
    assert_eq!(plan["sources"].as_array().map(Vec::len), Some(2));
}

/// What a report says about itself is repeated, and so is what was assumed.
#[tokio::test]
async fn doubts_about_reports_are_notes() {
    let mut report = ws_report();
    report["warnings"] = json!(["the load generator was the limit"]);
    report["machine"] = Value::Null;
    report["server"]["memory_per_client"] = json!(-4096.0);
    report["server"]["memory_end"] = json!(8.0 * MIB - 4096.0);
    report["server"]["cores"] = json!(0.01);
    let flags = ["--clients=1000000", "--rate=4"];
    let (table, plan) = planned("doubts", &[report], &flags).await;
    for words in [
        "doubts-0.json: the load generator was the limit",
        "used 0.10 s of CPU time, which has steps of 10 ms",
        "measured with messages at 2 per second; at 4 the same",
        "ws: the memory of a connection is unknown",
        "measured with 0.01 cores per server",
    ] {
        assert!(has_note(&plan, words), "{words}: {plan}");
        assert!(table.contains(words), "{words}: {table}");
    }
    assert!(table.contains("2 cores and 4.00 GiB (assumed, "), "{table}");
    assert_figure(&plan, "/transports/0/needs/memory_bytes", None);
}
