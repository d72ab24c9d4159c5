//! Requests as actix-http should see them.
//!
//! actix-http 3.20 acts on two header fields before a handler can: an `Upgrade` of any protocol
//! ends the connection after the response, and `Expect: 100-continue` is answered at once. The
//! application decides both, so this filter renames what it does not mean, byte by byte and
//! without changing a length, while it follows where each request ends. docs/findings.md
//! describes the faults, and `tests/actix_http.rs` tells when they are gone.

use std::mem::MaybeUninit;
use std::ops::Range;

use actix_web::http::{Method, Uri};
use httparse::{Header, Request, Status};

use crate::http::DEFERRED_CONTINUE;

/// actix-http accepts as many header fields.
const MAX_FIELDS: usize = 96;

const UPGRADE: &str = "upgrade";
const IGNORED: &str = "ignored";
const WEBSOCKET: &str = "websocket";
const CONTINUE: &str = "100-continue";

/// Follows the requests of one connection.
pub(super) struct RequestFilter {
    next: Next,
    socket_paths: &'static [&'static str],
}

/// How many bytes are finished and what comes next; `None` if more bytes are needed.
type Step = Result<Option<(usize, Next)>, httparse::Error>;

/// What comes next on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Head,
    /// A body, of which this much is left.
    Body(u64),
    ChunkSize,
    /// A chunk with its line break, of which this much is left.
    Chunk(u64),
    Trailers,
    /// Frames of a WebSocket, or something that actix-http rejects.
    Anything,
}

impl RequestFilter {
    /// Creates a filter that lets these paths be upgraded to WebSockets.
    pub(super) fn new(socket_paths: &'static [&'static str]) -> Self {
        Self {
            next: Next::Head,
            socket_paths,
        }
    }

    /// Rewrites what has arrived. Returns how many bytes are finished; the rest belongs to an
    /// incomplete head and has to be given again, with what follows.
    pub(super) fn rewrite(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &mut bytes[at..];
            match self.step(rest) {
                Ok(Some((length, next))) => {
                    at += length;
                    self.next = next;
                }
                Ok(None) => return at,
                Err(_) => self.next = Next::Anything,
            }
        }
        at
    }

    fn step(&self, bytes: &mut [u8]) -> Step {
        let available = bytes.len() as u64;
        let skip = |left: u64, part: fn(u64) -> Next, then: Next| {
            let skipped = left.min(available);
            let next = match left - skipped {
                0 => then,
                left => part(left),
            };
            Ok(Some((skipped as usize, next)))
        };
        match self.next {
            Next::Head => rewrite_head(bytes, self.socket_paths),
            Next::Body(left) => skip(left, Next::Body, Next::Head),
            Next::Chunk(left) => skip(left, Next::Chunk, Next::ChunkSize),
            Next::Anything => Ok(Some((bytes.len(), Next::Anything))),
            Next::ChunkSize => parse_chunk_size(bytes),
            Next::Trailers => {
                let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
                Ok(match httparse::parse_headers(bytes, &mut fields)? {
                    Status::Complete((length, _)) => Some((length, Next::Head)),
                    Status::Partial => None,
                })
            }
        }
    }
}

fn parse_chunk_size(bytes: &[u8]) -> Step {
    match httparse::parse_chunk_size(bytes) {
        Ok(Status::Complete((length, 0))) => Ok(Some((length, Next::Trailers))),
        Ok(Status::Complete((length, size))) => {
            Ok(Some((length, Next::Chunk(size.saturating_add(2)))))
        }
        Ok(Status::Partial) => Ok(None),
        Err(_) => Err(httparse::Error::Token),
    }
}

