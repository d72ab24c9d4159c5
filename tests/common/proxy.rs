//! A server behind a proxy, which is a program with a documented configuration.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Server, wait_until};

const OPERATIONS: &str = include_str!("../../docs/operations.md");

/// How many ports are tried: another process may take one after it was found free.
const MAX_STARTS: usize = 5;

/// How to start a proxy in a directory.
pub struct Proxy {
    pub program: &'static str,
    /// The arguments before the name of the configuration file.
    pub arguments: &'static [&'static str],
    /// Returns whether the proxy in this directory has bound its ports.
    pub is_ready: fn(&Path) -> bool,
}

pub const NGINX: Proxy = Proxy {
    program: "nginx",
    arguments: &["-p", ".", "-e", "stderr", "-c"],
    is_ready: |directory| directory.join("nginx.pid").exists(),
};

pub const HAPROXY: Proxy = Proxy {
    program: "haproxy",
    arguments: &["-db", "-f"],
    is_ready: |directory| haproxy_statistics(directory).is_ok(),
};

/// Returns HAProxy's statistics, for which it must have started.
pub fn haproxy_statistics(directory: &Path) -> io::Result<String> {
    let mut socket = UnixStream::connect(directory.join("stats"))?;
    socket.write_all(b"show stat\n")?;
    let mut statistics = String::new();
    socket.read_to_string(&mut statistics)?;
    Ok(statistics)
}

/// Returns a configuration of nginx for one process and one directory.
pub fn nginx_configuration(http: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {name};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{http}}}\n"
    )
}

/// Returns a configuration of HAProxy that reports statistics.
pub fn haproxy_configuration(configuration: &str) -> String {
    format!("global\n    stats socket unix@stats\n\n{configuration}")
}

/// A server behind a proxy. Both stop on drop.
pub struct Proxied {
    pub server: Server,
    pub address: SocketAddr,
    process: ProxyProcess,
}

/// A proxy. It stops on drop.
pub struct RunningProxy {
    pub address: SocketAddr,
    process: ProxyProcess,
}

/// A proxy that serves in the foreground, as one process. It stops on drop.
struct ProxyProcess {
    child: Child,
    directory: PathBuf,
}

impl Drop for ProxyProcess {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have exited by itself
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Proxied {
    /// Returns the directory in which the proxy runs.
    pub fn directory(&self) -> &Path {
        &self.process.directory
    }
}

impl Proxy {
    /// Starts the proxy in front of this server, or returns `None` if it is not installed. The
    /// configuration is for the addresses of the server and of the proxy.
    pub async fn start(
        &self,
        server: Server,
        configuration: impl Fn(SocketAddr, SocketAddr) -> String,
    ) -> Option<Proxied> {
        let of_server = |proxy| configuration(server.address, proxy);
        let running = self.run(of_server).await?;
        Some(Proxied {
            server,
            address: running.address,
            process: running.process,
        })
    }

    /// Starts the proxy, or returns `None` if it is not installed. The configuration is for the
    /// address of the proxy.
    pub async fn run(
        &self,
        configuration: impl Fn(SocketAddr) -> String,
    ) -> Option<RunningProxy> {
        let Some(program) = find_program(self.program) else {
            let name = self.program;
            assert!(env::var_os("CI").is_none(), "{name} is not installed");
            println!("skipped: {name} is not installed");
            return None;
        };
        let mut output = String::new();
        for _ in 0..MAX_STARTS {
            let address = free_address();
            match self.try_start(&program, &configuration(address)).await {
                Ok(process) => return Some(RunningProxy { address, process }),
                Err(stderr) => output = stderr,
            }
        }
        panic!("{} did not start: {output}", self.program);
    }

    /// Starts the proxy, or returns what it prints before it exits.
    async fn try_start(
        &self,
        program: &Path,
        configuration: &str,
    ) -> Result<ProxyProcess, String> {
        let directory = directory();
        let stderr = directory.join("stderr");
        fs::write(directory.join("configuration"), configuration)
            .expect("the directory is writable");
        let child = Command::new(program)
            .args(self.arguments)
            .arg("configuration")
            .current_dir(&directory)
            .stderr(File::create(&stderr).expect("the directory is writable"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the proxy can be executed");
        let mut process = ProxyProcess { child, directory };
        let mut has_exited = false;
        wait_until("the proxy listens or exits", || {
            let status = process.child.try_wait();
            has_exited = status.expect("the proxy is our child").is_some();
            has_exited || (self.is_ready)(&process.directory)
        })
        .await;
        match has_exited {
            false => Ok(process),
            true => Err(fs::read_to_string(stderr).expect("proxies print text")),
        }
    }
}

/// Returns the block of this language in docs/operations.md, with other addresses.
pub fn documented_configuration(language: &str, addresses: &[(&str, String)]) -> String {
    let mut configuration = documented_block(language).to_owned();
    for (documented, address) in addresses {
        assert!(configuration.contains(documented), "{documented}");
        configuration = configuration.replace(documented, address);
    }
    configuration
}

/// Returns the block of this language in docs/operations.md.
pub fn documented_block(language: &str) -> &'static str {
    let (_, block) = OPERATIONS
        .split_once(&format!("```{language}\n"))
        .expect("there is a configuration");
    block.split("```").next().unwrap_or(block)
}

/// Finds a program. Debian installs proxies in a directory that is only in root's path.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let sbin = [PathBuf::from("/usr/sbin"), "/usr/local/sbin".into()];
    let mut directories = env::split_paths(&path).chain(sbin);
    directories
        .find_map(|directory| Some(directory.join(name)).filter(|path| path.is_file()))
}

/// Returns an address that was free a moment ago. Its port is below those that the system gives to
/// clients, which could take it before it is used.
pub fn free_address() -> SocketAddr {
    loop {
        let address = (Ipv4Addr::LOCALHOST, rand::random_range(10_000..30_000));
        if TcpListener::bind(address).is_ok() {
            return address.into();
        }
    }
}

/// Creates a directory for one proxy.
fn directory() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Relaxed);
    let name = format!("proxy-{}-{number}", std::process::id());
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("the directory is writable");
    directory
}
