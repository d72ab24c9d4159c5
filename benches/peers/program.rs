//! The programs that are compared, and the command that starts each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use clap::ValueEnum;

/// A program that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// A build of Trifold.
    Trifold(PathBuf),
    Nginx,
    DurableStreams,
    /// A script of this directory.
    Node(&'static str),
    /// A script of this directory.
    Bun(&'static str),
    /// A server of this program, as a process of its own.
    Own(OwnServer),
}

/// The servers that this program contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OwnServer {
    Baseline,
    Axum,
}

/// Directory of the scripts and configurations.
pub(crate) const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");

/// Path of the stream of durable-streams.
pub(crate) const STREAM: &str = "/all";

impl Program {
    /// Returns whether it is told where to listen. The others choose a port, and print it.
    pub(crate) fn has_fixed_address(&self) -> bool {
        matches!(self, Self::Nginx | Self::DurableStreams)
    }

    /// Returns the command. Only programs with a fixed address listen on `address`; all may use
    /// `directory`.
    ///
    /// # Errors
    /// When its configuration cannot be written.
    pub(crate) fn command(
        &self,
        address: SocketAddr,
        directory: &Path,
    ) -> io::Result<Command> {
        let sources = Path::new(SOURCES);
        let command = match self {
            Self::Trifold(file) => {
                let mut command = Command::new(file);
                // All messages are from one address, which is limited otherwise.
                command.args(["--listen", "127.0.0.1:0", "--publish-rate", "0"]);
                command.env("RUST_LOG", "warn");
                command
            }
            Self::Nginx => nginx(address, directory)?,
            Self::DurableStreams => {
                let mut command = Command::new("durable-streams-server");
                command.args(["--durability", "memory", "--port"]);
                command.arg(address.port().to_string());
                command.arg("--data-dir").arg(directory);
                command
            }
            Self::Node(script) => with_argument("node", sources.join(script)),
            Self::Bun(script) => with_argument("bun", sources.join(script)),
            Self::Own(server) => {
                let mut command = Command::new(std::env::current_exe()?);
                let name = server.to_possible_value().expect("no variant is skipped");
                command.args(["--serve", name.get_name()]);
                command
            }
        };
        Ok(command)
    }
}

/// Writes nginx' configuration and returns its command.
fn nginx(address: SocketAddr, directory: &Path) -> io::Result<Command> {
    let config = fs::read_to_string(Path::new(SOURCES).join("nginx.conf"))?;
    let config = config.replace("ADDRESS", &address.to_string());
    fs::write(directory.join("nginx.conf"), config)?;
    let mut command = Command::new("nginx");
    command.arg("-p").arg(directory);
    command.args(["-c", "nginx.conf", "-e", "stderr"]);
    Ok(command)
}

fn with_argument(program: &str, argument: PathBuf) -> Command {
    let mut command = Command::new(program);
    command.arg(argument);
    command
}
