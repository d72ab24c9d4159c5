//! The appender: sends messages to Redis, and again until Redis confirms them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{RedisError, RetryMethod};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::attach::attach;
use super::follower::Follower;
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

/// How long messages are sent again. Afterwards their publishers get an error.
const MAX_RETRY: Duration = Duration::from_secs(2);

/// The same for messages that follow: a short time, so that the queue does not grow.
const MAX_RETRY_WHILE_FAILING: Duration = Duration::from_millis(500);

/// How long further messages are rejected at once after that.
const PAUSE: Duration = Duration::from_millis(500);

/// Time between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

pub(super) struct Appender {
    log: Arc<MessageLog>,
    server: Arc<RedisServer>,
    stream: Arc<Stream>,
    status: Arc<Status>,
    new_epoch: Arc<Notify>,
    commands: mpsc::Receiver<Command>,
    /// Maximum size of a commit. Never more than the log retains: the first messages would be
    /// evicted before they could be read.
    max_commit: Retention,
    /// The connection, and the epoch with which it is attached.
    connection: Option<(MultiplexedConnection, Arc<str>)>,
    /// When messages were rejected because Redis did not answer.
    failed_at: Option<Instant>,
}

/// The result of one attempt.
enum Attempt {
    Done(Arc<str>, Vec<Assignment>),
    /// Redis rejects the messages.
    Rejected(StreamError),
    /// They were not sent, or Redis rejects them for the moment.
    Failed(StreamError),
    /// The connection was lost before the answer.
    Unconfirmed(StreamError),
}

impl Appender {
    /// Creates an appender for the stream that the follower follows.
    pub(super) fn new(
        follower: &Follower,
        connection: MultiplexedConnection,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let retention = follower.log.retention();
        Self {
            connection: Some((connection, follower.log.epoch())),
            log: follower.log.clone(),
            server: follower.server.clone(),
            stream: follower.stream.clone(),
            status: follower.status.clone(),
            new_epoch: follower.new_epoch.clone(),
            commands,
            max_commit: Retention {
                messages: MAX_COMMIT.messages.min(retention.messages),
                bytes: MAX_COMMIT.bytes.min(retention.bytes),
            },
            failed_at: None,
        }
    }

    pub(super) async fn run(mut self) {
        while let Some(first) = self.commands.recv().await {
            let max = self.max_commit;
            let batch = CommitBatch::collect(first, &mut self.commands, max);
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
        let is_failing = self.status.is_write_failing();
        if is_failing && self.failed_at.is_some_and(|at| at.elapsed() < PAUSE) {
            return reject(appends, PublishError::StorageFailed);
        }
        let started = Instant::now();
        let max_retry = match is_failing {
            true => MAX_RETRY_WHILE_FAILING,
            false => MAX_RETRY,
        };
        let mut failure = PublishError::StorageFailed;
        loop {
            let remaining = max_retry.saturating_sub(started.elapsed());
            let attempt = timeout(remaining, self.attempt(&appends)).await;
            let error =
                match attempt.unwrap_or_else(|_| Attempt::Unconfirmed(timed_out())) {
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
            if started.elapsed() + RETRY_INTERVAL >= max_retry || self.log.is_closed() {
                self.fail(&error);
                self.failed_at = Some(Instant::now());
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
            .append(&mut connection, &epoch, self.log.retention(), messages)
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
            let attached = attach(&mut connection, &self.stream, Some(&self.log)).await?;
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
        let retention = self.log.retention();
        let trimmed = self.stream.trim(&mut connection, &epoch, retention).await;
        if trimmed.is_err() {
            self.connection = None;
        }
        trimmed.map_err(unavailable)
    }
}

fn timed_out() -> StreamError {
    StreamError::Unsuitable("Redis does not answer".to_owned())
}

/// Whether it is known after an error that the messages were not appended.
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
