//! One TCP connection, with just as much HTTP/1.1 and WebSocket as a subscriber needs, and
//! every byte of them counted. A client library would be slower than the server that is
//! measured, and would not say what it sent.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::target::Target;

/// How long TCP may take to connect. A server that is full does not accept, and says nothing.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Most bytes that are read at one time; most batches are far smaller.
const READ_BYTES: usize = 64 << 10;

/// Most bytes of one answer or frame. The server cuts its batches at 1 MiB, or after one
/// message.
const ANSWER_BYTES: usize = 64 << 20;

/// What a connection may keep of its buffer when it is empty. There are thousands of them.
const KEPT_BYTES: usize = 4 << 10;

thread_local! {
    /// Where bytes arrive, for all connections of a thread: nothing waits while it is in use.
    static ARRIVALS: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// Bytes that passed a connection.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    /// To the server.
    pub up: u64,
    /// From the server.
    pub down: u64,
}

/// Who keeps account of the bytes that a connection leaves behind.
pub trait Account {
    /// Counts these.
    fn count(&self, bytes: Bytes);
}

/// A connection. Bytes are counted here until somebody books them, together with what they
/// were for; what is left when it ends, its account gets.
pub struct Wire<A: Account> {
    stream: TcpStream,
    account: A,
    bytes: Bytes,
    /// What has arrived and was not taken yet.
    arrived: Vec<u8>,
}

impl<A: Account> Drop for Wire<A> {
    fn drop(&mut self) {
        self.account.count(self.bytes);
    }
}

/// The head of an answer, and how long its body is.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Whether the server closes the connection behind this answer.
    pub closes: bool,
    /// The validator, with its quotes.
    pub etag: Option<String>,
    head_bytes: usize,
    body_bytes: usize,
}

/// A WebSocket frame's opcode, and how long it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// 1 is text, 8 close, 9 ping, 10 pong.
    pub opcode: u8,
    header_bytes: usize,
    payload_bytes: usize,
}

impl<A: Account> Wire<A> {
    /// Connects, from this address if one is given.
    ///
    /// # Errors
    /// When the server does not accept within 10 s, or the address is none of this machine's.
    pub async fn connect(
        target: &Target,
        source: Option<IpAddr>,
        account: A,
    ) -> io::Result<Self> {
        let socket = match target.address.is_ipv4() {
            true => TcpSocket::new_v4()?,
            false => TcpSocket::new_v6()?,
        };
        if let Some(source) = source {
            socket.bind((source, 0).into()).map_err(|error| {
                let hint = "--sources 1 does without";
                io::Error::new(error.kind(), format!("from {source}: {error}; {hint}"))
            })?;
        }
        // A request is one write; Nagle's algorithm would hold back the second.
        socket.set_nodelay(true)?;
        let connected = timeout(CONNECT_WITHIN, socket.connect(target.address)).await;
        let stream = connected.map_err(|_| {
            io::Error::new(ErrorKind::TimedOut, "the server did not accept in time")
        })??;
        Ok(Self {
            stream,
            account,
            bytes: Bytes::default(),
            arrived: Vec::new(),
        })
    }

    /// The bytes that nobody has booked yet. Whoever calls this does.
    pub fn book(&mut self) -> Bytes {
        mem::take(&mut self.bytes)
    }

