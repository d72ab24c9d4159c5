//! Which servers are compared.

use std::path::{Path, PathBuf};

use crate::figures::Technique;
use crate::longpoll::{DurableStreamsLongpoll, Longpoll, NchanLongpoll, SocketIoPolling};
use crate::program::{OwnServer, Program};
use crate::protocol::Protocol;
use crate::websocket::{SocketIoWebSocket, WebSocket};

/// Name of another build of Trifold in the tables.
pub(crate) const OTHER_BUILD: &str = "Trifold, other build";

/// Parts of the names that `--quick` measures.
pub(crate) const QUICK: [&str; 4] = ["Trifold", "nginx", "Bun", "baseline"];

/// Returns this build of Trifold.
pub(crate) fn trifold() -> Program {
    Program::Trifold(PathBuf::from(env!("CARGO_BIN_EXE_trifold")))
}

/// Returns the servers that have subscribers with this technique.
pub(crate) fn protocols(
    technique: Technique,
    also: Option<&Path>,
) -> Vec<Box<dyn Protocol>> {
    let other = also.map(|file| Program::Trifold(file.to_owned()));
    match technique {
        Technique::Ws => websockets(other),
        Technique::Longpoll => longpolls(other),
        Technique::Poll | Technique::Publish => Vec::new(),
    }
}

fn websockets(other: Option<Program>) -> Vec<Box<dyn Protocol>> {
    let socket = |name, program, path| -> Box<dyn Protocol> {
        Box::new(WebSocket {
            name,
            program,
            path,
        })
    };
    let (baseline, axum) = (OwnServer::Baseline, OwnServer::Axum);
    let mut protocols = vec![
        socket("baseline", Program::Own(baseline), "/"),
        socket("Trifold", trifold(), "/ws?since=0"),
        socket("nginx with nchan", Program::Nginx, "/subscribe"),
        socket("Bun", Program::Bun("bun.js"), "/ws"),
        socket("axum", Program::Own(axum), "/ws"),
        socket("ws", Program::Node("ws.js"), "/"),
        socket("Pushpin", Program::Node("pushpin.js"), "/ws"),
        Box::new(SocketIoWebSocket),
    ];
    protocols.extend(other.map(|program| socket(OTHER_BUILD, program, "/ws?since=0")));
    protocols
}

fn longpolls(other: Option<Program>) -> Vec<Box<dyn Protocol>> {
    let longpoll =
        |name, program| -> Box<dyn Protocol> { Box::new(Longpoll { name, program }) };
    let mut protocols = vec![
        longpoll("Trifold", trifold()),
        Box::new(NchanLongpoll),
        longpoll("Bun", Program::Bun("bun.js")),
        Box::new(DurableStreamsLongpoll),
        longpoll("axum", Program::Own(OwnServer::Axum)),
        longpoll("Pushpin", Program::Node("pushpin.js")),
        Box::new(SocketIoPolling),
        longpoll("Express", Program::Node("express.js")),
    ];
    protocols.extend(other.map(|program| longpoll(OTHER_BUILD, program)));
    protocols
}
