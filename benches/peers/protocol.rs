//! How a subscriber subscribes, and how a message is published: what differs between the servers.

use std::io;
use std::net::SocketAddr;

use trifold::load::net::http::ResponseHead;

use crate::program::Program;

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
    fn message_len(&self, _stage: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        response_len(bytes)
    }

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

    /// Returns whether a subscriber at this stage receives what is published, once it has sent
    /// its request.
    fn is_ready(&self, _stage: usize) -> bool {
        true
    }

    /// Returns the request that publishes a text.
    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8>;
}

pub(crate) fn get(address: SocketAddr, target: &str, fields: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n").into_bytes()
}

pub(crate) fn post(address: SocketAddr, target: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

pub(crate) fn post_text(address: SocketAddr, message: &str) -> Vec<u8> {
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

pub(crate) fn unexpected(message: &[u8]) -> io::Error {
    let text = String::from_utf8_lossy(&message[..message.len().min(300)]).into_owned();
    io::Error::other(format!("unexpected message: {text}"))
}

/// Parses a complete response, and checks its status.
pub(crate) fn expect_status(message: &[u8], status: u16) -> io::Result<ResponseHead> {
    match ResponseHead::parse(message)? {
        Some(head) if head.status == status => Ok(head),
        _ => Err(unexpected(message)),
    }
}

pub(crate) fn publish_on(
    program: &Program,
    address: SocketAddr,
    message: &str,
) -> Vec<u8> {
    match program {
        Program::Trifold(_) => {
            let body = format!(r#"{{"body":"{message}"}}"#);
            post(address, "/messages", "application/json", &body)
        }
        _ => post_text(address, message),
    }
}
