//! The command line: every flag, its default, and the environment variable beside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;

use clap::builder::{BoolishValueParser, RangedU64ValueParser};
use clap::{Parser, Subcommand};

use crate::load::Load;
use crate::message_log::Retention;

/// Polling, long polling and WebSockets side by side, over one message log.
#[derive(Debug, Clone, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// What to do besides serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The server's flags.
    #[command(flatten)]
    pub serve: Options,
}

/// What the program does besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Measure a server: many clients, messages at a steady rate, and what came of it
    Load(Box<Load>),
}

/// Polling, long polling and WebSockets side by side, over one message log.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Options {
    /// Address to listen on; port 0 picks a free one
    #[arg(
        long,
        env = "TRIFOLD_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,

    /// Most messages that the log keeps
    #[arg(long, env = "TRIFOLD_RETAIN", default_value_t = 10_000, value_name = "N",
          value_parser = at_least_one())]
    pub retain: usize,

    /// Most bytes of messages that the log keeps; the newest message is kept whatever its size
    #[arg(long, env = "TRIFOLD_RETAIN_BYTES", default_value_t = 64 << 20, value_name = "N",
          value_parser = at_least_one())]
    pub retain_bytes: usize,

    /// File that keeps the log, and is made when there is none; without it the log lives in
    /// memory
    #[arg(long, env = "TRIFOLD_JOURNAL", value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Longest that a long poll may ask to be held, and how long it is held when it does not
    #[arg(
        long,
        env = "TRIFOLD_MAX_WAIT_MS",
        default_value_t = 25_000,
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(..=MAX_WAIT_MS)
    )]
    pub max_wait_ms: u64,

    /// Most bytes of a message that is published
    #[arg(long, env = "TRIFOLD_MAX_BODY", default_value_t = 64 << 10, value_name = "BYTES",
          value_parser = at_least_one())]
    pub max_body: usize,

    /// Web origin besides the server's own that may read and publish, such as
    /// `https://example.org` (repeatable)
    #[arg(
        long,
        env = "TRIFOLD_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = origin
    )]
    pub allow_origin: Vec<String>,

    /// Host name, besides loopback and the server's own addresses, that requests may be
    /// addressed to (repeatable)
    #[arg(
        long,
        env = "TRIFOLD_ALLOW_HOST",
        value_name = "HOST",
        value_delimiter = ','
    )]
    pub allow_host: Vec<String>,

    /// Threads that serve requests [default: one for each core]
    #[arg(long, env = "TRIFOLD_WORKERS", default_value_t = cores(), hide_default_value = true,
          value_name = "N", value_parser = at_least_one())]
    pub workers: usize,

    /// Most connections at one time, in all
    #[arg(long, env = "TRIFOLD_MAX_CONNECTIONS", default_value_t = 16_000, value_name = "N",
          value_parser = at_least_one())]
    pub max_connections: usize,

    /// Most connections at one time from one IPv4 address, or from one /64 of IPv6
    #[arg(long, env = "TRIFOLD_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 4_000,
          value_name = "N", value_parser = at_least_one())]
    pub max_connections_per_address: usize,

    /// Most long polls that are held at one time
    #[arg(long, env = "TRIFOLD_MAX_HELD_POLLS", default_value_t = 16_000, value_name = "N",
          value_parser = at_least_one())]
    pub max_held_polls: usize,

    /// Messages a second that one address may publish, as many at once after a pause; 0 for no
    /// limit
    #[arg(
        long,
        env = "TRIFOLD_PUBLISH_RATE",
        default_value_t = 1_000,
        value_name = "N"
    )]
    pub publish_rate: u32,

    /// Most bytes of a request's target and header fields
    #[arg(long, env = "TRIFOLD_MAX_HEADER", default_value_t = 16 << 10, value_name = "BYTES",
          value_parser = RangedU64ValueParser::<usize>::new().range(256..=MAX_HEADER))]
    pub max_header: usize,

    /// How long a request's header may take to arrive
    #[arg(long, env = "TRIFOLD_HEADER_TIMEOUT_MS", default_value_t = 5_000, value_name = "N",
          value_parser = timeout_ms())]
    pub header_timeout_ms: u64,

    /// How long a request's body may take to arrive
    #[arg(long, env = "TRIFOLD_BODY_TIMEOUT_MS", default_value_t = 10_000, value_name = "N",
          value_parser = timeout_ms())]
    pub body_timeout_ms: u64,

    /// How long a connection may be idle between two requests
    #[arg(long, env = "TRIFOLD_IDLE_TIMEOUT_MS", default_value_t = 75_000, value_name = "N",
          value_parser = timeout_ms())]
    pub idle_timeout_ms: u64,

    /// How long a reader may leave bytes waiting without taking any (Linux)
    #[arg(long, env = "TRIFOLD_WRITE_TIMEOUT_MS", default_value_t = 30_000, value_name = "N",
          value_parser = timeout_ms())]
    pub write_timeout_ms: u64,

    /// Bytes that the system keeps for a reader that does not read; Linux takes twice as many
    #[arg(long, env = "TRIFOLD_SEND_BUFFER", default_value_t = 256 << 10, value_name = "BYTES",
          value_parser = RangedU64ValueParser::<usize>::new().range(4096..=1 << 30))]
    pub send_buffer: usize,

    /// Write a line for each answer to standard error
    #[arg(long, env = "TRIFOLD_ACCESS_LOG", value_parser = BoolishValueParser::new())]
    pub access_log: bool,

    /// Refuse the simulated network and the control channel
    #[arg(long, env = "TRIFOLD_NO_LAB", value_parser = BoolishValueParser::new())]
    pub no_lab: bool,
}

/// An hour: no proxy and no browser waits longer for an answer.
const MAX_WAIT_MS: u64 = 3_600_000;

/// What actix-http reads of a header before it gives up.
const MAX_HEADER: u64 = 128 << 10;

/// An origin as browsers send it (RFC 6454 §6.2): scheme and host in lower case, no path.
fn origin(text: &str) -> Result<String, String> {
    let authority = text
        .strip_prefix("http://")
        .or(text.strip_prefix("https://"));
    match authority {
        Some(authority)
            if !authority.is_empty()
                && !authority.contains(['/', '*', '@', '?', '#', ' '])
                && text.chars().all(|own| !own.is_ascii_uppercase()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(
            "an origin looks like https://example.org or http://192.0.2.7:8080".into(),
        ),
    }
}

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// From a second on: actix-http reads its clock twice a second.
fn timeout_ms() -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(1_000..=MAX_WAIT_MS)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Options {
    /// How much the log keeps.
    pub fn retention(&self) -> Retention {
        Retention {
            messages: self.retain,
            bytes: self.retain_bytes,
        }
    }
}
