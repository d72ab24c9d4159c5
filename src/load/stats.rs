//! What each client has received, and what it cost. The clients of a thread share one lock,
//! which is therefore nearly always free.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::Mutex;

use super::counters::{Counters, TransportStats, record};
use super::mix::Transport;
use super::net::connection::{ByteCounter, ByteCounts};
use super::protocol::{BatchDecoder, DecodedBatch, ServerMessage};
use super::range_set::RangeSet;
use super::schedule::Schedule;

/// When the run started, and when each of its messages is due.
#[derive(Debug)]
pub(super) struct RunTimes {
    /// The start, once it is known.
    pub start: OnceLock<Instant>,
    /// The due times, relative to the start.
    pub schedule: Schedule,
}

impl RunTimes {
    /// Returns when a message is due, once the run has started.
    fn due(&self, number: u64) -> Option<Instant> {
        let start = self.start.get()?;
        Some(*start + self.schedule.due(number))
    }
}

/// The statistics of the clients of one thread.
pub(super) struct ThreadStats {
    times: Arc<RunTimes>,
    state: Mutex<ThreadState>,
}

struct ThreadState {
    decoder: BatchDecoder,
    transports: [TransportStats; 3],
    clients: Vec<ClientState>,
    first_error: Option<String>,
}

/// The cursor of a client, and which messages it has received.
struct ClientState {
    transport: Transport,
    is_connected: bool,
    connections: u64,
    epoch: Arc<str>,
    version: u64,
    received: RangeSet,
}

/// What a client has to do after a message from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextAction {
    /// Wait, as usual.
    Wait,
    /// Request more at once.
    RequestMore,
    /// Continue from the new cursor, because the log could not continue from the old one.
    Gap,
}

impl ThreadStats {
    /// Creates statistics without clients.
    pub(super) fn new(times: Arc<RunTimes>, decoder: BatchDecoder) -> Self {
        Self {
            times,
            state: Mutex::new(ThreadState {
                decoder,
                transports: Default::default(),
                clients: Vec::new(),
                first_error: None,
            }),
        }
    }

    /// Adds a client that has received everything up to `version`.
    pub(super) fn add_client(
        self: &Arc<Self>,
        transport: Transport,
        epoch: &Arc<str>,
        version: u64,
    ) -> ClientStats {
        let mut state = self.state.lock();
        state.transports[transport as usize].clients += 1;
        state.clients.push(ClientState {
            transport,
            is_connected: false,
            connections: 0,
            epoch: epoch.clone(),
            version,
            received: RangeSet::default(),
        });
        ClientStats {
            thread: self.clone(),
            transport,
            client: state.clients.len() - 1,
        }
    }

    /// Adds the statistics of all clients to `sums`, by transport.
    pub(super) fn add_to(&self, sums: &mut [TransportStats; 3]) {
        let state = self.state.lock();
        for (sum, stats) in sums.iter_mut().zip(&state.transports) {
            sum.add(stats);
        }
    }

    /// Returns how many clients are connected, and how many messages were delivered to all of
    /// them.
    pub(super) fn progress(&self) -> (u64, u64) {
        let state = self.state.lock();
        let transports = state.transports.iter();
        transports.fold((0, 0), |(connected, delivered), stats| {
            (
                connected + stats.connected,
                delivered + stats.counters.delivered,
            )
        })
    }

    /// Returns the current counters, by transport.
    pub(super) fn counters(&self) -> [Counters; 3] {
        let state = self.state.lock();
        state.transports.each_ref().map(|stats| stats.counters)
    }

    /// Counts for each client the messages that are known to be in the log and that it has not
    /// received.
    pub(super) fn count_lost(&self, published: &RangeSet) {
        let mut state = self.state.lock();
        let ThreadState {
            transports,
            clients,
            ..
        } = &mut *state;
        for client in clients {
            transports[client.transport as usize].lost +=
                published.len() - client.received.intersection_len(published);
        }
    }

    /// Returns the first error of a client.
    pub(super) fn first_error(&self) -> Option<String> {
        self.state.lock().first_error.clone()
    }
}

