//! The transports, and how many clients each of them has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// Maximum number of clients; the limit of open files of one process is lower anyway.
pub(super) const MAX_CLIENTS: usize = 1_000_000;

/// Maximum number of clients of a plan.
pub(super) const MAX_PLANNED_CLIENTS: usize = 10_000_000_000;

/// How a client receives messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// It sends requests at intervals.
    Poll,
    /// It sends a request, and the server responds when there is a new message.
    Longpoll,
    /// It opens a WebSocket, and the server sends every new message.
    Ws,
}

impl Transport {
    /// All of them; the index is the discriminant of the variant.
    pub const ALL: [Self; 3] = [Self::Poll, Self::Longpoll, Self::Ws];

    /// Returns the name that the protocol and the flags use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Longpoll => "longpoll",
            Self::Ws => "ws",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// One part of a mix: `ws`, or `ws=800`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportShare {
    pub(super) transport: Transport,
    pub(super) clients: Option<usize>,
}

impl FromStr for TransportShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, clients) = match text.split_once('=') {
            Some((name, count)) => (name, Some(count)),
            None => (text, None),
        };
        let mut transports = Transport::ALL.into_iter();
        let transport = transports.find(|transport| transport.name() == name);
        let parse_count = |count: &str| match count.parse() {
            Ok(count @ 1..=MAX_PLANNED_CLIENTS) => Ok(count),
            _ => Err(format!(
                "the number of {name} clients must be from 1 to {MAX_PLANNED_CLIENTS}"
            )),
        };
        Ok(Self {
            transport: transport.ok_or("the transport must be poll, longpoll or ws")?,
            clients: clients.map(parse_count).transpose()?,
        })
    }
}

/// The number of clients of each transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix(pub Vec<(Transport, usize)>);

impl Serialize for Mix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Mix {
    /// Returns the number of clients of all transports.
    pub fn clients(&self) -> usize {
        self.0.iter().map(|(_, clients)| clients).sum()
    }

    /// Returns the transport of each client, in an order that interleaves them evenly.
    pub fn interleave(&self) -> Vec<Transport> {
        let mut positions: Vec<_> = self
            .0
            .iter()
            .flat_map(|&(transport, count)| {
                let position = move |index| (index as f64 + 0.5) / count as f64;
                (0..count).map(move |index| (position(index), transport))
            })
            .collect();
        positions.sort_by(|(left, _), (right, _)| left.total_cmp(right));
        positions
            .into_iter()
            .map(|(_, transport)| transport)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_interleaved_evenly() {
        use Transport::{Poll, Ws};
        let transports = Mix(vec![(Ws, 4), (Poll, 2)]).interleave();
        assert_eq!(transports, [Ws, Poll, Ws, Ws, Poll, Ws]);
    }
}
