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
use crate::log::{MessageLog, Version};

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
            let error = tokio::select! {
                Err(error) = self.follow() => error,
                () = self.new_epoch.notified() => continue,
                () = self.log.closed() => return,
            };
            if !self.status.is_detached() {
                backoff = MIN_BACKOFF;
            }
            self.status.report_detached(&error);
            sleep(backoff.mul_f64(rand::random_range(0.5..1.0))).await;
            backoff = MAX_BACKOFF.min(backoff * 2);
        }
    }

    /// Follows the stream over one connection, until that fails. No other command uses the
    /// connection: it would wait until a blocked read ends.
    async fn follow(&self) -> Result<Infallible, StreamError> {
        let mut connection = self.server.connect(BLOCK + RESPONSE_TIMEOUT).await?;
        self.resume(&mut connection).await?;
        loop {
            let (epoch, head) = self.log.position();
            let page = self.stream.read(&mut connection, head, Some(BLOCK)).await?;
            let is_next = page.epoch.as_deref() == Some(&*epoch)
                && page.head >= head
                && page.first == head + 1;
            if !is_next {
                // Another epoch, or messages that were evicted before they were read.
                self.resume(&mut connection).await?;
            } else if !page.messages.is_empty() {
                self.log.append_sequenced(page.messages);
            }
        }
    }

    /// Attaches a new connection, and loads the stream if the log cannot continue.
    async fn resume(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> Result<(), StreamError> {
        let attached = attach(connection, &self.stream, &self.log).await?;
        let (epoch, head) = self.log.position();
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
        let (mut oldest, mut messages) = (attached.oldest, Vec::new());
        loop {
            let after = oldest - 1 + messages.len() as Version;
            if after >= attached.head {
                break;
            }
            let page = self.stream.read(connection, after, None).await?;
            if page.epoch.as_deref() != Some(&*attached.epoch) || page.messages.is_empty()
            {
                let reason = "the stream was replaced while it was read".to_owned();
                return Err(StreamError::Unsuitable(reason));
            }
            if page.first > after + 1 {
                // Meanwhile everything up to here was evicted.
                messages.clear();
                oldest = page.first;
            }
            messages.extend(page.messages);
        }
        self.log.replace(&attached.epoch, oldest, messages);
        Ok(())
    }
}
