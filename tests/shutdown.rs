//! The program ends soon and orderly when it is asked to, and tells everyone who waits.

use crate::common;

use std::net::SocketAddr;

use common::{Program, RawConnection, Server, WebSocketClient, soon, until};
use serde_json::Value;
use tokio::time::sleep;

/// Returns once so many readers wait.
async fn until_waiting(address: SocketAddr, count: usize) {
    let mut wire = RawConnection::connect(address).await;
    let held = async {
        while wire.get("/health").await.json()["waiters"] != count {
            sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    soon(held).await;
}

async fn ends_orderly(signal: &str) {
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
    until_waiting(program.address, 10).await;

    program.signal(signal);

    for poll in &mut polls {
        let answer = poll.response().await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["messages"], Value::Array(Vec::new()));
    }
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, 1001);
    }
    assert_eq!(program.ended().await.code(), Some(0));
    idle.closed().await;
}

#[tokio::test]
async fn it_ends_orderly_on_sigterm() {
    ends_orderly("TERM").await;
}

#[tokio::test]
async fn it_ends_orderly_on_sigint() {
    ends_orderly("INT").await;
}

#[tokio::test]
async fn it_ends_within_five_seconds_though_clients_stay() {
    let mut program = Program::start(&[]);
    let mut idle = RawConnection::connect(program.address).await;
    assert_eq!(idle.get("/poll").await.status, 200);
    let mut deaf = RawConnection::connect(program.address).await; // answers no close frame
    assert_eq!(deaf.upgrade("", &[]).await.status, 101);
    let mut dripping = RawConnection::connect(program.address).await; // its body never comes whole
    let type_ = "Content-Type: application/json";
    dripping
        .request("POST /messages", &[type_, "Content-Length: 9"])
        .await;
    until_waiting(program.address, 1).await;

    program.signal("TERM");

    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), program.ended());
    assert_eq!(ended.await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_closed_log_turns_requests_away_for_now() {
    let server = Server::start(&[]);
    let mut wire = server.wire().await;
    assert_eq!(wire.get("/health").await.json()["status"], "ok");
    server.log.close();
    for path in ["/health", "/poll", "/longpoll", "/ws"] {
        let answer = wire.get(path).await;
        answer.assert_problem(503, "shutting down");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let answer = wire
        .post("Content-Type: application/json", br#"{"body":1}"#)
        .await;
    answer.assert_problem(503, "shutting down");
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_closes_its_log() {
    let server = Server::start(&[]);
    let mut socket = server.socket("").await;
    server.stop();
    assert_eq!(socket.closed().await, 1001);
    until("the log is closed", || server.log.is_closed()).await;
}
