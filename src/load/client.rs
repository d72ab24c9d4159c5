//! A client: one subscriber of the log, on one of the three transports. It behaves like the
//! page's careful loops, and uses little memory, because there are thousands of it.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::backoff::Backoff;
use super::context::ClientConfig;
use super::disconnect::{Disconnect, rejection};
use super::mix::Transport;
use super::net::connection::{ByteCounts, Connection};
use super::net::websocket::{
    CLOSE, PING, PONG, TEXT, client_frame, handshake_key, upgrade_headers,
};
use super::stats::{ClientStats, NextAction};

/// Close code if a close frame has none (RFC 6455 §7.1.5).
const NO_STATUS_RECEIVED: u16 = 1005;

/// A client that has to be connected.
pub(super) struct ClientSpec {
    /// Its position among all clients of the run.
    pub index: u64,
    /// How it receives messages.
    pub transport: Transport,
    /// Whose turn its first connection is among the addresses.
    pub turn: u64,
    /// Its statistics.
    pub stats: ClientStats,
    /// When it connects.
    pub first: std::time::Instant,
}

/// Runs one client, from `first` until the run ends and drops it.
pub(super) async fn run(config: Arc<ClientConfig>, spec: ClientSpec) {
    let ClientSpec {
        index,
        transport,
        turn,
        stats,
        first,
    } = spec;
    sleep_until(first.into()).await;
    let phase = config.poll_interval.mul_f64(rand::random());
    let mut client = Client {
        config,
        index,
        requests: 0,
        turn,
        stats,
        next_poll: Instant::now() + phase,
        backoff: Backoff::default(),
    };
    loop {
        let Err(disconnect) = match transport {
            Transport::Poll => client.poll().await,
            Transport::Longpoll => client.longpoll().await,
            Transport::Ws => client.ws().await,
        };
        let wait = client.on_disconnect(disconnect);
        client.turn += 1; // the next address, as behind a load balancer
        // A client that never connected is still connecting, not reconnecting.
        if !client.config.reconnect && client.stats.was_connected() {
            return;
        }
        sleep(wait).await;
    }
}

struct Client {
    config: Arc<ClientConfig>,
    index: u64,
    requests: u32,
    /// The turn of the current connection among the addresses.
    turn: u64,
    stats: ClientStats,
    next_poll: Instant,
    backoff: Backoff,
}

type ClientConnection = Connection<ClientStats>;

/// A response that was read and applied.
struct AppliedResponse {
    next: NextAction,
    connection_close: bool,
    etag: Option<String>,
}

impl Client {
    /// Records the error, if it is one, and returns how long to wait before the next connection.
    fn on_disconnect(&mut self, disconnect: Disconnect) -> Duration {
        let error = match disconnect {
            Disconnect::Reconnect => return Duration::ZERO,
            Disconnect::Retryable(error) => self.with_address(error),
            Disconnect::Fatal(error) => {
                let error = self.with_address(error);
                let _ = self.config.fatal_errors.send(error.clone()); // the run may be over
                error
            }
        };
        self.stats.record_error(error);
        self.backoff.next_wait()
    }

    /// Returns the error with the address that it is from, if there are several.
    fn with_address(&self, error: String) -> String {
        self.config.targets.with_address(self.turn, error)
    }

    async fn connect(&self) -> Result<ClientConnection, Disconnect> {
        let target = self.config.targets.in_turn(self.turn);
        let source = target.source_address(self.index, self.config.source_addresses);
        let connection =
            Connection::connect(target.address, source, self.stats.clone()).await;
        let connection = connection.map_err(|error| match error.kind() {
            io::ErrorKind::AddrNotAvailable if source.is_some() => {
                format!("{error}; use --source-addresses 1")
            }
            _ => error.to_string(),
        })?;
        self.stats.record_connection();
        Ok(connection)
    }

    async fn send_request(
        &mut self,
        connection: &mut ClientConnection,
        path: &str,
        headers: &str,
    ) -> io::Result<()> {
        let request = format!(
            "GET {path}?{}{} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            self.stats.cursor(),
            self.config.network.query(self.index, self.requests),
            self.config.targets.in_turn(self.turn).authority
        );
        self.requests = self.requests.wrapping_add(1);
        connection.send(request.as_bytes()).await?;
        let bytes = connection.take_byte_counts();
        self.stats.record(bytes, |counters| counters.requests += 1);
        Ok(())
    }

