//! `trifold load` counts every message and every byte, and latency starts when a message is due.

use crate::common;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::{Program, Server, with_timeout};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use trifold::cli::{self, Cli};
use trifold::load::net::websocket::{FIN, TEXT, encode_frame};
use trifold::load::{RunResult, Transport, TransportReport, measure};

/// Measures a server from this process, with these flags.
async fn measured(address: SocketAddr, flags: &[&str]) -> Result<RunResult, String> {
    let url = format!("http://{address}");
    measured_with(&[&[&*url], flags].concat()).await
}

/// Measures servers from this process, with these URLs and flags.
pub(crate) async fn measured_with(flags: &[&str]) -> Result<RunResult, String> {
    let line = ["trifold", "load", "--threads=2", "--connect-rate=10000"];
    let line = Cli::parse_from(line.iter().chain(flags));
    let Some(cli::Command::Load(load)) = line.command else {
        panic!("this is the subcommand");
    };
    let measured = tokio::task::spawn_blocking(move || measure(&load)).await;
    measured.expect("no panic")
}

/// Runs the program, and returns its exit code and output.
pub(crate) async fn program(flags: &[&str]) -> Output {
    let mut command = Program::command(&[&["load"], flags].concat());
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    output.expect("no panic").expect("the program starts")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the output is UTF-8")
}

/// The path of a file that does not exist yet.
pub(crate) fn output_path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path); // of the previous run
    path
}

/// Asserts that every client received every message, once and in order.
fn assert_all_delivered(result: &RunResult, messages: u64) {
    let report = &result.report;
    assert_eq!(report.messages.published, messages, "{report}");
    for row in report.transports.iter().chain([&report.all]) {
        assert_eq!(row.counters.delivered, row.clients * messages, "{report}");
        assert_eq!(row.lost, 0, "{report}");
        assert_eq!(row.counters.duplicate, 0, "{report}");
        assert_eq!(row.counters.out_of_order, 0, "{report}");
        assert_eq!(row.counters.errors, 0, "{report}");
        let latency = row.latency_ms.expect("messages were delivered");
        assert_eq!(latency.count, row.counters.delivered);
        assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.max);
    }
    assert!(report.ok);
}

#[tokio::test]
async fn each_transport_delivers_all() {
    let server = Server::start(&[]);
    for transport in ["poll", "longpoll", "ws"] {
        let transport = format!("--transport={transport}=20");
        let flags = [
            &transport,
            "--rate=50",
            "--duration=400ms",
            "--poll-interval=50ms",
        ];
        let result = measured(server.address, &flags).await.unwrap();
        assert_all_delivered(&result, 20);
    }
    assert_eq!(server.log.head(), 60);
}

#[tokio::test]
async fn mix_delivers_all_and_sums_match() {
    let server = Server::start(&[]);
    server.append_messages(3); // older messages are not delivered
    let flags = [
        "--transport=ws=9,longpoll=5,poll=3",
        "--rate=40",
        "--duration=500ms",
        "--poll-interval=50ms",
    ];
    let result = measured(server.address, &flags).await.unwrap();
    assert_all_delivered(&result, 20);
    let report = &result.report;
    let clients: Vec<_> = report
        .transports
        .iter()
        .map(|row| (row.transport, row.clients))
        .collect();
    assert_eq!(clients, [("poll", 3), ("longpoll", 5), ("ws", 9)]);
    let assert_sum = |field: fn(&TransportReport) -> u64| {
        let fields = report.transports.iter().map(field);
        assert_eq!(fields.sum::<u64>(), field(&report.all));
    };
    assert_sum(|row| row.clients);
    assert_sum(|row| row.counters.requests);
    assert_sum(|row| row.counters.upload_bytes);
    assert_sum(|row| row.counters.download_bytes);
    assert_sum(|row| row.latency_ms.map_or(0, |latency| latency.count));
    assert_eq!(report.all.counters.unrelated, 0);
}

