//! The follower: reads the stream into this server's log.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::attach::attach;
use super::server::{RESPONSE_TIMEOUT, RedisServer};
use super::stream::{Attached, Stream, StreamError};
use crate::journal::status::Status;
use crate::log::MessageLog;

/// How long one read waits for messages. Redis does not wake it when the stream is deleted or
/// replaced, so this is also the time after which that is noticed.
const BLOCK: Duration = Duration::from_secs(1);

/// Time between two attempts to connect: doubled from the first to the last.
const MIN_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

pub(super) struct Follower {
    pub(super) log: Arc<MessageLog>,
    pub(super) server: Arc<RedisServer>,
    pub(super) stream: Arc<Stream>,
    pub(super) status: Arc<Status>,
    /// Notified when the appender has found a new epoch.
    pub(super) new_epoch: Arc<Notify>,
}

impl Follower {
    /// Follows the stream until the log is closed, over any number of connections.
    pub(super) async fn run(&self) {
        let mut backoff = MIN_BACKOFF;
        loop {
            let is_attached = &mut false;
            let error = tokio::select! {
                Err(error) = self.follow(is_attached) => error,
                () = self.new_epoch.notified() => continue,
                () = self.log.closed() => return,
            };
            if *is_attached {
                backoff = MIN_BACKOFF;
            }
            self.status.report_detached(&error);
            sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
            backoff = MAX_BACKOFF.min(backoff * 2);
        }
    }

    /// Follows the stream over one connection, until that fails. No other command uses the
    /// connection: it would wait until a blocked read ends.
    async fn follow(&self, is_attached: &mut bool) -> Result<Infallible, StreamError> {
        let mut connection = self.server.connect(BLOCK + RESPONSE_TIMEOUT).await?;
        self.resume(&mut connection).await?;
        *is_attached = true;
        loop {
            let (epoch, head, _) = self.log.newest();
            let page = self.stream.read(&mut connection, head, Some(BLOCK)).await;
            match page {
                Ok(page)
                    if page.epoch.as_deref() == Some(&*epoch) && page.head >= head =>
                {
                    if !page.messages.is_empty() {
                        self.log.append_sequenced(page.messages);
                    }
                }
                // Another epoch, or messages that were trimmed before they were read.
                Ok(_) | Err(StreamError::Unsuitable(_)) => {
                    self.resume(&mut connection).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Attaches a new connection, and loads the stream if the log cannot continue.
    async fn resume(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), StreamError> {
        let attached = attach(connection, &self.stream, &self.log).await?;
        let (epoch, head, _) = self.log.newest();
        if *epoch != *attached.epoch {
            self.status.metrics.epoch_changes.inc();
        }
        if *epoch != *attached.epoch || head + 1 < attached.oldest {
            self.load(connection, attached).await?;
        }
        self.status.report_attached();
        Ok(())
    }

    /// Replaces the log's content with the stream's.
    pub(super) async fn load(
        &self,
        connection: &mut MultiplexedConnection,
        attached: Attached,
    ) -> Result<(), StreamError> {
        let Attached {
            epoch,
            oldest,
            head,
            ..
        } = attached;
        let mut messages = Vec::new();
        while oldest - 1 + (messages.len() as u64) < head {
            let after = oldest - 1 + messages.len() as u64;
            let page = self.stream.read(connection, after, None).await?;
            if page.epoch.as_deref() != Some(&*epoch) || page.messages.is_empty() {
                let reason = "the stream changed while it was read".to_owned();
                return Err(StreamError::Unsuitable(reason));
            }
            messages.extend(page.messages);
        }
        self.log.replace(&epoch, oldest, messages);
        Ok(())
    }
}
