//! How many requests per second a server can serve on 64 connections, measured with wrk: polls that
//! find nothing, and publishing.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use trifold::load::net::http::{ResponseHead, read_response};

use crate::figures::Figures;
use crate::program::{Program, SOURCES, STREAM};
use crate::protocol::get;
use crate::server::Server;
use crate::workload::MESSAGE_BYTES;

/// Number of connections.
pub(crate) const CONNECTIONS: usize = 64;

/// What wrk requests.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// The same poll again and again.
    Poll(&'static str),
    /// The same, with the `ETag` of the first response: 304.
    PollWithEtag(&'static str),
    /// One message after the other, as text.
    Publish(&'static str),
    /// The same, in JSON.
    PublishJson(&'static str),
}

/// A server and what is requested of it.
pub(crate) type Throughput = (&'static str, Program, Load);

/// Returns the servers whose empty polls are measured.
pub(crate) fn polls(trifold: Program) -> Vec<Throughput> {
    vec![
        ("nginx, a constant", Program::Nginx, Load::Poll("/constant")),
        ("Trifold, 200", trifold.clone(), Load::Poll("/poll?since=0")),
        ("Trifold, 304", trifold, Load::PollWithEtag("/poll?since=0")),
        (
            "Express",
            Program::Node("express.js"),
            Load::Poll("/poll?since=0"),
        ),
    ]
}

/// Returns the servers whose publishing is measured.
pub(crate) fn publishing(trifold: Program) -> Vec<Throughput> {
    let publish = Load::Publish("/publish");
    vec![
        ("Trifold", trifold, Load::PublishJson("/messages")),
        ("nginx with nchan", Program::Nginx, publish),
        ("Bun", Program::Bun("bun.js"), publish),
        (
            "durable-streams",
            Program::DurableStreams,
            Load::Publish(STREAM),
        ),
    ]
}

/// Measures for so many seconds.
///
/// # Errors
/// When the server cannot be started, or a response is unexpected.
pub(crate) fn measure(
    program: &Program,
    load: Load,
    seconds: u32,
) -> io::Result<Figures> {
    let server = Server::start(program)?;
    server.settle();
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")]);
    let url = |target| format!("http://{}{target}", server.address);
    let text = ".".repeat(MESSAGE_BYTES);
    match load {
        Load::Poll(target) => {
            exchange(server.address, target, "", 200)?;
            command.arg(url(target));
        }
        Load::PollWithEtag(target) => {
            let (head, response) = exchange(server.address, target, "", 200)?;
            let etag = head.header(&response, "etag").unwrap_or_default();
            let condition = format!("if-none-match: {etag}");
            exchange(server.address, target, &format!("{condition}\r\n"), 304)?;
            command.args(["-H", &condition, &url(target)]);
        }
        Load::Publish(target) => {
            publish(&mut command, &url(target), "text/plain", &text);
        }
        Load::PublishJson(target) => {
            let body = format!(r#"{{"body":"{text}"}}"#);
            publish(&mut command, &url(target), "application/json", &body);
        }
    }
    let output = command.output()?;
    let per_second = requests_per_second(&String::from_utf8_lossy(&output.stdout))?;
    Ok(Figures {
        per_second,
        ..Figures::default()
    })
}

/// Adds the arguments with which wrk publishes.
fn publish(command: &mut Command, url: &str, kind: &str, body: &str) {
    command.args([
        "-s",
        &format!("{SOURCES}/publish.lua"),
        url,
        "--",
        kind,
        body,
    ]);
}

/// Sends one request, to check that the response is the expected one.
fn exchange(
    address: SocketAddr,
    target: &str,
    fields: &str,
    status: u16,
) -> io::Result<(ResponseHead, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(&get(address, target, fields))?;
    let mut response = Vec::new();
    let head = read_response(&mut stream, &mut response)?;
    if head.status == status {
        return Ok((head, response));
    }
    let found = head.status;
    Err(io::Error::other(format!(
        "GET {target} must return {status}, and returned {found}"
    )))
}

fn requests_per_second(output: &str) -> io::Result<f64> {
    output
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .and_then(|figure| figure.trim().parse::<f64>().ok())
        .filter(|_| !output.contains("Non-2xx"))
        .ok_or_else(|| {
            io::Error::other(format!("wrk must print a rate and no errors: {output}"))
        })
}
