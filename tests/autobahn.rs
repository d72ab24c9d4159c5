//! The `ws` module conforms to RFC 6455: an echo server on top of it passes the cases of the
//! Autobahn test suite, and docs/protocol.md has the results. Skipped if kosoku, which runs the
//! cases, is not installed; `./test` installs it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use clap::Parser;
use futures_util::stream;
use prometheus_client::registry::Registry;
use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::time::timeout;
use trifold::cli::ServeArgs;
use trifold::http::{ApiError, AppState};
use trifold::journal::LogWriter;
use trifold::limits::Limits;
use trifold::log::MessageLog;
use trifold::metrics::Metrics;
use trifold::server::ServerConfig;
use trifold::ws::{Commands, Upgrade};

const PROTOCOL: &str = include_str!("../docs/protocol.md");

/// The name and the version of the package, such as `kosoku==0.1.0`.
const REQUIREMENT: &str = include_str!("autobahn/requirements.txt");

/// The largest message, of case 7.1.6, has 256 KiB.
const MAX_MESSAGE_FLAG: &str = "--max-message-bytes=262144";

/// All cases except those of limits (9) and of compression (12, 13).
const CASES: &[&str] = &["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"];

/// How long all cases may take: several times as long as on a busy machine.
const RUN_TIMEOUT: Duration = Duration::from_secs(120);

/// Replies to a text with the result of the function.
#[derive(Clone, Copy)]
struct Echo(fn(String) -> String);

impl Commands for Echo {
    async fn handle(self, text: String) -> Result<String, ApiError> {
        Ok((self.0)(text))
    }
}

/// Opens a socket on which only replies are sent.
async fn open(socket: Upgrade, echo: web::Data<Echo>) -> Result<HttpResponse, ApiError> {
    socket.open(&[], stream::pending(), *echo.get_ref())
}

/// An echo server in this process. It stops on drop.
struct EchoServer {
    address: SocketAddr,
    stop: Arc<Notify>,
}

impl EchoServer {
    fn start(echo: fn(String) -> String) -> Self {
        let stop = Arc::new(Notify::new());
        let (address_tx, address_rx) = mpsc::channel();
        let stopped = stop.clone();
        thread::spawn(move || {
            rt::System::new().block_on(async move {
                let (server, address) = bind(Echo(echo), stopped);
                let sent = address_tx.send(address);
                sent.expect("the test waits for the address");
                server.await.expect("the server runs");
            });
        });
        let address = address_rx.recv();
        Self {
            address: address.expect("the server sends its address"),
            stop,
        }
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

fn bind(echo: Echo, stop: Arc<Notify>) -> (Server, SocketAddr) {
    let state = web::Data::new(app_state());
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(web::Data::new(echo))
            .route("/", web::get().to(open))
    };
    let server = HttpServer::new(app)
        .workers(2)
        .shutdown_signal(async move { stop.notified().await })
        .bind((Ipv4Addr::LOCALHOST, 0))
        .expect("port 0 is always free");
    let address = server.addrs()[0];
    (server.run(), address)
}

fn app_state() -> AppState {
    let args = ServeArgs::parse_from(["trifold", MAX_MESSAGE_FLAG]);
    let config = ServerConfig::from(args);
    AppState {
        writer: Arc::new(LogWriter::in_memory(Arc::new(MessageLog::new(
            config.retention,
        )))),
        limits: Arc::new(Limits::new(&config.limits)),
        metrics: Metrics::register(&mut Registry::default(), [], []),
        config: config.http,
    }
}

/// The result of a case, in kosoku's report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaseResult {
    behavior: String,
    behavior_close: String,
    remote_close_code: Option<u16>,
}

/// Finds kosoku, or returns `None` if it is not installed. In CI that is an error.
fn find_kosoku() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let directory = target.join(REQUIREMENT.trim_end().replace("==", "-"));
    let found = Some(directory.join("bin/kosoku")).filter(|path| path.is_file());
    if found.is_none() {
        let is_ci = env::var_os("CI").is_some_and(|value| !value.is_empty());
        assert!(!is_ci, "missing: {}", directory.display());
        println!("skipped: kosoku is not installed");
    }
    found
}

