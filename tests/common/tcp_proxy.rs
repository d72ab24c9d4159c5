//! A TCP proxy that can delay its connections, and leave them half open.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A proxy in front of one address. It stops on drop.
pub struct TcpProxy {
    pub address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    delay_ms: AtomicU64,
    accepted: AtomicUsize,
    /// Connections with a smaller number are half open: nothing is passed on, not even their end.
    held: AtomicUsize,
}

impl TcpProxy {
    /// Starts a proxy that passes everything on at once.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("port 0 is always free");
        let address = listener.local_addr().expect("it has an address");
        let state = Arc::<State>::default();
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, target, shared.clone()));
            }
        });
        Self {
            address,
            state,
            accepting,
        }
    }

    /// Returns the flag that selects the Redis behind the proxy.
    pub fn flag(&self) -> String {
        format!("--redis=redis://{}", self.address)
    }

    /// Leaves the connections that exist half open. New ones are passed on.
    pub fn hold_existing(&self) {
        self.state.held.store(self.accepted(), SeqCst);
    }

    /// Returns how many connections were accepted.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(SeqCst)
    }

    /// Delays all bytes from now on.
    pub fn delay(&self, delay: Duration) {
        self.state.delay_ms.store(delay.as_millis() as u64, SeqCst);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(client: TcpStream, target: SocketAddr, state: Arc<State>) {
    let number = state.accepted.fetch_add(1, SeqCst);
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        pass_on(number, from_client, to_server, &state),
        pass_on(number, from_server, to_client, &state),
    );
}

async fn pass_on(
    number: usize,
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    state: &State,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if number < state.held.load(SeqCst) {
            pending().await
        }
        sleep(Duration::from_millis(state.delay_ms.load(SeqCst))).await;
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
