//! CPU time and memory of servers and generator: from the processes of this machine, or for a
//! server whose process cannot be read from its `/metrics`.

use std::time::Duration;

use super::process::{ProcessUsage, listening_pid, usage};
use super::target::Target;
use super::targets::Targets;

/// Where the CPU time and the memory of a server come from.
#[derive(Debug, Clone)]
enum UsageSource {
    /// A process of this machine.
    Process(u32),
    /// The server's own `/metrics`.
    Metrics(Target),
    /// Not readable.
    Unavailable,
}

impl UsageSource {
    /// Finds the source for a server: the process `pid` if there is one, else the process that
    /// listens at the address, else the server's metrics.
    ///
    /// # Errors
    /// When the process `pid` cannot be read.
    fn find(pid: Option<u32>, target: &Target) -> Result<Self, String> {
        if let Some(pid) = pid {
            return match usage(pid) {
                Some(_) => Ok(Self::Process(pid)),
                None => Err(format!("--pid {pid}: there is no process that can be read")),
            };
        }
        let is_local = target.address.ip().is_loopback();
        let listening = is_local.then(|| listening_pid(target.address)).flatten();
        Ok(Self::choose(listening, target))
    }

    /// Returns the source for a server that listens in the process `listening`, if it is known.
    fn choose(listening: Option<u32>, target: &Target) -> Self {
        match listening {
            // In a test, server and generator are one process, and its usage is not the server's.
            Some(pid) if pid == std::process::id() => Self::Unavailable,
            Some(pid) if usage(pid).is_some() => Self::Process(pid),
            _ if server_metrics(target).is_some() => Self::Metrics(target.clone()),
            _ => Self::Unavailable,
        }
    }

    /// Returns the process, if it is one of this machine.
    fn pid(&self) -> Option<u32> {
        match self {
            Self::Process(pid) => Some(*pid),
            Self::Metrics(_) | Self::Unavailable => None,
        }
    }

    fn read(&self) -> Option<ProcessUsage> {
        match self {
            Self::Process(pid) => usage(*pid),
            Self::Metrics(target) => server_metrics(target),
            Self::Unavailable => None,
        }
    }
}

/// Where the CPU time and the memory of all servers of a run come from.
#[derive(Debug, Clone)]
pub struct UsageSources(Vec<UsageSource>);

impl UsageSources {
    /// Finds the sources of all addresses. A process that is behind several of them is counted
    /// once. The processes `pids` are those of the addresses, in their order, or empty.
    ///
    /// # Errors
    /// When one of the processes `pids` cannot be read.
    pub fn find(pids: &[u32], targets: &Targets) -> Result<Self, String> {
        let mut sources: Vec<UsageSource> = Vec::new();
        for (index, target) in targets.addresses().iter().enumerate() {
            let source = UsageSource::find(pids.get(index).copied(), target)?;
            let pid = source.pid();
            if pid.is_none() || sources.iter().all(|known| known.pid() != pid) {
                sources.push(source);
            }
        }
        Ok(Self(sources))
    }

    /// Returns the processes on this machine.
    pub fn pids(&self) -> Vec<u32> {
        self.0.iter().filter_map(UsageSource::pid).collect()
    }

    /// Returns whether all servers are processes of this machine.
    pub fn are_local(&self) -> bool {
        self.0.iter().all(|source| source.pid().is_some())
    }

    /// Returns the sum of what all servers have used, unless one of them cannot be read.
    fn read(&self) -> Option<ProcessUsage> {
        let start = ProcessUsage {
            cpu: Duration::ZERO,
            memory: 0,
        };
        self.0.iter().try_fold(start, |sum, source| {
            let usage = source.read()?;
            Some(ProcessUsage {
                cpu: sum.cpu + usage.cpu,
                memory: sum.memory + usage.memory,
            })
        })
    }
}

/// What servers and generator have used at one moment, as far as it can be read.
#[derive(Debug, Clone, Copy)]
pub struct ProcessSnapshot {
    /// All servers.
    pub server: Option<ProcessUsage>,
    /// This process.
    pub generator: Option<ProcessUsage>,
}

