//! `trifold load` counts what came, to the message and to the byte, and charges what came late
//! from the time that it was due.

use crate::common;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use common::{Program, Server, soon};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use trifold::cli::{self, Cli};
use trifold::load::{Measured, Technique, measure};
use trifold::ws::Frame;

/// Measures a server from this process, with these flags.
async fn measured(address: SocketAddr, flags: &[&str]) -> Result<Measured, String> {
    let url = format!("http://{address}");
    let line = ["trifold", "load", &url, "--threads=2", "--ramp=10000"];
    let line = Cli::parse_from(line.iter().chain(flags));
    let Some(cli::Command::Load(load)) = line.command else {
        panic!("there is a subcommand");
    };
    let measured = tokio::task::spawn_blocking(move || measure(&load)).await;
    measured.expect("no panic")
}

/// Runs the program, and returns how it ended and what it said.
async fn program(flags: &[&str]) -> Output {
    let mut command = Program::command(&[&["load"], flags].concat());
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    ended.expect("no panic").expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it speaks UTF-8")
}

/// A file of a test's own, which is not there yet.
fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path); // of the run before
    path
}

/// Asserts that every client got every message, once and in order.
fn assert_all_came(measured: &Measured, messages: u64) {
    let report = &measured.report;
    assert_eq!(report.messages.published, messages, "{report}");
    for row in report.techniques.iter().chain([&report.all]) {
        assert_eq!(row.counters.delivered, row.clients * messages, "{report}");
        assert_eq!(row.lost, 0, "{report}");
        assert_eq!(row.counters.duplicate, 0, "{report}");
        assert_eq!(row.counters.out_of_order, 0, "{report}");
        assert_eq!(row.counters.errors, 0, "{report}");
        let latency = row.latency_ms.expect("something was delivered");
        assert_eq!(latency.count, row.counters.delivered);
        assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.max);
    }
    assert!(report.ok);
}

#[tokio::test]
async fn each_technique_delivers_all() {
    let server = Server::start(&[]);
    for technique in ["poll", "longpoll", "ws"] {
        let technique = format!("--technique={technique}=20");
        let flags = [&technique, "--rate=50", "--seconds=0.4", "--every-ms=50"];
        let measured = measured(server.address, &flags).await.unwrap();
        assert_all_came(&measured, 20);
    }
    assert_eq!(server.log.head(), 60);
}

#[tokio::test]
async fn a_mix_delivers_all_and_its_rows_add_up() {
    let server = Server::start(&[]);
    server.fill(3); // what was there before is nobody's news
    let flags = [
        "--technique=ws=9,longpoll=5,poll=3",
        "--rate=40",
        "--seconds=0.5",
        "--every-ms=50",
    ];
    let measured = measured(server.address, &flags).await.unwrap();
    assert_all_came(&measured, 20);
    let report = &measured.report;
    let clients: Vec<_> = report
        .techniques
        .iter()
        .map(|row| (row.technique, row.clients))
        .collect();
    assert_eq!(clients, [("poll", 3), ("longpoll", 5), ("ws", 9)]);
    let sum = |pick: fn(&trifold::load::report::Row) -> u64| {
        let rows = report.techniques.iter().map(pick);
        assert_eq!(rows.sum::<u64>(), pick(&report.all));
    };
    sum(|row| row.clients);
    sum(|row| row.counters.requests);
    sum(|row| row.counters.bytes_up);
    sum(|row| row.counters.bytes_down);
    sum(|row| row.latency_ms.map_or(0, |own| own.count));
    assert_eq!(report.all.counters.foreign, 0);
}

/// One message to each client, and what a raw connection sees of it.
#[tokio::test]
async fn bytes_are_those_of_the_wire() {
    let server = Server::start(&[]);
    let flags = ["--rate=1", "--seconds=1", "--clients=7", "--size=40"];

    // A socket hears one frame and says nothing.
    let mut wire = server.wire().await;
    wire.upgrade("?since=0", &[]).await;
    let before = wire.received;
    let measured_ws = measured(server.address, &flags).await.unwrap();
    wire.frame().await;
    let row = &measured_ws.report.all;
    assert_eq!(row.counters.delivered, 7);
    assert_eq!(row.counters.bytes_down, 7 * (wire.received - before) as u64);
    assert_eq!((row.counters.bytes_up, row.counters.requests), (0, 0));

    // A long poll hears one answer, and asks again.
    let mut wire = server.wire().await;
    let epoch = server.log.epoch().clone();
    wire.ask(&format!("GET /longpoll?since=1&epoch={epoch}"), &[])
        .await;
    let flags = [&flags[..], &["--technique=longpoll"]].concat();
    let measured_longpoll = measured(server.address, &flags).await.unwrap();
    assert_eq!(wire.answer().await.status, 200);
    let row = &measured_longpoll.report.all;
    assert_eq!(row.counters.bytes_up, 7 * wire.sent as u64);
    assert_eq!(row.counters.bytes_down, 7 * wire.received as u64);
    assert_eq!(row.bytes_up_per_message, Some(wire.sent as f64));
    assert_eq!(row.bytes_down_per_message, Some(wire.received as f64));
    assert_eq!(row.counters.requests, 7);
}

