//! The servers that are compared: how each is started, and what its processes use.

use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

/// A program that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// A build of Trifold.
    Trifold(PathBuf),
    Nginx,
    /// A script of this directory.
    Node(&'static str),
    /// This program, with `--baseline`.
    Baseline,
}

/// A running server. Dropping it stops it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    directory: Option<PathBuf>,
}

impl Server {
    /// Starts a program and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started, or does not print its address.
    pub(crate) fn start(program: &Program) -> io::Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let mut command = match program {
            Program::Trifold(file) => {
                let mut command = Command::new(file);
                command.args(["--listen", "127.0.0.1:0"]);
                command.env("RUST_LOG", "warn");
                command
            }
            Program::Node(script) => {
                let mut command = Command::new("node");
                command.arg(directory.join(script));
                command
            }
            Program::Baseline => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("--baseline");
                command
            }
            Program::Nginx => return Self::start_nginx(&directory),
        };
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line
            .trim()
            .rsplit("http://")
            .next()
            .and_then(|address| address.parse().ok())
            .ok_or_else(|| io::Error::other(format!("{program:?} printed {line:?}")))?;
        Ok(Self {
            child,
            address,
            directory: None,
        })
    }

    fn start_nginx(sources: &Path) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let directory =
            std::env::temp_dir().join(format!("trifold-peers-{}", address.port()));
        fs::create_dir_all(&directory)?;
        let config = fs::read_to_string(sources.join("nginx.conf"))?
            .replace("ADDRESS", &address.to_string());
        fs::write(directory.join("nginx.conf"), config)?;
        let child = Command::new("nginx")
            .arg("-p")
            .arg(&directory)
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .stderr(Stdio::inherit())
            .spawn()?;
        let server = Self {
            child,
            address,
            directory: Some(directory),
        };
        for _ in 0..500 {
            if std::net::TcpStream::connect(address).is_ok() {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other("nginx does not accept connections"))
    }

    /// Returns the processes of this server: the one that was started, and its descendants.
    fn processes(&self) -> Vec<procfs::process::Process> {
        use procfs::process::Process;

        let open = |pid: u32| Process::new(pid.try_into().ok()?).ok();
        let children = |process: &Process| -> Vec<u32> {
            let main = process.task_main_thread();
            main.and_then(|main| main.children()).unwrap_or_default()
        };
        let mut processes: Vec<Process> = open(self.child.id()).into_iter().collect();
        let mut next = 0;
        while next < processes.len() {
            let pids = children(&processes[next]);
            processes.extend(pids.into_iter().filter_map(open));
            next += 1;
        }
        processes
    }

    /// Returns the CPU time used so far, in nanoseconds.
    pub(crate) fn cpu(&self) -> u64 {
        let processes = self.processes();
        let threads = processes
            .iter()
            .filter_map(|process| process.tasks().ok())
            .flatten()
            .flatten();
        threads
            .filter_map(|thread| thread.schedstat().ok())
            .map(|stat| stat.sum_exec_runtime)
            .sum()
    }

    /// Returns the memory in bytes: what is resident, with shared pages divided among the
    /// processes that share them (PSS).
    pub(crate) fn memory(&self) -> u64 {
        let processes = self.processes();
        let maps = processes
            .iter()
            .filter_map(|process| process.smaps_rollup().ok())
            .flat_map(|rollup| rollup.memory_map_rollup);
        maps.filter_map(|map| map.extension.map.get("Pss").copied())
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM first: nginx's master stops its workers then; killed, it would leave them.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").arg(&pid).status();
        for _ in 0..200 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir_all(directory);
        }
    }
}