    /// Whether the server has ended the connection while nothing was asked.
    pub fn is_closed(&self) -> bool {
        match self.stream.try_read(&mut [0]) {
            Err(error) => error.kind() != ErrorKind::WouldBlock,
            Ok(_) => true, // the end, or an answer that nobody asked for
        }
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(count) => {
                    self.bytes.up += count as u64;
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for more.
    async fn read(&mut self) -> io::Result<()> {
        if self.arrived.len() > ANSWER_BYTES {
            return Err(invalid("an answer of more than 64 MiB"));
        }
        // `poll_read` knows that a read which leaves room has emptied the socket; `try_read`
        // would ask the kernel a second time for each message, just to be told "nothing".
        let count = poll_fn(|context| {
            ARRIVALS.with_borrow_mut(|arrivals| {
                let mut buffer = ReadBuf::new(arrivals);
                let stream = Pin::new(&mut self.stream);
                ready!(stream.poll_read(context, &mut buffer))?;
                self.arrived.extend_from_slice(buffer.filled());
                Poll::Ready(io::Result::Ok(buffer.filled().len()))
            })
        })
        .await?;
        if count == 0 {
            let why = "the server hung up";
            return Err(io::Error::new(ErrorKind::UnexpectedEof, why));
        }
        self.bytes.down += count as u64;
        Ok(())
    }

    /// The next answer to anything but a HEAD, once it is whole.
    ///
    /// # Errors
    /// When the connection ends before, or what comes is no answer.
    pub async fn answer(&mut self) -> io::Result<Head> {
        loop {
            if let Some(head) = head(&self.arrived)?
                && self.arrived.len() >= head.head_bytes + head.body_bytes
            {
                return Ok(head);
            }
            self.read().await?;
        }
    }

    /// The answer's body.
    pub fn body(&self, head: &Head) -> &[u8] {
        &self.arrived[head.head_bytes..][..head.body_bytes]
    }

    /// Forgets the answer.
    pub fn done(&mut self, head: &Head) {
        self.forget(head.head_bytes + head.body_bytes);
    }

    /// The next WebSocket frame, once it is whole.
    ///
    /// # Errors
    /// When the connection ends before, or what comes is no frame that a server sends whole.
    pub async fn frame(&mut self) -> io::Result<Frame> {
        loop {
            if let Some(frame) = frame(&self.arrived)?
                && self.arrived.len() >= frame.header_bytes + frame.payload_bytes
            {
                return Ok(frame);
            }
            self.read().await?;
        }
    }

    /// The frame's payload.
    pub fn payload(&self, frame: &Frame) -> &[u8] {
        &self.arrived[frame.header_bytes..][..frame.payload_bytes]
    }

    /// Forgets the frame.
    pub fn passed(&mut self, frame: &Frame) {
        self.forget(frame.header_bytes + frame.payload_bytes);
    }

    fn forget(&mut self, bytes: usize) {
        self.arrived.drain(..bytes);
        if self.arrived.is_empty() && self.arrived.capacity() > KEPT_BYTES {
            self.arrived = Vec::new();
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// The head at the start of these bytes, once it is whole (RFC 9112 §2.1).
fn head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text =
        std::str::from_utf8(&bytes[..end]).map_err(|_| invalid("a head in binary"))?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1."))
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(|| invalid("no HTTP answer"))?;
    let mut head = Head {
        status,
        closes: false,
        etag: None,
        head_bytes: end + 4,
        body_bytes: 0,
    };
    let mut has_length = matches!(status, 101 | 204 | 304);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.parse();
            head.body_bytes = length.map_err(|_| invalid("a length that is none"))?;
            has_length = true;
        } else if name.eq_ignore_ascii_case("connection") {
            head.closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("etag") {
            head.etag = Some(value.to_owned());
        }
    }
    if matches!(status, 101 | 204 | 304) {
        head.body_bytes = 0;
    }
    if !has_length {
        return Err(invalid("an answer without Content-Length"));
    }
    if head.body_bytes > ANSWER_BYTES {
        return Err(invalid("an answer of more than 64 MiB"));
    }
    Ok(Some(head))
}

/// The frame at the start of these bytes, once its header is whole (RFC 6455 §5.2).
fn frame(bytes: &[u8]) -> io::Result<Option<Frame>> {
    let [first, second, more @ ..] = bytes else {
        return Ok(None);
    };
    if first & 0xf0 != 0x80 || first & 0x0f == 0 {
        return Err(invalid("a frame that is a part, or has an extension"));
    }
    if second & 0x80 != 0 {
        return Err(invalid("a masked frame"));
    }
    let extended = match second {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(extended) = more.get(..extended) else {
        return Ok(None);
    };
    let length = match extended {
        [] => u64::from(*second),
        _ => extended.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
    };
    if length > ANSWER_BYTES as u64 {
        return Err(invalid("a frame of more than 64 MiB"));
    }
    Ok(Some(Frame {
        opcode: first & 0x0f,
        header_bytes: 2 + extended.len(),
        payload_bytes: length as usize,
    }))
}

/// A pong as a client sends it, masked (RFC 6455 §5.3). The payload is at most 125 bytes, as
/// the ping's was.
pub fn pong(payload: &[u8]) -> Vec<u8> {
    let mask: [u8; 4] = rand::random();
    let mut frame = vec![0x8a, 0x80 | payload.len().min(125) as u8];
    frame.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    frame.extend(masked.take(125).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A key for an opening handshake: 16 random bytes in base64 (RFC 6455 §4.1).
pub fn handshake_key() -> String {
    const DIGITS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: u128 = rand::random();
    // 128 bits are 21 digits of 6 bits and one of 2, and two signs fill up to 24.
    let digits = (0..22).map(|index| {
        let sextet = match index {
            21 => bits << 4,
            _ => bits >> (122 - 6 * index),
        };
        char::from(DIGITS[(sextet & 0x3f) as usize])
    });
    digits.chain("==".chars()).collect()
}

/// What a refusal says: a problem's title, or nothing.
pub fn title(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Problem {
        title: String,
    }
    serde_json::from_slice(body).map_or_else(|_| String::new(), |own: Problem| own.title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-length: 2\r\nETAG: \"a-1\"\r\n\r\nhi";
        for end in 0..answer.len() - 2 {
            assert_eq!(head(&answer[..end]).unwrap(), None);
        }
        let wanted = Head {
            status: 200,
            closes: false,
            etag: Some("\"a-1\"".to_owned()),
            head_bytes: answer.len() - 2,
            body_bytes: 2,
        };
        assert_eq!(head(answer).unwrap(), Some(wanted));
    }

    #[test]
    fn an_answer_whose_end_nobody_knows_is_refused() {
        for answer in [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        ] {
            assert!(head(answer.as_bytes()).is_err(), "{answer}");
        }
    }

    #[test]
    fn a_304_has_no_body_whatever_its_length_says() {
        let answer = b"HTTP/1.1 304 Not Modified\r\nConnection: Close\r\nContent-Length: 9\r\n\r\n";
        let head = head(answer).unwrap().unwrap();
        assert_eq!((head.body_bytes, head.closes), (0, true));
    }

    #[test]
    fn frames_of_all_three_lengths_are_read() {
        for (start, header_bytes, payload_bytes) in [
            (&[0x81, 125][..], 2, 125),
            (&[0x81, 126, 1, 0], 4, 256),
            (&[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0], 10, 65_536),
        ] {
            for end in 0..start.len() {
                assert_eq!(frame(&start[..end]).unwrap(), None);
            }
            let wanted = Frame {
                opcode: 1,
                header_bytes,
                payload_bytes,
            };
            assert_eq!(frame(start).unwrap(), Some(wanted));
        }
    }

    #[test]
    fn a_frame_that_a_server_does_not_send_is_refused() {
        let huge = [0x81, 127, 255, 0, 0, 0, 0, 0, 0, 0];
        for bytes in [&[0x01, 1][..], &[0x80, 1], &[0xc1, 1], &[0x81, 0x81], &huge] {
            assert!(frame(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_pong_is_masked() {
        let frame = pong(b"hi");
        let [0x8a, 0x82, a, b, _, _, x, y] = frame[..] else {
            panic!("{frame:?}");
        };
        assert_eq!([x ^ a, y ^ b], *b"hi");
    }

    #[test]
    fn a_key_is_16_bytes_in_base64() {
        let (one, other) = (handshake_key(), handshake_key());
        assert_ne!(one, other);
        assert_eq!(one.len(), 24);
        assert!(one.ends_with("=="));
        // The last digit carries 2 bits, so 4 of its bits are 0.
        assert!("AQgw".contains(one.as_bytes()[21] as char), "{one}");
    }
}