/// Rewrites a head, if it is complete.
fn rewrite_head(bytes: &mut [u8], socket_paths: &[&str]) -> Step {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut head = Request::new(&mut []);
    let Status::Complete(length) = head.parse_with_uninit_headers(bytes, &mut fields)?
    else {
        return Ok(None);
    };
    let body = body(&head);
    let is_rewritten =
        |field: &Header| is_named(field, UPGRADE) || is_named(field, "expect");
    if !head.headers.iter().any(is_rewritten) {
        return Ok(Some((length, body)));
    }
    let is_handshake = body == Next::Head && is_handshake(&head, socket_paths);
    let edits = edits(&head, is_handshake, bytes.as_ptr() as usize);
    for Edit { range, text } in edits {
        let target = &mut bytes[range];
        target.fill(b' ');
        target[..text.len()].copy_from_slice(text.as_bytes());
    }
    let next = match is_handshake {
        true => Next::Anything,
        false => body,
    };
    Ok(Some((length, next)))
}

/// Returns what follows a head, as actix-http decides it (RFC 9112 §6.3).
fn body(head: &Request) -> Next {
    let field = |name: &str| {
        let mut fields = head.headers.iter();
        fields.find(|field| field.name.eq_ignore_ascii_case(name))
    };
    if let Some(coding) = field("transfer-encoding") {
        return match coding.value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
            true => Next::ChunkSize,
            false => Next::Anything,
        };
    }
    if let Some(length) = field("content-length") {
        let length = std::str::from_utf8(length.value).ok();
        return match length.and_then(|length| length.trim().parse().ok()) {
            Some(0) => Next::Head,
            Some(length) => Next::Body(length),
            None => Next::Anything,
        };
    }
    match head.method == Some(Method::CONNECT.as_str()) {
        true => Next::Anything,
        false => Next::Head,
    }
}

/// Whether this is the opening handshake of a WebSocket (RFC 6455 §4.2.1). Offers of other
/// protocols, on other paths and with a body are ignored (RFC 9110 §7.8).
fn is_handshake(head: &Request, socket_paths: &[&str]) -> bool {
    let offers = |name: &str, token: &str| {
        let mut fields = head.headers.iter();
        fields.any(|field| is_named(field, name) && has_token(field.value, token))
    };
    let target = head.path.and_then(|target| target.parse::<Uri>().ok());
    head.version == Some(1)
        && head.method == Some(Method::GET.as_str())
        && target.is_some_and(|target| socket_paths.contains(&target.path()))
        && offers("connection", UPGRADE)
        && offers(UPGRADE, WEBSOCKET)
}

/// A replacement of bytes by text and, if that is shorter, spaces.
struct Edit {
    range: Range<usize>,
    text: &'static str,
}

/// Returns what is to be replaced in a head, relative to its first byte at `start`.
fn edits(head: &Request, is_handshake: bool, start: usize) -> Vec<Edit> {
    let range = |text: &[u8]| {
        let first = text.as_ptr() as usize - start;
        first..first + text.len()
    };
    let mut edits = Vec::new();
    let mut is_offered = false;
    for field in head.headers.iter() {
        if is_named(field, UPGRADE) {
            let is_offer = is_handshake && has_token(field.value, WEBSOCKET);
            let (replaced, text) = match is_offer && !is_offered {
                true => (field.value, WEBSOCKET), // actix-http knows no lists
                false => (field.name.as_bytes(), IGNORED),
            };
            is_offered |= is_offer;
            edits.push((replaced, text));
        } else if is_named(field, "connection") && !is_handshake {
            let tokens = tokens(field.value).filter(|token| is_token(token, UPGRADE));
            edits.extend(tokens.map(|token| (token, IGNORED)));
        } else if is_named(field, "expect")
            && head.version == Some(1) // HTTP/1.0 has no 1xx (RFC 9110 §10.1.1)
            && has_token(field.value, CONTINUE)
        {
            edits.push((field.value, DEFERRED_CONTINUE));
        }
    }
    let edit = |(replaced, text)| Edit {
        range: range(replaced),
        text,
    };
    edits.into_iter().map(edit).collect()
}

fn is_named(field: &Header, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

fn tokens(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

fn is_token(token: &[u8], expected: &str) -> bool {
    token.eq_ignore_ascii_case(expected.as_bytes())
}

fn has_token(list: &[u8], expected: &str) -> bool {
    tokens(list).any(|token| is_token(token, expected))
}

#[cfg(test)]
mod tests;
