//! The server's configuration, as plain values.

use std::net::SocketAddr;
use std::time::Duration;

use crate::http::HttpConfig;
use crate::journal::JournalConfig;
use crate::limits::LimitsConfig;
use crate::log::Retention;

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address to listen on; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Number of worker threads.
    pub workers: usize,
    /// Where the log is kept.
    pub journal: JournalConfig,
    /// How much the log retains.
    pub retention: Retention,
    /// Sizes and times that a request may take.
    pub http: HttpConfig,
    /// Limits on connections, long polls and the publish rate.
    pub limits: LimitsConfig,
    /// Which hosts and origins are allowed.
    pub access: AccessConfig,
    /// Timeouts and buffers of connections.
    pub connection: ConnectionConfig,
    /// Whether to log each response.
    pub access_log: bool,
    /// Whether the network simulator and the control channel are enabled.
    pub lab: bool,
}

/// Which hosts and origins are allowed.
#[derive(Debug, Clone)]
pub struct AccessConfig {
    /// Allowed values of `Host`, in addition to loopback and the server's own addresses.
    pub allow_host: Vec<String>,
    /// Allowed values of `Origin`, in addition to the server's own.
    pub allow_origin: Vec<String>,
    /// Maximum size of a request's target and header fields, in bytes.
    pub max_header_bytes: usize,
}

/// Timeouts and buffers of connections.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// How long a request's header may take to arrive.
    pub header_timeout: Duration,
    /// How long a connection may be idle between two requests.
    pub idle_timeout: Duration,
    /// How long sent data may stay unacknowledged (Linux).
    pub write_timeout: Duration,
    /// Size of the kernel's send buffer, in bytes; Linux uses twice as much.
    pub send_buffer_bytes: usize,
}
