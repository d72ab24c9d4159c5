//! The servers that are compared: how each is started, and what its subscribers say.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::client::{field, whole_answer};

/// What a subscriber says next.
pub(crate) enum Say {
    /// Nothing: more will come by itself.
    Nothing,
    /// The next request.
    Again(Vec<u8>),
    /// The next request, which takes it a stage further.
    Ready(Vec<u8>),
}

/// What the subscribers of one server say, and how it is published there.
pub(crate) trait Dialect: Send + Sync {
    /// Its name in the tables.
    fn name(&self) -> &'static str;

    /// How its server is started.
    fn server(&self) -> Program;

    /// What a subscriber says first.
    fn hello(&self, address: SocketAddr) -> Vec<u8>;

    /// How many bytes the first whole answer or frame has, if there is one.
    ///
    /// # Errors
    /// For bytes that are none.
    fn whole(&self, stage: usize, bytes: &[u8]) -> io::Result<Option<usize>>;

    /// What follows a whole answer or frame. `session` is the subscriber's to remember with.
    ///
    /// # Errors
    /// For an answer that was not expected.
    fn next(
        &self,
        stage: usize,
        piece: &[u8],
        session: &mut String,
        address: SocketAddr,
    ) -> io::Result<Say>;

    /// Whether a subscriber at this stage gets what is published.
    fn is_ready(&self, stage: usize) -> bool;

    /// The request that publishes a message.
    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8>;
}

/// A program that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// A build of Trifold.
    Trifold(PathBuf),
    Nginx,
    Node(&'static str),
    Floor,
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    directory: Option<PathBuf>,
}

impl Server {
    /// Starts a program and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started, or says no address.
    pub(crate) fn start(program: &Program) -> io::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let mut command = match program {
            Program::Trifold(file) => {
                let mut command = Command::new(file);
                command.args(["--listen", "127.0.0.1:0"]);
                command.env("RUST_LOG", "warn");
                command
            }
            Program::Node(script) => {
                let mut command = Command::new("node");
                command.arg(here.join(script));
                command
            }
            Program::Floor => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("--floor");
                command
            }
            Program::Nginx => return Self::start_nginx(&here),
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
            .ok_or_else(|| io::Error::other(format!("{program:?} said: {line:?}")))?;
        Ok(Self {
            child,
            address,
            directory: None,
        })
    }

    fn start_nginx(here: &Path) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let directory =
            std::env::temp_dir().join(format!("trifold-peers-{}", address.port()));
        fs::create_dir_all(&directory)?;
        let config = fs::read_to_string(here.join("nginx.conf"))?
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
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Err(io::Error::other("nginx does not listen"))
    }

    /// The processes of this server: the one that was started, and its children.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut all = vec![self.child.id()];
        let mut next = 0;
        while next < all.len() {
            let path = format!("/proc/{0}/task/{0}/children", all[next]);
            let children = fs::read_to_string(path).unwrap_or_default();
            all.extend(
                children
                    .split_whitespace()
                    .filter_map(|own| own.parse::<u32>().ok()),
            );
            next += 1;
        }
        all
    }

    /// Processor time used so far, in nanoseconds.
    pub(crate) fn cpu(&self) -> u64 {
        let of_thread = |path: PathBuf| -> Option<u64> {
            let text = fs::read_to_string(path.join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse().ok()
        };
        self.processes()
            .into_iter()
            .filter_map(|process| fs::read_dir(format!("/proc/{process}/task")).ok())
            .flatten()
            .filter_map(|thread| of_thread(thread.ok()?.path()))
            .sum()
    }

    /// Memory in bytes: what is resident, shared pages divided among those who share them.
    pub(crate) fn memory(&self) -> u64 {
        let of_process = |process: u32| -> Option<u64> {
            let text =
                fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
            let line = text.lines().find(|line| line.starts_with("Pss:"))?;
            let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kib * 1024)
        };
        self.processes().into_iter().filter_map(of_process).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's master ends its workers when it is asked to; killed, it would leave them.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").arg(&pid).status();
        for _ in 0..200 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

fn get(address: SocketAddr, target: &str, fields: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n").into_bytes()
}

fn upgrade(address: SocketAddr, target: &str) -> Vec<u8> {
    get(
        address,
        target,
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    )
}

fn post(address: SocketAddr, target: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {kind}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn post_text(address: SocketAddr, message: &str) -> Vec<u8> {
    post(address, "/publish", "text/plain", message)
}

/// How many bytes the first whole frame of a server has (RFC 6455 §5.2).
fn whole_frame(bytes: &[u8]) -> Option<usize> {
    let (head, length) = match *bytes.get(1)? {
        126 => (
            4,
            u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]) as usize,
        ),
        127 => {
            let length: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            (10, u64::from_be_bytes(length) as usize)
        }
        short => (2, usize::from(short)),
    };
    (bytes.len() >= head + length).then_some(head + length)
}