/// The statistics of one client.
#[derive(Clone)]
pub(super) struct ClientStats {
    thread: Arc<ThreadStats>,
    transport: Transport,
    client: usize,
}

impl ByteCounter for ClientStats {
    fn add(&self, bytes: ByteCounts) {
        self.record(bytes, |_| {});
    }
}

impl ClientStats {
    /// Records bytes and counters under one lock, so that snapshots are consistent.
    pub(super) fn record(&self, bytes: ByteCounts, count: impl FnOnce(&mut Counters)) {
        let mut state = self.thread.state.lock();
        let counters = &mut state.transports[self.transport as usize].counters;
        counters.add_bytes(bytes);
        count(counters);
    }

    /// Counts an error, and keeps the text of the first one.
    pub(super) fn record_error(&self, text: impl Into<String>) {
        let mut state = self.thread.state.lock();
        state.transports[self.transport as usize].counters.errors += 1;
        if state.first_error.is_none() {
            state.first_error = Some(text.into());
        }
    }

    /// Counts a TCP connection.
    pub(super) fn record_connection(&self) {
        let mut state = self.thread.state.lock();
        let client = &mut state.clients[self.client];
        client.connections += 1;
        if client.connections > 1 {
            state.transports[self.transport as usize]
                .counters
                .reconnects += 1;
        }
    }

    /// Records that the client can receive messages now.
    pub(super) fn set_connected(&self) {
        let mut state = self.thread.state.lock();
        let client = &mut state.clients[self.client];
        if !client.is_connected {
            client.is_connected = true;
            state.transports[self.transport as usize].connected += 1;
        }
    }

    /// Returns whether the client could ever receive messages.
    pub(super) fn was_connected(&self) -> bool {
        self.thread.state.lock().clients[self.client].is_connected
    }

    /// Returns the cursor as a query string.
    pub(super) fn cursor(&self) -> String {
        let state = self.thread.state.lock();
        let ClientState { epoch, version, .. } = &state.clients[self.client];
        format!("since={version}&epoch={epoch}")
    }

    /// Applies a message from the server that was received at `at` and cost these bytes.
    ///
    /// # Errors
    /// When the message is invalid.
    pub(super) fn apply(
        &self,
        json: &[u8],
        at: Instant,
        bytes: ByteCounts,
    ) -> Result<NextAction, String> {
        let ThreadState {
            decoder,
            transports,
            clients,
            ..
        } = &mut *self.thread.state.lock();
        let stats = &mut transports[self.transport as usize];
        stats.counters.add_bytes(bytes);
        let client = &mut clients[self.client];
        match &*decoder.decode(json)? {
            ServerMessage::Batch(batch) => {
                if batch.messages.is_empty() {
                    stats.counters.add_empty(bytes);
                }
                client.apply_batch(batch, stats, at, &self.thread.times);
                match batch.truncated {
                    true => Ok(NextAction::RequestMore),
                    false => Ok(NextAction::Wait),
                }
            }
            ServerMessage::Gap { epoch, version } => {
                stats.counters.gaps += 1;
                client.epoch = epoch.clone();
                client.version = *version;
                Ok(NextAction::Gap)
            }
            ServerMessage::Other => Ok(NextAction::Wait),
        }
    }
}

impl ClientState {
    fn apply_batch(
        &mut self,
        batch: &DecodedBatch,
        stats: &mut TransportStats,
        at: Instant,
        times: &RunTimes,
    ) {
        let TransportStats {
            counters, latency, ..
        } = stats;
        if self.epoch != batch.epoch {
            self.epoch = batch.epoch.clone();
            self.version = 0;
        }
        for &(version, number) in &batch.messages {
            let is_late = version <= self.version;
            self.version = self.version.max(version);
            let Some(number) = number else {
                counters.unrelated += 1;
                continue;
            };
            if !self.received.insert(number) {
                counters.duplicate += 1;
                continue;
            }
            counters.delivered += 1;
            counters.out_of_order += u64::from(is_late);
            if let Some(due) = times.due(number) {
                record(latency, at.saturating_duration_since(due));
            }
        }
        self.version = batch.version;
    }
}

#[cfg(test)]
mod tests;
