//! How a subscriber of each server subscribes, and how a message is published there.

use std::io;
use std::net::SocketAddr;

use trifold::load::net::http::ResponseHead;
use trifold::load::net::websocket::{
    CLOSE, FrameHeader, SAMPLE_KEY, TEXT, client_frame, upgrade_headers,
};

use crate::server::Program;

/// What a subscriber does after a response or a frame.
pub(crate) enum ProtocolStep {
    /// Wait for the next one.
    Wait,
    /// Send this.
    Send(Vec<u8>),
    /// Send this, and enter the next stage.
    Advance(Vec<u8>),
}

/// How to subscribe and to publish at one server. A subscriber has a stage, which starts at 0.
pub(crate) trait Protocol: Send + Sync {
    /// Returns the server's name in the tables.
    fn name(&self) -> &'static str;

    /// Returns the program to start.
    fn server(&self) -> Program;

    /// Returns the first request of a subscriber.
    fn initial_request(&self, address: SocketAddr) -> Vec<u8>;

    /// Returns the length of the response or frame at the start of `bytes`, once it is complete.
    ///
    /// # Errors
    /// When the bytes are neither.
    fn message_len(&self, stage: usize, bytes: &[u8]) -> io::Result<Option<usize>>;

    /// Returns what to do after a complete response or frame. `session` belongs to the
    /// subscriber.
    ///
    /// # Errors
    /// When the response or frame is unexpected.
    fn next(
        &self,
        stage: usize,
        message: &[u8],
        session: &mut String,
        address: SocketAddr,
    ) -> io::Result<ProtocolStep>;

    /// Returns whether a subscriber at this stage receives what is published.
    fn is_ready(&self, stage: usize) -> bool;

    /// Returns the request that publishes a text.
    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8>;
}

fn get(address: SocketAddr, target: &str, fields: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n").into_bytes()
}

fn upgrade(address: SocketAddr, target: &str) -> Vec<u8> {
    get(address, target, &upgrade_headers(SAMPLE_KEY))
}

fn post(address: SocketAddr, target: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn post_text(address: SocketAddr, message: &str) -> Vec<u8> {
    post(address, "/publish", "text/plain", message)
}

/// Returns the length of a response, once it is complete.
///
/// # Errors
/// When it is not a response.
pub(crate) fn response_len(bytes: &[u8]) -> io::Result<Option<usize>> {
    let head = ResponseHead::parse(bytes)?;
    Ok(head
        .filter(|head| head.is_complete(bytes))
        .map(|head| head.total_len()))
}

/// Returns the length of a frame, once it is complete.
fn frame_len(bytes: &[u8]) -> io::Result<Option<usize>> {
    let frame = FrameHeader::parse(bytes)?;
    Ok(frame
        .filter(|frame| frame.is_complete(bytes))
        .map(|frame| frame.total_len()))
}

fn unexpected(message: &[u8]) -> io::Error {
    let text = String::from_utf8_lossy(&message[..message.len().min(300)]).into_owned();
    io::Error::other(format!("unexpected message: {text}"))
}

/// Parses a complete response, and checks its status.
fn expect_status(message: &[u8], status: u16) -> io::Result<ResponseHead> {
    match ResponseHead::parse(message)? {
        Some(head) if head.status == status => Ok(head),
        _ => Err(unexpected(message)),
    }
}

/// A WebSocket that receives every message after the handshake.
pub(crate) struct WebSocket {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    pub(crate) path: &'static str,
}

impl Protocol for WebSocket {
    fn name(&self) -> &'static str {
        self.name
    }

    fn server(&self) -> Program {
        self.program.clone()
    }

    fn initial_request(&self, address: SocketAddr) -> Vec<u8> {
        upgrade(address, self.path)
    }

    fn message_len(&self, stage: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        match stage {
            0 => response_len(bytes),
            _ => frame_len(bytes),
        }
    }

    fn next(
        &self,
        stage: usize,
        message: &[u8],
        _: &mut String,
        _: SocketAddr,
    ) -> io::Result<ProtocolStep> {
        match stage {
            0 => expect_status(message, 101).map(|_| ProtocolStep::Advance(Vec::new())),
            _ if message[0] & 0x0f == CLOSE => Err(unexpected(message)),
            _ => Ok(ProtocolStep::Wait),
        }
    }

    fn is_ready(&self, stage: usize) -> bool {
        stage > 0
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        publish_on(&self.program, address, message)
    }
}