impl ProcessSnapshot {
    /// Reads both.
    pub fn now(servers: &UsageSources) -> Self {
        Self {
            server: servers.read(),
            generator: usage(std::process::id()),
        }
    }
}

fn server_metrics(target: &Target) -> Option<ProcessUsage> {
    parse_process_metrics(&target.metrics().ok()?)
}

/// Parses the two standard process metrics that are needed, in the OpenMetrics text format.
fn parse_process_metrics(text: &str) -> Option<ProcessUsage> {
    let value = |name: &str| -> Option<f64> {
        let mut lines = text.lines();
        let rest = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        rest.split(' ').next()?.parse().ok()
    };
    Some(ProcessUsage {
        cpu: Duration::try_from_secs_f64(value("process_cpu_seconds_total")?).ok()?,
        memory: value("process_resident_memory_bytes")? as u64,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server that responds to every request with this body.
    fn serve(body: &'static str) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // All of the request: closing with unread bytes resets the connection.
                let (mut request, mut byte) = (Vec::new(), [0]);
                while !request.ends_with(b"\r\n\r\n") {
                    stream.read_exact(&mut byte).unwrap();
                    request.extend(byte);
                }
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
                )
                .unwrap();
            }
        });
        Target {
            authority: "server.example".into(),
            address,
        }
    }

    #[test]
    fn metrics_replace_unreadable_process() {
        let target = serve(
            "process_cpu_seconds_total 2\nprocess_resident_memory_bytes 4096\n# EOF\n",
        );
        for listening in [None, Some(u32::MAX)] {
            let source = UsageSource::choose(listening, &target);
            assert!(matches!(source, UsageSource::Metrics(_)), "{source:?}");
            let sources = UsageSources(vec![source.clone(), source]);
            let snapshot = ProcessSnapshot::now(&sources);
            let sum = ProcessUsage {
                cpu: Duration::from_secs(4),
                memory: 8192,
            };
            assert_eq!((sources.pids(), snapshot.server), (vec![], Some(sum)));
        }
    }

    #[test]
    fn server_without_process_metrics_is_unavailable() {
        let source = UsageSource::choose(None, &serve("# EOF\n"));
        assert!(matches!(source, UsageSource::Unavailable), "{source:?}");
        let readable = UsageSource::Process(std::process::id());
        let sources = UsageSources(vec![readable, source]);
        assert_eq!(ProcessSnapshot::now(&sources).server, None);
        assert!(!sources.are_local());
    }

    #[test]
    fn own_process_is_not_the_server() {
        let target = serve("");
        let source = UsageSource::find(None, &target).unwrap();
        assert!(matches!(source, UsageSource::Unavailable), "{source:?}");
        assert!(UsageSource::find(Some(u32::MAX), &target).is_err());
    }

    #[test]
    fn process_metrics_are_parsed() {
        let text = "# TYPE process_cpu_seconds counter\n\
                    process_cpu_seconds_total 12.5\n\
                    process_resident_memory_bytes_limit 1\n\
                    # TYPE process_resident_memory_bytes gauge\n\
                    process_resident_memory_bytes 1.5e6 1700000000\n\
                    # EOF\n";
        let expected = ProcessUsage {
            cpu: Duration::from_millis(12_500),
            memory: 1_500_000,
        };
        assert_eq!(parse_process_metrics(text), Some(expected));
    }

    #[test]
    fn missing_or_invalid_metrics_are_none() {
        for text in [
            "",
            "process_cpu_seconds_total 1\n",
            "process_resident_memory_bytes 1\n",
            "process_cpu_seconds_total NaN\nprocess_resident_memory_bytes 1\n",
            "process_cpu_seconds_total -1\nprocess_resident_memory_bytes 1\n",
        ] {
            assert_eq!(parse_process_metrics(text), None, "{text}");
        }
    }
}
