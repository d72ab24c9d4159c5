//! What a process costs: its CPU time and its memory, as Linux tells them in `/proc`. Where
//! there is no such place, or it may not be read, nothing is told. And what it has: cores.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

/// Ticks a second in `/proc/PID/stat`: `USER_HZ`, which is 100 on every Linux in use.
const TICKS: u64 = 100;

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all its threads, in its own code and in the kernel; exact to 10 ms.
    pub cpu: Duration,
    /// Resident memory (RSS), in bytes.
    pub memory: u64,
}

/// What server and generator had used at one moment, each if it may be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// The server's process.
    pub(super) server: Option<Usage>,
    /// This one.
    pub(super) own: Option<Usage>,
}

impl Used {
    /// At this moment.
    pub(super) fn so_far(server: Option<u32>) -> Self {
        Self {
            server: server.and_then(usage),
            own: usage(std::process::id()),
        }
    }
}

/// What a process has used so far, if that may be read.
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Usage {
        cpu: cpu(&stat)?,
        memory: memory(&status)?,
    })
}

/// How many cores this process may use.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// `utime` and `stime`, the 14th and 15th field. The second one is a name in brackets that may
/// hold anything, blanks and brackets too.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 1000 / TICKS))
}

fn memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line?.trim().strip_suffix(" kB")?;
    kibibytes.parse::<u64>().ok().map(|own| own * 1024)
}

/// The process on this machine that listens at an address, if it can be found: the listening
/// socket has a number in `/proc/net/tcp`, and its process has it among its open files.
pub fn listener(address: SocketAddr) -> Option<u32> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let socket = tables.iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        let mut lines = table.lines();
        lines.find_map(|line| inode(line, address).map(str::to_owned))
    })?;
    let wanted = format!("socket:[{socket}]");
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let mut files = fs::read_dir(process.path().join("fd")).ok()?;
        files
            .any(|file| {
                let link = file.and_then(|file| fs::read_link(file.path()));
                link.is_ok_and(|link| link.as_os_str() == wanted.as_str())
            })
            .then_some(pid)
    })
}

/// The socket's number, if this line of the table is a socket that listens at the address or
/// at all of them.
fn inode(line: &str, address: SocketAddr) -> Option<&str> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (local, _remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let (ip, port) = local.split_once(':')?;
    let is_same =
        ip == hexadecimal(address.ip()) || ip.bytes().all(|digit| digit == b'0');
    let listens =
        is_same && state == LISTEN && u16::from_str_radix(port, 16) == Ok(address.port());
    if listens { fields.nth(5) } else { None }
}

/// An address as the table has it: words of four bytes, each in the machine's own order.
fn hexadecimal(address: IpAddr) -> String {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words = octets.as_chunks::<4>().0.iter();
    words
        .map(|word| format!("{:08X}", u32::from_ne_bytes(*word)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_found_behind_any_name() {
        let stat = "4711 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu("4711 (a) S 1 2"), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let status = "Name:\ttrifold\nVmRSS:\t    1234 kB\nThreads:\t3\n";
        assert_eq!(memory(status), Some(1234 * 1024));
        assert_eq!(memory("Name:\tkthreadd\n"), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_listening_socket_is_found_in_the_table() {
        let line = "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4242 1";
        let all = line.replace("0100007F", "00000000");
        let connected = line.replace(" 0A ", " 01 ");
        let here = "127.0.0.1:8080".parse().unwrap();
        assert_eq!(inode(line, here), Some("4242"));
        assert_eq!(inode(&all, here), Some("4242"));
        assert_eq!(inode(&connected, here), None);
        assert_eq!(inode(line, "127.0.0.1:8081".parse().unwrap()), None);
        assert_eq!(inode(line, "127.0.0.2:8080".parse().unwrap()), None);
        let v6 = line.replace("0100007F", "00000000000000000000000001000000");
        assert_eq!(inode(&v6, "[::1]:8080".parse().unwrap()), Some("4242"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_listens_and_costs_something() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let own = std::process::id();
        assert_eq!(listener(socket.local_addr().unwrap()), Some(own));
        assert!(usage(own).unwrap().memory > 0);
        assert_eq!(usage(u32::MAX), None);
    }
}
