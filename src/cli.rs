//! The command line: every flag, its default, and its environment variable.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::builder::{BoolishValueParser, RangedU64ValueParser, Resettable};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::http::HttpConfig;
use crate::journal::{JournalConfig, RedisConfig, RedisUrl, parse_stream_name};
use crate::limits::LimitsConfig;
use crate::load::LoadArgs;
use crate::log::Retention;
use crate::server::{
    AccessConfig, ConnectionConfig, ServerConfig, parse_allowed_host,
    parse_allowed_origin,
};

/// Polling, long polling and WebSockets side by side, over one message log.
#[derive(Debug, Clone, Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// A command other than serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The server's flags.
    #[command(flatten)]
    pub serve: ServeArgs,
}

impl Cli {
    /// Parses the command line, and exits if it is invalid. An empty environment variable counts
    /// as not given.
    pub fn from_env() -> Self {
        let command = Self::command().mut_args(|arg| {
            let value = arg.get_env().and_then(std::env::var_os);
            match value.is_some_and(|value| value.is_empty()) {
                true => arg.env(Resettable::Reset),
                false => arg,
            }
        });
        let matches = command.get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// A command other than serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Measure a server: many clients, a steady message rate, and a report
    Load(Box<LoadArgs>),
}

/// The flags of the server.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct ServeArgs {
    /// Address to listen on; port 0 picks a free one
    #[arg(
        long,
        env = "TRIFOLD_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,

    /// Maximum number of messages in the log
    #[arg(long, env = "TRIFOLD_RETAIN_MESSAGES", default_value_t = 10_000, value_name = "N",
          value_parser = at_least_one())]
    pub retain_messages: usize,

    /// Maximum size of the messages in the log; the newest one is kept whatever its size
    #[arg(long, env = "TRIFOLD_RETAIN_BYTES", default_value_t = 64 << 20, value_name = "BYTES",
          value_parser = at_least_one())]
    pub retain_bytes: usize,

    /// Keep the log in this file, which is created if missing [default: keep it in memory]
    #[arg(long, env = "TRIFOLD_JOURNAL", value_name = "FILE")]
    pub journal: Option<PathBuf>,

    /// Keep the log in a Redis stream, which all servers with the same stream share:
    /// `redis://USER:PASSWORD@HOST:PORT/DB`, `rediss://…` for TLS, `redis+unix:///PATH`, or
    /// `redis+sentinel://HOST:PORT,HOST:PORT/MASTER`
    #[arg(
        long,
        env = "TRIFOLD_REDIS",
        hide_env_values = true,
        value_parser = |url: &str| Ok::<RedisUrl, Infallible>(url.to_owned().into()),
        value_name = "URL",
        conflicts_with = "journal"
    )]
    pub redis: Option<RedisUrl>,

    /// Key of the stream in Redis
    #[arg(long, env = "TRIFOLD_STREAM", default_value = "trifold", value_name = "NAME",
          requires = "redis", value_parser = parse_stream_name)]
    pub stream: String,

    /// Longest wait that a long poll may request, and the default
    #[arg(
        long,
        env = "TRIFOLD_MAX_POLL_WAIT",
        default_value = "25s",
        value_name = "DURATION",
        value_parser = duration(Duration::ZERO)
    )]
    pub max_poll_wait: Duration,

    /// Maximum size of a published message
    #[arg(long, env = "TRIFOLD_MAX_MESSAGE_BYTES", default_value_t = 64 << 10,
          value_name = "BYTES", value_parser = at_least_one())]
    pub max_message_bytes: usize,

    /// Web origin that may read and publish, in addition to the server's own, such as
    /// `https://example.org` (repeatable)
    #[arg(
        long,
        env = "TRIFOLD_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = parse_allowed_origin
    )]
    pub allow_origin: Vec<String>,

    /// Host name that requests may be addressed to, in addition to loopback and the server's
    /// own addresses (repeatable)
    #[arg(
        long,
        env = "TRIFOLD_ALLOW_HOST",
        value_name = "HOST",
        value_delimiter = ',',
        value_parser = parse_allowed_host
    )]
    pub allow_host: Vec<String>,

    /// Worker threads [default: one per core]
    #[arg(long, env = "TRIFOLD_WORKERS", default_value_t = available_cores(),
          hide_default_value = true, value_name = "N", value_parser = at_least_one())]
    pub workers: usize,

    /// Maximum number of concurrent connections
    #[arg(long, env = "TRIFOLD_MAX_CONNECTIONS", default_value_t = 16_000, value_name = "N",
          value_parser = at_least_one())]
    pub max_connections: usize,

    /// Maximum number of concurrent connections from one IPv4 address, or from one /64 of IPv6
    #[arg(long, env = "TRIFOLD_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 4_000,
          value_name = "N", value_parser = at_least_one())]
    pub max_connections_per_address: usize,

    /// Maximum number of long polls in flight
    #[arg(long, env = "TRIFOLD_MAX_LONG_POLLS", default_value_t = 16_000, value_name = "N",
          value_parser = at_least_one())]
    pub max_long_polls: usize,

    /// Messages per second that one address may publish, with bursts of the same size; 0 for no
    /// limit
    #[arg(
        long,
        env = "TRIFOLD_PUBLISH_RATE",
        default_value_t = 1_000,
        value_name = "N"
    )]
    pub publish_rate: u32,

    /// Maximum size of a request's target and header fields
    #[arg(long, env = "TRIFOLD_MAX_HEADER_BYTES", default_value_t = 16 << 10,
          value_name = "BYTES",
          value_parser = RangedU64ValueParser::<usize>::new().range(256..=MAX_HEADER_BYTES))]
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

    /// How long sent data may stay unacknowledged before the connection is cut (Linux)
    #[arg(long, env = "TRIFOLD_WRITE_TIMEOUT", default_value = "30s",
          value_name = "DURATION", value_parser = duration(MIN_TIMEOUT))]
    pub write_timeout: Duration,

    /// Time between two pings on a WebSocket; proxies cut idle connections after a minute
    #[arg(long, env = "TRIFOLD_PING_INTERVAL", default_value = "20s",
          value_name = "DURATION", value_parser = duration(MIN_HEARTBEAT))]
    pub ping_interval: Duration,

    /// How long a WebSocket's client may take to answer a ping
    #[arg(long, env = "TRIFOLD_PONG_TIMEOUT", default_value = "10s",
          value_name = "DURATION", value_parser = duration(MIN_HEARTBEAT))]
    pub pong_timeout: Duration,

    /// Size of the kernel's send buffer per connection; Linux uses twice as much
    #[arg(long, env = "TRIFOLD_SEND_BUFFER_BYTES", default_value_t = 256 << 10,
          value_name = "BYTES",
          value_parser = RangedU64ValueParser::<usize>::new().range(4096..=1 << 30))]
    pub send_buffer_bytes: usize,

    /// Log each response to standard error
    #[arg(long, env = "TRIFOLD_ACCESS_LOG", value_parser = BoolishValueParser::new())]
    pub access_log: bool,

    /// Disable the network simulator and the control channel
    #[arg(long, env = "TRIFOLD_NO_LAB", value_parser = BoolishValueParser::new())]
    pub no_lab: bool,
}