/// One message to each client, compared with the bytes of a raw connection.
#[tokio::test]
async fn bytes_match_raw_connection() {
    let server = Server::start(&[]);
    let flags = [
        "--rate=1",
        "--duration=1s",
        "--clients=7",
        "--message-bytes=40",
    ];

    // A WebSocket receives one frame and sends nothing.
    let mut connection = server.connect_raw().await;
    connection.upgrade("?since=0", &[]).await;
    let before = connection.received();
    let measured_ws = measured(server.address, &flags).await.unwrap();
    connection.frame().await;
    let row = &measured_ws.report.all;
    assert_eq!(row.counters.delivered, 7);
    assert_eq!(
        row.counters.download_bytes,
        7 * (connection.received() - before) as u64
    );
    assert_eq!((row.counters.upload_bytes, row.counters.requests), (0, 0));

    // A long poll receives one response, and sends the next request.
    let mut connection = server.connect_raw().await;
    let epoch = server.log.epoch();
    connection
        .request(&format!("GET /longpoll?since=1&epoch={epoch}"), &[])
        .await;
    let flags = [&flags[..], &["--transport=longpoll"]].concat();
    let measured_longpoll = measured(server.address, &flags).await.unwrap();
    assert_eq!(connection.response().await.status, 200);
    let row = &measured_longpoll.report.all;
    assert_eq!(row.counters.upload_bytes, 7 * connection.sent() as u64);
    assert_eq!(
        row.counters.download_bytes,
        7 * connection.received() as u64
    );
    assert_eq!(row.upload_bytes_per_message, Some(connection.sent() as f64));
    assert_eq!(
        row.download_bytes_per_message,
        Some(connection.received() as f64)
    );
    assert_eq!(row.counters.requests, 7);
}

/// The bytes of polls are those of the empty responses, and of one with the message.
#[tokio::test]
async fn poll_bytes_include_empty_responses() {
    let server = Server::start(&[]);
    let epoch = server.log.epoch();
    for etag in [false, true] {
        let since = server.log.head();
        let mut flags = vec!["--transport=poll=3", "--poll-interval=40ms"];
        flags.extend(["--rate=1", "--duration=1s"]);
        flags.extend(etag.then_some("--etag"));
        let report = measured(server.address, &flags).await.unwrap().report;
        let counters = report.all.counters;
        assert_eq!(counters.delivered, 3);
        // At both ends of the window, each client may have a request in flight.
        let in_flight = counters.requests.abs_diff(counters.empty + 3);
        assert!(in_flight <= 3, "{report}");

        // The same on a raw connection: the message, then the empty response.
        let poll = |since| format!("GET /poll?since={since}&epoch={epoch}");
        let mut connection = server.connect_raw().await;
        connection.request(&poll(since), &[]).await;
        connection.response().await;
        let (up, message) = (connection.sent() as u64, connection.received() as u64);
        connection.request(&poll(since + 1), &[]).await;
        let tag = connection
            .response()
            .await
            .header("etag")
            .unwrap()
            .to_owned();
        let empty = connection.received() as u64 - message;
        if !etag {
            assert_eq!(counters.upload_bytes, counters.requests * up);
            assert_eq!(counters.empty_download_bytes, counters.empty * empty);
            assert_eq!(
                counters.download_bytes,
                counters.empty * empty + 3 * message
            );
            continue;
        }
        // The first response to each cursor is a 200, the others are 304.
        let condition = format!("If-None-Match: {tag}");
        connection.request(&poll(since + 1), &[&condition]).await;
        assert_eq!(connection.head().await.status, 304);
        let unchanged = connection.received() as u64 - message - empty;
        assert!(unchanged < empty);
        assert!(counters.empty_download_bytes < counters.empty * empty);
        assert!(counters.empty_download_bytes > counters.empty * unchanged);
        assert!(counters.download_bytes < counters.empty * empty + 3 * message);
        assert!(counters.download_bytes > counters.empty * unchanged + 3 * message);
    }
}

