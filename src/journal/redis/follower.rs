//! The follower: reads the stream into this server's log.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::attach::attach;
use super::idle_connection::IdleConnection;
use super::server::{RESPONSE_TIMEOUT, RedisServer};
use super::stream::{Attached, FIRST_PAGE_MESSAGES, Stream, StreamError};
use crate::journal::status::Status;
use crate::log::{EncodedMessage, MessageLog, Retention, Version};

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
    pub(super) idle_connection: IdleConnection,
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
        let mut count = FIRST_PAGE_MESSAGES;
        loop {
            let (epoch, head) = self.log.position();
            let page = self.stream.read(&mut connection, head, count, Some(BLOCK));
            let page = page.await?;
            count = page.next_count;
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
        let attached = attach(connection, &self.stream, Some(&self.log)).await?;
        let (epoch, head) = self.log.position();
        let is_new_epoch = *epoch != *attached.epoch;
        if is_new_epoch || head + 1 < attached.oldest {
            self.load(connection, attached).await?;
        }
        if is_new_epoch {
            self.status.metrics.epoch_changes.inc();
        }
        self.idle_connection.reset(); // it may lead to another Redis
        self.status.report_attached();
        Ok(())
    }

    /// Replaces the log's content with the stream's, or with as much of it as the log retains.
    pub(super) async fn load(
        &self,
        connection: &mut MultiplexedConnection,
        attached: Attached,
    ) -> Result<(), StreamError> {
        let retention = self.log.retention();
        let newest = (attached.head + 1).saturating_sub(retention.messages as Version);
        let mut loaded = Loaded::new(attached.oldest.max(newest), retention);
        let mut count = FIRST_PAGE_MESSAGES;
        while loaded.next < attached.head + 1 {
            let after = loaded.next - 1;
            let page = self.stream.read(connection, after, count, None).await?;
            count = page.next_count;
            if page.epoch.as_deref() != Some(&*attached.epoch) || page.messages.is_empty()
            {
                let reason = "the stream was replaced while it was read".to_owned();
                return Err(StreamError::Unsuitable(reason));
            }
            loaded.extend(page.first, page.messages);
        }
        let oldest = loaded.next - loaded.messages.len() as Version;
        self.log.replace(&attached.epoch, oldest, loaded.messages);
        Ok(())
    }
}

/// The messages of a stream that is being loaded.
struct Loaded {
    retention: Retention,
    messages: VecDeque<EncodedMessage>,
    bytes: usize,
    /// The version after the last message.
    next: Version,
}

impl Loaded {
    fn new(oldest: Version, retention: Retention) -> Self {
        Self {
            retention,
            messages: VecDeque::new(),
            bytes: 0,
            next: oldest,
        }
    }

    fn extend(&mut self, first: Version, messages: Vec<EncodedMessage>) {
        if first > self.next {
            // Meanwhile everything up to here was evicted.
            self.messages.clear();
            (self.bytes, self.next) = (0, first);
        }
        for message in messages {
            self.bytes += message.json_len();
            self.next += 1;
            self.messages.push_back(message);
            while self.messages.len() > 1
                && !self.retention.allows(self.messages.len(), self.bytes)
                && let Some(evicted) = self.messages.pop_front()
            {
                self.bytes -= evicted.json_len();
            }
        }
    }
}
