//! Where the log is kept, as plain values.

use std::fmt;
use std::path::PathBuf;

/// Longest name of a stream, in bytes.
const MAX_STREAM_NAME_BYTES: usize = 128;

/// Where the log is kept.
#[derive(Debug, Clone, Default)]
pub enum JournalConfig {
    /// In this process; it ends with it.
    #[default]
    Memory,
    /// In an SQLite file.
    Sqlite(PathBuf),
    /// In a Redis stream, which several servers share.
    Redis(RedisConfig),
}

/// A stream, and the Redis that has it.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// The address of the Redis, with its password.
    pub url: RedisUrl,
    /// The key of the stream.
    pub stream: String,
}

/// The address of a Redis: one server, or sentinels that know the master. It may hold a password, so
/// it cannot be displayed; a mistake in it is reported when the stream is opened.
#[derive(Clone, derive_more::From)]
pub struct RedisUrl(pub(super) String);

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RedisUrl(…)")
    }
}

/// Checks the name of a stream.
///
/// # Errors
/// If Redis Cluster could not keep the stream and its indexes in one slot, or if it is hard to
/// type in a terminal.
pub fn parse_stream_name(name: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
    match (1..=MAX_STREAM_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_plain)
    {
        true => Ok(name.to_owned()),
        false => Err(format!(
            "a stream's name has 1 to {MAX_STREAM_NAME_BYTES} of the characters \
             A to Z, a to z, 0 to 9 and : . _ -"
        )),
    }
}