#[tokio::test]
async fn table_json_and_plot_agree() {
    let server = Program::start(&[]);
    let (json, plot) = (output_path("load.json"), output_path("load.svg"));
    let hgrm = output_path("load.hgrm");
    let output = program(&[
        &format!("http://{}", server.address),
        "--transport=ws=6,longpoll=4,poll=2",
        "--rate=30",
        "--duration=1s",
        "--poll-interval=100ms",
        &format!("--json={}", json.display()),
        &format!("--plot={}", plot.display()),
        &format!("--hgrm={}", hgrm.display()),
    ])
    .await;
    assert_eq!(text(&output.stderr), "");
    assert!(output.status.success());

    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let table = text(&output.stdout);
    let mut rows = report["transports"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 3);
    rows.push(report["all"].clone());
    for row in rows {
        let name = row["transport"].as_str().unwrap();
        let mut lines = table.lines();
        let line = lines.find(|line| line.split_whitespace().next() == Some(name));
        let cells: Vec<_> = line
            .unwrap_or_else(|| panic!("{name} in {table}"))
            .split_whitespace()
            .collect();
        let counts = ["clients", "delivered", "lost", "duplicate", "out_of_order"];
        for (field, cell) in counts.iter().zip(&cells[1..]) {
            assert_eq!(row[field].to_string(), *cell, "{field} of {name}\n{table}");
        }
        assert_eq!(row["requests"].to_string(), cells[10]);
        let latency = &row["latency_ms"];
        let figures = [
            &latency["p50"],
            &latency["p90"],
            &latency["p99"],
            &latency["max"],
        ];
        let bytes = [
            &row["upload_bytes_per_message"],
            &row["download_bytes_per_message"],
        ];
        let columns = [6, 7, 8, 9, 11, 12];
        for (figure, column) in figures.iter().chain(&bytes).zip(columns) {
            let (exact, shown) = (figure.as_f64().unwrap(), cells[column]);
            let shown: f64 = shown.parse().unwrap();
            let rounding = if exact < 100.0 { 0.051 } else { 0.51 };
            assert!(
                (exact - shown).abs() <= rounding,
                "{exact} {shown}\n{table}"
            );
        }
    }
    assert_eq!(report["all"]["delivered"], 12 * 30);
    assert_eq!(report["parameters"]["clients"]["ws"], 6);

    // The server is another process of this machine, so its usage can be read.
    if cfg!(target_os = "linux") {
        assert_eq!(report["server"]["pid"], server.id());
        assert!(report["server"]["memory_before"].as_u64().unwrap() > 0);
        assert!(table.contains(&format!("server (process {})", server.id())));
    }

    assert_plot(&fs::read_to_string(plot).unwrap());
    for transport in ["poll", "longpoll", "ws"] {
        let path = hgrm.with_extension(format!("{transport}.hgrm"));
        let text = fs::read_to_string(path).unwrap();
        let transports = report["transports"].as_array().unwrap();
        let mut rows = transports.iter();
        let row = rows.find(|row| row["transport"] == transport).unwrap();
        let max = row["latency_ms"]["max"].as_f64().unwrap();
        let count = row["delivered"].as_u64().unwrap();
        let summary = format!("#[Max     = {max:12.3}, Total count    = {count:12}]");
        assert!(text.contains(&summary), "{summary}\n{text}");
    }
}

/// Asserts that the plot has a curve in its colour and a legend for each transport.
fn assert_plot(svg: &str) {
    let svg = roxmltree::Document::parse(svg).expect("well-formed XML");
    let has_text = |expected: &str| {
        let mut texts = svg.descendants().filter_map(|element| element.text());
        texts.any(|text| text.trim().starts_with(expected))
    };
    assert!(has_text("Latency, from due to delivered"));
    assert!(has_text("latency") && has_text("share of all messages"));
    for (transport, color) in [
        ("poll", "#BF4E00"),
        ("longpoll", "#003F7D"),
        ("ws", "#00724F"),
    ] {
        assert!(has_text(&format!("{transport}, p50 ")), "{transport}");
        let mut strokes = svg
            .descendants()
            .filter_map(|element| element.attribute("stroke"));
        assert!(strokes.any(|stroke| stroke == color), "{transport}");
    }
}

