//! Servers that share a log through a Redis stream. Skipped if Redis is not installed; `./test`
//! installs it.

mod equivalence;

use crate::common;

use common::{Redis, Server};

/// Starts a server with this Redis.
fn server_of(redis: &Redis) -> Server {
    Server::start(&[&redis.flag()])
}
