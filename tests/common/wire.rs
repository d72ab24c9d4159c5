//! A TCP connection, where the bytes themselves matter.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("an answer is UTF-8")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("an answer is JSON")
    }

    /// The value of a metric, labels included in its name.
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

    /// Asserts that this is a refusal, well formed, whose title names what was wrong.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, named: &str) {
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
        assert!(title.contains(named), "{title:?} does not name {named:?}");
    }
}

/// A TCP connection that has read so much, and not yet taken all of it.
pub struct Wire {
    pub stream: TcpStream,
    /// Bytes that were sent and received so far.
    pub sent: usize,
    pub received: usize,
    address: SocketAddr,
    read: Vec<u8>,
    /// Whether a write has failed: it takes the error, and a read then sees but the end.
    pub refused: bool,
}

impl Wire {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await;
        Self::from_stream(stream.expect("the server listens"))
    }

    pub fn from_stream(stream: TcpStream) -> Self {
        let address = stream.peer_addr().expect("it is connected");
        Self {
            stream,
            sent: 0,
            received: 0,
            refused: false,
            address,
            read: Vec::new(),
        }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = soon(self.stream.write_all(bytes.as_ref())).await;
        sent.expect("the connection takes bytes");
        self.sent += bytes.as_ref().len();
    }

    /// Sends a request without a body: its first line, and header lines besides Host.
    pub async fn ask(&mut self, line: &str, headers: &[&str]) {
        let mut request = format!("{line} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        self.send(request + "\r\n").await;
    }

    /// What the server answers to a `GET`.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[]).await;
        self.answer().await
    }

    /// What the server answers to `POST /messages` with this body, of this type.
    pub async fn post(&mut self, content_type: &str, body: &[u8]) -> Answer {
        let length = format!("Content-Length: {}", body.len());
        self.ask("POST /messages", &[content_type, &length]).await;
        self.send(body).await;
        self.answer().await
    }

    /// Sends a message to be published, `query` included.
    pub async fn publish(&mut self, query: &str, json: &str) {
        let line = format!("POST /messages{query}");
        let length = format!("Content-Length: {}", json.len());
        self.ask(&line, &["Content-Type: application/json", &length])
            .await;
        self.send(json).await;
    }

    /// Turns the connection into a WebSocket.
    pub async fn upgrade(&mut self, query: &str, headers: &[&str]) -> Answer {
        self.upgrade_at(&format!("/ws{query}"), headers).await
    }

    /// The same, at any path.
    pub async fn upgrade_at(&mut self, path: &str, headers: &[&str]) -> Answer {
        let mut all = vec![
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        all.extend(headers);
        self.ask(&format!("GET {path}"), &all).await;
        self.answer().await
    }

    /// Sends a text frame.
    pub async fn say(&mut self, text: &str) {
        self.send(masked_frame(0x81, text.as_bytes())).await;
    }

    /// The next answer, to anything but a HEAD.
    pub async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        let length = answer.header("content-length").map(str::parse);
        let length = length.and_then(Result::ok).unwrap_or(0);
        answer.body = soon(self.take(length)).await;
        answer
    }

    /// The next answer's first line and header.
    pub async fn head(&mut self) -> Answer {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(soon(self.take(1)).await);
        }
        let head = String::from_utf8(head).expect("a header is ASCII here");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let pairs = head.lines().filter_map(|line| line.split_once(": "));
        Answer {
            status: status.expect("an answer has a status"),
            headers: pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            body: Vec::new(),
        }
    }

    /// The next WebSocket frame: its first byte and its payload.
    pub async fn frame(&mut self) -> (u8, Vec<u8>) {
        let start = soon(self.take(2)).await;
        let more = match start[1] {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let extended = soon(self.take(more)).await;
        let length = match more {
            0 => usize::from(start[1]),
            _ => extended
                .iter()
                .fold(0, |n, byte| n << 8 | usize::from(*byte)),
        };
        (start[0], soon(self.take(length)).await)
    }

    /// The code of the close frame that comes next, batches aside.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let (0x88, payload) = self.frame().await {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }

    /// Returns when the server has ended the connection, in whatever way.
    pub async fn ended(&mut self) {
        let end = async {
            let mut buffer = [0; 4096];
            while self.stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
        };
        soon(end).await;
    }

    /// What comes until the connection ends, in whatever way.
    pub async fn rest(&mut self) -> Vec<u8> {
        let end = async {
            let read = &mut self.read;
            while self.stream.read_buf(read).await.is_ok_and(|n| n > 0) {}
        };
        soon(end).await;
        std::mem::take(&mut self.read)
    }

    /// Asserts that nothing has come that was not taken, and that the connection lives.
    #[track_caller]
    pub fn assert_silent(&self) {
        assert!(self.read.is_empty(), "something came");
        let read = self.stream.try_read(&mut [0]);
        let kind = read.expect_err("nothing came").kind();
        assert_eq!(kind, std::io::ErrorKind::WouldBlock);
    }

    /// Leaves with a RST instead of a FIN.
    pub fn reset(self) {
        let set = self.stream.set_zero_linger();
        set.expect("a socket can be told to reset");
    }

    async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            let read = self.stream.read_buf(&mut self.read).await;
            let count = read.expect("the connection lives");
            let hung_up = match self.refused {
                true => "ConnectionReset, told to a write",
                false => "the server hung up",
            };
            assert!(count > 0, "{hung_up}");
            self.received += count;
        }
        self.read.drain(..count).collect()
    }
}

/// One frame as a client sends it. `first` is the first byte: FIN, reserved bits, opcode.
pub fn masked_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}
