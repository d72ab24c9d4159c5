//! Processes of this machine: CPU time, memory and listening sockets, which Linux exports in
//! `/proc`. Elsewhere, and for processes that may not be read, there are none of these.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcessUsage {
    /// CPU time of all its threads, in user and kernel mode; Linux counts it in steps of 10 ms.
    pub cpu: Duration,
    /// Resident memory (RSS), in bytes.
    pub memory: u64,
}

/// What a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Cores.
    pub cores: usize,
    /// Memory in bytes, if it can be read.
    pub memory: Option<u64>,
}

impl Machine {
    /// Returns what this machine has.
    pub(super) fn this() -> Self {
        Self {
            cores: cores(),
            memory: memory(),
        }
    }
}

#[cfg(target_os = "linux")]
fn memory() -> Option<u64> {
    use procfs::Current;
    Some(procfs::Meminfo::current().ok()?.mem_total)
}

#[cfg(not(target_os = "linux"))]
fn memory() -> Option<u64> {
    None
}

/// Returns how many cores this process may use.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Makes sure that this process can have `clients` connections and `reserved` other files open.
/// The soft limit is raised as far as the system allows.
///
/// # Errors
/// When the limit is too low.
pub(super) fn raise_fd_limit(clients: usize, reserved: usize) -> Result<(), String> {
    #[cfg(unix)]
    {
        let needed = (clients + reserved) as u64;
        let limit = rlimit::increase_nofile_limit(needed)
            .map_err(|error| format!("cannot read the limit of open files: {error}"))?;
        if limit < needed {
            let max_clients = limit.saturating_sub(reserved as u64);
            return Err(format!(
                "{clients} clients need {needed} open files, and the limit is {limit}; raise \
                 it (ulimit -n) or use at most {max_clients} clients"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (clients, reserved);
    Ok(())
}

/// Returns what a process has used so far, if it exists and may be read.
#[cfg(target_os = "linux")]
pub(super) fn usage(pid: u32) -> Option<ProcessUsage> {
    let process = procfs::process::Process::new(pid.try_into().ok()?).ok()?;
    let stat = process.stat().ok()?;
    let ticks = (stat.utime + stat.stime) as f64;
    let kibibytes = process.status().ok()?.vmrss?;
    Some(ProcessUsage {
        cpu: Duration::from_secs_f64(ticks / procfs::ticks_per_second() as f64),
        memory: kibibytes * 1024,
    })
}

/// Returns the process that listens at an address, if it may be read: the socket's inode is in
/// the table of TCP sockets and among the process's open files.
#[cfg(target_os = "linux")]
pub(super) fn listening_pid(address: SocketAddr) -> Option<u32> {
    use procfs::net::{TcpState, tcp, tcp6};
    use procfs::process::{FDTarget, Process, all_processes};

    let sockets = [tcp(), tcp6()].into_iter().flatten().flatten();
    let inode = sockets
        .filter(|socket| socket.state == TcpState::Listen)
        .find(|socket| {
            let local = socket.local_address;
            local.port() == address.port()
                && (local.ip() == address.ip() || local.ip().is_unspecified())
        })?
        .inode;
    let has_socket = |process: &Process| {
        let files = process.fd().into_iter().flatten().flatten();
        files
            .into_iter()
            .any(|file| matches!(file.target, FDTarget::Socket(found) if found == inode))
    };
    let process = all_processes().ok()?.flatten().find(has_socket)?;
    process.pid().try_into().ok()
}

/// Returns nothing: only Linux has `/proc` with this content.
#[cfg(not(target_os = "linux"))]
pub(super) fn usage(_: u32) -> Option<ProcessUsage> {
    None
}

/// Returns nothing: only Linux has `/proc` with this content.
#[cfg(not(target_os = "linux"))]
pub(super) fn listening_pid(_: SocketAddr) -> Option<u32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn finds_process_by_listening_socket() {
        let this = Some(std::process::id());
        for listen in ["127.0.0.1:0", "0.0.0.0:0"] {
            let listener = TcpListener::bind(listen).unwrap();
            let port = listener.local_addr().unwrap().port();
            assert_eq!(
                listening_pid(([127, 0, 0, 1], port).into()),
                this,
                "{listen}"
            );
            if listen == "127.0.0.1:0" {
                assert_eq!(listening_pid(([127, 0, 0, 2], port).into()), None);
            }
            drop(listener);
            assert_eq!(listening_pid(([127, 0, 0, 1], port).into()), None);
        }
    }

    #[test]
    fn machine_has_memory() {
        let machine = Machine::this();
        let used = usage(std::process::id()).unwrap().memory;
        assert!(machine.memory.unwrap() > used, "{machine:?}");
        assert!(machine.cores >= 1);
    }

    #[test]
    fn usage_grows_with_work() {
        let this = std::process::id();
        let before = usage(this).unwrap();
        assert!(before.memory > 1 << 20, "{before:?}"); // bytes, not KiB
        let work = || (0..10_000_u64).fold(1, |n, _| std::hint::black_box(n) + 1);
        while usage(this).unwrap().cpu < before.cpu + Duration::from_millis(20) {
            work();
        }
        assert_eq!(usage(u32::MAX), None);
    }
}