/// A short text frame as clients send it, with a mask that changes nothing.
fn client_frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(text.as_bytes());
    frame
}

fn refused(piece: &[u8]) -> io::Error {
    let text = String::from_utf8_lossy(&piece[..piece.len().min(300)]).into_owned();
    io::Error::other(format!("not expected: {text}"))
}

fn expect_status(piece: &[u8], status: &str) -> io::Result<()> {
    if piece.get(9..12) == Some(status.as_bytes()) {
        Ok(())
    } else {
        Err(refused(piece))
    }
}

/// A WebSocket on which frames come after the handshake.
pub(crate) struct Socket {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    pub(crate) path: &'static str,
}

impl Dialect for Socket {
    fn name(&self) -> &'static str {
        self.name
    }

    fn server(&self) -> Program {
        self.program.clone()
    }

    fn hello(&self, address: SocketAddr) -> Vec<u8> {
        upgrade(address, self.path)
    }

    fn whole(&self, stage: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        match stage {
            0 => whole_answer(bytes),
            _ => Ok(whole_frame(bytes)),
        }
    }

    fn next(
        &self,
        stage: usize,
        piece: &[u8],
        _: &mut String,
        _: SocketAddr,
    ) -> io::Result<Say> {
        match stage {
            0 => expect_status(piece, "101").map(|()| Say::Ready(Vec::new())),
            _ if piece[0] & 0x0f == 8 => Err(refused(piece)), // a close frame
            _ => Ok(Say::Nothing),
        }
    }

    fn is_ready(&self, stage: usize) -> bool {
        stage > 0
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        publish_on(&self.program, address, message)
    }
}

