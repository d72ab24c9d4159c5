//! Each limit: who is past it is told so and counted, and everyone else is served.

use crate::common;

use std::net::Ipv4Addr;
use std::time::Duration;

use common::{RawConnection, Server, soon, until};
use serde_json::json;
use tokio::net::TcpSocket;

/// A connection from another address of this machine.
async fn from_elsewhere(server: &Server) -> RawConnection {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = (Ipv4Addr::new(127, 0, 0, 2), 0).into();
    socket.bind(from).expect("loopback has many addresses");
    let stream = soon(socket.connect(server.address)).await;
    let stream = stream.expect("the server listens");
    RawConnection::from_stream(stream)
}

/// Asserts that a connection is told that it is past a limit, and closed.
async fn assert_turned_away(mut wire: RawConnection, named: &str) {
    let answer = wire.get("/poll").await;
    answer.assert_problem(503, named);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("connection"), Some("close"));
    wire.closed().await;
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_the_others_are_served() {
    let server = Server::start(&["--max-connections=2"]);
    let mut socket = server.wire().await;
    assert_eq!(socket.upgrade("", &[]).await.status, 101);
    let mut poller = server.wire().await;
    assert_eq!(poller.get("/poll").await.status, 200);

    assert_turned_away(server.wire().await, "too many connections").await;

    assert_eq!(poller.get("/poll").await.status, 200);
    server.fill(1);
    assert!(
        String::from_utf8(socket.frame().await.1)
            .unwrap()
            .contains("id-1")
    );
    let metrics = poller.get("/metrics").await;
    let refused = r#"trifold_refusals_total{limit="connections"}"#;
    assert_eq!(metrics.metric(refused), 1.0);
    assert_eq!(metrics.metric("trifold_connections"), 2.0);

    drop(socket);
    let came_in = async { while server.wire().await.get("/poll").await.status != 200 {} };
    soon(came_in).await;
}

#[tokio::test]
async fn an_address_with_too_many_connections_does_not_keep_others_out() {
    let server = Server::start(&["--max-connections-per-address=1"]);
    let mut first = server.wire().await;
    assert_eq!(first.get("/poll").await.status, 200);

    assert_turned_away(server.wire().await, "from this address").await;

    assert_eq!(from_elsewhere(&server).await.get("/poll").await.status, 200);
    let metrics = first.get("/metrics").await;
    let refused = r#"trifold_refusals_total{limit="connections_per_address"}"#;
    assert_eq!(metrics.metric(refused), 1.0);
}

#[tokio::test]
async fn a_poll_too_many_is_not_held_and_the_others_are_answered() {
    let server = Server::start(&["--max-long-polls=2"]);
    let mut held = [server.wire().await, server.wire().await];
    for wire in &mut held {
        wire.request("GET /longpoll", &[]).await;
    }
    until("both are held", || server.log.waiting() == 2).await;
    assert_eq!(server.metric("trifold_held_polls").await, 2.0);

    let answer = server.get("/longpoll").await;
    answer.assert_problem(503, "2 polls are held");
    assert_eq!(answer.header("retry-after"), Some("1"));

    server.fill(1);
    for wire in &mut held {
        assert_eq!(wire.response().await.json()["version"], 1);
    }
    assert_eq!(server.get("/longpoll").await.status, 200);
    assert_eq!(server.metric("trifold_held_polls").await, 0.0);
    assert_eq!(server.refusals("held_polls").await, 1.0);
}

