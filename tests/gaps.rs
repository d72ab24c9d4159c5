//! A cursor that the log cannot continue from is reported as a gap, on every transport.

use crate::common;

use common::{Event, Server, append, versions};
use serde_json::Value;

/// Asserts that all transports report a gap with this reason for this cursor, and returns it.
async fn assert_gap(server: &Server, query: &str, reason: &str) -> Value {
    for path in ["/poll", "/longpoll"] {
        // No `wait_ms`: a long poll that waited would exceed the test's timeout.
        let response = server.get(&format!("{path}{query}")).await;
        response.assert_problem(410, "cannot continue from this cursor");
        assert_gap_fields(server, &response.json(), reason);
    }
    let mut socket = server.socket(query).await;
    let gap = socket.json().await;
    assert_eq!(gap["type"], "gap");
    assert_eq!(gap["status"], 410);
    assert_gap_fields(server, &gap, reason);
    assert_eq!(socket.recv().await, Event::Closed(4010));
    gap
}

fn assert_gap_fields(server: &Server, gap: &Value, reason: &str) {
    assert_eq!(gap["reason"], reason);
    assert_eq!(gap["epoch"], *server.log.epoch());
    assert_eq!(gap["oldest"], server.log.oldest());
    assert_eq!(gap["head"], server.log.head());
}

/// Asserts that a cursor before the oldest version gets all retained messages on all transports.
async fn assert_continues(server: &Server) {
    let (oldest, head) = (server.log.oldest(), server.log.head());
    let retained: Vec<_> = (oldest..=head).collect();
    let query = format!("?since={}&epoch={}", oldest - 1, server.log.epoch());
    for path in ["/poll", "/longpoll"] {
        let response = server.get(&format!("{path}{query}")).await;
        assert_eq!(versions(&response.json()), retained);
    }
    let batch = server.socket(&query).await.json().await;
    assert_eq!(versions(&batch), retained);
}

#[tokio::test]
async fn cursor_before_retained_messages_is_truncated() {
    let server = Server::start(&["--retain-messages=3"]);
    server.append_messages(5);
    assert_eq!(server.log.oldest(), 3);
    assert_gap(&server, "", "truncated").await;
    assert_gap(&server, "?since=1", "truncated").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn cursor_before_retained_bytes_is_truncated() {
    let server = Server::start(&["--retain-bytes=1000"]);
    for number in 1..=5 {
        append(&server.log, format!("id-{number}"), &"x".repeat(300));
    }
    assert_eq!(server.log.oldest(), 4);
    assert_gap(&server, "?since=2", "truncated").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn newest_message_is_always_retained() {
    let server = Server::start(&["--retain-bytes=10"]);
    for number in 1..=3 {
        append(&server.log, format!("id-{number}"), "longer than ten bytes");
        assert_eq!((server.log.oldest(), server.log.head()), (number, number));
    }
    assert_continues(&server).await;
}

#[tokio::test]
async fn other_epoch_is_a_gap() {
    let server = Server::start(&[]);
    server.append_messages(2);
    assert_gap(&server, "?since=2&epoch=000000000000", "epoch").await;
    assert_gap(&server, "?since=0&epoch=", "epoch").await;
    assert_gap(&server, "?since=now&epoch=other", "epoch").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn cursor_ahead_of_head_is_a_gap() {
    let server = Server::start(&[]);
    assert_gap(&server, "?since=1", "ahead").await;
    server.append_messages(2);
    assert_gap(&server, "?since=3", "ahead").await;
    assert_gap(&server, "?since=18446744073709551615", "ahead").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn gap_is_reported_before_waiting() {
    let server = Server::start(&[]);
    let gap = assert_gap(&server, "?since=9", "ahead").await;
    assert_eq!((&gap["oldest"], &gap["head"]), (&1.into(), &0.into()));
    assert_eq!(server.log.waiter_count(), 0);
}

#[tokio::test]
async fn restart_changes_epoch() {
    let old = Server::start(&[]);
    old.append_messages(2);
    let cursor = old.get("/poll").await.json();
    let new = Server::start(&[]);
    new.append_messages(5);
    assert_ne!(old.log.epoch(), new.log.epoch());
    let query = format!("?since=2&epoch={}", cursor["epoch"].as_str().unwrap());
    assert_gap(&new, &query, "epoch").await;
    assert_eq!(
        versions(&old.get(&format!("/poll{query}")).await.json()),
        [0_u64; 0]
    );
}
