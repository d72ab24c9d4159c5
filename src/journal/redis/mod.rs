//! The storage in a Redis stream, which several servers share.
//!
//! An appender sends messages to Redis, where a script numbers them and adds them to the stream. A
//! follower reads the stream into this server's log, on a connection of its own, and readers are
//! served from the log alone. docs/scale.md says what is promised when Redis fails.

mod appender;
mod attach;
mod clock;
mod follower;
mod idle_connection;
mod server;
mod storage;
mod stream;
mod target;

pub(super) use storage::RedisStorage;