#[tokio::test]
async fn who_publishes_too_fast_is_told_when_to_come_again() {
    let server = Server::start(&["--publish-rate=1"]);
    assert_eq!(server.post(r#"{"body":1}"#).await.status, 201);

    let answer = server.post(r#"{"body":2}"#).await;
    answer.assert_problem(429, "--publish-rate");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let mut socket = server.socket("?since=now").await;
    socket
        .send_text(json!({ "type": "publish", "body": 3 }).to_string())
        .await;
    let told = socket.next("error").await;
    assert_eq!(told["status"], 429);
    assert_eq!(server.refusals("publish_rate").await, 2.0);

    let mut other = from_elsewhere(&server).await;
    other.publish("", r#"{"body":4}"#).await;
    assert_eq!(other.response().await.status, 201);
    let healed = async {
        while server.post(r#"{"body":5}"#).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon(healed).await;
    assert_eq!(server.log.head(), 3);
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused() {
    let server = Server::start(&["--max-header-bytes=300"]);
    let mut wire = server.wire().await;
    let long = format!("X-Long: {}", "x".repeat(300));
    wire.request("GET /poll", &[&long]).await;
    wire.response().await.assert_problem(431, "300 bytes");
    let path = format!("/poll?u={}", "x".repeat(300));
    wire.get(&path).await.assert_problem(431, "300 bytes");
    assert_eq!(wire.get("/poll").await.status, 200);
    assert_eq!(server.refusals("header_bytes").await, 2.0);
}

#[tokio::test]
async fn a_message_that_is_too_big_is_counted_on_both_ways() {
    let server = Server::start(&["--max-message-bytes=40"]);
    let big = json!({ "body": "x".repeat(40) }).to_string();
    server
        .post(big.as_str())
        .await
        .assert_problem(413, "40 bytes");
    let mut wire = server.wire().await;
    wire.upgrade("", &[]).await;
    wire.send_text(&big).await;
    assert_eq!(wire.close_code().await, 1009);
    assert_eq!(server.refusals("message_bytes").await, 2.0);
}

#[tokio::test]
async fn a_slow_header_ends_its_connection_and_is_counted() {
    let server = Server::start(&["--header-timeout=1s"]);
    let mut slow = server.wire().await;
    slow.send("GET /poll HTTP/1.1\r\nHost: local").await;
    let mut silent = server.wire().await;
    assert_eq!(slow.head().await.status, 408);
    slow.closed().await;
    silent.closed().await;
    until_metric(&server, "trifold_silent_connections_total", 2.0).await;
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let server = Server::start(&["--body-timeout=1s"]);
    let mut wire = server.wire().await;
    let headers = ["Content-Type: application/json", "Content-Length: 20"];
    wire.request("POST /messages", &headers).await;
    wire.send(r#"{"body":"#).await;
    wire.response().await.assert_problem(408, "in time");
    assert_eq!(server.refusals("body_timeout").await, 1.0);
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_held_one_is_not() {
    let server = Server::start(&["--idle-timeout=1s"]);
    let mut held = server.wire().await;
    held.request("GET /longpoll", &[]).await;
    let mut socket = server.socket("").await;
    let mut idle = server.wire().await;
    assert_eq!(idle.get("/poll").await.status, 200);
    idle.closed().await;
    server.fill(1);
    assert_eq!(held.response().await.json()["version"], 1);
    assert_eq!(socket.next("batch").await["version"], 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_reader_that_does_not_read_is_cut_and_little_waits_for_it() {
    let server = Server::start(&["--write-timeout=1s", "--send-buffer-bytes=16384"]);
    for number in 0..40 {
        common::append(&server.log, format!("id-{number}"), &"x".repeat(50_000));
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = soon(socket.connect(server.address)).await.unwrap();
    let own = stream.local_addr().unwrap();
    let mut deaf = RawConnection::from_stream(stream);
    assert_eq!(deaf.upgrade("", &[]).await.status, 101);

    // What waits in the kernel is what was asked for, twice (socket(7), SO_SNDBUF), and no more.
    let waiting = || waiting_bytes(server.address.port(), own.port());
    until("something waits", || {
        waiting().is_some_and(|bytes| bytes > 0)
    })
    .await;
    let mut other = server.socket("?since=now").await;
    let mut most = 0;
    let cut = async {
        while let Some(bytes) = waiting() {
            most = most.max(bytes);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(cut).await;
    assert!(most <= 2 * 16_384, "{most} bytes waited");
    until_metric(&server, "trifold_websockets", 1.0).await;
    server.say("\"on\"").await;
    assert_eq!(other.next("batch").await["version"], 41);
}

/// What the server's end of a connection has not sent yet (/proc/net/tcp); `None` when it is gone.
#[cfg(target_os = "linux")]
fn waiting_bytes(from: u16, to: u16) -> Option<usize> {
    let table = std::fs::read_to_string("/proc/net/tcp");
    let table = table.expect("Linux has this table");
    let port = |address: &str| u16::from_str_radix(address.split(':').nth(1)?, 16).ok();
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (own, peer) = (port(columns.next()?)?, port(columns.next()?)?);
        let (state, queues) = (columns.next()?, columns.next()?);
        let queue = usize::from_str_radix(queues.split(':').next()?, 16).ok()?;
        (own == from && peer == to && state == "01").then_some(queue)
    })
}

async fn until_metric(server: &Server, name: &str, value: f64) {
    let reached = async { while server.metric(name).await != value {} };
    soon(reached).await;
}
