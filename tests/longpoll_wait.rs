//! A long poll is never answered empty before its wait is over, and not all in one instant.

use crate::common;

use std::time::{Duration, Instant};

use common::{Server, append, until};
use futures_util::future::join_all;

/// How long an empty answer took.
async fn held(server: &Server, query: &str) -> Duration {
    let asked = Instant::now();
    let answer = server.get(&format!("/longpoll{query}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["messages"], serde_json::json!([]));
    asked.elapsed()
}

#[tokio::test]
async fn an_empty_answer_comes_after_the_wait() {
    let server = Server::start(&[]);
    for wait in [1, 30, 300] {
        let took = held(&server, &format!("?wait_ms={wait}")).await;
        assert!(
            took >= Duration::from_millis(wait),
            "{took:?} for {wait} ms"
        );
    }
}

#[tokio::test]
async fn no_wait_is_a_poll() {
    let server = Server::start(&[]);
    held(&server, "?wait_ms=0").await;
    server.fill(2);
    held(&server, "?since=now&wait_ms=0").await;
}

#[tokio::test]
async fn the_cap_is_the_wait_of_who_does_not_ask() {
    let server = Server::start(&["--max-poll-wait=300ms"]);
    assert!(held(&server, "").await >= Duration::from_millis(300));
    server.get("/longpoll?wait_ms=300").await;
    let answer = server.get("/longpoll?wait_ms=301").await;
    answer.assert_problem(400, "`wait_ms` must be a whole number from 0 to 300");
}

#[tokio::test]
async fn a_duplicate_does_not_end_the_wait() {
    let server = Server::start(&[]);
    server.fill(1);
    let publish_again = async {
        until("the poll is held", || server.log.waiter_count() == 1).await;
        assert!(append(&server.log, "id-1", "hi").duplicate);
    };
    let (took, ()) = tokio::join!(held(&server, "?since=1&wait_ms=300"), publish_again);
    assert!(took >= Duration::from_millis(300), "{took:?}");
}

#[tokio::test]
async fn time_outs_are_spread_by_up_to_a_sixteenth() {
    let server = Server::start(&[]);
    let wait = Duration::from_millis(1600);
    let took = join_all((0..20).map(|_| held(&server, "?wait_ms=1600"))).await;
    let first = took.iter().min().unwrap();
    let last = took.iter().max().unwrap();
    assert!(*first >= wait, "{first:?}");
    assert!(*last <= wait + wait / 16 + wait, "{last:?}"); // slack: one more wait
    // Twenty even draws from 100 ms lie within 40 ms once in a million times.
    assert!(
        *last - *first > Duration::from_millis(40),
        "{first:?} to {last:?}"
    );
}
