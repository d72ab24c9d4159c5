//! A cursor that no longer fits is told so, with the reason, on each technique.

use crate::common;

use common::{Event, Server, append, versions};
use serde_json::Value;

/// Asserts that all three refuse this cursor for this reason, and returns the gap.
async fn assert_gap(server: &Server, query: &str, reason: &str) -> Value {
    for path in ["/poll", "/longpoll"] {
        // No wait is asked for: a held poll would be too late for `soon`.
        let answer = server.get(&format!("{path}{query}")).await;
        answer.assert_problem(410, "cannot continue from this cursor");
        assert_fits(server, &answer.json(), reason);
    }
    let mut socket = server.socket(query).await;
    let gap = socket.json().await;
    assert_eq!(gap["type"], "gap");
    assert_eq!(gap["status"], 410);
    assert_fits(server, &gap, reason);
    assert_eq!(socket.recv().await, Event::Closed(4010));
    gap
}

fn assert_fits(server: &Server, gap: &Value, reason: &str) {
    assert_eq!(gap["reason"], reason);
    assert_eq!(gap["epoch"], **server.log.epoch());
    assert_eq!(gap["oldest"], server.log.oldest());
    assert_eq!(gap["head"], server.log.head());
}

/// Asserts that all three continue from the version before the oldest, and get what is kept.
async fn assert_continues(server: &Server) {
    let (oldest, head) = (server.log.oldest(), server.log.head());
    let kept: Vec<_> = (oldest..=head).collect();
    let query = format!("?since={}&epoch={}", oldest - 1, server.log.epoch());
    for path in ["/poll", "/longpoll"] {
        let answer = server.get(&format!("{path}{query}")).await;
        assert_eq!(versions(&answer.json()), kept);
    }
    let batch = server.socket(&query).await.json().await;
    assert_eq!(versions(&batch), kept);
}

#[tokio::test]
async fn a_cursor_older_than_the_messages_kept_is_truncated() {
    let server = Server::start(&["--retain-messages=3"]);
    server.fill(5);
    assert_eq!(server.log.oldest(), 3);
    assert_gap(&server, "", "truncated").await;
    assert_gap(&server, "?since=1", "truncated").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn a_cursor_older_than_the_bytes_kept_is_truncated() {
    let server = Server::start(&["--retain-bytes=1000"]);
    for number in 1..=5 {
        append(&server.log, format!("id-{number}"), &"x".repeat(300));
    }
    assert_eq!(server.log.oldest(), 4);
    assert_gap(&server, "?since=2", "truncated").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn the_newest_message_is_kept_whatever_its_size() {
    let server = Server::start(&["--retain-bytes=10"]);
    for number in 1..=3 {
        append(&server.log, format!("id-{number}"), "longer than ten bytes");
        assert_eq!((server.log.oldest(), server.log.head()), (number, number));
    }
    assert_continues(&server).await;
}

#[tokio::test]
async fn a_cursor_of_another_epoch_does_not_fit() {
    let server = Server::start(&[]);
    server.fill(2);
    assert_gap(&server, "?since=2&epoch=000000000000", "epoch").await;
    assert_gap(&server, "?since=0&epoch=", "epoch").await;
    assert_gap(&server, "?since=now&epoch=other", "epoch").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn a_cursor_ahead_of_the_head_does_not_fit() {
    let server = Server::start(&[]);
    assert_gap(&server, "?since=1", "ahead").await;
    server.fill(2);
    assert_gap(&server, "?since=3", "ahead").await;
    assert_gap(&server, "?since=18446744073709551615", "ahead").await;
    assert_continues(&server).await;
}

#[tokio::test]
async fn a_gap_comes_before_an_empty_log_is_waited_for() {
    let server = Server::start(&[]);
    let gap = assert_gap(&server, "?since=9", "ahead").await;
    assert_eq!((&gap["oldest"], &gap["head"]), (&1.into(), &0.into()));
    assert_eq!(server.log.waiting(), 0);
}

#[tokio::test]
async fn after_a_restart_the_old_cursor_is_of_another_epoch() {
    let old = Server::start(&[]);
    old.fill(2);
    let cursor = old.get("/poll").await.json();
    let new = Server::start(&[]);
    new.fill(5);
    assert_ne!(old.log.epoch(), new.log.epoch());
    let query = format!("?since=2&epoch={}", cursor["epoch"].as_str().unwrap());
    assert_gap(&new, &query, "epoch").await;
    assert_eq!(
        versions(&old.get(&format!("/poll{query}")).await.json()),
        [0_u64; 0]
    );
}