    /// Waits for a response and applies it.
    async fn read_response(
        &mut self,
        connection: &mut ClientConnection,
    ) -> Result<AppliedResponse, Disconnect> {
        let head = connection.read_response().await?;
        let at = std::time::Instant::now();
        let bytes = connection.take_byte_counts();
        let next = match head.status {
            200 | 410 => self.stats.apply(connection.body(&head), at, bytes)?,
            304 => {
                self.stats
                    .record(bytes, |counters| counters.add_empty(bytes));
                NextAction::Wait
            }
            status => {
                self.stats.record(bytes, |_| {});
                return Err(rejection(status, connection.body(&head)));
            }
        };
        let etag = match self.config.etag {
            true => head.header(connection.buffer(), "etag").map(str::to_owned),
            false => None,
        };
        connection.consume_response(&head);
        self.backoff = Backoff::saturated();
        Ok(AppliedResponse {
            next,
            connection_close: head.connection_close,
            etag,
        })
    }

    /// Polling: requests at intervals. A poll that is due before the previous response has
    /// arrived is skipped, so there is never more than one in flight.
    async fn poll(&mut self) -> Result<Infallible, Disconnect> {
        let mut connection = self.connect().await?;
        let mut etag: Option<String> = None;
        loop {
            let condition = match &etag {
                Some(etag) => format!("If-None-Match: {etag}\r\n"),
                None => String::new(),
            };
            let cursor = self.stats.cursor();
            self.send_request(&mut connection, "/poll", &condition)
                .await?;
            let response = self.read_response(&mut connection).await?;
            self.stats.set_connected();
            // An ETag belongs to a URL, and the URL contains the cursor.
            etag = response.etag.filter(|_| cursor == self.stats.cursor());
            if response.next == NextAction::Wait {
                self.wait_for_next_poll().await;
            }
            if response.connection_close || connection.is_closed() {
                return Err(Disconnect::Reconnect);
            }
        }
    }

    async fn wait_for_next_poll(&mut self) {
        let now = Instant::now();
        while self.next_poll <= now {
            self.stats
                .record(ByteCounts::default(), |counters| counters.skipped += 1);
            self.next_poll += self.config.poll_interval;
        }
        sleep_until(self.next_poll).await;
        self.next_poll += self.config.poll_interval;
    }

    /// Long polling: a request, a response as soon as there is a message, the next request.
    async fn longpoll(&mut self) -> Result<Infallible, Disconnect> {
        let mut connection = self.connect().await?;
        loop {
            self.send_request(&mut connection, "/longpoll", "").await?;
            self.stats.set_connected();
            let response = self.read_response(&mut connection).await?;
            if response.connection_close {
                return Err(Disconnect::Reconnect);
            }
        }
    }

    /// WebSocket: one request, then every message as it is published.
    async fn ws(&mut self) -> Result<Infallible, Disconnect> {
        let mut connection = self.connect().await?;
        self.upgrade(&mut connection).await?;
        let mut received_gap = false;
        loop {
            let frame = connection.read_frame().await?;
            let at = std::time::Instant::now();
            let bytes = connection.take_byte_counts();
            let payload = connection.payload(&frame);
            if frame.opcode == TEXT {
                received_gap |= self.stats.apply(payload, at, bytes)? == NextAction::Gap;
            } else {
                self.stats.record(bytes, |_| {});
            }
            match frame.opcode {
                CLOSE if received_gap => return Err(Disconnect::Reconnect), // as specified
                CLOSE => {
                    let code = payload.first_chunk().copied().map(u16::from_be_bytes);
                    let code = code.unwrap_or(NO_STATUS_RECEIVED);
                    let error = format!("the server closed the WebSocket with {code}");
                    return Err(Disconnect::Retryable(error));
                }
                PING => {
                    let pong = client_frame(PONG, payload);
                    connection.send(&pong).await?;
                }
                _ => {}
            }
            connection.consume_frame(&frame);
        }
    }

    /// Performs the opening handshake.
    async fn upgrade(
        &mut self,
        connection: &mut ClientConnection,
    ) -> Result<(), Disconnect> {
        let headers = upgrade_headers(&handshake_key());
        self.send_request(connection, "/ws", &headers).await?;
        let head = connection.read_response().await?;
        if head.status != 101 {
            return Err(rejection(head.status, connection.body(&head)));
        }
        self.stats.record(connection.take_byte_counts(), |_| {});
        connection.consume_response(&head);
        self.stats.set_connected();
        self.backoff = Backoff::saturated();
        Ok(())
    }
}