/// Runs cases against a server. Returns their results, and leaves the reports in a directory.
async fn run(
    kosoku: &Path,
    cases: &[&str],
    server: &EchoServer,
    directory: &str,
) -> BTreeMap<String, CaseResult> {
    let reports = Path::new(env!("CARGO_TARGET_TMPDIR")).join(directory);
    let _ = fs::remove_dir_all(&reports); // of an earlier run, if there was one
    let ran = Command::new(kosoku)
        .arg(format!("ws://{}/", server.address))
        .args(cases.iter().map(|case| format!("--include={case}")))
        .args(["--parallelism=16", "--outdir"])
        .arg(&reports)
        .kill_on_drop(true)
        .output();
    let ran = timeout(RUN_TIMEOUT, ran).await;
    let output = ran.expect("the cases end in time").expect("kosoku starts");
    let index = fs::read(reports.join("index.json"));
    let index = index.unwrap_or_else(|_| panic!("there is no report: {output:?}"));
    let by_server: BTreeMap<String, _> = serde_json::from_slice(&index).expect("JSON");
    let mut results = by_server.into_values();
    results.next().expect("there is one server")
}

/// Returns how a case passed, or `None` if it failed. Autobahn accepts a connection that ends
/// without a close frame; here that is a failure.
fn passed(case: &str, result: &CaseResult) -> Option<&'static str> {
    let code = result.remote_close_code?;
    match (&*result.behavior, &*result.behavior_close, code) {
        ("OK", "OK", _) if !case.starts_with("1.2.") => Some("OK"),
        // A binary message is not echoed: the server closes, and Autobahn expects the opposite.
        ("FAILED", "FAILED", 1003) if case.starts_with("1.2.") => {
            Some("closed with 1003")
        }
        // Invalid text is reported at the end of its message, not at its first invalid byte.
        ("NON-STRICT", "OK", 1007) if case.starts_with("6.4.") => Some("NON-STRICT"),
        ("INFORMATIONAL", "INFORMATIONAL", 1000) if case == "7.1.6" => {
            Some("INFORMATIONAL")
        }
        ("INFORMATIONAL", "INFORMATIONAL", 1002) if case.starts_with("7.13.") => {
            Some("INFORMATIONAL")
        }
        _ => None,
    }
}

/// Returns the group of a case: that of `3.5` is `3`. Group 1 is divided, because 1.2 is binary.
fn group(case: &str) -> &str {
    let group = case.split('.').next().unwrap_or(case);
    match group {
        "1" => case.get(..3).unwrap_or(case),
        _ => group,
    }
}

/// Returns the rows of the table: the group, the number of cases, and how many passed how.
fn rows(results: &BTreeMap<String, CaseResult>) -> BTreeSet<String> {
    let mut groups = BTreeMap::<_, BTreeMap<_, usize>>::new();
    for (case, result) in results {
        let passed = passed(case, result).unwrap_or("failed");
        let counts = groups.entry(group(case)).or_default();
        *counts.entry(passed).or_default() += 1;
    }
    let row = |(group, counts): (&str, BTreeMap<&str, usize>)| {
        let total: usize = counts.values().sum();
        let counts = counts.iter().rev(); // `OK` first
        let counts: Vec<_> = counts.map(|(passed, n)| format!("{n} {passed}")).collect();
        format!("{group} | {total} | {}", counts.join(", "))
    };
    groups.into_iter().map(row).collect()
}

/// Returns the rows of the table in docs/protocol.md, without what the groups are about.
fn documented_rows() -> BTreeSet<String> {
    let (_, table) = PROTOCOL
        .split_once("| group | about | cases | result |\n|---|---|---|---|\n")
        .expect("there is a table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        [cells[1], cells[3], cells[4]].join(" | ")
    })
    .collect()
}

#[tokio::test]
async fn cases_pass_as_documented() {
    let Some(kosoku) = find_kosoku() else { return };
    let server = EchoServer::start(|text| text);
    let results = run(&kosoku, CASES, &server, "autobahn").await;
    let failed = results
        .iter()
        .filter(|(case, result)| passed(case, result).is_none());
    let failed: Vec<_> = failed.collect();
    assert!(
        failed.is_empty(),
        "reports in target/tmp/autobahn: {failed:#?}"
    );
    assert_eq!(documented_rows(), rows(&results));
}

#[tokio::test]
async fn wrong_echo_fails() {
    let Some(kosoku) = find_kosoku() else { return };
    let server = EchoServer::start(|text| text.replace('*', "+"));
    let results = run(&kosoku, &["1.1.2"], &server, "autobahn-wrong-echo").await;
    assert_eq!(results.len(), 1);
    assert_eq!(passed("1.1.2", &results["1.1.2"]), None);
}
