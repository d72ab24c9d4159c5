//! No wake-up is lost: a message that is published between check and wait wakes the reader.

use crate::common;

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use common::{Server, append, test_message, unbounded_log, wait_until, with_timeout};
use futures_util::{FutureExt, StreamExt};
use trifold::log::{Cursor, FollowEnd, MessageLog, Retention};

const ROUNDS: u64 = 100_000;

/// Announces each check, so that the publisher can aim between the check and the wait.
async fn read(log: Arc<MessageLog>, about_to_check: Arc<AtomicU64>) {
    for round in 0..ROUNDS {
        about_to_check.store(round + 1, Ordering::Release);
        let cursor = Cursor::new(round);
        log.changed(&cursor).await;
        assert_eq!(log.read(&cursor).map(|batch| batch.version), Ok(round + 1));
    }
}

/// Publishes one message per round, each a little later after the announcement. It spins, so it
/// needs a separate thread: as a task it would block a worker that the reader needs.
fn publish(log: &MessageLog, about_to_check: &AtomicU64) {
    for round in 0..ROUNDS {
        while about_to_check.load(Ordering::Acquire) <= round {
            thread::yield_now();
        }
        for _ in 0..round % 101 {
            spin_loop();
        }
        append(log, round.to_string(), "hi");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_between_check_and_wait() {
    let retention = Retention {
        messages: 4,
        bytes: usize::MAX,
    };
    let log = Arc::new(MessageLog::new(retention));
    let about_to_check = Arc::new(AtomicU64::new(0));
    let reader = tokio::spawn(read(log.clone(), about_to_check.clone()));
    let seen = about_to_check.clone();
    thread::spawn(move || publish(&log, &about_to_check));

    // There is no other publisher: a reader that misses a wake-up waits forever.
    let mut round = 0;
    while round < ROUNDS {
        wait_until("the reader makes progress", || {
            seen.load(Ordering::Acquire) > round
        })
        .await;
        round = seen.load(Ordering::Acquire);
    }
    with_timeout(reader).await.unwrap();
}

#[tokio::test]
async fn one_message_wakes_all_readers() {
    let log = Arc::new(common::unbounded_log());
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { log.changed(&Cursor::new(0)).await })
        })
        .collect();
    wait_until("all readers wait", || log.waiter_count() == 50).await;

    append(&log, "one", "hi");

    for reader in readers {
        with_timeout(reader).await.unwrap();
    }
    assert_eq!(log.waiter_count(), 0);
}

#[tokio::test]
async fn close_wakes_all_readers() {
    let log = Arc::new(common::unbounded_log());
    let reader = {
        let log = log.clone();
        tokio::spawn(async move { log.changed(&Cursor::new(0)).await })
    };
    wait_until("the reader waits", || log.waiter_count() == 1).await;

    log.close();

    with_timeout(reader).await.unwrap();
    assert!(log.append(test_message("late", "hi")).is_err());
    assert_eq!(log.head(), 0);
}

#[tokio::test]
async fn existing_message_ends_poll_at_once() {
    let server = Server::start(&[]);
    server.append_messages(3);
    for since in 0..3 {
        let url = format!("/longpoll?since={since}&wait_ms=25000");
        assert_eq!(server.get(&url).await.json()["version"], 3);
    }
}

#[tokio::test]
async fn waiting_readers_get_message() {
    let server = Server::start(&[]);
    let mut socket = server.socket("?since=0").await;
    for round in 0..20 {
        let url = format!("/longpoll?since={round}&wait_ms=25000");
        let publish = async {
            wait_until("both readers wait", || server.log.waiter_count() == 2).await;
            append(&server.log, round.to_string(), "hi");
        };
        let (response, ()) = tokio::join!(server.get(&url), publish);
        assert_eq!(response.json()["version"], round + 1);
        assert_eq!(socket.json().await["version"], round + 1);
    }
}

#[tokio::test]
async fn follower_gets_message_then_close() {
    let log = Arc::new(unbounded_log());
    let mut batches = log.clone().follow(Cursor::new(0));
    assert!(batches.next().now_or_never().is_none());
    append(&log, "last", "words");
    log.close();
    let last = with_timeout(batches.next()).await;
    assert_eq!(
        last.and_then(Result::ok).map(|batch| batch.version),
        Some(1)
    );
    assert_eq!(
        with_timeout(batches.next()).await.and_then(Result::err),
        Some(FollowEnd::Closed)
    );
    assert!(with_timeout(batches.next()).await.is_none());
}
