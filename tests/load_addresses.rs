//! `trifold load` with several addresses: clients and messages go to them in turn, all checks hold
//! over all of them together, and servers that do not share one log are an error.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::common::{Program, wait_until};
use crate::load::{assert_error, measured_with, program, text};

/// Another address of a server: forwards connections, and counts the requests by path. It stops on
/// drop.
struct Proxy {
    url: String,
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
    connections: JoinSet<()>,
}

impl Proxy {
    async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("port 0 is always free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let counted = requests.clone();
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(forward(client, server, counted.clone()));
            }
        });
        Self {
            url,
            requests,
            connections,
        }
    }

    /// Returns how many requests had this path.
    fn count(&self, path: &str) -> usize {
        self.requests.lock().get(path).copied().unwrap_or_default()
    }

    /// Closes the listener and all connections.
    async fn stop(&mut self) {
        self.connections.shutdown().await;
    }
}

/// Forwards one connection. Each request is one write of the client, so it starts a read.
async fn forward(
    mut client: TcpStream,
    server: SocketAddr,
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
) {
    let server = TcpStream::connect(server).await;
    let mut server = server.expect("the server listens");
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let upload = async {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            let head = String::from_utf8_lossy(&buffer[..length]);
            if let Some(target) = head.split(' ').nth(1).filter(|path| path.len() > 1) {
                let path = target.split('?').next().unwrap_or(target);
                *requests.lock().entry(path.to_owned()).or_default() += 1;
            }
            if to_server.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = upload => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

#[tokio::test]
async fn two_addresses_of_one_server_deliver_all() {
    let server = Program::start_at("0.0.0.0:0", &[]);
    let port = server.address.port();
    let [first, second] = [1, 2].map(|last| format!("http://127.0.0.{last}:{port}"));
    let flags = [
        &first,
        &second,
        "--json",
        "--transport=ws=6,longpoll=4,poll=2",
        "--poll-interval=50ms",
        "--rate=40",
        "--duration=500ms",
    ];
    let output = program(&flags).await;
    assert_eq!(text(&output.stderr), "");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["all"]["delivered"], 12 * 20);
    assert_eq!(report["targets"], json!([first, second]));
    assert_eq!(report["target"], format!("{first}, {second}"));
    // One process is behind both addresses: its waiters and its CPU time are counted once.
    if cfg!(target_os = "linux") {
        assert_eq!(report["warnings"], json!([]));
        assert_eq!(report["server"]["pids"], json!([server.id()]));
        assert_eq!(report["server"]["pid"], server.id());
    }
}

/// Each transport has as many clients at each address, and each address gets every second message.
#[tokio::test]
async fn clients_and_messages_use_addresses_in_turn() {
    let server = Program::start(&[]);
    let proxies = [
        Proxy::start(server.address).await,
        Proxy::start(server.address).await,
    ];
    let flags = [
        &proxies[0].url,
        &proxies[1].url,
        "--transport=ws=5,longpoll=5",
        "--rate=40",
        "--duration=500ms",
    ];
    let report = measured_with(&flags).await.unwrap().report;
    assert!(report.ok, "{report}");
    assert_eq!(report.all.counters.delivered, 10 * 20, "{report}");
    assert_eq!(proxies.each_ref().map(|proxy| proxy.count("/ws")), [3, 2]);
    let messages = proxies.each_ref().map(|proxy| proxy.count("/messages"));
    assert_eq!(messages, [10, 10]);
    let polls = proxies.each_ref().map(|proxy| proxy.count("/longpoll"));
    assert!(polls[0] > polls[1] && polls[1] > 0, "{polls:?}");
}

/// A server that is gone loses nothing: its clients and its messages go to the other one.
#[tokio::test]
async fn clients_and_messages_move_to_next_address() {
    let server = Program::start(&[]);
    let mut gone = Proxy::start(server.address).await;
    let other = Proxy::start(server.address).await;
    let (first, second) = (gone.url.clone(), other.url.clone());
    let measurement = tokio::spawn(async move {
        let flags = [
            &*first,
            &second,
            "--transport=ws=4,longpoll=4",
            "--rate=20",
            "--duration=2s",
            "--drain-timeout=8s",
        ];
        measured_with(&flags).await
    });
    wait_until("messages are published", || gone.count("/messages") >= 5).await;
    gone.stop().await;
    let report = measurement.await.unwrap().unwrap().report;
    assert!(report.ok, "{report}");
    assert_eq!(report.all.counters.delivered, 8 * 40, "{report}");
    assert_eq!(report.all.counters.reconnects, 4, "{report}");
    assert_eq!(other.count("/ws"), 2 + 2);
    assert!(report.messages.failures > 0, "{report}");
    let named = format!("first error: {}: ", gone.url);
    assert_eq!(report.to_string().matches(&named).count(), 2, "{report}");
}

/// A sweep measures all addresses, too.
#[tokio::test]
async fn sweep_accepts_several_addresses() {
    let server = Program::start_at("0.0.0.0:0", &[]);
    let port = server.address.port();
    let [first, second] = [1, 2].map(|last| format!("http://127.0.0.{last}:{port}"));
    let flags = [
        &first,
        &second,
        "--sweep=10",
        "--clients=2",
        "--duration=200ms",
        "--json",
    ];
    let output = program(&flags).await;
    assert_eq!(text(&output.stderr), "");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(report["targets"], json!([first, second]));
}

#[tokio::test]
async fn usage_of_several_processes_is_summed() {
    if !cfg!(target_os = "linux") {
        return; // elsewhere processes cannot be read
    }
    let server = Program::start_at("0.0.0.0:0", &[]);
    let other = Program::start(&[]);
    let port = server.address.port();
    let urls = [1, 2].map(|last| format!("http://127.0.0.{last}:{port}"));
    let pids = [server.id(), other.id()].map(|pid| format!("--pid={pid}"));
    let flags = [&*urls[0], &urls[1], &pids[0], &pids[1], "--clients=4"];
    let flags = [&flags[..], &["--rate=10", "--duration=500ms", "--json"]].concat();
    let output = program(&flags).await;
    assert_eq!(text(&output.stderr), "");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["server"]["pids"], json!([server.id(), other.id()]));
    assert_eq!(report["server"]["pid"], Value::Null);
    let alone = program(&[&urls[0], "--clients=4", "--duration=500ms", "--json"]).await;
    let alone: Value = serde_json::from_slice(&alone.stdout).expect("JSON");
    let memory = |report: &Value| report["server"]["memory_before"].as_f64().unwrap();
    assert!(memory(&report) > 1.5 * memory(&alone), "{report} {alone}");
}

#[tokio::test]
async fn contradictory_addresses_are_rejected() {
    let (server, stranger) = (Program::start(&[]), Program::start(&[]));
    let [url, other] = [&server, &stranger].map(|it| format!("http://{}", it.address));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let no_server = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let different = format!("{url} and {other} do not share one log");
    for (flags, expected) in [
        (&[&*url, &*other][..], &*different),
        (&[&url, &other, "--sweep=1"], "do not share one log"),
        (&[&url, &url], "is there twice"),
        (&[&url, "http://192.0.2.7:8080"], "--allow-remote"),
        (&[&url, &no_server], &no_server),
        (
            &[&url, &other, "--pid=1"],
            "2 URLs need 2 processes, and --pid names 1",
        ),
        (
            &[&url, "--pid=1", "--pid=2"],
            "1 URL needs 1 process, and --pid names 2",
        ),
    ] {
        assert_error(flags, expected).await;
    }
}