fn publish_on(program: &Program, address: SocketAddr, message: &str) -> Vec<u8> {
    match program {
        Program::Trifold(_) => {
            let body = format!(r#"{{"body":"{message}"}}"#);
            post(address, "/messages", "application/json", &body)
        }
        _ => post_text(address, message),
    }
}

/// A long poll with a cursor in the query.
pub(crate) struct Longpoll {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
}

impl Longpoll {
    fn request(&self, address: SocketAddr, since: &str) -> Vec<u8> {
        get(address, &format!("/longpoll?since={since}"), "")
    }
}

impl Protocol for Longpoll {
    fn name(&self) -> &'static str {
        self.name
    }

    fn server(&self) -> Program {
        self.program.clone()
    }

    fn initial_request(&self, address: SocketAddr) -> Vec<u8> {
        self.request(address, "0")
    }

    fn message_len(&self, _: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        response_len(bytes)
    }

    fn next(
        &self,
        _: usize,
        message: &[u8],
        _: &mut String,
        address: SocketAddr,
    ) -> io::Result<ProtocolStep> {
        expect_status(message, 200)?;
        let version = memchr::memmem::find(message, br#""version":"#)
            .map(|at| &message[at + 10..])
            .and_then(|rest| rest.split(|byte| !byte.is_ascii_digit()).next())
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .ok_or_else(|| unexpected(message))?;
        Ok(ProtocolStep::Send(self.request(address, version)))
    }

    fn is_ready(&self, _: usize) -> bool {
        true
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        publish_on(&self.program, address, message)
    }
}

/// nchan's long poll: the cursor is in Last-Modified and Etag.
pub(crate) struct NchanLongpoll;

impl Protocol for NchanLongpoll {
    fn name(&self) -> &'static str {
        "nginx with nchan"
    }

    fn server(&self) -> Program {
        Program::Nginx
    }

    fn initial_request(&self, address: SocketAddr) -> Vec<u8> {
        get(address, "/subscribe", "")
    }

    fn message_len(&self, _: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        response_len(bytes)
    }

    fn next(
        &self,
        _: usize,
        message: &[u8],
        _: &mut String,
        address: SocketAddr,
    ) -> io::Result<ProtocolStep> {
        let head = expect_status(message, 200)?;
        let header = |name| head.header(message, name).unwrap_or_default();
        let (modified, etag) = (header("last-modified"), header("etag"));
        let fields =
            format!("if-modified-since: {modified}\r\nif-none-match: {etag}\r\n");
        Ok(ProtocolStep::Send(get(address, "/subscribe", &fields)))
    }

    fn is_ready(&self, _: usize) -> bool {
        true
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}

/// socket.io over a WebSocket: Engine.IO opens, then the namespace is joined.
pub(crate) struct SocketIoWebSocket;

impl Protocol for SocketIoWebSocket {
    fn name(&self) -> &'static str {
        "socket.io"
    }

    fn server(&self) -> Program {
        Program::Node("socketio.js")
    }

    fn initial_request(&self, address: SocketAddr) -> Vec<u8> {
        upgrade(address, "/socket.io/?EIO=4&transport=websocket")
    }

    fn message_len(&self, stage: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        match stage {
            0 => response_len(bytes),
            _ => frame_len(bytes),
        }
    }

    fn next(
        &self,
        stage: usize,
        message: &[u8],
        _: &mut String,
        _: SocketAddr,
    ) -> io::Result<ProtocolStep> {
        if stage == 0 {
            return expect_status(message, 101)
                .map(|_| ProtocolStep::Advance(Vec::new()));
        }
        match (stage, message.get(2..4).unwrap_or_default()) {
            (1, [b'0', ..]) => Ok(ProtocolStep::Advance(client_frame(TEXT, b"40"))),
            (2, b"40") => Ok(ProtocolStep::Advance(Vec::new())),
            (_, [b'2', ..]) => Ok(ProtocolStep::Send(client_frame(TEXT, b"3"))),
            _ => Ok(ProtocolStep::Wait),
        }
    }

    fn is_ready(&self, stage: usize) -> bool {
        stage == 3
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}

/// socket.io over long polling.
pub(crate) struct SocketIoPolling;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

impl Protocol for SocketIoPolling {
    fn name(&self) -> &'static str {
        "socket.io"
    }

    fn server(&self) -> Program {
        Program::Node("socketio.js")
    }

    fn initial_request(&self, address: SocketAddr) -> Vec<u8> {
        get(address, POLLING, "")
    }

    fn message_len(&self, _: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        response_len(bytes)
    }

    fn next(
        &self,
        stage: usize,
        message: &[u8],
        session: &mut String,
        address: SocketAddr,
    ) -> io::Result<ProtocolStep> {
        expect_status(message, 200)?;
        let target = |session: &str| format!("{POLLING}&sid={session}");
        match stage {
            0 => {
                let text = String::from_utf8_lossy(message);
                *session = text
                    .split_once(r#""sid":""#)
                    .and_then(|(_, rest)| rest.split('"').next())
                    .ok_or_else(|| unexpected(message))?
                    .to_owned();
                Ok(ProtocolStep::Advance(post(
                    address,
                    &target(session),
                    "text/plain",
                    "40",
                )))
            }
            1 | 2 => Ok(ProtocolStep::Advance(get(address, &target(session), ""))),
            _ => Ok(ProtocolStep::Send(get(address, &target(session), ""))),
        }
    }

    fn is_ready(&self, stage: usize) -> bool {
        stage == 3
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}
