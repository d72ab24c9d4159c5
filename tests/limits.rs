//! Exceeding a limit gets an error and is counted; other clients are unaffected.

use crate::common;

use std::net::Ipv4Addr;
use std::time::Duration;

use common::{RawConnection, Server, wait_until, with_timeout};
use serde_json::json;
use tokio::net::TcpSocket;

/// Connects from another loopback address.
async fn connect_from_other_address(server: &Server) -> RawConnection {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = (Ipv4Addr::new(127, 0, 0, 2), 0).into();
    socket.bind(from).expect("loopback has many addresses");
    let stream = with_timeout(socket.connect(server.address)).await;
    let stream = stream.expect("the server listens");
    RawConnection::from_stream(stream)
}

/// Asserts that a connection over a limit gets an error and is closed.
async fn assert_connection_rejected(mut connection: RawConnection, expected: &str) {
    let response = connection.get("/poll").await;
    response.assert_problem(503, expected);
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(response.header("connection"), Some("close"));
    connection.wait_closed().await;
}

#[tokio::test]
async fn max_connections_is_enforced() {
    let server = Server::start(&["--max-connections=2"]);
    let mut socket = server.connect_raw().await;
    assert_eq!(socket.upgrade("", &[]).await.status, 101);
    let mut poller = server.connect_raw().await;
    assert_eq!(poller.get("/poll").await.status, 200);

    assert_connection_rejected(server.connect_raw().await, "Too many connections").await;

    assert_eq!(poller.get("/poll").await.status, 200);
    server.append_messages(1);
    assert!(
        String::from_utf8(socket.frame().await.1)
            .unwrap()
            .contains("id-1")
    );
    let metrics = poller.get("/metrics").await;
    let metric = r#"trifold_limit_exceeded_total{limit="connections"}"#;
    assert_eq!(metrics.metric(metric), 1.0);
    assert_eq!(metrics.metric("trifold_connections_open"), 2.0);

    drop(socket);
    let admitted =
        async { while server.connect_raw().await.get("/poll").await.status != 200 {} };
    with_timeout(admitted).await;
}

#[tokio::test]
async fn max_connections_per_address_is_enforced() {
    let server = Server::start(&["--max-connections-per-address=1"]);
    let mut first = server.connect_raw().await;
    assert_eq!(first.get("/poll").await.status, 200);

    assert_connection_rejected(server.connect_raw().await, "from this address").await;

    assert_eq!(
        connect_from_other_address(&server)
            .await
            .get("/poll")
            .await
            .status,
        200
    );
    let metrics = first.get("/metrics").await;
    let metric = r#"trifold_limit_exceeded_total{limit="connections_per_address"}"#;
    assert_eq!(metrics.metric(metric), 1.0);
}

#[tokio::test]
async fn max_long_polls_is_enforced() {
    let server = Server::start(&["--max-long-polls=2"]);
    let mut long_polls = [server.connect_raw().await, server.connect_raw().await];
    for connection in &mut long_polls {
        connection.request("GET /longpoll", &[]).await;
    }
    wait_until("both wait", || server.log.waiter_count() == 2).await;
    assert_eq!(server.metric("trifold_long_polls_in_flight").await, 2.0);

    let response = server.get("/longpoll").await;
    response.assert_problem(503, "--max-long-polls");
    assert_eq!(response.header("retry-after"), Some("1"));

    server.append_messages(1);
    for connection in &mut long_polls {
        assert_eq!(connection.response().await.json()["version"], 1);
    }
    assert_eq!(server.get("/longpoll").await.status, 200);
    assert_eq!(server.metric("trifold_long_polls_in_flight").await, 0.0);
    assert_eq!(server.limit_exceeded("long_polls").await, 1.0);
}