/// A poll's bytes are those of its requests: so many empty answers, and one with the message.
#[tokio::test]
async fn a_polls_empty_answers_are_counted_to_the_byte() {
    let server = Server::start(&[]);
    let epoch = server.log.epoch().clone();
    for (conditional, condition) in [(false, ""), (true, "--conditional")] {
        let since = server.log.head();
        let mut flags = vec!["--technique=poll=3", "--every-ms=40"];
        flags.extend(["--rate=1", "--seconds=1"]);
        flags.extend((!condition.is_empty()).then_some(condition));
        let measured = measured(server.address, &flags).await.unwrap();
        let counters = measured.report.all.counters;
        assert_eq!(counters.delivered, 3);
        // At both ends of the window a request of each client may be under way.
        let unanswered = counters.requests.abs_diff(counters.empty + 3);
        assert!(unanswered <= 3, "{}", measured.report);

        // The same on a raw connection: the message, then the empty answer.
        let ask = |since| format!("GET /poll?since={since}&epoch={epoch}");
        let mut wire = server.wire().await;
        wire.ask(&ask(since), &[]).await;
        wire.answer().await;
        let (up, news) = (wire.sent as u64, wire.received as u64);
        wire.ask(&ask(since + 1), &[]).await;
        let tag = wire.answer().await.header("etag").unwrap().to_owned();
        let empty = wire.received as u64 - news;
        if !conditional {
            assert_eq!(counters.bytes_up, counters.requests * up);
            assert_eq!(counters.bytes_down, counters.empty * empty + 3 * news);
            continue;
        }
        // The first answer to each cursor is a 200, the others are 304.
        let condition = format!("If-None-Match: {tag}");
        wire.ask(&ask(since + 1), &[&condition]).await;
        assert_eq!(wire.head().await.status, 304);
        let known = wire.received as u64 - news - empty;
        assert!(known < empty);
        assert!(counters.bytes_down < counters.empty * empty + 3 * news);
        assert!(counters.bytes_down > counters.empty * known + 3 * news);
    }
}

