//! What tests with a proxy share: the program, its documented configuration, and a port.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const OPERATIONS: &str = include_str!("../../docs/operations.md");

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

/// Returns an address that was free a moment ago.
pub fn free_address() -> SocketAddr {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    free.local_addr().expect("the socket has an address")
}

/// Creates a directory for one proxy.
pub fn directory() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Relaxed);
    let name = format!("proxy-{}-{number}", std::process::id());
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("the directory is writable");
    directory
}
