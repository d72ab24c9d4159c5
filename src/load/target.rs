//! The server that is measured: its address, and what it says of itself.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::Deserialize;

/// How long the server may take for its own state, which it has at hand.
const HEALTH_WITHIN: Duration = Duration::from_secs(5);

/// From one look at who waits to the next.
const SETTLE_PAUSE: Duration = Duration::from_millis(20);

/// So many looks in a row that see the same are enough, and so many in all.
const SETTLED: u32 = 5;
const SETTLE_LOOKS: u32 = 250;

/// Where the server is, as the command line says it: `http://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Name or address, without brackets.
    pub host: String,
    /// Port, 80 where none is given.
    pub port: u16,
    /// Both, as they stand in `Host`.
    pub authority: String,
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("https://") {
            return Err("TLS is not spoken here: measure behind the proxy".into());
        }
        let wanted = || "a URL looks like http://127.0.0.1:8080".to_owned();
        let rest = text.strip_prefix("http://").ok_or_else(wanted)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if !authority.bytes().all(is_plain) {
            return Err(wanted());
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => v6.split_once(']').ok_or_else(wanted)?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0),
            None => port.is_empty().then_some(80),
        };
        if host.is_empty() {
            return Err(wanted());
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.ok_or_else(wanted)?,
            authority: authority.to_owned(),
        })
    }
}

/// A server that answers.
#[derive(Debug, Clone)]
pub struct Target {
    /// What stands in `Host`.
    pub authority: Arc<str>,
    /// The address that answered, where a name has several.
    pub address: SocketAddr,
}

/// What the server says of itself: `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Health {
    /// The log's incarnation.
    pub epoch: String,
    /// The newest version.
    pub head: u64,
    /// Long polls that are held, and WebSockets that wait for news.
    pub waiters: u64,
}

impl Target {
    /// Finds the server, and asks it how it is.
    ///
    /// # Errors
    /// When the address is not loopback and need be, when it does not resolve, or when nothing
    /// there answers as Trifold does.
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
        if let Some(other) = addresses.iter().find(|own| !own.ip().is_loopback())
            && !allow_remote
        {
            return Err(format!(
                "{host} is {}, which is not this machine. Load is for servers that you may \
                 put under load: --allow-remote says that this is one",
                other.ip()
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
                        "http://{address} does not answer as Trifold does: {error}"
                    );
                }
            }
        }
        Err(failure)
    }

    /// Asks the server how it is.
    ///
    /// # Errors
    /// When it does not answer in 5 s, or with something else.
    pub fn health(&self) -> io::Result<Health> {
        let mut stream = TcpStream::connect_timeout(&self.address, HEALTH_WITHIN)?;
        stream.set_read_timeout(Some(HEALTH_WITHIN))?;
        stream.set_write_timeout(Some(HEALTH_WITHIN))?;
        let request = format!(
            "GET /health HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.authority
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        // An answer is short; who sends more than that is no Trifold.
        stream.take(1 << 16).read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or_default();
        if status != "200" {
            let title = super::wire::title(body.as_bytes());
            return Err(io::Error::other(format!("/health says {status} {title}")));
        }
        serde_json::from_str(body)
            .map_err(|error| io::Error::other(format!("/health says {error}")))
    }

    /// Asks until nobody comes or goes any more: the clients of the run before may still be on
    /// their way out. Who leaves later would be missed among those who come.
    ///
    /// # Errors
    /// When the server stops answering.
    pub fn settled(&self) -> io::Result<Health> {
        let mut health = self.health()?;
        let mut same = 0;
        for _ in 0..SETTLE_LOOKS {
            thread::sleep(SETTLE_PAUSE);
            let now = self.health()?;
            same = if now.waiters == health.waiters {
                same + 1
            } else {
                0
            };
            health = now;
            if same == SETTLED {
                break;
            }
        }
        Ok(health)
    }

    /// The addresses that clients may come from. One address has some 28 000 ports, and each
    /// that was used rests for a minute; the machine itself has 2²⁴ loopback addresses.
    pub fn sources(&self, count: u8) -> Vec<IpAddr> {
        match self.address.ip() {
            IpAddr::V4(own) if own.is_loopback() && count > 1 => {
                (1..=count).map(|last| [127, 0, 0, last].into()).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read() {
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
    fn what_is_no_url_is_refused() {
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
