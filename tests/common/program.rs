//! The installed program, in its own process.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};

use super::{RawConnection, Response, wait_until};

/// A running program. It is killed on drop.
pub struct Program {
    pub address: SocketAddr,
    pub first_line: String,
    child: Child,
}

impl Program {
    /// Returns a command that runs the program with these flags and captures its output.
    pub fn command(flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trifold"));
        command
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the program on a free port, and returns when it has printed its address.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", flags)
    }

    /// Starts the program on this address.
    pub fn start_at(address: &str, flags: &[&str]) -> Self {
        let mut command = Self::command(&["--listen", address, "--workers=2"]);
        command.args(flags);
        Self::run(command)
    }

    /// Starts the program with a command that executes it.
    pub fn run(mut command: Command) -> Self {
        command.stderr(Stdio::null());
        Self::run_with_stderr(command)
    }

    /// Starts the program with a command that says what standard error is. If that is a pipe,
    /// nobody reads it.
    pub fn run_with_stderr(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let mut first_line = String::new();
        let read = BufReader::new(stdout).read_line(&mut first_line);
        read.expect("the program prints a line");
        let address = first_line.trim_end().strip_prefix("listening on http://");
        Self {
            address: address
                .and_then(|address| address.parse().ok())
                .expect("the first line contains the address"),
            first_line,
            child,
        }
    }

    /// Asserts that the program exits with an error and prints nothing to standard output.
    /// Returns what it prints to standard error.
    pub async fn fails_to_start(flags: &[&str]) -> String {
        let mut command = Self::command(&["--listen=127.0.0.1:0"]);
        let child = command.args(flags).spawn().expect("the program starts");
        let mut program = Self {
            address: ([127, 0, 0, 1], 0).into(),
            first_line: String::new(),
            child,
        };
        assert!(!program.exit_status().await.success());
        let [mut output, mut error] = [String::new(), String::new()];
        let stdout = program.child.stdout.take().expect("it is piped");
        let stderr = program.child.stderr.take().expect("it is piped");
        BufReader::new(stdout)
            .read_to_string(&mut output)
            .expect("text");
        BufReader::new(stderr)
            .read_to_string(&mut error)
            .expect("text");
        assert_eq!(output, "");
        error
    }

    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, `TERM` or `INT`.
    pub fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let kill = Command::new("kill").args(["-s", name, &process]).status();
        assert!(kill.expect("there is a kill command").success());
    }

    /// Kills the program without a warning (`kill -9`).
    pub fn kill(mut self) {
        self.child.kill().expect("the program is running");
        self.child.wait().expect("the process is our child");
    }

    /// Opens a TCP connection.
    pub async fn connect_raw(&self) -> RawConnection {
        RawConnection::connect(self.address).await
    }

    /// Publishes a message on a new connection.
    pub async fn post(&self, body: &str) -> Response {
        let mut connection = self.connect_raw().await;
        connection
            .post("Content-Type: application/json", body.as_bytes())
            .await
    }

    /// Sends a `GET` request on a new connection.
    pub async fn get(&self, path: &str) -> Response {
        self.connect_raw().await.get(path).await
    }

    /// Stops the program, and returns when it has exited.
    pub async fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.exit_status().await.code(), Some(0));
    }

    /// Waits until the program has exited.
    pub async fn exit_status(&mut self) -> ExitStatus {
        let mut status = None;
        wait_until("the program has exited", || {
            status = self.child.try_wait().expect("the process is our child");
            status.is_some()
        })
        .await;
        status.expect("the program has exited")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have exited by itself
        let _ = self.child.wait();
    }
}
