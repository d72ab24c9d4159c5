//! A real Redis in a temporary directory, and a sentinel that watches it.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use redis::{Client, Connection, FromRedisValue};

use super::proxy::{find_program, free_address};

/// How long a Redis may take to start: it loads its data before.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Every acknowledged message is on disk.
pub const DURABLE: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

/// A `redis-server`. It is killed on drop.
pub struct Redis {
    pub address: SocketAddr,
    directory: PathBuf,
    flags: Vec<String>,
    child: Option<Child>,
}

/// Returns the path of a Redis program, or `None` if it is not installed.
fn program(name: &str) -> Option<PathBuf> {
    let program = find_program(name);
    if program.is_none() {
        assert!(env::var_os("CI").is_none(), "{name} is not installed");
        println!("skipped: {name} is not installed");
    }
    program
}

impl Redis {
    /// Starts a Redis with these flags, or returns `None` if it is not installed. It keeps nothing
    /// on disk unless the flags say so.
    pub fn start(flags: &[&str]) -> Option<Self> {
        program("redis-server")?;
        let name = format!("redis-{:016x}", rand::random::<u64>());
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).expect("the directory can be created");
        let mut redis = Self {
            address: free_address(),
            directory,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            child: None,
        };
        redis.restart();
        Some(redis)
    }

    /// Starts it again at the same address, with the data that it has on disk.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "it is running");
        let mut command =
            Command::new(program("redis-server").expect("it was installed"));
        command
            .arg("--port")
            .arg(self.address.port().to_string())
            .args(["--bind", "127.0.0.1", "--save", "", "--unixsocket"])
            .arg(self.socket())
            .args(&self.flags)
            .current_dir(&self.directory);
        self.child = Some(run(command));
        let started = Instant::now();
        while self.try_connect().is_none() {
            assert!(started.elapsed() < START_TIMEOUT, "Redis does not start");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it again with other flags.
    pub fn restart_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.restart();
    }

    /// Returns a connection if it accepts commands, with or without a password.
    fn try_connect(&self) -> Option<Connection> {
        let mut connection = Client::open(self.url()).ok()?.get_connection().ok()?;
        let pong: Result<String, _> = redis::cmd("PING").query(&mut connection);
        match pong {
            Err(error) if error.code() == Some("LOADING") => None,
            Err(error) if error.is_io_error() => None,
            _ => Some(connection),
        }
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Returns the flag that selects it.
    pub fn flag(&self) -> String {
        format!("--redis={}", self.url())
    }

    /// Returns the path of its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// Returns its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Sends a command, and returns the answer.
    pub fn command<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut sent = redis::cmd(words.next().expect("a command"));
        for word in words {
            sent.arg(word);
        }
        let mut connection = self.try_connect().expect("Redis accepts commands");
        sent.query(&mut connection).expect("the command succeeds")
    }

    /// Kills it without a warning (`kill -9`).
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it is running");
        child.kill().expect("it can be killed");
        child.wait().expect("it is our child");
    }

    /// Deletes what it has on disk.
    pub fn delete_data(&self) {
        let data = fs::read_dir(&self.directory).expect("the directory exists");
        for path in data.map(|entry| entry.expect("an entry").path()) {
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }

    /// Sends a signal, `STOP` or `CONT`.
    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().expect("it is running").id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("there is a kill command").success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn run(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("it can be executed")
}

/// A `redis-sentinel` that watches a master with the name `lecture`. It is killed on drop.
pub struct Sentinel {
    pub address: SocketAddr,
    directory: PathBuf,
    child: Child,
}

impl Sentinel {
    /// Starts a sentinel that replaces this master after a second without an answer, or returns
    /// `None` if it is not installed.
    pub fn start(master: SocketAddr) -> Option<Self> {
        let program = program("redis-sentinel")?;
        let name = format!("sentinel-{:016x}", rand::random::<u64>());
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).expect("the directory can be created");
        let address = free_address();
        let (port, master_port) = (address.port(), master.port());
        let configuration = format!(
            "port {port}\nbind 127.0.0.1\n\
             sentinel monitor lecture 127.0.0.1 {master_port} 1\n\
             sentinel down-after-milliseconds lecture 1000\n\
             sentinel failover-timeout lecture 5000\n"
        );
        fs::write(directory.join("sentinel.conf"), configuration).expect("writable");
        let mut command = Command::new(program);
        command.arg("sentinel.conf").current_dir(&directory);
        Some(Self {
            address,
            child: run(command),
            directory,
        })
    }

    /// Returns the flag that selects its master.
    pub fn flag(&self) -> String {
        format!("--redis=redis+sentinel://{}/lecture", self.address)
    }

    /// Returns how many replicas it knows, and the port of the master; `None` while it starts.
    pub fn state(&self) -> Option<(usize, u16)> {
        let url = format!("redis://{}", self.address);
        let mut connection = Client::open(url).ok()?.get_connection().ok()?;
        let replicas: Vec<redis::Value> = redis::cmd("SENTINEL")
            .arg(&["REPLICAS", "lecture"])
            .query(&mut connection)
            .ok()?;
        let (_, port): (String, u16) = redis::cmd("SENTINEL")
            .arg(&["GET-MASTER-ADDR-BY-NAME", "lecture"])
            .query(&mut connection)
            .ok()?;
        Some((replicas.len(), port))
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have exited by itself
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
