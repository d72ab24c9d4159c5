//! Behind HAProxy, configured as in docs/operations.md, health checks and WebSockets work. Skipped
//! if HAProxy is not installed; `./test` installs it.

use crate::common;

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use common::proxy::{directory, documented_block, find_program, free_address};
use common::{RawConnection, Server, WebSocketClient, wait_until};

/// A server behind a separate HAProxy. Both stop on drop.
struct Proxied {
    server: Server,
    address: SocketAddr,
    haproxy: Child,
    directory: PathBuf,
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let _ = self.haproxy.kill(); // with `-db` this is the only process
        let _ = self.haproxy.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Proxied {
    /// Returns whether HAProxy's statistics about the server contain this text.
    fn reports(&self, text: &str) -> bool {
        let Ok(mut socket) = UnixStream::connect(self.directory.join("stats")) else {
            return false; // not started yet
        };
        let mut statistics = String::new();
        socket.write_all(b"show stat\n").expect("HAProxy reads");
        socket
            .read_to_string(&mut statistics)
            .expect("HAProxy answers");
        let mut lines = statistics.lines();
        lines.any(|line| line.starts_with("trifold,trifold,") && line.contains(text))
    }
}

/// Starts a server behind HAProxy with this check, or returns `None` if it is not installed.
async fn start_proxied(check: &str) -> Option<Proxied> {
    let Some(program) = find_program("haproxy") else {
        assert!(std::env::var_os("CI").is_none(), "haproxy is not installed");
        println!("skipped: HAProxy is not installed");
        return None;
    };
    let (server, address, directory) = (Server::start(&[]), free_address(), directory());
    let configuration = documented_block("haproxy")
        .replace("0.0.0.0:80\n", &format!("{address}\n"))
        .replace("option httpchk\n", &format!("{check}\n"))
        .replace(
            "127.0.0.1:8080 check",
            &format!("{} check inter 100ms", server.address),
        );
    let socket = directory.join("stats");
    let global = format!("global\n    stats socket {}\n", socket.display());
    let file = directory.join("haproxy.cfg");
    fs::write(&file, global + &configuration).expect("the directory is writable");
    let haproxy = Command::new(program)
        .args(["-db", "-f"])
        .arg(file)
        .stderr(Stdio::null())
        .spawn();
    Some(Proxied {
        server,
        address,
        haproxy: haproxy.expect("HAProxy starts"),
        directory,
    })
}

async fn assert_health_is_checked(check: &str) {
    let Some(proxied) = start_proxied(check).await else {
        return;
    };
    wait_until("the check succeeds", || proxied.reports(",L7OK,")).await;
    proxied.server.stop();
    wait_until("the check fails", || proxied.reports(",DOWN,")).await;
}

#[tokio::test]
async fn plain_health_check() {
    assert_health_is_checked("option httpchk").await;
}

#[tokio::test]
async fn health_check_of_documented_path() {
    assert_health_is_checked("option httpchk GET /health").await;
}

#[tokio::test]
async fn messages_pass() {
    let Some(proxied) = start_proxied("option httpchk").await else {
        return;
    };
    wait_until("the check succeeds", || proxied.reports(",L7OK,")).await;
    let mut socket = WebSocketClient::connect(proxied.address, "").await;
    let mut publisher = RawConnection::connect(proxied.address).await;
    let body = br#"{"id":"one","body":"hi"}"#;
    let published = publisher.post("Content-Type: application/json", body).await;
    assert_eq!(published.status, 201);
    let pushed = socket.text().await;
    assert!(pushed.contains(r#""id":"one""#), "{pushed}");
    assert_eq!(publisher.get("/longpoll").await.text(), pushed);
    socket.assert_open().await;
}
