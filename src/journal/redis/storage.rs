//! `RedisStorage`: the queue of the appender, and the follower.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::appender::Appender;
use super::attach::attach_first;
use super::clock::measure_offset;
use super::follower::Follower;
use super::server::{RESPONSE_TIMEOUT, RedisServer};
use super::stream::{Stream, StreamError};
use crate::journal::config::RedisConfig;
use crate::journal::error::Unavailable;
use crate::journal::queue::{CommandQueue, PublishResult};
use crate::journal::status::Status;
use crate::journal::storage::{Head, Storage};
use crate::log::{Cursor, MessageLog, NewMessage, Retention, Version};

/// How long a publisher waits until its message is in this server's log, too.
const MAX_VISIBILITY_DELAY: Duration = Duration::from_secs(1);

pub(in crate::journal) struct RedisStorage {
    queue: CommandQueue,
    follower: Follower,
    /// For [`Storage::head`]: a command that waits for no other.
    head_connection: Mutex<Option<MultiplexedConnection>>,
}

impl RedisStorage {
    /// Connects, loads the log, and starts the appender.
    ///
    /// # Errors
    /// If Redis does not answer or is too old, or the stream is not one of ours. Then nothing is
    /// changed.
    pub(in crate::journal) async fn open(
        config: &RedisConfig,
        log: Arc<MessageLog>,
        retention: Retention,
        status: Arc<Status>,
    ) -> io::Result<Self> {
        let (queue, commands) = CommandQueue::new();
        let server = Arc::new(RedisServer::new(config.url.clone()));
        let stream = Arc::new(Stream::new(&config.stream));
        let follower = Follower {
            log: log.clone(),
            server: server.clone(),
            stream: stream.clone(),
            status: status.clone(),
        };
        let connection = start(&follower).await.map_err(|error| {
            let (name, url) = (stream.name(), &config.url);
            io::Error::other(format!("cannot use the stream {name} at {url}: {error}"))
        })?;
        let appender = Appender {
            connection: Some((connection, log.epoch())),
            log,
            server,
            stream,
            status,
            retention,
            commands,
        };
        tokio::spawn(appender.run());
        Ok(Self {
            queue,
            follower,
            head_connection: Mutex::default(),
        })
    }

    async fn read_head(&self) -> Result<Head, StreamError> {
        let Follower { server, stream, .. } = &self.follower;
        let mut held = self.head_connection.lock().await;
        if held.is_none() {
            *held = Some(server.connect(RESPONSE_TIMEOUT).await?);
        }
        let mut connection = held.clone().expect("connected above");
        drop(held);
        match stream.head(&mut connection).await {
            Ok((Some(epoch), Some(version))) => Ok(Head {
                epoch: epoch.into(),
                version,
            }),
            Ok(_) => Err(StreamError::Unsuitable("the stream is gone".to_owned())),
            Err(error) => {
                *self.head_connection.lock().await = None;
                Err(error.into())
            }
        }
    }
}

async fn start(follower: &Follower) -> Result<MultiplexedConnection, StreamError> {
    let mut connection = follower.server.connect(RESPONSE_TIMEOUT).await?;
    let attached = attach_first(&mut connection, &follower.stream).await?;
    follower.load(&mut connection, attached).await?;
    let offset = measure_offset(&mut connection).await?;
    follower.status.set_clock_offset(offset);
    Ok(connection)
}

impl Storage for RedisStorage {
    fn append(&self, message: NewMessage) -> BoxFuture<'_, PublishResult> {
        async {
            let ack = self.queue.append(message).await?;
            // The message is kept in any case. If the follower is behind, this server's readers
            // get it later.
            let published = Cursor::of_epoch(&ack.epoch, ack.version);
            let reached = self.follower.log.reached(&published);
            let _ = timeout(MAX_VISIBILITY_DELAY, reached).await;
            Ok(ack)
        }
        .boxed()
    }

    fn follow(&self) -> BoxFuture<'_, ()> {
        self.follower.run().boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, Unavailable>> {
        let head = self.read_head();
        head.map(|head| head.map_err(|error| Unavailable(error.to_string())))
            .boxed()
    }

    fn trim(&self, oldest: Version) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.queue.trim(oldest).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.queue.close().boxed()
    }
}
