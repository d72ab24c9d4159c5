//! Subscribers over a WebSocket.

use std::io;
use std::net::SocketAddr;

use trifold::load::net::websocket::{
    CLOSE, FrameHeader, PING, PONG, SAMPLE_KEY, TEXT, client_frame, upgrade_headers,
};

use crate::program::Program;
use crate::protocol::{
    Protocol, ProtocolStep, expect_status, get, post_text, publish_on, response_len,
    unexpected,
};

fn upgrade(address: SocketAddr, target: &str) -> Vec<u8> {
    get(address, target, &upgrade_headers(SAMPLE_KEY))
}

/// Returns the length of a frame, once it is complete.
fn frame_len(bytes: &[u8]) -> io::Result<Option<usize>> {
    let frame = FrameHeader::parse(bytes)?;
    Ok(frame
        .filter(|frame| frame.is_complete(bytes))
        .map(|frame| frame.total_len()))
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
            _ if message[0] & 0x0f == PING => {
                let frame = FrameHeader::parse(message)?;
                let payload = frame.map_or(&[][..], |frame| frame.payload(message));
                Ok(ProtocolStep::Send(client_frame(PONG, payload)))
            }
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
