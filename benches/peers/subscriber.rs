//! One subscriber: it follows its protocol, and finds the messages in all that it receives.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use crate::protocol::{Protocol, ProtocolStep};
use crate::workload::{MARKER, MARKER_DIGITS, PADDING};

/// What it has received and not consumed, and what it cannot send yet.
pub(crate) struct Subscriber {
    stream: TcpStream,
    stage: usize,
    received: Vec<u8>,
    unsent: Vec<u8>,
    session: String,
}

impl Subscriber {
    /// Returns a subscriber that sends `request` once it is connected.
    pub(crate) fn new(stream: TcpStream, request: Vec<u8>) -> Self {
        Self {
            stream,
            stage: 0,
            received: Vec::new(),
            unsent: request,
            session: String::new(),
        }
    }

    /// Returns whether it receives what is published from now on.
    pub(crate) fn is_ready(&self, protocol: &dyn Protocol) -> bool {
        self.unsent.is_empty() && protocol.is_ready(self.stage)
    }

    /// Sends as much as possible without blocking.
    ///
    /// # Errors
    /// When the connection fails.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if is_not_now(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads as much as possible without blocking, and passes the time of each message to
    /// `on_message`.
    ///
    /// # Errors
    /// When the connection fails or ends, or what is received is unexpected.
    pub(crate) fn read(
        &mut self,
        protocol: &dyn Protocol,
        address: SocketAddr,
        buffer: &mut [u8],
        on_message: &mut impl FnMut(u64),
    ) -> io::Result<()> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => {
                    let what = "the server closed a subscriber's connection";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
                }
                Ok(count) => count,
                Err(error) if is_not_now(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            self.received.extend_from_slice(&buffer[..count]);
            self.process(protocol, address, on_message)?;
            if count < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Consumes all complete responses and frames.
    fn process(
        &mut self,
        protocol: &dyn Protocol,
        address: SocketAddr,
        on_message: &mut impl FnMut(u64),
    ) -> io::Result<()> {
        let mut consumed = 0;
        while let Some(length) =
            protocol.message_len(self.stage, &self.received[consumed..])?
        {
            let message = &self.received[consumed..consumed + length];
            messages(message, on_message)?;
            match protocol.next(self.stage, message, &mut self.session, address)? {
                ProtocolStep::Wait => {}
                ProtocolStep::Send(request) => self.unsent.extend_from_slice(&request),
                ProtocolStep::Advance(request) => {
                    self.unsent.extend_from_slice(&request);
                    self.stage += 1;
                }
            }
            consumed += length;
        }
        self.received.drain(..consumed);
        self.flush()
    }
}

/// Passes the time of every message in `bytes` to `on_message`.
///
/// # Errors
/// When a message is not complete.
fn messages(mut bytes: &[u8], on_message: &mut impl FnMut(u64)) -> io::Result<()> {
    while let Some(at) = memchr::memmem::find(bytes, MARKER) {
        let message = &bytes[at + MARKER.len()..];
        let digits = message.get(..MARKER_DIGITS).unwrap_or_default();
        let due = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .filter(|_| message[MARKER_DIGITS..].starts_with(&PADDING))
            .ok_or_else(|| {
                let text = String::from_utf8_lossy(message);
                io::Error::other(format!("a subscriber received a part of: {text}"))
            })?;
        on_message(due);
        bytes = &message[MARKER_DIGITS + PADDING.len()..];
    }
    Ok(())
}

/// Returns whether the socket is not ready: the next event says when it is.
fn is_not_now(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(
        kind,
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
    )
}
