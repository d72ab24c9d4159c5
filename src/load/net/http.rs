//! HTTP/1.1 responses from a client's point of view: `httparse` parses the head, and the head
//! states how long the body is (RFC 9112 §6).

use std::io::{self, ErrorKind, Read};
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

/// Maximum size of one response. Trifold limits its batches to 1 MiB, or to one message.
pub const MAX_RESPONSE_BYTES: usize = 64 << 20;

/// Maximum number of header fields of a response. Trifold sends about ten.
const MAX_HEADERS: usize = 64;

/// The head of a response, and how long its body is. It refers to a buffer by offsets only, so
/// that the buffer can be read in the meantime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// Whether the server closes the connection after this response.
    pub connection_close: bool,
    head_bytes: usize,
    body_bytes: usize,
}

impl ResponseHead {
    /// Parses the head at the start of `bytes`, or returns `None` if it is not complete yet. The
    /// body may still be missing: see [`is_complete`](Self::is_complete).
    ///
    /// # Errors
    /// When this is not an HTTP/1.x response, when its body has no `Content-Length` (chunked
    /// bodies are not supported), or when it is longer than [`MAX_RESPONSE_BYTES`].
    pub fn parse(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut storage = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let Some((head_bytes, response)) = parse_head(bytes, &mut storage)? else {
            return Ok(None);
        };
        let status = response.code.unwrap_or_default();
        let mut connection_close = response.version == Some(0);
        let mut content_length = None;
        for header in response.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                content_length = Some(parse_length(header.value)?);
            } else if header.name.eq_ignore_ascii_case("connection") {
                connection_close = header.value.eq_ignore_ascii_case(b"close");
            }
        }
        let body_bytes = match (status, content_length) {
            (100..200 | 204 | 304, _) => 0, // no body, whatever the length says
            (_, Some(length)) if length > MAX_RESPONSE_BYTES => {
                return Err(invalid("the response is longer than 64 MiB"));
            }
            (_, Some(length)) => length,
            (_, None) => {
                let why = "the response has no Content-Length; chunked bodies are not supported";
                return Err(invalid(why));
            }
        };
        Ok(Some(Self {
            status,
            connection_close,
            head_bytes,
            body_bytes,
        }))
    }

    /// Returns how many bytes the head has.
    pub fn head_len(&self) -> usize {
        self.head_bytes
    }

    /// Returns how many bytes head and body have together.
    pub fn total_len(&self) -> usize {
        self.head_bytes + self.body_bytes
    }

    /// Returns whether `bytes` contains the whole body. The response to a `HEAD` request has
    /// none, so it is complete when [`parse`](Self::parse) returns it.
    pub fn is_complete(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.total_len()
    }

    /// Returns the body of a complete response.
    pub fn body<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.head_bytes..self.total_len()]
    }

    /// Returns all header fields, in order. They are parsed again: the hot path needs none.
    pub fn headers<'b>(&self, bytes: &'b [u8]) -> Vec<(&'b str, &'b [u8])> {
        let mut storage = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        match parse_head(&bytes[..self.head_bytes], &mut storage) {
            Ok(Some((_, response))) => response
                .headers
                .iter()
                .map(|header| (header.name, header.value))
                .collect(),
            _ => Vec::new(), // not the buffer that the head was parsed from
        }
    }

    /// Returns the first header field with this name, if its value is UTF-8.
    pub fn header<'b>(&self, bytes: &'b [u8], name: &str) -> Option<&'b str> {
        self.headers(bytes)
            .into_iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// Reads from a blocking stream until `buffer` starts with a complete response.
///
/// # Errors
/// When the stream ends or fails before, and when [`ResponseHead::parse`] fails.
pub fn read_response(
    stream: &mut impl Read,
    buffer: &mut Vec<u8>,
) -> io::Result<ResponseHead> {
    let mut chunk = [0; 4096];
    loop {
        if let Some(head) = ResponseHead::parse(buffer)?
            && head.is_complete(buffer)
        {
            return Ok(head);
        }
        match stream.read(&mut chunk)? {
            0 => return Err(connection_closed()),
            count => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Parses a head. Returns its length and its fields, or `None` if it is not complete yet.
fn parse_head<'h, 'b>(
    bytes: &'b [u8],
    storage: &'h mut [MaybeUninit<Header<'b>>; MAX_HEADERS],
) -> io::Result<Option<(usize, Response<'h, 'b>)>> {
    let mut response = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        storage,
    );
    match parsed {
        Ok(Status::Complete(length)) => Ok(Some((length, response))),
        Ok(Status::Partial) => Ok(None),
        Err(error) => Err(invalid(&format!("not an HTTP/1.1 response: {error}"))),
    }
}

fn parse_length(value: &[u8]) -> io::Result<usize> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| invalid("the response's Content-Length is not a number"))
}

pub(super) fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

pub(super) fn connection_closed() -> io::Error {
    let what = "the server closed the connection";
    io::Error::new(ErrorKind::UnexpectedEof, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_head_is_none() {
        let response = b"HTTP/1.1 200 OK\r\nContent-length: 2\r\nETAG: \"a-1\"\r\n\r\nhi";
        for end in 0..response.len() - 2 {
            assert_eq!(ResponseHead::parse(&response[..end]).unwrap(), None);
        }
        let expected = ResponseHead {
            status: 200,
            connection_close: false,
            head_bytes: response.len() - 2,
            body_bytes: 2,
        };
        let head = ResponseHead::parse(response).unwrap().unwrap();
        assert_eq!(head, expected);
        assert_eq!(head.header(response, "etag"), Some("\"a-1\""));
        assert_eq!(head.header(response, "date"), None);
        assert!(!head.is_complete(&response[..response.len() - 1]));
        assert_eq!(head.body(response), b"hi");
    }

    #[test]
    fn unknown_body_length_is_rejected() {
        for response in [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        ] {
            assert!(
                ResponseHead::parse(response.as_bytes()).is_err(),
                "{response}"
            );
        }
    }

    #[test]
    fn response_304_has_no_body() {
        let response =
            b"HTTP/1.1 304 Not Modified\r\nConnection: Close\r\nContent-Length: 9\r\n\r\n";
        let head = ResponseHead::parse(response).unwrap().unwrap();
        assert_eq!((head.body_bytes, head.connection_close), (0, true));
    }

    #[test]
    fn blocking_read_stops_at_end() {
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        let mut buffer = Vec::new();
        let head = read_response(&mut &response[..], &mut buffer).unwrap();
        assert_eq!(head.body(&buffer), b"hi");
        let error = read_response(&mut &response[..9], &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
