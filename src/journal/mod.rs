//! Where messages get their versions and are kept: in memory, in an SQLite file, or in a Redis
//! stream that several servers share.
//!
//! [`LogWriter`] publishes through a storage. In memory that is the log itself. A file or a stream
//! assigns versions to all queued messages and keeps them in one commit; then they enter the log,
//! then their publishers get a reply. So no reader sees a message that the storage does not hold.

mod config;
mod error;
mod log_writer;
mod memory;
mod metrics;
mod queue;
mod redis;
mod sqlite;
mod status;
mod storage;

pub use config::{JournalConfig, RedisConfig, RedisUrl, parse_stream_name};
pub use error::{PublishError, Unavailable};
pub use log_writer::LogWriter;
