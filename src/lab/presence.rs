//! Presence: the clients whose traffic is metered, and how many of them have the page open.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::watch;

use super::link::{Link, LinkSwitch};
use super::meter::{Meter, MeterSnapshot};

/// Maximum number of clients that are remembered. The least recently used one is replaced.
pub const MAX_CLIENTS: usize = 2048;

/// Maximum number of metered panes per client. The least recently used one is replaced.
pub const MAX_PANES: usize = 16;

/// All known clients.
pub struct Presence {
    clients: Mutex<Clients>,
    online: watch::Sender<usize>,
}

#[derive(Default)]
struct Clients {
    by_name: HashMap<Box<str>, ClientEntry>,
    /// Incremented by each lookup.
    clock: u64,
}

struct ClientEntry {
    client: Arc<LabClient>,
    last_used: u64,
}

/// One client: its meters and its link.
#[derive(Default)]
pub struct LabClient {
    meters: Mutex<Meters>,
    link: LinkSwitch,
}

#[derive(Default)]
struct Meters {
    by_pane: BTreeMap<String, MeterEntry>,
    generation: u64,
    /// Incremented by each lookup.
    clock: u64,
}

struct MeterEntry {
    meter: Arc<Meter>,
    last_used: u64,
}

/// The counts of all meters of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ClientSnapshot {
    /// Incremented by each reset.
    pub(super) generation: u64,
    pub(super) panes: BTreeMap<String, MeterSnapshot>,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            clients: Mutex::default(),
            online: watch::Sender::new(0),
        }
    }
}

impl Presence {
    /// Returns the client of this name, creating it if necessary. Returns `None` if there are
    /// [`MAX_CLIENTS`] busy ones: such traffic is served, and not metered.
    pub fn client(&self, name: &str) -> Option<Arc<LabClient>> {
        let mut clients = self.clients.lock();
        clients.clock += 1;
        let now = clients.clock;
        if let Some(entry) = clients.by_name.get_mut(name) {
            entry.last_used = now;
            return Some(entry.client.clone());
        }
        if clients.by_name.len() >= MAX_CLIENTS {
            let idle = clients
                .by_name
                .iter()
                .filter(|(_, entry)| Arc::strong_count(&entry.client) == 1);
            let oldest = idle
                .min_by_key(|(_, entry)| entry.last_used)
                .map(|(name, _)| name.clone())?;
            clients.by_name.remove(&oldest);
        }
        let client = Arc::new(LabClient::default());
        let entry = ClientEntry {
            client: client.clone(),
            last_used: now,
        };
        clients.by_name.insert(name.into(), entry);
        Some(client)
    }

    /// Returns the number of open control channels, and its changes.
    pub(super) fn online(&self) -> watch::Receiver<usize> {
        self.online.subscribe()
    }

    /// Counts a control channel as open until the guard is dropped. Then its client's link comes
    /// up, too.
    pub(super) fn join(self: &Arc<Self>, client: Arc<LabClient>) -> PresenceGuard {
        self.online.send_modify(|online| *online += 1);
        PresenceGuard {
            presence: self.clone(),
            client,
        }
    }
}

/// An open control channel.
pub(super) struct PresenceGuard {
    presence: Arc<Presence>,
    pub(super) client: Arc<LabClient>,
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.presence.online.send_modify(|online| *online -= 1);
        self.client.set_link_down(false);
    }
}

impl LabClient {
    /// Returns the meter of a pane, creating it if necessary. Returns `None` if there are
    /// [`MAX_PANES`] with traffic in flight.
    pub fn meter(&self, pane: &str) -> Option<Arc<Meter>> {
        let mut meters = self.meters.lock();
        meters.clock += 1;
        let last_used = meters.clock;
        if let Some(entry) = meters.by_pane.get_mut(pane) {
            entry.last_used = last_used;
            return Some(entry.meter.clone());
        }
        if meters.by_pane.len() >= MAX_PANES {
            let idle = meters.by_pane.iter();
            let oldest = idle
                .filter(|(_, entry)| Arc::strong_count(&entry.meter) == 1)
                .min_by_key(|(_, entry)| entry.last_used)
                .map(|(pane, _)| pane.clone())?;
            meters.by_pane.remove(&oldest);
        }
        let meter = Arc::new(Meter::default());
        let entry = MeterEntry {
            meter: meter.clone(),
            last_used,
        };
        meters.by_pane.insert(pane.to_owned(), entry);
        Some(meter)
    }

    /// Returns the current counts of all meters.
    pub(super) fn snapshot(&self) -> ClientSnapshot {
        let meters = self.meters.lock();
        let panes = meters.by_pane.iter();
        ClientSnapshot {
            generation: meters.generation,
            panes: panes
                .map(|(pane, entry)| (pane.clone(), entry.meter.snapshot()))
                .collect(),
        }
    }

    /// Replaces all meters and returns the new generation. Requests in flight are counted on the
    /// old meters.
    pub(super) fn reset_meters(&self) -> u64 {
        let mut meters = self.meters.lock();
        meters.by_pane.clear();
        meters.generation += 1;
        meters.generation
    }

    /// Takes the client's link down, or up again.
    pub(super) fn set_link_down(&self, down: bool) {
        self.link.set_down(down);
    }

    /// Returns the client's link.
    pub(super) fn link(&self) -> Link {
        self.link.link()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_recently_used_client_is_replaced() {
        let presence = Presence::default();
        let metered_panes = |name: &str| {
            let client = presence.client(name).unwrap();
            client.snapshot().panes.len()
        };
        for number in 0..MAX_CLIENTS {
            let client = presence.client(&number.to_string()).unwrap();
            assert!(client.meter("all").is_some());
        }
        assert_eq!(metered_panes("0"), 1); // used just now
        assert_eq!(metered_panes("new"), 0); // replaces 1
        assert_eq!(metered_panes("0"), 1);
        assert_eq!(metered_panes("2"), 1);
        assert_eq!(metered_panes("1"), 0);
    }

    #[test]
    fn busy_clients_are_not_replaced() {
        let presence = Presence::default();
        let client = |number: usize| presence.client(&number.to_string());
        let busy: Vec<_> = (0..MAX_CLIENTS).map(client).collect();
        assert!(busy.iter().all(Option::is_some));
        assert!(presence.client("new").is_none());
        assert!(presence.client("0").is_some());
        drop(busy);
        assert!(presence.client("new").is_some());
    }
}
