//! A running server: how it is started and stopped, and what its processes use.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use trifold::load::net::http::read_response;

use crate::program::{Program, STREAM};

/// A running server. Dropping it stops it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    directory: PathBuf,
}

impl Server {
    /// Starts a program and waits until it accepts connections.
    ///
    /// # Errors
    /// When it cannot be started, or does not listen.
    pub(crate) fn start(program: &Program) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let name = format!("trifold-peers-{}", address.port());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory)?;
        let mut command = program.command(address, &directory)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| {
            let name = command.get_program().to_string_lossy();
            let cure = "benches/peers/run installs and finds it";
            io::Error::other(format!("cannot start {name}: {error}; {cure}"))
        })?;
        let mut server = Self {
            child,
            address,
            directory,
        };
        match program.has_fixed_address() {
            true => server.wait_until_accepting()?,
            false => server.address = server.printed_address()?,
        }
        if *program == Program::DurableStreams {
            server.create_stream()?;
        }
        Ok(server)
    }

    /// Reads the address from the first line that the server prints.
    fn printed_address(&mut self) -> io::Result<SocketAddr> {
        let mut line = String::new();
        if let Some(out) = self.child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let address = line.trim().rsplit("http://").next();
        address
            .and_then(|address| address.parse().ok())
            .ok_or_else(|| {
                let what = "instead of the address that it listens on";
                io::Error::other(format!("the server printed {line:?} {what}"))
            })
    }

    fn wait_until_accepting(&self) -> io::Result<()> {
        for _ in 0..500 {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        let address = self.address;
        Err(io::Error::other(format!(
            "the server does not accept connections at {address} within 5 s"
        )))
    }

    fn create_stream(&self) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        let address = self.address;
        let fields = "content-type: text/plain\r\ncontent-length: 0\r\n";
        write!(
            stream,
            "PUT {STREAM} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n"
        )?;
        let head = read_response(&mut stream, &mut Vec::new())?;
        match head.status {
            201 => Ok(()),
            status => Err(io::Error::other(format!(
                "PUT {STREAM} must return 201, and returned {status}"
            ))),
        }
    }

    /// Waits until the server has used nearly no CPU time for a tenth of a second, for 10 s at
    /// most: by then it has started, or all subscribers are there.
    pub(crate) fn settle(&self) {
        for _ in 0..100 {
            let before = self.cpu();
            thread::sleep(Duration::from_millis(100));
            if self.cpu() - before < 3_000_000 {
                return;
            }
        }
    }

    /// Returns the processes of this server: the one that was started, and its descendants.
    fn processes(&self) -> Vec<procfs::process::Process> {
        use procfs::process::Process;

        let open = |pid: u32| Process::new(pid.try_into().ok()?).ok();
        let children = |process: &Process| -> Vec<u32> {
            // A process belongs to the thread that started it.
            let threads = process.tasks().into_iter().flatten().flatten();
            threads
                .filter_map(|thread| thread.children().ok())
                .flatten()
                .collect()
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
        for _ in 0..500 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
