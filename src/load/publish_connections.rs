//! The publisher's connections: one for each publication in flight, kept for the next one to the
//! same address.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::net::connection::{ByteCounter, ByteCounts, Connection};
use super::protocol::{describe_error_response, is_retryable};
use super::targets::Targets;

/// The bytes of all publishing connections.
#[derive(Debug, Default)]
struct SharedByteCounts {
    sent: AtomicU64,
    received: AtomicU64,
}

impl ByteCounter for Arc<SharedByteCounts> {
    fn add(&self, bytes: ByteCounts) {
        self.sent.fetch_add(bytes.sent, Ordering::Relaxed);
        self.received.fetch_add(bytes.received, Ordering::Relaxed);
    }
}

type PublishConnection = Connection<Arc<SharedByteCounts>>;

/// The publisher's connections to all addresses.
pub(super) struct PublishConnections {
    targets: Targets,
    bytes: Arc<SharedByteCounts>,
    /// Connections without a publication in flight, by the index of their address.
    idle: Vec<Mutex<Vec<PublishConnection>>>,
}

/// An error response to a publication.
pub(super) struct PublishRejection {
    /// Status and title.
    pub error: String,
    /// Whether the same publication may succeed later.
    pub is_retryable: bool,
}

impl PublishConnections {
    /// Creates the connections of a run; none of them is open.
    pub(super) fn new(targets: Targets) -> Self {
        let addresses = targets.addresses().iter();
        Self {
            idle: addresses.map(|_| Mutex::default()).collect(),
            bytes: Arc::default(),
            targets,
        }
    }

    /// Opens one connection to each address that accepts it.
    pub(super) async fn prepare(&self) {
        for (turn, idle) in (0..).zip(&self.idle) {
            if let Ok(connection) = self.connect(turn).await {
                idle.lock().push(connection);
            }
        }
    }

    /// Returns the bytes of all acknowledged publications, and of all failed attempts.
    pub(super) fn bytes(&self) -> ByteCounts {
        let SharedByteCounts { sent, received } = &*self.bytes;
        ByteCounts {
            sent: sent.load(Ordering::Relaxed),
            received: received.load(Ordering::Relaxed),
        }
    }

    /// Makes one attempt at the address whose turn it is. Returns the error response, if the
    /// server sent one.
    pub(super) async fn post(
        &self,
        turn: u64,
        json: &str,
    ) -> io::Result<Option<PublishRejection>> {
        let request = format!(
            "POST /messages HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{json}",
            self.targets.in_turn(turn).authority,
            json.len()
        );
        let all_idle = &self.idle[self.targets.index(turn)];
        let idle = all_idle.lock().pop();
        let mut connection = match idle.filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => self.connect(turn).await?,
        };
        connection.send(request.as_bytes()).await?;
        let head = connection.read_response().await?;
        let rejection = match head.status {
            200 | 201 => None,
            status => Some(PublishRejection {
                error: describe_error_response(status, connection.body(&head)),
                is_retryable: is_retryable(status),
            }),
        };
        self.bytes.add(connection.take_byte_counts());
        connection.consume_response(&head);
        if !head.connection_close {
            all_idle.lock().push(connection);
        }
        Ok(rejection)
    }

    async fn connect(&self, turn: u64) -> io::Result<PublishConnection> {
        let address = self.targets.in_turn(turn).address;
        Connection::connect(address, None, self.bytes.clone()).await
    }
}
