//! The queue in front of a storage that commits messages in groups.

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::error::{PublishError, Unavailable};
use crate::log::{NewMessage, PublishAck, Retention};

/// Maximum number of messages that wait to be written. Further ones are rejected, so a slow storage
/// cannot fill the memory.
const QUEUE_CAPACITY: usize = 4096;

pub(super) type PublishResult = Result<PublishAck, PublishError>;

/// A message and the channel on which its publisher waits for the result.
pub(super) type PendingAppend = (NewMessage, oneshot::Sender<PublishResult>);

pub(super) enum Command {
    Append(PendingAppend),
    Trim(oneshot::Sender<Result<(), Unavailable>>),
    Close(oneshot::Sender<()>),
}

/// The publishers' end of the queue.
pub(super) struct CommandQueue(mpsc::Sender<Command>);

impl CommandQueue {
    pub(super) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (tx, rx) = mpsc::channel(QUEUE_CAPACITY);
        (Self(tx), rx)
    }

    /// Queues a message and waits until it is kept.
    ///
    /// # Errors
    /// [`PublishError`] if the message is not published.
    pub(super) async fn append(&self, message: NewMessage) -> PublishResult {
        let (result_tx, result_rx) = oneshot::channel();
        // Not `send`: senders that wait for capacity could be reordered, and the messages of one
        // socket get their versions in the order in which they were sent.
        let sent = self.0.try_send(Command::Append((message, result_tx)));
        sent.map_err(|error| match error {
            TrySendError::Full(_) => PublishError::QueueFull,
            TrySendError::Closed(_) => PublishError::ShuttingDown,
        })?;
        result_rx.await.unwrap_or(Err(PublishError::ShuttingDown))
    }

    /// Removes the messages that the log does not retain.
    ///
    /// # Errors
    /// If the storage cannot be written.
    pub(super) async fn trim(&self) -> Result<(), Unavailable> {
        let (result_tx, result_rx) = oneshot::channel();
        let _ = self.0.send(Command::Trim(result_tx)).await;
        let closed = Err(Unavailable("it is closed".to_owned()));
        result_rx.await.unwrap_or(closed)
    }

    /// Waits until the queue is processed and the storage is released.
    pub(super) async fn close(&self) {
        let (done_tx, done_rx) = oneshot::channel();
        if self.0.send(Command::Close(done_tx)).await.is_ok() {
            let _ = done_rx.await;
        }
    }
}

/// The commands that share a commit.
#[derive(Default)]
pub(super) struct CommitBatch {
    pub(super) appends: Vec<PendingAppend>,
    bytes: usize,
    /// The command that ends the batch.
    pub(super) last: Option<Command>,
}

impl CommitBatch {
    /// Takes everything from the queue that fits into one commit.
    pub(super) fn collect(
        first: Command,
        commands: &mut mpsc::Receiver<Command>,
        max: Retention,
    ) -> Self {
        let mut batch = Self::default();
        batch.add(first);
        while !batch.is_full(max)
            && let Ok(command) = commands.try_recv()
        {
            batch.add(command);
        }
        batch
    }

    fn add(&mut self, command: Command) {
        match command {
            Command::Append(append) => {
                self.bytes += append.0.max_encoded_len();
                self.appends.push(append);
            }
            other => self.last = Some(other),
        }
    }

    fn is_full(&self, max: Retention) -> bool {
        self.appends.len() >= max.messages
            || self.bytes >= max.bytes
            || self.last.is_some()
    }
}

/// Rejects messages that cannot be published.
pub(super) fn reject(appends: Vec<PendingAppend>, error: PublishError) {
    for (_, publisher) in appends {
        let _ = publisher.send(Err(error)); // the publisher may be gone
    }
}
