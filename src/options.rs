//! The command line: every flag, its default, and the environment variable beside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::builder::{BoolishValueParser, RangedU64ValueParser};
use clap::{Parser, Subcommand};

use crate::load::LoadArgs;
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
    Load(Box<LoadArgs>),
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
    #[arg(long, env = "TRIFOLD_RETAIN_MESSAGES", default_value_t = 10_000, value_name = "N",
          value_parser = at_least_one())]
    pub retain_messages: usize,

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
        env = "TRIFOLD_MAX_POLL_WAIT",
        default_value = "25s",
        value_name = "DURATION",
        value_parser = duration(Duration::ZERO)
    )]
    pub max_poll_wait: Duration,

    /// Most bytes of a message that is published
    #[arg(long, env = "TRIFOLD_MAX_MESSAGE_BYTES", default_value_t = 64 << 10, value_name = "BYTES",
          value_parser = at_least_one())]
    pub max_message_bytes: usize,

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
    #[arg(long, env = "TRIFOLD_MAX_LONG_POLLS", default_value_t = 16_000, value_name = "N",
          value_parser = at_least_one())]
    pub max_long_polls: usize,

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
    #[arg(long, env = "TRIFOLD_MAX_HEADER_BYTES", default_value_t = 16 << 10, value_name = "BYTES",
          value_parser = RangedU64ValueParser::<usize>::new().range(256..=MAX_HEADER))]
    pub max_header_bytes: usize,

    /// How long a request's header may take to arrive
    #[arg(long, env = "TRIFOLD_HEADER_TIMEOUT", default_value = "5s",
          value_name = "DURATION", value_parser = duration(MIN_TIMEOUT))]
    pub header_timeout: Duration,

    /// How long a request's body may take to arrive
    #[arg(long, env = "TRIFOLD_BODY_TIMEOUT", default_value = "10s",
          value_name = "DURATION", value_parser = duration(MIN_TIMEOUT))]
    pub body_timeout: Duration,

    /// How long a connection may be idle between two requests
    #[arg(long, env = "TRIFOLD_IDLE_TIMEOUT", default_value = "75s",
          value_name = "DURATION", value_parser = duration(MIN_TIMEOUT))]
    pub idle_timeout: Duration,

    /// How long a reader may leave bytes waiting without taking any (Linux)
    #[arg(long, env = "TRIFOLD_WRITE_TIMEOUT", default_value = "30s",
          value_name = "DURATION", value_parser = duration(MIN_TIMEOUT))]
    pub write_timeout: Duration,

    /// Bytes that the system keeps for a reader that does not read; Linux takes twice as many
    #[arg(long, env = "TRIFOLD_SEND_BUFFER_BYTES", default_value_t = 256 << 10, value_name = "BYTES",
          value_parser = RangedU64ValueParser::<usize>::new().range(4096..=1 << 30))]
    pub send_buffer_bytes: usize,

    /// Write a line for each answer to standard error
    #[arg(long, env = "TRIFOLD_ACCESS_LOG", value_parser = BoolishValueParser::new())]
    pub access_log: bool,

    /// Refuse the simulated network and the control channel
    #[arg(long, env = "TRIFOLD_NO_LAB", value_parser = BoolishValueParser::new())]
    pub no_lab: bool,
}

/// Longest duration that a flag accepts: no proxy or browser waits longer for a response.
const MAX_DURATION: Duration = Duration::from_secs(3600);

/// Shortest timeout: actix-http updates its clock twice a second.
const MIN_TIMEOUT: Duration = Duration::from_secs(1);

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

/// Parses a duration with a unit (`250ms`, `5s`, `2m`), from `min` to an hour.
fn duration(min: Duration) -> impl Fn(&str) -> Result<Duration, String> + Clone {
    move |text| match humantime::parse_duration(text) {
        Ok(duration) if (min..=MAX_DURATION).contains(&duration) => Ok(duration),
        Ok(_) => Err(format!(
            "the duration must be from {} to {}",
            humantime::format_duration(min),
            humantime::format_duration(MAX_DURATION)
        )),
        Err(error) => Err(format!(
            "{error}; write a number with a unit, such as 5s or 250ms"
        )),
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Options {
    /// How much the log keeps.
    pub fn retention(&self) -> Retention {
        Retention {
            messages: self.retain_messages,
            bytes: self.retain_bytes,
        }
    }
}
