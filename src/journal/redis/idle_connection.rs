//! A connection for commands that are answered at once: on the others, a command waits for a script
//! or for a blocked read.

use std::sync::Arc;

use parking_lot::Mutex;
use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::sync::OnceCell;

use super::server::{RESPONSE_TIMEOUT, RedisServer};

/// Connected when it is needed, and again after an error or a [reset](Self::reset).
pub(super) struct IdleConnection {
    server: Arc<RedisServer>,
    connection: Mutex<Arc<OnceCell<MultiplexedConnection>>>,
}

impl IdleConnection {
    pub(super) fn new(server: Arc<RedisServer>) -> Self {
        Self {
            server,
            connection: Mutex::default(),
        }
    }

    /// Forgets the connection.
    pub(super) fn reset(&self) {
        *self.connection.lock() = Arc::default();
    }

    /// Runs a command.
    ///
    /// # Errors
    /// If Redis cannot be reached or rejects the command.
    pub(super) async fn query<T>(
        &self,
        command: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let cell = self.connection.lock().clone();
        let connect = || self.server.connect(RESPONSE_TIMEOUT);
        let mut connection = cell.get_or_try_init(connect).await?.clone();
        let result = command(&mut connection).await;
        if result.is_err() {
            let mut current = self.connection.lock();
            if Arc::ptr_eq(&current, &cell) {
                *current = Arc::default();
            }
        }
        result
    }
}
