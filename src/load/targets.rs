//! All addresses of a run. Their servers share one log, so that any request may go to any of them.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::process::listening_pid;
use super::target::{ServerHealth, Target, Url};

/// Time between two samples of the number of waiters.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

/// Stop after 5 identical samples in a row, or after 250 in total.
const STABLE_SAMPLES: u32 = 5;
const MAX_SAMPLES: u32 = 250;

/// Addresses that clients and publisher use in turn.
#[derive(Debug, Clone)]
pub struct Targets {
    /// In the order of the command line; at least one.
    addresses: Arc<[Target]>,
    /// One address of each server: several addresses may reach the same one.
    servers: Arc<[Target]>,
}

impl Targets {
    /// Resolves the URLs, and checks that their servers share one log. The processes `pids` are
    /// those of the URLs, in their order, or empty.
    ///
    /// # Errors
    /// When a URL is there twice, when [`Target::find`] fails, or when the servers have different
    /// logs.
    pub fn find(urls: &[Url], allow_remote: bool, pids: &[u32]) -> Result<Self, String> {
        for (index, url) in urls.iter().enumerate() {
            if urls[..index].contains(url) {
                return Err(format!(
                    "http://{} is there twice; name each address once",
                    url.authority
                ));
            }
        }
        let found = urls.iter().map(|url| Target::find(url, allow_remote));
        let addresses = found.collect::<Result<Vec<_>, _>>()?;
        check_shared_log(&addresses)?;
        Ok(Self {
            servers: servers(&addresses, pids).into(),
            addresses: addresses.into(),
        })
    }

    /// Returns all addresses.
    pub fn addresses(&self) -> &[Target] {
        &self.addresses
    }

    /// Returns the URLs of all addresses.
    pub fn urls(&self) -> Vec<String> {
        let urls = self.addresses.iter().map(Target::url);
        urls.collect()
    }

    /// Returns the address whose turn it is.
    pub fn in_turn(&self, turn: u64) -> &Target {
        &self.addresses[self.index(turn)]
    }

    /// Returns the index of the address whose turn it is.
    pub fn index(&self, turn: u64) -> usize {
        (turn % self.addresses.len() as u64) as usize
    }

    /// Returns the error with the address whose turn it is, if there are several.
    pub fn with_address(&self, turn: u64, error: String) -> String {
        match self.addresses.len() {
            1 => error,
            _ => format!("{}: {error}", self.in_turn(turn).url()),
        }
    }

    /// Returns how many addresses clients connect from.
    pub fn source_addresses(&self, count: u8) -> usize {
        let mut addresses = self.addresses.iter();
        match addresses.any(|target| target.source_address(0, count).is_some()) {
            true => count.into(),
            false => 1,
        }
    }

    /// Requests the health of all servers: the newest head, and the sum of the waiters.
    ///
    /// # Errors
    /// When one of them does not respond.
    pub fn health(&self) -> io::Result<ServerHealth> {
        let mut servers = self.servers.iter().map(Target::health);
        let first = servers.next().unwrap_or_else(|| self.in_turn(0).health())?;
        servers.try_fold(first, |merged, health| Ok(merged.merge(health?)))
    }

    /// Requests the health of all servers until the number of waiters is stable: clients of the
    /// previous run may still be disconnecting, and those that leave later would be missing
    /// among the new ones.
    ///
    /// # Errors
    /// When a server stops responding.
    pub fn wait_until_stable(&self) -> io::Result<ServerHealth> {
        let mut health = self.health()?;
        let mut identical = 0;
        for _ in 0..MAX_SAMPLES {
            thread::sleep(SAMPLE_INTERVAL);
            let sample = self.health()?;
            identical = match sample.waiters == health.waiters {
                true => identical + 1,
                false => 0,
            };
            health = sample;
            if identical == STABLE_SAMPLES {
                break;
            }
        }
        Ok(health)
    }
}

/// Checks that all addresses have the log of the first one.
fn check_shared_log(addresses: &[Target]) -> Result<(), String> {
    let [first, others @ ..] = addresses else {
        return Ok(());
    };
    let epoch = |target: &Target| match target.health() {
        Ok(health) => Ok(health.epoch),
        Err(error) => Err(format!("{}: {error}", target.url())),
    };
    if others.is_empty() {
        return Ok(());
    }
    let expected = epoch(first)?;
    for other in others {
        if epoch(other)? != expected {
            return Err(format!(
                "{} and {} do not share one log: their epochs differ; start all servers with the \
                 same --redis and --stream, or measure them one by one",
                first.url(),
                other.url()
            ));
        }
    }
    Ok(())
}

/// Returns one address of each server. On this machine two addresses reach the same server if
/// they have the same port and process; elsewhere each address counts as one.
fn servers(addresses: &[Target], pids: &[u32]) -> Vec<Target> {
    if let [_] = addresses {
        return addresses.to_vec();
    }
    let mut known = Vec::new();
    let mut servers = Vec::new();
    for (index, target) in addresses.iter().enumerate() {
        let server = match pids.get(index) {
            Some(pid) => Some((*pid, 0)),
            None if !target.address.ip().is_loopback() => None,
            None => listening_pid(target.address).map(|pid| (pid, target.address.port())),
        };
        if server.is_none_or(|server| !known.contains(&server)) {
            servers.push(target.clone());
        }
        known.extend(server);
    }
    servers
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn one_server_is_counted_once() {
        let listeners =
            ["0.0.0.0:0", "127.0.0.1:0"].map(|listen| TcpListener::bind(listen).unwrap());
        let [all, one] = listeners
            .each_ref()
            .map(|it| it.local_addr().unwrap().port());
        let target = |address: ([u8; 4], u16)| Target {
            authority: "server.example".into(),
            address: address.into(),
        };
        let count = |addresses: &[(u8, u16)], pids: &[u32]| {
            let addresses = addresses.iter();
            let targets =
                addresses.map(|&(last, port)| target(([127, 0, 0, last], port)));
            servers(&targets.collect::<Vec<_>>(), pids).len()
        };
        assert_eq!(count(&[(1, all)], &[]), 1);
        assert_eq!(count(&[(1, all), (2, all)], &[]), 1);
        assert_eq!(count(&[(1, all), (2, all), (1, one)], &[]), 2);
        assert_eq!(count(&[(1, all), (2, all)], &[1, 2]), 2);
        assert_eq!(count(&[(1, all), (1, one)], &[1, 1]), 1);
        // Nothing listens there, so nothing is known about the process.
        assert_eq!(count(&[(2, one), (3, one)], &[]), 2);
        // Of another machine nothing is known, although this one listens at the same port.
        let remote = [1, 2].map(|last| target(([192, 0, 2, last], all)));
        assert_eq!(servers(&remote, &[]).len(), 2);
    }
}
