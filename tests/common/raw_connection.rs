//! A TCP connection for tests of the bytes themselves, malformed ones included: a thin layer over
//! `load::net` that panics instead of returning errors.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trifold::load::net::connection::Connection;
use trifold::load::net::http::ResponseHead;
use trifold::load::net::websocket::{
    CLOSE, FIN, SAMPLE_KEY, TEXT, encode_frame, upgrade_headers,
};

use super::with_timeout;

/// An HTTP response.
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let Self {
            status, headers, ..
        } = self;
        write!(formatter, "{status} {headers:?} {body}")
    }
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Returns the value of a metric; the name includes its labels.
    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let lines = self.text().lines();
        let mut values =
            lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = values
            .next()
            .unwrap_or_else(|| panic!("there is no {name} in {self:?}"));
        value.parse().expect("a metric is a number")
    }

    /// Asserts that this is a well-formed problem whose title contains `expected`.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, expected: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let problem = self.json();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], status);
        let title = problem["title"].as_str().unwrap_or_default();
        assert!(title.contains(expected), "{title:?} lacks {expected:?}");
    }
}

/// A TCP connection. It counts its bytes itself, because the counts of `load::net` are compared
/// with them.
pub struct RawConnection {
    connection: Connection<()>,
    address: SocketAddr,
    sent: usize,
    consumed: usize,
    /// Whether a write has failed. The error is reported once: a later read only sees the end.
    pub write_failed: bool,
}

