//! What the integration tests share: a server, its clients, and waiting for conditions.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each benchmark uses a part of it"
)]

mod control_channel;
mod invalid_messages;
mod journal;
mod program;
pub mod proxy;
mod raw_connection;
mod redis;
mod server;
mod tcp_proxy;
mod websocket_client;

use std::time::Duration;

use serde_json::value::to_raw_value;
use tokio::time::{sleep, timeout};
use trifold::log::{Batch, MessageLog, NewMessage, PublishAck, Retention};

pub use control_channel::ControlChannel;
pub use invalid_messages::{INPUT_MARKER, deepest_body, invalid_messages};
pub use journal::JournalFile;
pub use program::Program;
pub use raw_connection::{RawConnection, Response, masked_frame};
pub use redis::{DURABLE, Redis, Sentinel};
pub use server::Server;
pub use tcp_proxy::TcpProxy;
pub use websocket_client::{Event, WebSocketClient};

/// How long one step of a test may take: far longer than it takes on a busy machine, far
/// shorter than the 25 s for which a long poll is held.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(8);

/// Returns the output of the future, or panics after [`TEST_TIMEOUT`].
pub async fn with_timeout<T>(future: impl Future<Output = T>) -> T {
    let output = timeout(TEST_TIMEOUT, future).await;
    output.expect("the step finishes before the timeout")
}

/// Waits until the condition holds, or panics after [`TEST_TIMEOUT`].
pub async fn wait_until(description: &str, mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let holds = timeout(TEST_TIMEOUT, wait).await.is_ok();
    assert!(holds, "timed out waiting until {description}");
}

/// Returns a log that never evicts a message.
pub fn unbounded_log() -> MessageLog {
    MessageLog::new(Retention {
        messages: usize::MAX,
        bytes: usize::MAX,
    })
}

/// Returns a message with this id and text.
pub fn test_message(id: impl Into<String>, text: &str) -> NewMessage {
    NewMessage {
        id: id.into(),
        sender: "ana".to_owned(),
        kind: "chat".to_owned(),
        body: to_raw_value(text).expect("a string is JSON"),
    }
}

/// Appends a message to an open log.
pub fn append(log: &MessageLog, id: impl Into<String>, text: &str) -> PublishAck {
    log.append(test_message(id, text)).expect("the log is open")
}

/// Returns the versions of a batch's messages.
pub fn versions(batch: &serde_json::Value) -> Vec<u64> {
    let messages = batch["messages"].as_array().expect("a batch has messages");
    messages
        .iter()
        .map(|message| {
            message["version"]
                .as_u64()
                .expect("a message has a version")
        })
        .collect()
}

/// Parses a batch of the log.
pub fn parse_batch(batch: &Batch) -> serde_json::Value {
    serde_json::from_slice(&batch.json).expect("a batch is JSON")
}