#[tokio::test]
async fn table_and_json_have_the_same_figures_and_the_picture_a_curve_each() {
    let server = Program::start(&[]);
    let (json, plot) = (file("load.json"), file("load.svg"));
    let ended = program(&[
        &format!("http://{}", server.address),
        "--technique=ws=6,longpoll=4,poll=2",
        "--rate=30",
        "--seconds=1",
        "--every-ms=100",
        &format!("--json={}", json.display()),
        &format!("--plot={}", plot.display()),
    ])
    .await;
    assert_eq!(text(&ended.stderr), "");
    assert!(ended.status.success());

    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let table = text(&ended.stdout);
    let mut rows = report["techniques"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 3);
    rows.push(report["all"].clone());
    for row in rows {
        let name = row["technique"].as_str().unwrap();
        let mut lines = table.lines();
        let line = lines.find(|line| line.split_whitespace().next() == Some(name));
        let cells: Vec<_> = line
            .unwrap_or_else(|| panic!("{name} in {table}"))
            .split_whitespace()
            .collect();
        let counts = ["clients", "delivered", "lost", "duplicate", "out_of_order"];
        for (member, cell) in counts.iter().zip(&cells[1..]) {
            assert_eq!(
                row[member].to_string(),
                *cell,
                "{member} of {name}\n{table}"
            );
        }
        assert_eq!(row["requests"].to_string(), cells[10]);
        let latency = &row["latency_ms"];
        let figures = [
            &latency["p50"],
            &latency["p90"],
            &latency["p99"],
            &latency["max"],
        ];
        let bytes = [&row["bytes_up_per_message"], &row["bytes_down_per_message"]];
        let places = [6, 7, 8, 9, 11, 12];
        for (figure, place) in figures.iter().chain(&bytes).zip(places) {
            let (exact, shown) = (figure.as_f64().unwrap(), cells[place]);
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

    // The server is another process on this machine, so what it costs can be read.
    if cfg!(target_os = "linux") {
        assert_eq!(report["server"]["pid"], server.id());
        assert!(report["server"]["memory_before"].as_u64().unwrap() > 0);
        assert!(table.contains(&format!("server (process {})", server.id())));
    }

    let svg = fs::read_to_string(plot).unwrap();
    let svg = roxmltree::Document::parse(&svg).expect("well-formed XML");
    let curves = svg
        .descendants()
        .filter_map(|own| own.attribute("data-technique"));
    assert_eq!(curves.collect::<Vec<_>>(), ["poll", "longpoll", "ws"]);
}

#[tokio::test]
async fn json_alone_is_all_that_is_printed() {
    let server = Program::start(&[]);
    let url = format!("http://{}", server.address);
    let flags = [&url, "--json", "--clients=2", "--rate=10", "--seconds=0.5"];
    let ended = program(&flags).await;
    assert!(ended.status.success());
    let report: Value = serde_json::from_slice(&ended.stdout).expect("JSON alone");
    assert_eq!(report["ok"], true);
    assert_eq!(report["all"]["delivered"], 10);
}

#[tokio::test]
async fn without_a_rate_waiting_is_measured() {
    let server = Server::start(&[]);
    let flags = [
        "--clients=3",
        "--technique=poll",
        "--every-ms=50",
        "--rate=0",
        "--seconds=0.5",
    ];
    let report = measured(server.address, &flags).await.unwrap().report;
    assert!(report.ok, "{report}");
    assert_eq!((report.messages.due, report.all.counters.delivered), (0, 0));
    assert!(report.all.counters.requests > 3, "{report}");
    // All are empty, but for what each client has under way at the beginning and at the end.
    let counters = &report.all.counters;
    assert!(counters.requests.abs_diff(counters.empty) <= 3, "{report}");
    assert_eq!(
        (report.all.latency_ms, report.all.bytes_up_per_message),
        (None, None)
    );
}

/// Asserts that the program refuses to begin, and says why.
async fn assert_refused(flags: &[&str], named: &str) {
    let ended = program(flags).await;
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{flags:?}: {said}");
    assert!(said.contains(named), "{flags:?}: {said}");
    assert_eq!(text(&ended.stdout), "", "{flags:?}");
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_by_name() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    for (flags, named) in [
        (&["http://192.0.2.7:8080"][..], "--allow-remote"),
        (&["https://localhost"], "TLS"),
        (&["localhost:8080"], "http://127.0.0.1:8080"),
        (&[&nobody], &nobody),
        (&["--technique=sse"], "poll, longpoll or ws"),
        (&["--technique=ws=8,poll=2", "--clients=9"], "--clients 9"),
        (&["--rate=-1"], "--rate"),
        (&["--rate=NaN"], "from 0 to 100000"),
        (&["--rate=0.01"], "not one message"),
        (&["--rate=100000", "--seconds=86400"], "are the most"),
        (&["--seconds=0"], "--seconds"),
        (&["--size=1"], "--size"),
        (&["--every-ms=0"], "--every-ms"),
        (&["--clients=0"], "--clients"),
        (&["--threads=0"], "--threads"),
        (&["--sources=0"], "--sources"),
        (&["--pid=0"], "--pid"),
        (&["--json=/nowhere/to/be/found"], "/nowhere/to/be/found"),
        (&["--plot=/nowhere/to/be/found"], "/nowhere/to/be/found"),
    ] {
        assert_refused(flags, named).await;
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_its_words() {
    let server = Program::start(&["--max-message-bytes=1000"]);
    let url = format!("http://{}", server.address);
    let named = "413 A message may have at most 1000 bytes";
    assert_refused(&[&url, "--clients=1", "--size=2000"], named).await;
    let gone = "there is no process that may be read";
    assert_refused(&[&url, "--pid=4000000000"], gone).await;
}

/// It takes 12 s without any progress to tell a server that is full from one that is slow.
#[tokio::test]
async fn a_server_that_is_full_is_not_measured() {
    let refused = ["longpoll=4", "ws=4"].map(async |mix| {
        let full = Program::start(&["--max-connections=2"]);
        let url = format!("http://{}", full.address);
        assert_refused(&[&url, "--technique", mix], "--max-connections").await;
    });
    futures_util::future::join_all(refused).await;
}

/// Runs the program where it may have so many open files.
#[cfg(unix)]
async fn with_files(limit: &str, flags: &[&str]) -> Output {
    let line = format!("ulimit {limit}; exec \"$0\" load \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &line, env!("CARGO_BIN_EXE_trifold")])
        .args(flags);
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    ended.expect("no panic").expect("there is a shell")
}

#[cfg(unix)]
#[tokio::test]
async fn more_clients_than_files_are_refused_with_the_limit() {
    let ended = with_files("-n 500", &["--clients=1000"]).await;
    assert_eq!(ended.status.code(), Some(2));
    let said = text(&ended.stderr);
    assert!(said.contains("ulimit -n"), "{said}");
    assert!(said.contains(" 500 "), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_soft_limit_of_files_is_raised() {
    let server = Program::start(&[]);
    let url = format!("http://{}", server.address);
    let flags = [&url, "--clients=100", "--rate=10", "--seconds=0.5"];
    let ended = with_files("-S -n 100", &flags).await;
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

/// How a stub treats its messages.
#[derive(Clone, Copy)]
struct Manners {
    /// What is sent once so many messages are there.
    send: fn(u64) -> Vec<u64>,
    /// How long this message is kept waiting for its number, and all behind it.
    stall: Option<(u64, Duration)>,
    /// The message behind which it closes its sockets.
    hang_up: Option<u64>,
}

/// What a server does that keeps its word.
const GOOD: Manners = Manners {
    send: |version| vec![version],
    stall: None,
    hang_up: None,
};

/// A server that is none: it speaks as much of the protocol as `trifold load` does, and breaks
/// what it promises.
struct Stub {
    manners: Manners,
    messages: Mutex<BTreeMap<u64, String>>,
    order: tokio::sync::Mutex<()>,
    batches: broadcast::Sender<String>,
}

impl Stub {
    async fn start(manners: Manners) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("port 0 is always free");
        let address = listener.local_addr().expect("it is bound");
        let stub = Arc::new(Self {
            manners,
            messages: Mutex::default(),
            order: tokio::sync::Mutex::default(),
            batches: broadcast::channel(1000).0,
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(stub.clone().serve(stream));
            }
        });
        address
    }

    /// One connection, for as long as it lasts.
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
                if let Some(own) = line.strip_prefix("Content-Length: ") {
                    length = own.trim().parse().expect("a number");
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            if read.read_exact(&mut body).await.is_err() {
                return;
            }
            let answer = match path.split('?').next().unwrap_or_default() {
                "/ws" => break,
                "/health" => json!({
                    "status": "ok", "epoch": "stub", "oldest": 1, "head": 0,
                    "waiters": self.batches.receiver_count(), "lab": false,
                }),
                "/messages" => self.publish(&body).await,
                other => panic!("nobody asks a stub for {other}"),
            }
            .to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}",
                answer.len()
            );
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            if path == "/health" {
                return; // it was asked to close
            }
        }
        let mut batches = self.batches.subscribe();
        let upgrade = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let _ = write.write_all(upgrade.as_bytes()).await;
        while let Ok(batch) = batches.recv().await {
            let sent = write.write_all(Frame::text(&batch).as_bytes()).await;
            let last = self.manners.hang_up.map(|own| format!("\"head\":{own},"));
            if sent.is_err() || last.is_some_and(|own| batch.contains(&own)) {
                return;
            }
        }
    }

    async fn publish(&self, body: &[u8]) -> Value {
        let _turn = self.order.lock().await;
        let version = self.messages.lock().len() as u64 + 1;
        if let Some((late, pause)) = self.manners.stall
            && version == late
        {
            tokio::time::sleep(pause).await;
        }
        let mut message: Value = serde_json::from_slice(body).expect("JSON");
        message["version"] = version.into();
        self.messages.lock().insert(version, message.to_string());
        for version in (self.manners.send)(version) {
            let message = &self.messages.lock()[&version];
            let batch = format!(
                r#"{{"type":"batch","epoch":"stub","since":{},"version":{version},"head":{version},"messages":[{message}]}}"#,
                version - 1
            );
            let _ = self.batches.send(batch); // nobody may be there
        }
        json!({"type": "published", "epoch": "stub", "id": "", "version": version, "duplicate": false})
    }
}

/// What the program makes of a stub with these manners, and a client that gets ten messages.
async fn told_of(send: fn(u64) -> Vec<u64>) -> (Option<i32>, [u64; 4]) {
    let address = Stub::start(Manners { send, ..GOOD }).await;
    let url = format!("http://{address}");
    let flags = [
        &url,
        "--json",
        "--clients=1",
        "--rate=20",
        "--seconds=0.5",
        "--patience=0.5",
    ];
    let ended = soon(program(&flags)).await;
    let report: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    let members = ["delivered", "lost", "duplicate", "out_of_order"];
    let counts = members.map(|member| report["all"][member].as_u64().expect("a count"));
    assert_eq!(report["ok"], ended.status.success());
    (ended.status.code(), counts)
}

#[tokio::test]
async fn a_message_that_is_left_out_is_lost() {
    let told = told_of(|version| if version == 4 { vec![] } else { vec![version] });
    assert_eq!(told.await, (Some(1), [9, 1, 0, 0]));
}

#[tokio::test]
async fn a_message_that_comes_twice_is_a_duplicate() {
    let told = told_of(|version| vec![version; if version == 4 { 2 } else { 1 }]);
    assert_eq!(told.await, (Some(1), [10, 0, 1, 0]));
}

#[tokio::test]
async fn a_message_behind_a_later_one_is_out_of_order() {
    let told = told_of(|version| match version {
        4 => vec![],
        5 => vec![5, 4],
        _ => vec![version],
    });
    assert_eq!(told.await, (Some(1), [10, 0, 0, 1]));
}

#[tokio::test]
async fn what_is_as_it_should_be_is_no_error() {
    assert_eq!(
        told_of(|version| vec![version]).await,
        (Some(0), [10, 0, 0, 0])
    );
}

/// The server stands still for 600 ms. A publisher that waited for it would send one message
/// late and the next ones afterwards, each in no time. Here 20 a second are due meanwhile.
#[tokio::test]
async fn a_stall_is_charged_to_all_who_were_due_meanwhile() {
    let manners = Manners {
        stall: Some((5, Duration::from_millis(600))),
        ..GOOD
    };
    let address = Stub::start(manners).await;
    let flags = ["--clients=1", "--rate=20", "--seconds=1", "--patience=2"];
    let measured = measured(address, &flags).await.unwrap();
    assert_all_came(&measured, 20);
    let (technique, tally) = &measured.tallies[0];
    assert_eq!(*technique, Technique::Ws);
    assert!(tally.latency.max() >= 590_000, "{}", measured.report);
    // Due during the stall: 12 messages, from 600 ms late down to 50.
    let late = tally.latency.count_between(95_000, 3_600_000_000);
    assert!(late >= 10, "{late} late\n{}", measured.report);
    let quantiles = measured.report.all.latency_ms.unwrap();
    assert!(quantiles.p90 >= 400.0, "{}", measured.report);
    // They were all under way at that time, and none waited for the one before.
    let answered = measured.report.messages.answered_ms.unwrap();
    assert!(answered.p90 >= 400.0, "{answered:?}");
}

#[tokio::test]
async fn a_client_comes_back_unless_it_shall_not() {
    let manners = Manners {
        hang_up: Some(3),
        ..GOOD
    };
    let flags = [
        "--clients=1",
        "--rate=20",
        "--seconds=0.5",
        "--patience=6", // it may wait for 5 s before it comes back
    ];
    let address = Stub::start(manners).await;
    let report = measured(address, &flags).await.unwrap().report;
    let counters = report.all.counters;
    assert_eq!((counters.errors, counters.reconnects), (1, 1), "{report}");

    let address = Stub::start(manners).await;
    let flags = [&flags[..], &["--no-reconnect"]].concat();
    let report = measured(address, &flags).await.unwrap().report;
    let counters = report.all.counters;
    assert_eq!((counters.errors, counters.reconnects), (1, 0), "{report}");
    assert_eq!((counters.delivered, report.all.lost), (3, 7), "{report}");
    assert!(!report.ok);
}

/// A server that ends and comes back has a new log; its clients come back, too.
#[tokio::test]
async fn a_restart_is_survived_and_told() {
    let mut first = Program::start(&[]);
    let address = first.address;
    let running = tokio::spawn(async move {
        let flags = [
            "--technique=ws=4,longpoll=4,poll=4",
            "--every-ms=100",
            "--rate=20",
        ];
        measured(
            address,
            &[&flags[..], &["--seconds=4", "--patience=3"]].concat(),
        )
        .await
    });
    let mut wire = common::Wire::open(address).await;
    soon(async { while wire.get("/health").await.json()["head"] == 0 {} }).await;
    first.signal("TERM");
    first.ended().await;
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
        text.contains("came back") && text.contains("could not continue"),
        "{text}"
    );
}
