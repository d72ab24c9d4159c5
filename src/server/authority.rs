//! Hosts and ports, as `Host`, `Origin` and `--allow-host` name them.

use std::net::IpAddr;

/// A host and, if it is given, a port (RFC 3986 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    pub(super) host: Host<'a>,
    pub(super) port: Option<u16>,
}

/// An address or a name. IPv4-mapped IPv6 addresses are IPv4 addresses (RFC 4291 §2.5.5.2).
#[derive(Debug, Clone, Copy)]
pub(super) enum Host<'a> {
    Address(IpAddr),
    /// Without a trailing dot; compared without case.
    Name(&'a str),
}

impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => one == other,
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

impl<'a> Host<'a> {
    /// Parses a host, an IPv6 address in brackets.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(v6) = text.strip_prefix('[') {
            let address: IpAddr = v6.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.to_canonical()));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let is_name = !name.is_empty() && name.bytes().all(is_plain);
        is_name.then_some(Self::Name(name))
    }

    /// Returns whether this is the machine itself.
    pub(super) fn is_loopback(self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl<'a> Authority<'a> {
    /// Parses `host` or `host:port`.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let end_of_host = match text.starts_with('[') {
            true => text.find(']')? + 1,
            false => text.find(':').unwrap_or(text.len()),
        };
        let (host, port) = text.split_at(end_of_host);
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return None,
            Some("") => None,
            Some(port) => Some(port.parse().ok()?),
        };
        let host = Host::parse(host)?;
        Some(Self { host, port })
    }

    /// Parses an origin (RFC 6454 §6.2); its port is the scheme's if it is not given.
    pub(super) fn parse_origin(origin: &'a str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let default_port = default_port(scheme)?;
        let authority = Self::parse(authority)?;
        Some(Self {
            port: authority.port.or(Some(default_port)),
            ..authority
        })
    }
}

/// Returns the default port of a scheme (RFC 9110 §4.2).
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Returns whether a page of this origin came from this host. The scheme of the server is
/// unknown, because a proxy in front may terminate TLS; so the default port of a host without
/// one is that of the origin's scheme.
pub(super) fn is_same_origin(origin: &str, host: Authority) -> bool {
    let Some((scheme, _)) = origin.split_once("://") else {
        return false;
    };
    let host = Authority {
        port: host.port.or(default_port(scheme)),
        ..host
    };
    Authority::parse_origin(origin) == Some(host)
}

/// Parses a value of `--allow-host`. A port is dropped, because the port of a request is not
/// checked.
///
/// # Errors
/// What is wrong with a value that could never match.
pub fn parse_allowed_host(text: &str) -> Result<String, String> {
    let text = text.trim();
    let authority = Authority::parse(text).or_else(|| {
        let address = text.parse::<IpAddr>().ok()?; // IPv6 without brackets
        Some(Authority {
            host: Host::Address(address.to_canonical()),
            port: None,
        })
    });
    match authority.map(|authority| authority.host) {
        Some(Host::Address(address)) => Ok(address.to_string()),
        Some(Host::Name(name)) => Ok(name.to_ascii_lowercase()),
        None if !text.is_ascii() => Err(
            "write the name as in DNS: a name such as bücher.example is \
                 xn--bcher-kva.example"
                .to_owned(),
        ),
        None => Err(
            "expected a host name or an address, without scheme, path or \
                     wildcard, such as lecture.example or 192.0.2.7"
                .to_owned(),
        ),
    }
}

/// Parses a value of `--allow-origin`: what a browser would send (RFC 6454 §6.2). A default port
/// is dropped, because browsers do not send it.
///
/// # Errors
/// What is wrong with a value that could never match.
pub fn parse_allowed_origin(text: &str) -> Result<String, String> {
    let expected = || {
        "expected an origin such as https://example.org or http://192.0.2.7:8080: scheme and \
         host in lower case, without a path"
            .to_owned()
    };
    let text = text.trim();
    let (scheme, authority) = text.split_once("://").ok_or_else(expected)?;
    let default_port = default_port(scheme).ok_or_else(expected)?;
    let authority = Authority::parse(authority).ok_or_else(expected)?;
    let host = match authority.host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_owned(),
    };
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(expected());
    }
    match authority.port.filter(|port| *port != default_port) {
        Some(port) => Ok(format!("{scheme}://{host}:{port}")),
        None => Ok(format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<Host<'_>> {
        Authority::parse(text).map(|authority| authority.host)
    }

    #[test]
    fn authority_parts() {
        for (text, port) in [
            ("lecture.example", None),
            ("lecture.example:8080", Some(8080)),
            ("lecture.example:", None),
            ("[::1]:80", Some(80)),
            ("192.0.2.7:1", Some(1)),
        ] {
            assert_eq!(Authority::parse(text).unwrap().port, port, "{text}");
        }
        for text in [
            "", ":80", "a:b", "a:99999", "[::1", "[::1]x", "user@a", "a b",
        ] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }

    #[test]
    fn hosts_are_compared_in_canonical_form() {
        assert_eq!(host("LECTURE.example."), host("lecture.example"));
        assert_eq!(host("[::ffff:192.0.2.7]:80"), host("192.0.2.7"));
        assert_eq!(host("[2001:DB8:0::1]"), host("[2001:db8::1]"));
        assert_ne!(host("lecture.example"), host("example"));
        assert!(host("[::ffff:127.0.0.1]").unwrap().is_loopback());
    }

    #[test]
    fn default_ports_are_none() {
        let same = |origin, host| is_same_origin(origin, Authority::parse(host).unwrap());
        assert!(same("http://localhost", "localhost:80"));
        assert!(same("http://localhost:80", "localhost"));
        assert!(same("https://localhost", "localhost:443"));
        assert!(same("https://localhost:443", "localhost"));
        assert!(same("http://[::1]:8080", "[0::1]:8080"));
        assert!(!same("http://localhost", "localhost:443"));
        assert!(!same("http://localhost:8080", "localhost"));
        assert!(!same("https://localhost", "localhost:80"));
        assert!(!same("null", "localhost"));
        assert!(!same("ftp://localhost", "localhost"));
    }

    #[test]
    fn allowed_hosts_are_normalized_or_rejected() {
        for (text, normalized) in [
            (" Lecture.example:8080 ", "lecture.example"),
            ("lecture.example.", "lecture.example"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(
                parse_allowed_host(text).as_deref(),
                Ok(normalized),
                "{text}"
            );
        }
        for text in ["", "http://a", "a/b", "*.example", "bücher.example", "a b"] {
            assert!(parse_allowed_host(text).is_err(), "{text}");
        }
        assert!(
            parse_allowed_host("ü.example")
                .unwrap_err()
                .contains("xn--")
        );
    }

    #[test]
    fn allowed_origins_are_normalized_or_rejected() {
        for (text, normalized) in [
            ("http://lecture.example:80", "http://lecture.example"),
            ("https://lecture.example:443", "https://lecture.example"),
            ("https://lecture.example:80", "https://lecture.example:80"),
            (" http://[2001:db8:0::1]:8080", "http://[2001:db8::1]:8080"),
        ] {
            let parsed = parse_allowed_origin(text);
            assert_eq!(parsed.as_deref(), Ok(normalized), "{text}");
        }
        for text in [
            "",
            "lecture.example",
            "http://A.example",
            "http://a/",
            "ws://a",
            "null",
        ] {
            assert!(parse_allowed_origin(text).is_err(), "{text}");
        }
    }
}
