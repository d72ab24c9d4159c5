//! Diagnostics on standard error.
//!
//! A reader of standard error may stall: a full pipe, a terminal that is held. So a thread of its
//! own writes the lines, and what does not fit into its queue is dropped and counted. No request
//! waits for it.

use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use env_logger::{Builder, Env, Target, WriteStyle};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Maximum number of lines that wait for standard error.
const QUEUE_LINES: usize = 1024;

/// Maximum time that [`Diagnostics::flush`] waits.
const MAX_FLUSH_TIME: Duration = Duration::from_secs(1);

static DROPPED_LINES: LazyLock<Counter> = LazyLock::new(Counter::default);

/// The thread that writes to standard error.
pub struct Diagnostics {
    queue: SyncSender<Entry>,
}

enum Entry {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Diagnostics {
    /// Installs the logger. `RUST_LOG` replaces the default filter.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn install(default_filter: &str) -> io::Result<Self> {
        let (queue, entries) = sync_channel(QUEUE_LINES);
        let thread = thread::Builder::new().name("diagnostics".to_owned());
        thread.spawn(move || write_entries(&entries))?;
        // env_logger styles only what it writes itself.
        let style = match io::stderr().is_terminal() {
            true => WriteStyle::Always,
            false => WriteStyle::Never,
        };
        Builder::from_env(Env::default().default_filter_or(default_filter))
            .write_style(style)
            .target(Target::Pipe(Box::new(LineQueue {
                queue: queue.clone(),
                dropped: 0,
            })))
            .init();
        Ok(Self { queue })
    }

    /// Waits until the lines logged so far are written, for at most a second.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.queue.try_send(Entry::Flush(done)).is_ok() {
            let _ = written.recv_timeout(MAX_FLUSH_TIME);
        }
    }
}

/// Registers the number of dropped lines.
pub fn register_metrics(registry: &mut Registry) {
    registry.register(
        "diagnostics_dropped_lines",
        "Lines that were not written because standard error is stalled",
        DROPPED_LINES.clone(),
    );
}

fn write_entries(entries: &Receiver<Entry>) {
    for entry in entries {
        match entry {
            Entry::Line(line) => {
                let _ = io::stderr().write_all(&line); // nowhere to report it
            }
            Entry::Flush(done) => {
                let _ = done.send(()); // the caller may have given up
            }
        }
    }
}

/// env_logger writes each line with one call.
struct LineQueue {
    queue: SyncSender<Entry>,
    /// Lines dropped since the last one that was queued.
    dropped: u64,
}

impl LineQueue {
    fn try_send(&self, line: Vec<u8>) -> bool {
        let sent = self.queue.try_send(Entry::Line(line));
        !matches!(sent, Err(TrySendError::Full(_)))
    }
}

impl Write for LineQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.dropped > 0 {
            let report =
                format!("{} lines dropped: standard error stalled\n", self.dropped);
            if self.try_send(report.into_bytes()) {
                self.dropped = 0;
            }
        }
        // What was dropped is reported before the next line, so the order is kept.
        if self.dropped > 0 || !self.try_send(line.to_vec()) {
            self.dropped += 1;
            DROPPED_LINES.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_lines_are_reported_in_their_place() {
        let (queue, entries) = sync_channel(2);
        let mut lines = LineQueue { queue, dropped: 0 };
        let mut write = |line: &str| lines.write_all(line.as_bytes()).unwrap();
        let received = || match entries.try_recv() {
            Ok(Entry::Line(line)) => String::from_utf8(line).unwrap(),
            _ => String::new(),
        };
        for line in ["a", "b", "c", "d"] {
            write(line);
        }
        assert_eq!([received(), received(), received()], ["a", "b", ""]);
        write("e");
        let report = "2 lines dropped: standard error stalled\n";
        assert_eq!([received(), received(), received()], [report, "e", ""]);
    }
}
