//! Subscribers that send long polls.

use std::io;
use std::net::SocketAddr;

use crate::program::{Program, STREAM};
use crate::protocol::{
    Protocol, ProtocolStep, expect_status, get, post, post_text, publish_on, unexpected,
};

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

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}

/// The long poll of the Durable Streams protocol: the cursor is an offset, and a header field of
/// each response.
pub(crate) struct DurableStreamsLongpoll;

impl DurableStreamsLongpoll {
    fn request(&self, address: SocketAddr, offset: &str) -> Vec<u8> {
        let query = format!("{STREAM}?offset={offset}&live=long-poll");
        get(address, &query, "")
    }
}

impl Protocol for DurableStreamsLongpoll {
    fn name(&self) -> &'static str {
        "durable-streams"
    }

    fn server(&self) -> Program {
        Program::DurableStreams
    }

    fn initial_request(&self, address: SocketAddr) -> Vec<u8> {
        self.request(address, "-1") // the start of the stream
    }

    fn next(
        &self,
        _: usize,
        message: &[u8],
        _: &mut String,
        address: SocketAddr,
    ) -> io::Result<ProtocolStep> {
        let head = expect_status(message, 200)?;
        let field = |name| head.header(message, name);
        let offset = field("stream-next-offset").ok_or_else(|| unexpected(message))?;
        // The protocol has clients return the cursor, if there is one.
        let offset = match field("stream-cursor") {
            Some(cursor) => format!("{offset}&cursor={cursor}"),
            None => offset.to_owned(),
        };
        Ok(ProtocolStep::Send(self.request(address, &offset)))
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post(address, STREAM, "text/plain", message)
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