#[tokio::test]
async fn json_flag_prints_only_json() {
    let server = Program::start(&[]);
    let url = format!("http://{}", server.address);
    let flags = [
        &url,
        "--json",
        "--clients=2",
        "--rate=10",
        "--duration=500ms",
    ];
    let output = program(&flags).await;
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).expect("only JSON");
    assert_eq!(report["ok"], true);
    assert_eq!(report["all"]["delivered"], 10);
}

#[tokio::test]
async fn zero_rate_measures_waiting() {
    let server = Server::start(&[]);
    let flags = [
        "--transport=poll=5,longpoll=2,ws=2",
        "--poll-interval=100ms",
        "--rate=0",
        "--duration=2s",
    ];
    let report = measured(server.address, &flags).await.unwrap().report;
    assert!(report.ok, "{report}");
    assert_eq!((report.messages.due, report.all.counters.delivered), (0, 0));
    assert_eq!(report.all.latency_ms, None);
    let [poll, longpoll, ws] = &report.transports[..] else {
        panic!("{report}");
    };
    // All are empty, except those in flight at the start and at the end, one per client.
    let counters = &poll.counters;
    assert!(counters.requests.abs_diff(counters.empty) <= 5, "{report}");
    assert_eq!(poll.upload_bytes_per_message, None);

    // Each client polls ten times per second, except for those that had no time to.
    let due = 10.0 - (counters.skipped as f64) / (5.0 * report.window_seconds);
    let requests = poll.requests_per_client_second;
    assert!((requests - due).abs() <= 1.0, "{due}\n{report}");

    // The bytes of one exchange are those of a raw connection.
    let epoch = server.log.epoch();
    let mut connection = server.connect_raw().await;
    let request = format!("GET /poll?since=0&epoch={epoch}");
    connection.request(&request, &[]).await;
    connection.response().await;
    let expected = requests * connection.sent() as f64;
    let upload = poll.upload_bytes_per_client_second;
    assert!(
        (upload / expected - 1.0).abs() < 1e-9,
        "{upload} {expected}"
    );
    let expected = requests * connection.received() as f64;
    let download = poll.download_bytes_per_client_second;
    assert!(
        (download / expected - 1.0).abs() < 0.06,
        "{download} {expected}"
    );

    // Those that wait at the server cost nothing.
    for row in [longpoll, ws] {
        assert_eq!(row.requests_per_client_second, 0.0, "{report}");
        assert_eq!(row.download_bytes_per_client_second, 0.0, "{report}");
    }
    let table = report.to_string();
    let mut lines = table.lines();
    let line = lines.find(|line| line.starts_with("poll ")).unwrap();
    let cells: Vec<_> = line.split_whitespace().collect();
    let figures = [format!("{upload:.1}"), format!("{download:.1}")];
    assert_eq!(cells[3..], figures, "{table}");
    assert!(table.contains("nothing published for 2 s"), "{table}");

    // Nothing of deliveries, and that the waits are longer.
    let generator = table.lines().find(|line| line.starts_with("generator: "));
    let generator = generator.unwrap();
    assert!(generator.ends_with(" cores"), "{table}");
    assert!(!generator.contains("per delivery"), "{table}");
    let short = "! --duration is shorter than a long poll's wait (up to 26.6 s) and";
    assert!(table.contains(short), "{table}");
}

