//! A batch is truncated at `limit` messages and at its maximum size; the next batch continues.

use crate::common;

use common::{Server, append, versions};
use serde_json::Value;
use trifold::log::MAX_BATCH_BYTES;
use trifold::log::{Cursor, MessageLog};

/// Reads the whole log by polling, and returns the batches.
async fn poll_all(server: &Server, limit: &str) -> Vec<Value> {
    let mut batches = Vec::new();
    let mut since = 0;
    while since < server.log.head() {
        let url = format!("/poll?since={since}&{limit}");
        let batch = server.get(&url).await.json();
        let version = batch["version"].as_u64().expect("a version");
        assert!(version > since, "the batch makes no progress: {batch}");
        since = version;
        batches.push(batch);
    }
    batches
}

/// Reads the whole log by WebSocket, and returns the batches.
async fn follow_all(server: &Server, limit: &str) -> Vec<Value> {
    let mut batches = Vec::new();
    let mut socket = server.socket(&format!("?{limit}")).await;
    loop {
        let batch = socket.json().await;
        let is_last = batch["version"] == batch["head"];
        batches.push(batch);
        if is_last {
            return batches;
        }
    }
}

fn counts(batches: &[Value]) -> Vec<usize> {
    batches.iter().map(|batch| versions(batch).len()).collect()
}

#[tokio::test]
async fn limit_truncates_batch() {
    let server = Server::start(&[]);
    server.append_messages(10);
    let batches = poll_all(&server, "limit=3").await;
    assert_eq!(counts(&batches), [3, 3, 3, 1]);
    assert_eq!(
        batches.iter().flat_map(versions).collect::<Vec<_>>(),
        Vec::from_iter(1..=10)
    );
    assert!(batches.iter().all(|batch| batch["head"] == 10));
    assert_eq!(batches, follow_all(&server, "limit=3").await);
}

#[tokio::test]
async fn limit_default_and_maximum() {
    let server = Server::start(&[]);
    server.append_messages(1001);
    assert_eq!(counts(&poll_all(&server, "").await), [500, 500, 1]);
    assert_eq!(counts(&poll_all(&server, "limit=1000").await), [1000, 1]);
    assert_eq!(counts(&follow_all(&server, "").await), [500, 500, 1]);
}

#[tokio::test]
async fn oversized_message_is_sent_alone() {
    let server = Server::start(&["--max-message-bytes=4000000"]);
    let big = "x".repeat(MAX_BATCH_BYTES + 1);
    for (number, text) in ["a", &big, &big, "b", "c"].into_iter().enumerate() {
        append(&server.log, number.to_string(), text);
    }
    let batches = poll_all(&server, "").await;
    assert_eq!(counts(&batches), [1, 1, 1, 2]);
    assert_eq!(batches, follow_all(&server, "").await);
}

/// Returns the size in bytes of one message as the log encodes it.
fn encoded_len(log: &MessageLog, version: u64) -> usize {
    let cursor = Cursor {
        limit: 1,
        ..Cursor::new(version - 1)
    };
    let batch = log.read(&cursor).expect("the message is retained");
    let json = std::str::from_utf8(&batch.json).expect("UTF-8");
    json.split_once(r#""messages":["#)
        .expect("messages")
        .1
        .len()
        - "]}".len()
}

#[tokio::test]
async fn batch_fills_byte_limit_exactly() {
    let server = Server::start(&[]);
    for number in 1..=60 {
        append(&server.log, number.to_string(), &"x".repeat(number * 1009));
    }
    let batches = poll_all(&server, "").await;
    for batch in &batches {
        let lengths = versions(batch)
            .into_iter()
            .map(|version| encoded_len(&server.log, version));
        let bytes: usize = lengths.sum();
        let version = batch["version"].as_u64().unwrap();
        assert!(bytes <= MAX_BATCH_BYTES);
        if version < server.log.head() {
            assert!(
                bytes + encoded_len(&server.log, version + 1) > MAX_BATCH_BYTES,
                "the batch was truncated too early"
            );
        }
    }
    assert!(batches.len() > 1);
    assert_eq!(batches, follow_all(&server, "").await);
}
