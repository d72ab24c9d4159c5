//! The address of a Redis, parsed.

use std::fmt;

use derive_more::Display;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};

use crate::journal::config::RedisUrl;

/// The port of a sentinel whose address has none.
const SENTINEL_PORT: u16 = 26379;

/// One Redis, or sentinels that know the master.
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

impl RedisTarget {
    /// Parses an address.
    ///
    /// # Errors
    /// If it is not valid; the message has an example of each form.
    pub(super) fn parse(RedisUrl(url): &RedisUrl) -> Result<Self, InvalidRedisUrl> {
        match url.strip_prefix("redis+sentinel://") {
            Some(rest) => parse_sentinels(rest),
            None => Ok(Self::Server(Box::new(parse_server(url)?))),
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