/// The delays are part of each latency, whatever the transport, and of the report.
#[tokio::test]
async fn simulated_network_delays_clients() {
    let server = Server::start(&[]);
    let flags = [
        "--transport=ws=4,longpoll=4,poll=4",
        "--poll-interval=50ms",
        "--rate=10",
        "--duration=1s",
        "--up=30ms",
        "--down=120ms",
    ];
    let result = measured(server.address, &flags).await.unwrap();
    assert_all_delivered(&result, 10);
    for (transport, stats) in &result.transports {
        let fastest = stats.latency.min();
        assert!(fastest >= 119_000, "{transport}: {fastest} µs");
    }
    let published = result.report.messages.publish_latency_ms.unwrap();
    assert!(published.p50 < 120.0, "publishing is not delayed");
    let parameters = serde_json::to_value(&result.report.parameters).unwrap();
    let delays = ["up_ms", "down_ms", "jitter_ms", "loss"].map(|name| &parameters[name]);
    assert_eq!(delays, [&json!(30), &json!(120), &json!(0), &json!(0.0)]);
    let line = "\nsimulated network: 30 ms up, 120 ms down\n";
    assert!(result.report.to_string().contains(line));
}

/// Each client has losses of its own, and what is lost arrives later.
#[tokio::test]
async fn simulated_loss_delays_some_clients() {
    let server = Server::start(&[]);
    let flags = ["--clients=40", "--rate=1", "--duration=1s", "--loss=30"];
    let result = measured(server.address, &flags).await.unwrap();
    assert_all_delivered(&result, 1);
    let latency = &result.transports[0].1.latency;
    // One retransmission takes 200 ms. Seeds, and therefore losses, are the same in each run.
    assert!(latency.max() - latency.min() >= 150_000, "{latency:?}");
}

#[tokio::test]
async fn simulated_network_needs_the_lab() {
    let server = Program::start(&["--no-lab"]);
    let url = format!("http://{}", server.address);
    for flag in ["--up=1ms", "--down=1ms", "--jitter=1ms", "--loss=0.1"] {
        assert_error(&[&url, flag], "start the server without --no-lab").await;
    }
}

/// Asserts that the program measures nothing, and that its error contains this text.
pub(crate) async fn assert_error(flags: &[&str], expected: &str) {
    let output = program(flags).await;
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{flags:?}: {error}");
    assert!(error.contains(expected), "{flags:?}: {error}");
    assert_eq!(text(&output.stdout), "", "{flags:?}");
}

#[tokio::test]
async fn invalid_flags_are_rejected() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let no_server = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    for (flags, expected) in [
        (&["http://192.0.2.7:8080"][..], "--allow-remote"),
        (&["https://localhost"], "connect to the server directly"),
        (&["localhost:8080"], "http://127.0.0.1:8080"),
        (&[&no_server], &no_server),
        (&["--transport=sse"], "poll, longpoll or ws"),
        (&["--transport=ws=8,poll=2", "--clients=9"], "--clients 9"),
        (&["--etag"], "--etag requires --transport poll"),
        (
            &["--etag", "--sweep=1", "--transport=longpoll,ws"],
            "--etag requires --transport poll",
        ),
        (&["--rate=-1"], "--rate"),
        (&["--rate=NaN"], "from 0 to 100000"),
        (&["--rate=0.01"], "publishes no message"),
        (
            &["--rate=100000", "--duration=1day"],
            "the maximum is 10000000",
        ),
        (&["--duration=0s"], "--duration"),
        (&["--duration=10"], "with a unit"),
        (&["--message-bytes=1"], "--message-bytes"),
        (&["--poll-interval=0ms"], "--poll-interval"),
        (&["--drain-timeout=1h"], "--drain-timeout"),
        (&["--connect-rate=0"], "--connect-rate"),
        (&["--clients=0"], "--clients"),
        (&["--threads=0"], "--threads"),
        (&["--source-addresses=0"], "--source-addresses"),
        (&["--pid=0"], "--pid"),
        (&["--up=21s"], "from 0s to 20s"),
        (&["--down=1us"], "whole number of milliseconds"),
        (&["--jitter=5"], "with a unit"),
        (&["--loss=51"], "from 0 to 50"),
        (&["--loss=0.25"], "at most one decimal"),
        (&["--json=/nowhere/to/be/found"], "/nowhere/to/be/found"),
        (&["--plot=/nowhere/to/be/found"], "/nowhere/to/be/found"),
        (&["--hgrm=/nowhere/to/be/found"], "/nowhere/to/be/found.ws"),
    ] {
        assert_error(flags, expected).await;
    }
}

