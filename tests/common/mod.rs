//! The tests' vocabulary: a server, the clients that talk to it, and waiting for conditions.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file speaks a part of it"
)]

mod journal;
mod lab;
mod program;
mod raw_connection;
mod server;
mod websocket_client;
mod wrong;

use std::time::Duration;

use serde_json::value::to_raw_value;
use tokio::time::{sleep, timeout};
use trifold::{Batch, MessageLog, Publication, Published, Retention};

pub use journal::JournalFile;
pub use lab::Lab;
pub use program::Program;
pub use raw_connection::{RawConnection, Response, masked_frame};
pub use server::Server;
pub use websocket_client::{Event, WebSocketClient};
pub use wrong::{MARKER, deepest_body, wrong_members};

/// How long anything may take that should happen soon: far more than it needs on a busy
/// machine, far less than the 25 s that a poll is held.
pub const SOON: Duration = Duration::from_secs(8);

/// What the future resolves to, or a panic if that is not soon.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future)
        .await
        .expect("this should not take so long")
}

/// Returns when the condition holds, or panics if that is not soon.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(SOON, wait).await.is_ok(), "still not so: {what}");
}

/// A log that keeps all that a test publishes.
pub fn roomy_log() -> MessageLog {
    MessageLog::new(Retention {
        messages: usize::MAX,
        bytes: usize::MAX,
    })
}

/// A message with this id and text.
pub fn note(id: impl Into<String>, text: &str) -> Publication {
    Publication {
        id: id.into(),
        sender: "ana".to_owned(),
        kind: "chat".to_owned(),
        body: to_raw_value(text).expect("a string is JSON"),
    }
}

/// Appends a message to a log that is open.
pub fn append(log: &MessageLog, id: impl Into<String>, text: &str) -> Published {
    log.append(note(id, text)).expect("the log is open")
}

/// The versions in a batch, read from its JSON.
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

/// A batch of the log's, parsed.
pub fn parsed(batch: &Batch) -> serde_json::Value {
    serde_json::from_slice(&batch.json).expect("a batch is JSON")
}
