//! The neutral client: the same for every server. It opens subscribers, and drives them.
//!
//! One thread and readiness events, no runtime: the client shares two cores with the server, so
//! the server lacks what the client uses.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::protocol::Protocol;
use crate::subscriber::Subscriber;

/// Timeout for opening all subscribers.
const OPEN_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum number of subscribers that are opening at one time: fewer than any server's backlog.
const MAX_OPENING: usize = 100;

/// Subscribers that open per second at most: a long poll is not known to be held, so the number of
/// those that are opening says nothing.
const OPEN_RATE: f64 = 2000.0;

/// All subscribers of one server.
pub(crate) struct PeerClient<'a> {
    poll: Poll,
    events: Events,
    pub(crate) protocol: &'a dyn Protocol,
    pub(crate) address: SocketAddr,
    subscribers: Vec<Subscriber>,
    buffer: Vec<u8>,
}

impl<'a> PeerClient<'a> {
    /// Opens `count` subscribers, and waits until all are ready.
    ///
    /// # Errors
    /// When a connection fails, or not all are ready in time.
    pub(crate) fn open(
        protocol: &'a dyn Protocol,
        address: SocketAddr,
        count: usize,
    ) -> io::Result<Self> {
        let mut client = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            protocol,
            address,
            subscribers: Vec::with_capacity(count),
            buffer: vec![0; 1 << 16],
        };
        let start = Instant::now();
        let mut ready = 0;
        while ready < count {
            let allowed = 1 + (start.elapsed().as_secs_f64() * OPEN_RATE) as usize;
            while client.len() < count.min(ready + MAX_OPENING).min(allowed) {
                client.connect()?;
            }
            client.drive(Duration::from_millis(5), |_, _| {})?;
            let is_ready = |subscriber: &&Subscriber| subscriber.is_ready(protocol);
            ready = client.subscribers.iter().filter(is_ready).count();
            if start.elapsed() > OPEN_TIMEOUT {
                let what = format!("only {ready} of {count} subscribers opened in 60 s");
                return Err(io::Error::new(io::ErrorKind::TimedOut, what));
            }
        }
        Ok(client)
    }

    /// Returns the number of subscribers.
    pub(crate) fn len(&self) -> usize {
        self.subscribers.len()
    }

    fn connect(&mut self) -> io::Result<()> {
        let number = self.subscribers.len();
        let socket =
            Socket::new(Domain::IPV4, Type::STREAM, Some(socket2::Protocol::TCP))?;
        // Several addresses, so that ports do not run out; and no TIME_WAIT that keeps them.
        let source = Ipv4Addr::new(127, 0, 1, (number % 8) as u8 + 1);
        socket.bind(&SocketAddrV4::new(source, 0).into())?;
        socket.set_linger(Some(Duration::ZERO))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&self.address.into()) {
            Err(error) if error.raw_os_error() != Some(EINPROGRESS) => return Err(error),
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        self.poll.registry().register(
            &mut stream,
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        let request = self.protocol.initial_request(self.address);
        self.subscribers.push(Subscriber::new(stream, request));
        Ok(())
    }

    /// Waits for events, and reads and writes what is possible. Passes to `on_message` the number
    /// of the subscriber and the time of each message.
    ///
    /// # Errors
    /// When a connection fails, or what is received is unexpected.
    pub(crate) fn drive(
        &mut self,
        timeout: Duration,
        mut on_message: impl FnMut(usize, u64),
    ) -> io::Result<()> {
        self.poll.poll(&mut self.events, Some(timeout))?;
        for event in &self.events {
            let number = event.token().0;
            let subscriber = &mut self.subscribers[number];
            if event.is_writable() {
                subscriber.flush()?;
            }
            subscriber.read(
                self.protocol,
                self.address,
                &mut self.buffer,
                &mut |due| on_message(number, due),
            )?;
        }
        Ok(())
    }
}

const EINPROGRESS: i32 = 115;