impl RawConnection {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await;
        Self::from_stream(stream.expect("the server listens"))
    }

    pub fn from_stream(stream: TcpStream) -> Self {
        let address = stream.peer_addr().expect("the stream is connected");
        Self {
            connection: Connection::from_stream(stream, ()),
            address,
            sent: 0,
            consumed: 0,
            write_failed: false,
        }
    }

    /// Returns the stream below. Bytes that are read or written there are not counted.
    pub fn stream(&mut self) -> &mut TcpStream {
        self.connection.stream()
    }

    /// Returns how many bytes were sent.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Returns how many bytes were received.
    pub fn received(&self) -> usize {
        self.consumed + self.connection.buffer().len()
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = with_timeout(self.connection.send(bytes.as_ref())).await;
        sent.expect("the connection is open");
        self.sent += bytes.as_ref().len();
    }

    /// Sends a request without a body: its request line, and header lines in addition to `Host`.
    pub async fn request(&mut self, line: &str, headers: &[&str]) {
        let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        self.send(request + "\r\n").await;
    }

    /// Sends a `GET` request, and returns the response.
    pub async fn get(&mut self, path: &str) -> Response {
        self.request(&format!("GET {path}"), &[]).await;
        self.response().await
    }

    /// Sends a `POST /messages` request with this body, and returns the response.
    pub async fn post(&mut self, content_type: &str, body: &[u8]) -> Response {
        let length = format!("Content-Length: {}", body.len());
        self.request("POST /messages", &[content_type, &length])
            .await;
        self.send(body).await;
        self.response().await
    }

    /// Sends a message to be published; `query` starts with `?`.
    pub async fn publish(&mut self, query: &str, json: &str) {
        let line = format!("POST /messages{query}");
        let length = format!("Content-Length: {}", json.len());
        self.request(&line, &["Content-Type: application/json", &length])
            .await;
        self.send(json).await;
    }

    /// Performs the opening handshake of a WebSocket at `/ws`.
    pub async fn upgrade(&mut self, query: &str, headers: &[&str]) -> Response {
        self.upgrade_path(&format!("/ws{query}"), headers).await
    }

    /// Performs the opening handshake at any path.
    pub async fn upgrade_path(&mut self, path: &str, headers: &[&str]) -> Response {
        let upgrade = upgrade_headers(SAMPLE_KEY);
        let mut all = vec![upgrade.trim_end()];
        all.extend(headers);
        self.request(&format!("GET {path}"), &all).await;
        self.response().await
    }

    /// Sends a text frame.
    pub async fn send_text(&mut self, text: &str) {
        self.send(masked_frame(FIN | TEXT, text.as_bytes())).await;
    }

    /// Returns the next response to anything but a `HEAD` request.
    pub async fn response(&mut self) -> Response {
        let read = with_timeout(self.connection.read_response()).await;
        let head = self.expect_open(read);
        let mut response = self.without_body(&head);
        response.body = self.connection.body(&head).to_owned();
        self.consume(head.total_len());
        response
    }

    /// Returns the next response without reading its body.
    pub async fn head(&mut self) -> Response {
        let read = with_timeout(self.connection.read_head()).await;
        let head = self.expect_open(read);
        let response = self.without_body(&head);
        self.consume(head.head_len());
        response
    }

    fn without_body(&self, head: &ResponseHead) -> Response {
        let headers = head.headers(self.connection.buffer()).into_iter();
        Response {
            status: head.status,
            headers: headers
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value);
                    (name.to_owned(), value.into_owned())
                })
                .collect(),
            body: Vec::new(),
        }
    }

    /// Returns the first byte and the payload of the next WebSocket frame.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        let read = with_timeout(self.connection.read_frame()).await;
        let frame = self.expect_open(read);
        let payload = self.connection.payload(&frame).to_owned();
        self.consume(frame.total_len());
        (FIN | frame.opcode, payload)
    }

    /// Returns the code of the next close frame, and skips other frames before it.
    pub async fn close_code(&mut self) -> u16 {
        const FIRST: u8 = FIN | CLOSE;
        loop {
            if let (FIRST, payload) = self.frame().await {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }

    /// Waits until the server has closed the connection, in whatever way.
    pub async fn wait_closed(&mut self) {
        let end = async {
            let mut buffer = [0; 4096];
            let stream = self.connection.stream();
            while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
        };
        with_timeout(end).await;
    }

    /// Returns what is received until the connection ends, in whatever way.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        with_timeout(async { while self.connection.fill().await.is_ok() {} }).await;
        let bytes = self.connection.buffer().to_owned();
        self.consume(bytes.len());
        bytes
    }

    /// Asserts that everything received was consumed, and that the connection is open.
    #[track_caller]
    pub fn assert_silent(&self) {
        self.assert_no_bytes();
        assert!(
            !self.connection.is_closed(),
            "bytes were received, or the connection was closed"
        );
    }

    /// Tells the server that nothing more will be sent.
    pub async fn finish_sending(&mut self) {
        let finished = self.stream().shutdown().await;
        finished.expect("the connection is open");
    }

    /// Asserts that everything received was consumed.
    #[track_caller]
    pub fn assert_no_bytes(&self) {
        assert!(self.connection.buffer().is_empty(), "bytes were received");
    }

    /// Disconnects with a RST instead of a FIN.
    pub fn reset(mut self) {
        let set = self.stream().set_zero_linger();
        set.expect("SO_LINGER can be set");
    }

    /// Sends bytes in one piece. Returns whether the server still accepts them.
    pub async fn try_send(&mut self, bytes: &[u8]) -> bool {
        let written = with_timeout(self.stream().write_all(bytes)).await;
        self.write_failed |= written.is_err();
        written.is_ok()
    }

    fn consume(&mut self, count: usize) {
        self.connection.consume(count);
        self.consumed += count;
    }

    #[track_caller]
    fn expect_open<T>(&self, read: io::Result<T>) -> T {
        read.unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof if self.write_failed => {
                panic!("ConnectionReset, reported to a write")
            }
            _ => panic!("the connection failed: {error:?}"),
        })
    }
}

/// Returns one frame with a constant mask. `first` is its first byte: FIN, reserved bits, opcode.
pub fn masked_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    encode_frame(first, payload, Some([1, 2, 3, 4]))
}
