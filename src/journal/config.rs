//! Where the log is kept, as plain values.

use std::fmt;
use std::path::PathBuf;

use derive_more::Display;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

/// Longest name of a stream, in bytes.
const MAX_STREAM_NAME_BYTES: usize = 128;

/// The port of a sentinel whose address has none.
const SENTINEL_PORT: u16 = 26379;

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
pub struct RedisUrl(String);

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RedisUrl(…)")
    }
}

#[derive(Clone)]
pub(super) enum RedisTarget {
    Server(Box<ConnectionInfo>),
    Sentinels {
        addresses: Vec<ConnectionInfo>,
        master: String,
        /// User, password and database of the Redis itself.
        redis: Box<ConnectionInfo>,
    },
}

/// Why a text is not the address of a Redis. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Display)]
#[display(
    "{_0}; use redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss://… for TLS, \
     redis+unix:///PATH, or redis+sentinel://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/MASTER[/DB]"
)]
pub(super) struct InvalidRedisUrl(&'static str);

impl RedisUrl {
    /// Parses the address.
    ///
    /// # Errors
    /// If it is not valid; the message has an example of each form.
    pub(super) fn target(&self) -> Result<RedisTarget, InvalidRedisUrl> {
        match self.0.strip_prefix("redis+sentinel://") {
            Some(rest) => parse_sentinels(rest),
            None => Ok(RedisTarget::Server(Box::new(parse_server(&self.0)?))),
        }
    }
}

fn parse_server(text: &str) -> Result<ConnectionInfo, InvalidRedisUrl> {
    let invalid = InvalidRedisUrl("not the address of a Redis");
    let info = text.into_connection_info().map_err(|_| invalid)?;
    match info.addr() {
        address if !address.is_supported() => {
            Err(InvalidRedisUrl("not supported on this system"))
        }
        _ => Ok(info),
    }
}

/// Parses what follows the scheme: `[USER:PASSWORD@]HOST[:PORT][,…]/MASTER[/DB]`.
fn parse_sentinels(text: &str) -> Result<RedisTarget, InvalidRedisUrl> {
    let (authority, path) = text
        .split_once('/')
        .filter(|(_, path)| !path.is_empty())
        .ok_or(InvalidRedisUrl("the name of the master is missing"))?;
    let (credentials, hosts) = match authority.rsplit_once('@') {
        Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
        None => (String::new(), authority),
    };
    let (master, database) = path.split_once('/').unwrap_or((path, ""));
    // The master's address is not known yet; user, password and database are those of the URL.
    let redis = parse_server(&format!("redis://{credentials}localhost/{database}"))?;
    let addresses = hosts.split(',').map(|host| {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        match has_port {
            true => parse_server(&format!("redis://{host}")),
            false => parse_server(&format!("redis://{host}:{SENTINEL_PORT}")),
        }
    });
    Ok(RedisTarget::Sentinels {
        addresses: addresses.collect::<Result<_, _>>()?,
        master: master.to_owned(),
        redis: Box::new(redis),
    })
}

/// Without passwords.
impl fmt::Display for RedisTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(info) => {
                let scheme = match info.addr() {
                    ConnectionAddr::TcpTls { .. } => "rediss",
                    ConnectionAddr::Unix(_) => "redis+unix",
                    _ => "redis",
                };
                write!(formatter, "{scheme}://{}", info.addr())
            }
            Self::Sentinels {
                addresses, master, ..
            } => {
                let addresses: Vec<_> = addresses
                    .iter()
                    .map(|info| info.addr().to_string())
                    .collect();
                write!(
                    formatter,
                    "redis+sentinel://{}/{master}",
                    addresses.join(",")
                )
            }
        }
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