#[tokio::test]
async fn publish_rate_is_enforced() {
    let server = Server::start(&["--publish-rate=1"]);
    assert_eq!(server.post(r#"{"body":1}"#).await.status, 201);

    let response = server.post(r#"{"body":2}"#).await;
    response.assert_problem(429, "--publish-rate");
    assert_eq!(response.header("retry-after"), Some("1"));
    let mut socket = server.socket("?since=now").await;
    socket
        .send_text(json!({ "type": "publish", "body": 3 }).to_string())
        .await;
    let error = socket.next("error").await;
    assert_eq!(error["status"], 429);
    assert_eq!(server.limit_exceeded("publish_rate").await, 2.0);

    let mut other = connect_from_other_address(&server).await;
    other.publish("", r#"{"body":4}"#).await;
    assert_eq!(other.response().await.status, 201);
    let accepted = async {
        while server.post(r#"{"body":5}"#).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    with_timeout(accepted).await;
    assert_eq!(server.log.head(), 3);
}

#[tokio::test]
async fn max_header_bytes_is_enforced() {
    let server = Server::start(&["--max-header-bytes=300"]);
    let mut connection = server.connect_raw().await;
    let long = format!("X-Long: {}", "x".repeat(300));
    connection.request("GET /poll", &[&long]).await;
    connection.response().await.assert_problem(431, "300 bytes");
    let path = format!("/poll?u={}", "x".repeat(300));
    connection.get(&path).await.assert_problem(431, "300 bytes");
    assert_eq!(connection.get("/poll").await.status, 200);
    assert_eq!(server.limit_exceeded("header_bytes").await, 2.0);
}

#[tokio::test]
async fn max_message_bytes_is_counted() {
    let server = Server::start(&["--max-message-bytes=40"]);
    let big = json!({ "body": "x".repeat(40) }).to_string();
    server
        .post(big.as_str())
        .await
        .assert_problem(413, "40 bytes");
    let mut connection = server.connect_raw().await;
    connection.upgrade("", &[]).await;
    connection.send_text(&big).await;
    assert_eq!(connection.close_code().await, 1009);
    assert_eq!(server.limit_exceeded("message_bytes").await, 2.0);
}

#[tokio::test]
async fn header_timeout_closes_connection() {
    let server = Server::start(&["--header-timeout=1s"]);
    let mut slow = server.connect_raw().await;
    slow.send("GET /poll HTTP/1.1\r\nHost: local").await;
    let mut silent = server.connect_raw().await;
    assert_eq!(slow.head().await.status, 408);
    slow.wait_closed().await;
    silent.wait_closed().await;
    wait_metric(&server, "trifold_connections_without_request_total", 2.0).await;
}

#[tokio::test]
async fn body_timeout_is_408() {
    let server = Server::start(&["--body-timeout=1s"]);
    let mut connection = server.connect_raw().await;
    let headers = ["Content-Type: application/json", "Content-Length: 20"];
    connection.request("POST /messages", &headers).await;
    connection.send(r#"{"body":"#).await;
    connection.response().await.assert_problem(408, "in time");
    assert_eq!(server.limit_exceeded("body_timeout").await, 1.0);
    assert_eq!(server.log.head(), 0);
}

#[tokio::test]
async fn idle_timeout_spares_long_polls() {
    let server = Server::start(&["--idle-timeout=1s"]);
    let mut long_poll = server.connect_raw().await;
    long_poll.request("GET /longpoll", &[]).await;
    let mut socket = server.socket("").await;
    let mut idle = server.connect_raw().await;
    assert_eq!(idle.get("/poll").await.status, 200);
    idle.wait_closed().await;
    server.append_messages(1);
    assert_eq!(long_poll.response().await.json()["version"], 1);
    assert_eq!(socket.next("batch").await["version"], 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn write_timeout_and_send_buffer() {
    let server = Server::start(&["--write-timeout=1s", "--send-buffer-bytes=16384"]);
    for number in 0..40 {
        common::append(&server.log, format!("id-{number}"), &"x".repeat(50_000));
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = with_timeout(socket.connect(server.address)).await.unwrap();
    let client = stream.local_addr().unwrap();
    let mut stalled = RawConnection::from_stream(stream);
    assert_eq!(stalled.upgrade("", &[]).await.status, 101);

    // The kernel's limit is twice the value that is set (socket(7), SO_SNDBUF).
    let queued = || unsent_bytes(server.address.port(), client.port());
    wait_until("the socket has unsent bytes", || {
        queued().is_some_and(|bytes| bytes > 0)
    })
    .await;
    let mut other = server.socket("?since=now").await;
    let mut max = 0;
    let closed = async {
        while let Some(bytes) = queued() {
            max = max.max(bytes);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    with_timeout(closed).await;
    assert!(max <= 2 * 16_384, "{max} bytes were queued");
    wait_metric(&server, "trifold_websockets_open", 1.0).await;
    server.publish("next").await;
    assert_eq!(other.next("batch").await["version"], 41);
}

/// Returns the bytes that one end of a connection has not sent yet, according to /proc/net/tcp,
/// or `None` when the connection is gone.
#[cfg(target_os = "linux")]
fn unsent_bytes(from: u16, to: u16) -> Option<usize> {
    let table = std::fs::read_to_string("/proc/net/tcp");
    let table = table.expect("Linux has this file");
    let port = |address: &str| u16::from_str_radix(address.split(':').nth(1)?, 16).ok();
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, remote) = (port(columns.next()?)?, port(columns.next()?)?);
        let (state, queues) = (columns.next()?, columns.next()?);
        let queue = usize::from_str_radix(queues.split(':').next()?, 16).ok()?;
        (local == from && remote == to && state == "01").then_some(queue)
    })
}

async fn wait_metric(server: &Server, name: &str, value: f64) {
    let reached = async { while server.metric(name).await != value {} };
    with_timeout(reached).await;
}
