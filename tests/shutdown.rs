//! The server stops promptly, and every waiting client gets a response first.

use crate::common;

use std::net::SocketAddr;

use common::{Program, RawConnection, Server, WebSocketClient, wait_until, with_timeout};
use serde_json::Value;
use tokio::time::sleep;

/// Waits until this number of readers waits.
async fn wait_for_waiters(address: SocketAddr, count: usize) {
    let mut connection = RawConnection::connect(address).await;
    let reached = async {
        while connection.get("/health").await.json()["waiters"] != count {
            sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    with_timeout(reached).await;
}

async fn assert_stops_on(signal: &str) {
    let mut program = Program::start(&[]);
    let mut idle = RawConnection::connect(program.address).await;
    assert_eq!(idle.get("/poll").await.status, 200);
    let mut polls = Vec::new();
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut poll = RawConnection::connect(program.address).await;
        poll.request("GET /longpoll?wait_ms=25000", &[]).await;
        polls.push(poll);
        sockets.push(WebSocketClient::connect(program.address, "").await);
    }
    wait_for_waiters(program.address, 10).await;

    program.signal(signal);

    for poll in &mut polls {
        let response = poll.response().await;
        assert_eq!(response.status, 200);
        assert_eq!(response.json()["messages"], Value::Array(Vec::new()));
    }
    for socket in &mut sockets {
        assert_eq!(socket.close_code().await, 1001);
    }
    assert_eq!(program.exit_status().await.code(), Some(0));
    idle.wait_closed().await;
}

#[tokio::test]
async fn sigterm_stops_server() {
    assert_stops_on("TERM").await;
}

#[tokio::test]
async fn sigint_stops_server() {
    assert_stops_on("INT").await;
}

#[tokio::test]
async fn shutdown_within_five_seconds() {
    let mut program = Program::start(&[]);
    let mut idle = RawConnection::connect(program.address).await;
    assert_eq!(idle.get("/poll").await.status, 200);
    // Never replies to a close frame.
    let mut unresponsive = RawConnection::connect(program.address).await;
    assert_eq!(unresponsive.upgrade("", &[]).await.status, 101);
    // Never completes its body.
    let mut dripping = RawConnection::connect(program.address).await;
    let content_type = "Content-Type: application/json";
    dripping
        .request("POST /messages", &[content_type, "Content-Length: 9"])
        .await;
    wait_for_waiters(program.address, 1).await;

    program.signal("TERM");

    let exited =
        tokio::time::timeout(std::time::Duration::from_secs(5), program.exit_status());
    assert_eq!(exited.await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn closed_log_is_503() {
    let server = Server::start(&[]);
    let mut connection = server.connect_raw().await;
    assert_eq!(connection.get("/health").await.json()["status"], "ok");
    server.log.close();
    for path in ["/health", "/poll", "/longpoll", "/ws"] {
        let response = connection.get(path).await;
        response.assert_problem(503, "shutting down");
        assert_eq!(response.header("retry-after"), Some("1"));
    }
    let response = connection
        .post("Content-Type: application/json", br#"{"body":1}"#)
        .await;
    response.assert_problem(503, "shutting down");
}

#[tokio::test]
async fn stop_closes_log() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    server.stop();
    assert_eq!(socket.close_code().await, 1001);
    wait_until("the log is closed", || server.log.is_closed()).await;
}
