//! What one delivery, one poll and one connection cost, from the measurements of a transport.

use super::fit::{Point, Split, Whole};
use super::input::Measurement;

use crate::load::mix::Transport;

/// The costs of a transport. The base is a connection for a second, or a poll.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnitCosts {
    /// CPU time of the servers, in µs.
    pub cpu_us: Split,
    /// Requests.
    pub requests: Split,
    /// Bytes to the servers.
    pub upload: Split,
    /// Bytes from the servers, without the body of the message.
    pub download: Split,
    /// Memory of a connection without messages, in bytes, if it was measured.
    pub memory_idle: Option<f64>,
    /// Memory of a connection with messages, in bytes, if it was measured.
    pub memory_active: Option<f64>,
    /// Memory of a server without clients, in bytes, if it was measured.
    pub memory_before: Option<f64>,
}

impl UnitCosts {
    /// Computes the costs from all measurements of a transport.
    pub(super) fn new(transport: Transport, measured: &[&Measurement]) -> Self {
        let is_poll = transport == Transport::Poll;
        let whole = whole(transport);
        let base = |it: &Measurement| match is_poll {
            true => it.per_client_second(it.counters.requests as f64),
            false => 1.0,
        };
        let split = |value: &dyn Fn(&Measurement) -> f64| {
            let points = measured.iter().map(|it| Point {
                base: base(it),
                deliveries: it.per_client_second(it.counters.delivered as f64),
                value: it.per_client_second(value(it)),
            });
            Split::fit(&points.collect::<Vec<_>>(), whole)
        };
        let mut upload = split(&|it| it.counters.upload_bytes as f64);
        if is_poll {
            upload.delivery = Some(0.0); // the request is the same with and without messages
        }
        let download = split(&|it| {
            let bodies = it.message_bytes * it.counters.delivered as f64;
            it.counters.download_bytes as f64 - bodies
        });
        Self {
            cpu_us: split(&|it| it.cpu_seconds() * 1e6),
            requests: split(&|it| it.counters.requests as f64),
            upload,
            download: match is_poll {
                true => poll_download(measured).unwrap_or(download),
                false => download,
            },
            memory_idle: mean(measured, |it| it.memory_per_client),
            memory_active: mean(measured, Measurement::memory_per_subscriber),
            memory_before: mean(measured, |it| {
                Some(it.memory_before? / it.addresses as f64)
            }),
        }
    }
}

impl UnitCosts {
    /// Returns the memory of a connection at this rate, in bytes, if it was measured. Memory that
    /// deliveries take is not returned.
    pub(super) fn memory(&self, rate: f64) -> Option<f64> {
        match rate > 0.0 {
            true => Some(
                self.memory_active?
                    .max(self.memory_idle.unwrap_or_default()),
            ),
            false => self.memory_idle,
        }
    }
}

/// Returns the part that contains everything if one rate was measured.
fn whole(transport: Transport) -> Whole {
    match transport {
        Transport::Poll => Whole::Base,
        Transport::Longpoll | Transport::Ws => Whole::Delivery,
    }
}

/// Returns the mean of those that are known. A server that had clients before does not grow, so 0
/// is not known.
fn mean(
    measured: &[&Measurement],
    field: fn(&Measurement) -> Option<f64>,
) -> Option<f64> {
    let known = measured.iter().filter_map(|it| field(it));
    let known: Vec<_> = known.filter(|value| *value > 0.0).collect();
    let sum: f64 = known.iter().sum();
    (!known.is_empty()).then(|| sum / known.len() as f64)
}

/// Returns the bytes of an empty response and what a message adds to it, if there were empty ones.
fn poll_download(measured: &[&Measurement]) -> Option<Split> {
    let sum =
        |field: fn(&Measurement) -> f64| measured.iter().map(|it| field(it)).sum::<f64>();
    let empty = sum(|it| it.counters.empty as f64);
    if empty == 0.0 {
        return None;
    }
    let base = sum(|it| it.counters.empty_download_bytes as f64) / empty;
    let delivered = sum(|it| it.counters.delivered as f64);
    let messages = sum(|it| {
        let bodies = it.message_bytes * it.counters.delivered as f64;
        it.counters.download_bytes as f64 - bodies
    }) - base * sum(|it| it.counters.requests as f64);
    Some(Split {
        base: Some(base),
        delivery: (delivered > 0.0).then(|| (messages / delivered).max(0.0)),
    })
}
