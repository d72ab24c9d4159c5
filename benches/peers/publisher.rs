//! Publishes on a connection and a thread of its own: each message when it is due, or later if the
//! response to the previous one is late.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use trifold::load::net::http::read_response;

/// Timeout of a response.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The thread, and what it has done.
pub(crate) struct Publisher {
    progress: Arc<Progress>,
    thread: JoinHandle<io::Result<()>>,
}

#[derive(Default)]
struct Progress {
    published: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Publisher {
    /// Starts the thread. `requests` are complete requests with the time when each is due.
    pub(crate) fn start(
        address: std::net::SocketAddr,
        requests: Vec<(Instant, Vec<u8>)>,
    ) -> Self {
        let progress = Arc::<Progress>::default();
        let shared = progress.clone();
        let thread = thread::spawn(move || {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TIMEOUT))?;
            let mut buffer = Vec::new();
            for (due, request) in requests {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if shared.is_stopped.load(Ordering::SeqCst) {
                    break;
                }
                shared.published.fetch_add(1, Ordering::SeqCst);
                publish(&mut stream, &request, &mut buffer)?;
            }
            Ok(())
        });
        Self { progress, thread }
    }

    /// Returns how many messages were sent, or are being sent.
    pub(crate) fn published(&self) -> usize {
        self.progress.published.load(Ordering::SeqCst)
    }

    /// Stops before the next message.
    pub(crate) fn stop(&self) {
        self.progress.is_stopped.store(true, Ordering::SeqCst);
    }

    /// Returns whether no message will follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Stops, and returns how many messages were sent.
    ///
    /// # Errors
    /// When publishing failed.
    pub(crate) fn join(self) -> io::Result<usize> {
        self.stop();
        self.thread.join().expect("the publisher does not panic")?;
        Ok(self.progress.published.load(Ordering::SeqCst))
    }
}

fn publish(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    stream.write_all(request)?;
    buffer.clear();
    let head = read_response(stream, buffer)?;
    if (200..300).contains(&head.status) {
        return Ok(());
    }
    let text = String::from_utf8_lossy(buffer);
    Err(io::Error::other(format!(
        "a message was not accepted: {text}"
    )))
}
