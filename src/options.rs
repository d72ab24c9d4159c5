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

    /// Refuse the simulated network and the control channel
    #[arg(long, env = "TRIFOLD_NO_LAB", value_parser = BoolishValueParser::new())]
    pub no_lab: bool,
}

/// An hour: no proxy and no browser waits longer for an answer.
const MAX_WAIT_MS: u64 = 3_600_000;

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
