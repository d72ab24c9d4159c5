//! Without a new message, a long poll lasts for its whole wait, and waits are spread by jitter.

use crate::common;

use std::time::{Duration, Instant};

use common::{Server, append, wait_until};
use futures_util::future::join_all;

/// Asserts that a long poll gets an empty batch, and returns how long it took.
async fn empty_poll_time(server: &Server, query: &str) -> Duration {
    let requested_at = Instant::now();
    let response = server.get(&format!("/longpoll{query}")).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.json()["messages"], serde_json::json!([]));
    requested_at.elapsed()
}

#[tokio::test]
async fn empty_response_after_wait() {
    let server = Server::start(&[]);
    for wait in [1, 30, 300] {
        let elapsed = empty_poll_time(&server, &format!("?wait_ms={wait}")).await;
        assert!(
            elapsed >= Duration::from_millis(wait),
            "{elapsed:?} for {wait} ms"
        );
    }
}

#[tokio::test]
async fn zero_wait_returns_at_once() {
    let server = Server::start(&[]);
    empty_poll_time(&server, "?wait_ms=0").await;
    server.append_messages(2);
    empty_poll_time(&server, "?since=now&wait_ms=0").await;
}

#[tokio::test]
async fn maximum_wait_is_default() {
    let server = Server::start(&["--max-poll-wait=300ms"]);
    assert!(empty_poll_time(&server, "").await >= Duration::from_millis(300));
    assert_eq!(server.get("/longpoll?wait_ms=300").await.status, 200);
    let response = server.get("/longpoll?wait_ms=301").await;
    response.assert_problem(400, "`wait_ms` must be a whole number from 0 to 300");
}

#[tokio::test]
async fn duplicate_does_not_end_wait() {
    let server = Server::start(&[]);
    server.append_messages(1);
    let publish_again = async {
        wait_until("the poll waits", || server.log.waiter_count() == 1).await;
        assert!(append(&server.log, "id-1", "hi").duplicate);
    };
    let (elapsed, ()) = tokio::join!(
        empty_poll_time(&server, "?since=1&wait_ms=300"),
        publish_again
    );
    assert!(elapsed >= Duration::from_millis(300), "{elapsed:?}");
}

#[tokio::test]
async fn wait_jitter_is_one_sixteenth() {
    let server = Server::start(&[]);
    let wait = Duration::from_millis(1600);
    let times =
        join_all((0..20).map(|_| empty_poll_time(&server, "?wait_ms=1600"))).await;
    let first = times.iter().min().unwrap();
    let last = times.iter().max().unwrap();
    assert!(*first >= wait, "{first:?}");
    assert!(*last <= wait + wait / 16 + wait, "{last:?}"); // tolerance: one more wait
    // Twenty uniform samples from 100 ms all lie within 40 ms once in a million times.
    assert!(
        *last - *first > Duration::from_millis(40),
        "{first:?} to {last:?}"
    );
}
