//! `RedisStorage`: the queue of the appender, and the follower.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join};
use redis::aio::MultiplexedConnection;
use tokio::time::{sleep, timeout};

use super::appender::Appender;
use super::attach::attach;
use super::clock::measure_offset;
use super::follower::Follower;
use super::idle_connection::IdleConnection;
use super::server::{RESPONSE_TIMEOUT, RedisServer};
use super::stream::{Stream, StreamError};
use super::target::RedisTarget;
use crate::journal::config::RedisConfig;
use crate::journal::error::Unavailable;
use crate::journal::queue::{CommandQueue, PublishResult};
use crate::journal::status::Status;
use crate::journal::storage::{Head, Storage};
use crate::log::{Cursor, MessageLog, NewMessage};

/// How often the clocks are compared.
const CLOCK_INTERVAL: Duration = Duration::from_secs(30);

/// How long a publisher waits until its message is in this server's log, too.
const MAX_VISIBILITY_DELAY: Duration = Duration::from_secs(1);

pub(in crate::journal) struct RedisStorage {
    queue: CommandQueue,
    follower: Follower,
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
        status: Arc<Status>,
    ) -> io::Result<Self> {
        let target = RedisTarget::parse(&config.url).map_err(|error| {
            io::Error::other(format!("the address of --redis is invalid: {error}"))
        })?;
        let shown = target.to_string();
        let server = Arc::new(RedisServer::new(target));
        let follower = Follower {
            log,
            stream: Arc::new(Stream::new(&config.stream)),
            status,
            idle_connection: IdleConnection::new(server.clone()),
            server,
            new_epoch: Arc::default(),
        };
        let connection = start(&follower).await.map_err(|error| {
            let name = &config.stream;
            io::Error::other(format!("cannot use the stream {name} at {shown}: {error}"))
        })?;
        let (queue, commands) = CommandQueue::new();
        tokio::spawn(Appender::new(&follower, connection, commands).run());
        Ok(Self { queue, follower })
    }

    async fn read_head(&self) -> Result<Head, Unavailable> {
        let Follower {
            stream,
            idle_connection,
            ..
        } = &self.follower;
        let head =
            idle_connection.query(async |connection| stream.head(connection).await);
        match head.await {
            Ok((Some(epoch), Some(version))) => Ok(Head {
                epoch: epoch.into(),
                version,
            }),
            Ok(_) => Err(Unavailable("the stream is gone".to_owned())),
            Err(error) => Err(Unavailable(error.to_string())),
        }
    }

    /// Compares the clocks until the log is closed. While Redis is not reachable, the last
    /// comparison counts.
    async fn compare_clocks(&self) {
        let Follower {
            log,
            status,
            idle_connection,
            ..
        } = &self.follower;
        loop {
            tokio::select! {
                () = sleep(CLOCK_INTERVAL) => {}
                () = log.closed() => return,
            }
            if let Ok(offset) = idle_connection.query(measure_offset).await {
                status.set_clock_offset(offset);
            }
        }
    }
}

/// Connects for the first time, and loads the log.
async fn start(follower: &Follower) -> Result<MultiplexedConnection, StreamError> {
    let mut connection = follower.server.connect(RESPONSE_TIMEOUT).await?;
    let attached = attach(&mut connection, &follower.stream, None).await?;
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
        let follow = join(self.follower.run(), self.compare_clocks());
        follow.map(|_| ()).boxed()
    }

    fn head(&self) -> BoxFuture<'_, Result<Head, Unavailable>> {
        self.read_head().boxed()
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), Unavailable>> {
        self.queue.trim().boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.queue.close().boxed()
    }
}
