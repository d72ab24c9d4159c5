//! The program as it is installed, in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::{RawConnection, Response, until};

/// The program, running. It is killed when it is dropped.
pub struct Program {
    pub address: SocketAddr,
    pub first_line: String,
    child: Child,
}

impl Program {
    /// The program's command line, on a free port.
    pub fn command(flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trifold"));
        command
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it on a free port, and returns once it has said where it listens.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", flags)
    }

    /// The same, at an address.
    pub fn start_at(address: &str, flags: &[&str]) -> Self {
        let mut command = Self::command(&["--listen", address, "--workers=2"]);
        command.args(flags);
        Self::run(command)
    }

    /// The same, by a command of which the program is a part.
    pub fn run(mut command: Command) -> Self {
        let spawned = command.stderr(Stdio::null()).spawn();
        let mut child = spawned.expect("the program starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut first_line = String::new();
        let read = BufReader::new(stdout).read_line(&mut first_line);
        read.expect("the program speaks");
        let address = first_line.trim_end().strip_prefix("listening on http://");
        Self {
            address: address
                .and_then(|address| address.parse().ok())
                .expect("the first line names the address"),
            first_line,
            child,
        }
    }

    /// Starts it where it must refuse to, soon and without a word on standard output; returns
    /// what it complains about.
    pub async fn refused(flags: &[&str]) -> String {
        let mut command = Self::command(&["--listen=127.0.0.1:0"]);
        let child = command.args(flags).spawn().expect("the program starts");
        let mut program = Self {
            address: ([127, 0, 0, 1], 0).into(),
            first_line: String::new(),
            child,
        };
        assert!(!program.ended().await.success());
        let [mut printed, mut said] = [String::new(), String::new()];
        let stdout = program.child.stdout.take().expect("it is piped");
        let stderr = program.child.stderr.take().expect("it is piped");
        BufReader::new(stdout)
            .read_to_string(&mut printed)
            .expect("text");
        BufReader::new(stderr)
            .read_to_string(&mut said)
            .expect("text");
        assert_eq!(printed, "");
        said
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, `TERM` or `INT`.
    pub fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let kill = Command::new("kill").args(["-s", name, &process]).status();
        assert!(kill.expect("there is a kill command").success());
    }

    /// Ends it without a warning (`kill -9`).
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is our child");
    }

    /// A TCP connection to it.
    pub async fn wire(&self) -> RawConnection {
        RawConnection::connect(self.address).await
    }

    /// Publishes on a connection of its own.
    pub async fn post(&self, body: &str) -> Response {
        let mut wire = self.wire().await;
        wire.post("Content-Type: application/json", body.as_bytes())
            .await
    }

    /// What it answers to a `GET`.
    pub async fn get(&self, path: &str) -> Response {
        self.wire().await.get(path).await
    }

    /// Asks it to end, and returns when it has.
    pub async fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.ended().await.code(), Some(0));
    }

    /// How it ended, which must be soon.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the program has ended", || {
            status = self.child.try_wait().expect("it is our child");
            status.is_some()
        })
        .await;
        status.expect("it has ended")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        let _ = self.child.wait();
    }
}
