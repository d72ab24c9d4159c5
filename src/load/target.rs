//! A server that is measured: its address, and what it reports about itself.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::net::http::{ResponseHead, read_response};
use super::protocol::describe_error_response;

/// Timeout of `/health` and `/metrics`, which the server responds to at once.
const STATUS_TIMEOUT: Duration = Duration::from_secs(5);

/// The server's URL on the command line: `http://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Name or address, without brackets.
    pub host: String,
    /// Port, 80 if the URL has none.
    pub port: u16,
    /// Host and port, as in the `Host` header.
    pub authority: String,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            let what = "https:// is not supported; connect to the server directly";
            return Err(what.into());
        }
        let invalid = || "the URL must look like http://127.0.0.1:8080".to_owned();
        let rest = text.strip_prefix("http://").ok_or_else(invalid)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if !authority.bytes().all(is_allowed) {
            return Err(invalid());
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => v6.split_once(']').ok_or_else(invalid)?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0),
            None => port.is_empty().then_some(80),
        };
        if host.is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.ok_or_else(invalid)?,
            authority: authority.to_owned(),
        })
    }
}

/// A server that responds.
#[derive(Debug, Clone)]
pub struct Target {
    /// Value of the `Host` header.
    pub authority: Arc<str>,
    /// The address that responded, if a name has several.
    pub address: SocketAddr,
}

/// The response to `GET /health`, as far as it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServerHealth {
    /// The log's epoch.
    pub epoch: String,
    /// The newest version.
    pub head: u64,
    /// Long polls in flight, and WebSockets that wait for a message.
    pub waiters: u64,
    /// Whether the lab is enabled, which simulates the network.
    #[serde(default)]
    pub lab: bool,
    /// Default and maximum of a long poll's `wait_ms`.
    #[serde(default)]
    max_wait_ms: Option<u64>,
}

impl ServerHealth {
    /// Returns how long the server holds a long poll at most: up to a sixteenth longer than
    /// `wait_ms`, so that many do not end at the same moment (docs/protocol.md).
    pub fn max_hold(&self) -> Option<Duration> {
        let wait = Duration::from_millis(self.max_wait_ms?);
        Some(wait + wait / 16)
    }

    /// Returns the health of two servers of one log: what is true of both, or the sum.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self {
            epoch: self.epoch,
            head: self.head.max(other.head),
            waiters: self.waiters + other.waiters,
            lab: self.lab && other.lab,
            max_wait_ms: self.max_wait_ms.max(other.max_wait_ms),
        }
    }
}

impl Target {
    /// Resolves the URL, and requests the server's health.
    ///
    /// # Errors
    /// When the address is not loopback and `allow_remote` is not set, when the name does not
    /// resolve, or when no address responds like Trifold.
    pub fn find(url: &Url, allow_remote: bool) -> Result<Self, String> {
        let Url {
            host,
            port,
            authority,
        } = url;
        let resolved = (host.as_str(), *port).to_socket_addrs();
        let addresses: Vec<_> = resolved
            .map_err(|error| format!("{host} does not resolve: {error}"))?
            .collect();
        if let Some(remote) = addresses.iter().find(|address| !address.ip().is_loopback())
            && !allow_remote
        {
            return Err(format!(
                "{host} is {}, which is not this machine; confirm with --allow-remote that \
                 this server may be put under load",
                remote.ip()
            ));
        }
        let mut failure = format!("{host} has no address");
        for address in addresses {
            let target = Self {
                authority: authority.as_str().into(),
                address,
            };
            match target.health() {
                Ok(_) => return Ok(target),
                Err(error) => {
                    failure = format!(
                        "http://{address} does not respond like a Trifold server: {error}"
                    );
                }
            }
        }
        Err(failure)
    }

    /// Returns the URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// Requests the server's health.
    ///
    /// # Errors
    /// When it does not respond within 5 s, or the response is not that of Trifold.
    pub fn health(&self) -> io::Result<ServerHealth> {
        serde_json::from_slice(&self.get("/health")?)
            .map_err(|error| io::Error::other(format!("/health: {error}")))
    }

    /// Requests the server's metrics, in the OpenMetrics text format.
    ///
    /// # Errors
    /// When it does not respond within 5 s, or has no metrics.
    pub fn metrics(&self) -> io::Result<String> {
        let body = self.get("/metrics")?;
        String::from_utf8(body)
            .map_err(|error| io::Error::other(format!("/metrics: {error}")))
    }

    /// Returns the body of the response, on a new connection.
    fn get(&self, path: &str) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&self.address, STATUS_TIMEOUT)?;
        stream.set_read_timeout(Some(STATUS_TIMEOUT))?;
        stream.set_write_timeout(Some(STATUS_TIMEOUT))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.authority
        );
        stream.write_all(request.as_bytes())?;
        let mut buffer = Vec::new();
        let head: ResponseHead = read_response(&mut stream, &mut buffer)?;
        let body = head.body(&buffer);
        match head.status {
            200 => Ok(body.to_owned()),
            status => {
                let error = describe_error_response(status, body);
                Err(io::Error::other(format!("{path}: {error}")))
            }
        }
    }

    /// Returns the address that a client connects from, if it is not the system's choice. One
    /// address has about 28 000 ports, and each stays unavailable for a minute after use; the
    /// machine has 2²⁴ loopback addresses.
    pub fn source_address(&self, client: u64, count: u8) -> Option<IpAddr> {
        match self.address.ip() {
            IpAddr::V4(address) if address.is_loopback() && count > 1 => {
                let last = (client % u64::from(count)) as u8 + 1;
                Some([127, 0, 0, last].into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_parsed() {
        for (text, host, port) in [
            ("http://127.0.0.1:8080", "127.0.0.1", 8080),
            ("http://localhost/", "localhost", 80),
            ("http://[::1]:9000/", "::1", 9000),
            ("http://[::1]", "::1", 80),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.host.as_str(), url.port), (host, port), "{text}");
        }
    }

    #[test]
    fn invalid_url_is_rejected() {
        for text in [
            "",
            "127.0.0.1:8080",
            "https://localhost",
            "ws://localhost",
            "http://",
            "http://:80",
            "http://localhost:",
            "http://localhost:0",
            "http://localhost:99999",
            "http://localhost/poll",
            "http://user@localhost",
            "http://localhost\r\nX: y",
            "http://[::1",
            "http://[::1]x",
        ] {
            assert!(text.parse::<Url>().is_err(), "{text}");
        }
    }
}
