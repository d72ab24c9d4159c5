//! Connections to Redis.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::sentinel::{Sentinel, SentinelNodeConnectionInfo};
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use tokio::time::timeout;

use super::target::RedisTarget;

/// Maximum time to find the master and to connect to it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum time that Redis may take to answer a command.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The Redis at an address.
pub(super) struct RedisServer {
    target: RedisTarget,
}

impl RedisServer {
    pub(super) fn new(target: RedisTarget) -> Self {
        Self { target }
    }

    /// Connects; with sentinels, to the master of the moment.
    ///
    /// A connection is never repaired: after an error the caller drops it and [attaches] a new one,
    /// because another Redis may answer at the same address.
    ///
    /// [attaches]: super::attach
    pub(super) async fn connect(
        &self,
        response_timeout: Duration,
    ) -> RedisResult<MultiplexedConnection> {
        let connected = timeout(CONNECT_TIMEOUT * 2, async {
            let client = self.client().await?;
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_TIMEOUT))
                .set_response_timeout(Some(response_timeout));
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await
        });
        connected.await.unwrap_or_else(|_| Err(timed_out()))
    }

    async fn client(&self) -> RedisResult<Client> {
        match &self.target {
            RedisTarget::Server(info) => Client::open((**info).clone()),
            RedisTarget::Sentinels {
                addresses,
                master,
                redis,
            } => {
                let node = SentinelNodeConnectionInfo::default()
                    .set_redis_connection_info(redis.redis_settings().clone());
                let mut sentinel = Sentinel::build(addresses.clone())?;
                sentinel.async_master_for(master, Some(&node)).await
            }
        }
    }
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