/// Longest duration that a flag accepts: no proxy or browser waits longer for a response.
const MAX_DURATION: Duration = Duration::from_secs(3600);

/// Shortest timeout: actix-http updates its clock twice a second.
const MIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Shortest ping interval and pong timeout.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);

/// Size at which actix-http stops reading a header, in bytes.
const MAX_HEADER_BYTES: u64 = 128 << 10;

impl From<ServeArgs> for ServerConfig {
    fn from(args: ServeArgs) -> Self {
        Self {
            listen: args.listen,
            workers: args.workers,
            journal: match (args.redis, args.journal) {
                (Some(url), _) => JournalConfig::Redis(RedisConfig {
                    url,
                    stream: args.stream,
                }),
                (None, Some(path)) => JournalConfig::Sqlite(path),
                (None, None) => JournalConfig::Memory,
            },
            retention: Retention {
                messages: args.retain_messages,
                bytes: args.retain_bytes,
            },
            http: HttpConfig {
                max_poll_wait: args.max_poll_wait,
                max_message_bytes: args.max_message_bytes,
                body_timeout: args.body_timeout,
                ping_interval: args.ping_interval,
                pong_timeout: args.pong_timeout,
            },
            limits: LimitsConfig {
                max_connections: args.max_connections,
                max_connections_per_address: args.max_connections_per_address,
                max_long_polls: args.max_long_polls,
                publish_rate: NonZeroU32::new(args.publish_rate),
            },
            access: AccessConfig {
                allow_host: args.allow_host,
                allow_origin: args.allow_origin,
                max_header_bytes: args.max_header_bytes,
            },
            connection: ConnectionConfig {
                header_timeout: args.header_timeout,
                idle_timeout: args.idle_timeout,
                write_timeout: args.write_timeout,
                send_buffer_bytes: args.send_buffer_bytes,
            },
            access_log: args.access_log,
            lab: !args.no_lab,
        }
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

fn available_cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
