//! The appender: sends messages to Redis, and again until Redis confirms them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{RedisError, RetryMethod};
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

use super::attach::attach;
use super::server::{RESPONSE_TIMEOUT, RedisServer};
use super::stream::{Assignment, Stream, StreamError};
use crate::journal::error::{PublishError, Unavailable};
use crate::journal::queue::{Command, CommitBatch, PendingAppend, reject};
use crate::journal::status::Status;
use crate::log::{MessageLog, PublishAck, Retention};

/// Maximum size of one step: a script stops all other clients of Redis.
const MAX_COMMIT: Retention = Retention {
    messages: 256,
    bytes: 1 << 20,
};

/// How long messages are sent again. Afterwards their publishers are told, and messages that follow
/// have one attempt.
const MAX_RETRY: Duration = Duration::from_secs(2);

/// Time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

pub(super) struct Appender {
    pub(super) log: Arc<MessageLog>,
    pub(super) server: Arc<RedisServer>,
    pub(super) stream: Arc<Stream>,
    pub(super) status: Arc<Status>,
    pub(super) retention: Retention,
    pub(super) new_epoch: Arc<Notify>,
    pub(super) commands: mpsc::Receiver<Command>,
    /// The connection, and the epoch with which it is attached.
    pub(super) connection: Option<(MultiplexedConnection, Arc<str>)>,
}

/// What became of one attempt.
enum Attempt {
    Done(Arc<str>, Vec<Assignment>),
    /// Redis answered that it does not take the messages.
    Rejected(StreamError),
    /// They were not sent, or Redis rejected them for the moment.
    Failed(StreamError),
    /// The connection was lost before the answer.
    Unconfirmed(StreamError),
}

impl Appender {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.commands.recv().await {
            let batch = CommitBatch::collect(first, &mut self.commands, MAX_COMMIT);
            if !batch.appends.is_empty() {
                self.append(batch.appends).await;
            }
            match batch.last {
                Some(Command::Trim(done)) => {
                    let _ = done.send(self.trim().await); // the caller may be gone
                }
                Some(Command::Close(done)) => {
                    let _ = done.send(());
                    return;
                }
                Some(Command::Append(_)) | None => {}
            }
        }
    }

    async fn append(&mut self, appends: Vec<PendingAppend>) {
        if self.log.is_closed() {
            return reject(appends, PublishError::ShuttingDown);
        }
        let started = Instant::now();
        let max_retry = match self.status.is_write_failing() {
            true => Duration::ZERO,
            false => MAX_RETRY,
        };
        let mut failure = PublishError::StorageFailed;
        loop {
            let error = match self.attempt(&appends).await {
                Attempt::Done(epoch, assignments) => {
                    let metrics = &self.status.metrics;
                    metrics.record_success(appends.len(), started.elapsed());
                    self.status.report_success();
                    return acknowledge(appends, &epoch, assignments);
                }
                Attempt::Rejected(error) => {
                    self.fail(&error);
                    return reject(appends, failure);
                }
                Attempt::Failed(error) => error,
                Attempt::Unconfirmed(error) => {
                    failure = PublishError::Unconfirmed;
                    error
                }
            };
            self.connection = None;
            if started.elapsed() >= max_retry || self.log.is_closed() {
                self.fail(&error);
                return reject(appends, failure);
            }
            sleep(RETRY_INTERVAL).await;
        }
    }

    fn fail(&self, error: &StreamError) {
        self.status.metrics.record_failure();
        self.status.report_failure(error);
    }

    async fn attempt(&mut self, appends: &[PendingAppend]) -> Attempt {
        let (mut connection, epoch) = match self.connection().await {
            Ok(connected) => connected,
            Err(error) => return Attempt::Failed(error),
        };
        let messages = appends.iter().map(|(message, _)| message);
        let appended = self
            .stream
            .append(&mut connection, &epoch, self.retention, messages)
            .await;
        match appended {
            Ok(Some(assignments)) => Attempt::Done(epoch, assignments),
            Ok(None) => {
                let reason = "the stream has another epoch".to_owned();
                Attempt::Failed(StreamError::Unsuitable(reason))
            }
            Err(StreamError::Redis(error)) => classify(error),
            Err(error) => Attempt::Unconfirmed(error),
        }
    }

    /// Returns an attached connection.
    async fn connection(
        &mut self,
    ) -> Result<(MultiplexedConnection, Arc<str>), StreamError> {
        if self.connection.is_none() {
            let mut connection = self.server.connect(RESPONSE_TIMEOUT).await?;
            let attached = attach(&mut connection, &self.stream, &self.log).await?;
            if *attached.epoch != *self.log.epoch() {
                self.new_epoch.notify_one(); // its read would wait until it times out
            }
            self.connection = Some((connection, attached.epoch.into()));
        }
        let connected = self.connection.clone();
        Ok(connected.expect("connected above"))
    }

    async fn trim(&mut self) -> Result<(), Unavailable> {
        let unavailable = |error: StreamError| Unavailable(error.to_string());
        let (mut connection, epoch) = self.connection().await.map_err(unavailable)?;
        let trimmed = self.stream.trim(&mut connection, &epoch, self.retention);
        trimmed.await.map_err(unavailable)
    }
}

/// Whether an error leaves it open what happened to the messages.
fn classify(error: RedisError) -> Attempt {
    let is_answer = error.code().is_some();
    match error.retry_method() {
        _ if !is_answer => Attempt::Unconfirmed(error.into()),
        RetryMethod::NoRetry => Attempt::Rejected(error.into()),
        _ => Attempt::Failed(error.into()),
    }
}

fn acknowledge(
    appends: Vec<PendingAppend>,
    epoch: &Arc<str>,
    assignments: Vec<Assignment>,
) {
    for ((message, publisher), assignment) in appends.into_iter().zip(assignments) {
        let ack = PublishAck {
            epoch: epoch.clone(),
            id: message.id,
            version: assignment.version,
            duplicate: assignment.duplicate,
        };
        let _ = publisher.send(Ok(ack)); // the publisher may be gone
    }
}