fn publish_on(program: &Program, address: SocketAddr, message: &str) -> Vec<u8> {
    match program {
        Program::Trifold(_) => {
            let body = format!(r#"{{"body":"{message}"}}"#);
            post(address, "/messages", "application/json", &body)
        }
        _ => post_text(address, message),
    }
}

/// A long poll that says with each request what it has.
pub(crate) struct Longpoll {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
}

impl Longpoll {
    fn ask(&self, address: SocketAddr, since: &str) -> Vec<u8> {
        get(address, &format!("/longpoll?since={since}"), "")
    }
}

impl Dialect for Longpoll {
    fn name(&self) -> &'static str {
        self.name
    }

    fn server(&self) -> Program {
        self.program.clone()
    }

    fn hello(&self, address: SocketAddr) -> Vec<u8> {
        self.ask(address, "0")
    }

    fn whole(&self, _: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        whole_answer(bytes)
    }

    fn next(
        &self,
        _: usize,
        piece: &[u8],
        _: &mut String,
        address: SocketAddr,
    ) -> io::Result<Say> {
        expect_status(piece, "200")?;
        let version = memchr::memmem::find(piece, br#""version":"#)
            .map(|at| &piece[at + 10..])
            .and_then(|rest| rest.split(|byte| !byte.is_ascii_digit()).next())
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .ok_or_else(|| refused(piece))?;
        Ok(Say::Again(self.ask(address, version)))
    }

    fn is_ready(&self, _: usize) -> bool {
        true
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        publish_on(&self.program, address, message)
    }
}

/// nchan's long poll: the cursor is in Last-Modified and Etag.
pub(crate) struct NchanLongpoll;

impl Dialect for NchanLongpoll {
    fn name(&self) -> &'static str {
        "nginx with nchan"
    }

    fn server(&self) -> Program {
        Program::Nginx
    }

    fn hello(&self, address: SocketAddr) -> Vec<u8> {
        get(address, "/subscribe", "")
    }

    fn whole(&self, _: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        whole_answer(bytes)
    }

    fn next(
        &self,
        _: usize,
        piece: &[u8],
        _: &mut String,
        address: SocketAddr,
    ) -> io::Result<Say> {
        expect_status(piece, "200")?;
        let head = memchr::memmem::find(piece, b"\r\n\r\n").unwrap_or(piece.len());
        let head = String::from_utf8_lossy(&piece[..head]);
        let lower = head.to_ascii_lowercase();
        let modified = head
            .lines()
            .find_map(|line| line.strip_prefix("Last-Modified: "))
            .unwrap_or_default();
        let etag = field(&lower, "etag").unwrap_or_default();
        let fields =
            format!("if-modified-since: {modified}\r\nif-none-match: {etag}\r\n");
        Ok(Say::Again(get(address, "/subscribe", &fields)))
    }

    fn is_ready(&self, _: usize) -> bool {
        true
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}

/// socket.io over a WebSocket: Engine.IO opens, then the namespace is joined.
pub(crate) struct SocketIoSocket;

impl Dialect for SocketIoSocket {
    fn name(&self) -> &'static str {
        "socket.io"
    }

    fn server(&self) -> Program {
        Program::Node("socketio.js")
    }

    fn hello(&self, address: SocketAddr) -> Vec<u8> {
        upgrade(address, "/socket.io/?EIO=4&transport=websocket")
    }

    fn whole(&self, stage: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        match stage {
            0 => whole_answer(bytes),
            _ => Ok(whole_frame(bytes)),
        }
    }

    fn next(
        &self,
        stage: usize,
        piece: &[u8],
        _: &mut String,
        _: SocketAddr,
    ) -> io::Result<Say> {
        if stage == 0 {
            return expect_status(piece, "101").map(|()| Say::Ready(Vec::new()));
        }
        match (stage, piece.get(2..4).unwrap_or_default()) {
            (1, [b'0', ..]) => Ok(Say::Ready(client_frame("40"))),
            (2, b"40") => Ok(Say::Ready(Vec::new())),
            (_, [b'2', ..]) => Ok(Say::Again(client_frame("3"))),
            _ => Ok(Say::Nothing),
        }
    }

    fn is_ready(&self, stage: usize) -> bool {
        stage == 3
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}

/// socket.io over long polling.
pub(crate) struct SocketIoPolling;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

impl Dialect for SocketIoPolling {
    fn name(&self) -> &'static str {
        "socket.io"
    }

    fn server(&self) -> Program {
        Program::Node("socketio.js")
    }

    fn hello(&self, address: SocketAddr) -> Vec<u8> {
        get(address, POLLING, "")
    }

    fn whole(&self, _: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        whole_answer(bytes)
    }

    fn next(
        &self,
        stage: usize,
        piece: &[u8],
        session: &mut String,
        address: SocketAddr,
    ) -> io::Result<Say> {
        expect_status(piece, "200")?;
        let target = |session: &str| format!("{POLLING}&sid={session}");
        match stage {
            0 => {
                let text = String::from_utf8_lossy(piece);
                *session = text
                    .split_once(r#""sid":""#)
                    .and_then(|(_, rest)| rest.split('"').next())
                    .ok_or_else(|| refused(piece))?
                    .to_owned();
                Ok(Say::Ready(post(
                    address,
                    &target(session),
                    "text/plain",
                    "40",
                )))
            }
            1 | 2 => Ok(Say::Ready(get(address, &target(session), ""))),
            _ => Ok(Say::Again(get(address, &target(session), ""))),
        }
    }

    fn is_ready(&self, stage: usize) -> bool {
        stage == 3
    }

    fn publish(&self, address: SocketAddr, message: &str) -> Vec<u8> {
        post_text(address, message)
    }
}