#[tokio::test]
async fn server_error_is_reported() {
    let server = Program::start(&["--max-message-bytes=1000"]);
    let url = format!("http://{}", server.address);
    assert_error(
        &[&url, "--clients=1", "--message-bytes=2000"],
        "the server responded 413 ",
    )
    .await;
    let no_process = "there is no process that can be read";
    assert_error(&[&url, "--pid=4000000000"], no_process).await;
}

/// A server is full, not slow, if there is no progress for 12 s.
#[tokio::test]
async fn full_server_is_an_error() {
    let runs = ["longpoll=4", "ws=4"].map(async |mix| {
        let full = Program::start(&["--max-connections=2"]);
        let url = format!("http://{}", full.address);
        assert_error(&[&url, "--transport", mix], "--max-connections").await;
    });
    futures_util::future::join_all(runs).await;
}

/// Runs the program with a limit of open files.
#[cfg(unix)]
async fn program_with_ulimit(limit: &str, flags: &[&str]) -> Output {
    let line = format!("ulimit {limit}; exec \"$0\" load \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &line, env!("CARGO_BIN_EXE_trifold")])
        .args(flags);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    output.expect("no panic").expect("there is a shell")
}

#[cfg(unix)]
#[tokio::test]
async fn too_many_clients_for_fd_limit() {
    let output = program_with_ulimit("-n 500", &["--clients=1000"]).await;
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("ulimit -n"), "{error}");
    assert!(error.contains("the limit is 500;"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn soft_fd_limit_is_raised() {
    let server = Program::start(&[]);
    let url = format!("http://{}", server.address);
    let flags = [&url, "--clients=100", "--rate=10", "--duration=500ms"];
    let output = program_with_ulimit("-S -n 100", &flags).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// How a fake server delivers messages.
#[derive(Clone, Copy)]
struct Behavior {
    /// Versions to send when this version is published.
    send: fn(u64) -> Vec<u64>,
    /// A version whose acknowledgement is delayed, and with it all later ones.
    stall: Option<(u64, Duration)>,
    /// The version after which it closes its sockets.
    close_after: Option<u64>,
    /// Whether its second subscriber gets other versions: 11 instead of 1.
    conflicting: bool,
}

/// What a correct server does.
const CORRECT: Behavior = Behavior {
    send: |version| vec![version],
    stall: None,
    close_after: None,
    conflicting: false,
};

/// Implements as much of the protocol as `trifold load` uses, and violates it on request.
struct FakeServer {
    behavior: Behavior,
    messages: Mutex<BTreeMap<u64, String>>,
    order: tokio::sync::Mutex<()>,
    batches: broadcast::Sender<String>,
}

impl FakeServer {
    async fn start(behavior: Behavior) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("port 0 is always free");
        let address = listener.local_addr().expect("it is bound");
        let server = Arc::new(Self {
            behavior,
            messages: Mutex::default(),
            order: tokio::sync::Mutex::default(),
            batches: broadcast::channel(1000).0,
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(stream));
            }
        });
        address
    }

    /// Serves one connection until it ends.
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let (read, mut write) = stream.split();
        let mut read = BufReader::new(read);
        loop {
            let (mut path, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if read.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                if path.is_empty() {
                    path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                }
                if let Some(value) = line.strip_prefix("Content-Length: ") {
                    length = value.trim().parse().expect("a number");
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            if read.read_exact(&mut body).await.is_err() {
                return;
            }
            let body = match path.split('?').next().unwrap_or_default() {
                "/ws" => break,
                "/health" => json!({
                    "status": "ok", "epoch": "fake", "oldest": 1, "head": 0,
                    "waiters": self.batches.receiver_count(), "lab": false,
                }),
                "/messages" => self.publish(&body).await,
                other => panic!("unexpected request for {other}"),
            }
            .to_string();
            let response = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            if write.write_all(response.as_bytes()).await.is_err() {
                return;
            }
            if path == "/health" {
                return; // the request has Connection: close
            }
        }
        let is_second = self.batches.receiver_count() == 1;
        let mut batches = self.batches.subscribe();
        let upgrade = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let _ = write.write_all(upgrade.as_bytes()).await;
        while let Ok(mut batch) = batches.recv().await {
            if self.behavior.conflicting && is_second {
                batch = batch.replace("\"version\":", "\"version\":1");
            }
            let frame = encode_frame(FIN | TEXT, batch.as_bytes(), None);
            let sent = write.write_all(&frame).await;
            let last = self.behavior.close_after;
            let last = last.map(|version| format!("\"head\":{version},"));
            if sent.is_err() || last.is_some_and(|head| batch.contains(&head)) {
                return;
            }
        }
    }

    async fn publish(&self, body: &[u8]) -> Value {
        let _turn = self.order.lock().await;
        let version = self.messages.lock().len() as u64 + 1;
        if let Some((late, pause)) = self.behavior.stall
            && version == late
        {
            tokio::time::sleep(pause).await;
        }
        let mut message: Value = serde_json::from_slice(body).expect("JSON");
        message["version"] = version.into();
        self.messages.lock().insert(version, message.to_string());
        for version in (self.behavior.send)(version) {
            let message = &self.messages.lock()[&version];
            let batch = format!(
                r#"{{"type":"batch","epoch":"fake","since":{},"version":{version},"head":{version},"messages":[{message}]}}"#,
                version - 1
            );
            let _ = self.batches.send(batch); // there may be no subscriber
        }
        json!({"type": "published", "epoch": "fake", "id": "", "version": version, "duplicate": false})
    }
}

/// Runs the program with one client and ten messages against a fake server. Returns the exit
/// code, and how many messages were delivered, lost, duplicate and out of order.
async fn run_against_fake(send: fn(u64) -> Vec<u64>) -> (Option<i32>, [u64; 4]) {
    let address = FakeServer::start(Behavior { send, ..CORRECT }).await;
    let url = format!("http://{address}");
    let flags = [
        &url,
        "--json",
        "--clients=1",
        "--rate=20",
        "--duration=500ms",
        "--drain-timeout=500ms",
    ];
    let output = with_timeout(program(&flags)).await;
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let fields = ["delivered", "lost", "duplicate", "out_of_order"];
    let counts = fields.map(|field| report["all"][field].as_u64().expect("a count"));
    assert_eq!(report["ok"], output.status.success());
    (output.status.code(), counts)
}

#[tokio::test]
async fn missing_message_is_lost() {
    let run =
        run_against_fake(|version| if version == 4 { vec![] } else { vec![version] });
    assert_eq!(run.await, (Some(1), [9, 1, 0, 0]));
}

#[tokio::test]
async fn repeated_message_is_duplicate() {
    let run = run_against_fake(|version| vec![version; if version == 4 { 2 } else { 1 }]);
    assert_eq!(run.await, (Some(1), [10, 0, 1, 0]));
}

#[tokio::test]
async fn late_message_is_out_of_order() {
    let run = run_against_fake(|version| match version {
        4 => vec![],
        5 => vec![5, 4],
        _ => vec![version],
    });
    assert_eq!(run.await, (Some(1), [10, 0, 0, 1]));
}

/// Each client receives every message once and in order, but not in the same order.
#[tokio::test]
async fn different_versions_are_conflicting() {
    let behavior = Behavior {
        conflicting: true,
        ..CORRECT
    };
    let address = FakeServer::start(behavior).await;
    let flags = ["--clients=2", "--rate=20", "--duration=500ms"];
    let report = measured(address, &flags).await.unwrap().report;
    assert_eq!(report.all.counters.delivered, 20, "{report}");
    assert_eq!(report.all.counters.out_of_order, 0, "{report}");
    assert_eq!(report.messages.conflicting, 10, "{report}");
    assert!(!report.ok);
    let line = "! 10 messages had different versions for different clients";
    assert!(report.to_string().contains(line), "{report}");
}

#[tokio::test]
async fn correct_server_has_no_errors() {
    assert_eq!(
        run_against_fake(|version| vec![version]).await,
        (Some(0), [10, 0, 0, 0])
    );
}

/// The server stalls for 600 ms. A publisher that waited for it would send one message late and
/// the next ones afterwards, each with a short latency. Here 20 per second are due meanwhile.
#[tokio::test]
async fn stall_delays_all_due_messages() {
    let behavior = Behavior {
        stall: Some((5, Duration::from_millis(600))),
        ..CORRECT
    };
    let address = FakeServer::start(behavior).await;
    let flags = [
        "--clients=1",
        "--rate=20",
        "--duration=1s",
        "--drain-timeout=2s",
    ];
    let result = measured(address, &flags).await.unwrap();
    assert_all_delivered(&result, 20);
    let (transport, stats) = &result.transports[0];
    let report = &result.report;
    assert_eq!(*transport, Transport::Ws);
    assert!(stats.latency.max() >= 590_000, "{report}");
    // Due during the stall: 12 messages, from 600 ms late down to 50.
    let late = stats.latency.count_between(95_000, 3_600_000_000);
    assert!(late >= 10, "{late} late\n{report}");
    let quantiles = report.all.latency_ms.unwrap();
    assert!(quantiles.p90 >= 400.0, "{report}");
    // They were all in flight at that time, and did not wait for each other.
    let latency = report.messages.publish_latency_ms.unwrap();
    assert!(latency.p90 >= 400.0, "{latency:?}");
}

#[tokio::test]
async fn client_reconnects_unless_disabled() {
    let behavior = Behavior {
        close_after: Some(3),
        ..CORRECT
    };
    let flags = [
        "--clients=1",
        "--rate=20",
        "--duration=500ms",
        "--drain-timeout=6s", // it may wait for 5 s before it reconnects
    ];
    let address = FakeServer::start(behavior).await;
    let report = measured(address, &flags).await.unwrap().report;
    let counters = report.all.counters;
    assert_eq!((counters.errors, counters.reconnects), (1, 1), "{report}");

    let address = FakeServer::start(behavior).await;
    let flags = [&flags[..], &["--no-reconnect"]].concat();
    let report = measured(address, &flags).await.unwrap().report;
    let counters = report.all.counters;
    assert_eq!((counters.errors, counters.reconnects), (1, 0), "{report}");
    assert_eq!((counters.delivered, report.all.lost), (3, 7), "{report}");
    assert!(!report.ok);
}

/// A server that is restarted has a new log, and its clients reconnect.
#[tokio::test]
async fn restart_is_survived_and_reported() {
    let mut first = Program::start(&[]);
    let address = first.address;
    let running = tokio::spawn(async move {
        let flags = [
            "--transport=ws=4,longpoll=4,poll=4",
            "--poll-interval=100ms",
            "--rate=20",
            "--duration=4s",
            "--drain-timeout=3s",
        ];
        measured(address, &flags).await
    });
    let mut connection = common::RawConnection::connect(address).await;
    with_timeout(async { while connection.get("/health").await.json()["head"] == 0 {} })
        .await;
    first.signal("TERM");
    first.exit_status().await;
    let _second = Program::start_at(&address.to_string(), &[]);

    let report = running.await.unwrap().unwrap().report;
    assert_eq!(report.messages.published, 80, "{report}");
    let counters = report.all.counters;
    assert!(counters.reconnects >= 12, "{report}");
    assert!(counters.errors > 0 && counters.gaps >= 12, "{report}");
    assert_eq!(counters.delivered + report.all.lost, 12 * 80, "{report}");
    assert_eq!(counters.out_of_order, 0, "{report}");
    let text = report.to_string();
    assert!(
        text.contains("reconnected") && text.contains("could not continue"),
        "{text}"
    );
}
