//! One TCP connection to a server, with just as much HTTP/1.1 and WebSocket as a client needs,
//! and every byte of it counted.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::http::{MAX_RESPONSE_BYTES, ResponseHead, connection_closed, invalid};
use super::websocket::FrameHeader;

/// Timeout of a TCP connect. A server that is full does not accept, and sends nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of bytes of one read; most batches are far smaller.
const READ_BUFFER_BYTES: usize = 64 << 10;

/// Capacity that the buffer of a connection keeps while it is empty. There are thousands of
/// them.
const IDLE_BUFFER_BYTES: usize = 4 << 10;

thread_local! {
    /// What all connections of a thread read into: nothing awaits while it is in use.
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER_BYTES]);
}

/// Bytes that passed a connection.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ByteCounts {
    /// Bytes sent to the server.
    pub sent: u64,
    /// Bytes received from the server.
    pub received: u64,
}

/// Records the bytes that are left when a connection is dropped.
pub trait ByteCounter {
    /// Adds these to what was recorded before.
    fn add(&self, bytes: ByteCounts);
}

/// Records nothing.
impl ByteCounter for () {
    fn add(&self, _: ByteCounts) {}
}

/// A connection. It counts bytes until [`take_byte_counts`](Self::take_byte_counts), so that the
/// caller can record them together with what they were for; the counter receives the rest.
pub struct Connection<C: ByteCounter> {
    stream: TcpStream,
    counter: C,
    bytes: ByteCounts,
    /// Received and not consumed yet.
    buffer: Vec<u8>,
}

impl<C: ByteCounter> Drop for Connection<C> {
    fn drop(&mut self) {
        self.counter.add(self.bytes);
    }
}

impl<C: ByteCounter> Connection<C> {
    /// Connects, from the address `source` if there is one.
    ///
    /// # Errors
    /// When the server does not accept within 10 s, or `source` is not an address of this
    /// machine.
    pub async fn connect(
        address: SocketAddr,
        source: Option<IpAddr>,
        counter: C,
    ) -> io::Result<Self> {
        let socket = match address.is_ipv4() {
            true => TcpSocket::new_v4()?,
            false => TcpSocket::new_v6()?,
        };
        if let Some(source) = source {
            socket.bind((source, 0).into()).map_err(|error| {
                let what = format!("cannot connect from {source}: {error}");
                io::Error::new(error.kind(), what)
            })?;
        }
        // A request is one write; Nagle's algorithm would hold back the second.
        socket.set_nodelay(true)?;
        let connected = timeout(CONNECT_TIMEOUT, socket.connect(address)).await;
        let stream = connected.map_err(|_| {
            let what = "the server did not accept the connection within 10 s";
            io::Error::new(ErrorKind::TimedOut, what)
        })??;
        Ok(Self::from_stream(stream, counter))
    }

    /// Wraps a stream that is connected already.
    pub fn from_stream(stream: TcpStream, counter: C) -> Self {
        Self {
            stream,
            counter,
            bytes: ByteCounts::default(),
            buffer: Vec::new(),
        }
    }

    /// Returns the stream below. Bytes that are read or written there are not counted.
    pub fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Takes the byte counts since the last call; the caller records them.
    pub fn take_byte_counts(&mut self) -> ByteCounts {
        mem::take(&mut self.bytes)
    }

    /// Returns whether the server has closed the connection while no response was due. Bytes
    /// that were not requested count as closed.
    pub fn is_closed(&self) -> bool {
        match self.stream.try_read(&mut [0]) {
            Err(error) => error.kind() != ErrorKind::WouldBlock,
            Ok(_) => true,
        }
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(count) => {
                    self.bytes.sent += count as u64;
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns what was received and not consumed yet.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Waits for more bytes and appends them to the [`buffer`](Self::buffer).
    ///
    /// # Errors
    /// When the connection ends, or when the buffer has more than 64 MiB.
    ///
    /// # Cancel safety
    /// No bytes are lost when the future is dropped.
    pub async fn fill(&mut self) -> io::Result<()> {
        if self.buffer.len() > MAX_RESPONSE_BYTES {
            return Err(invalid("the response is longer than 64 MiB"));
        }
        // `poll_read` knows that a read which leaves free space has emptied the socket;
        // `try_read` would call the kernel a second time for each message, only to get
        // `WouldBlock`.
        let count = poll_fn(|context| {
            READ_BUFFER.with_borrow_mut(|read_buffer| {
                let mut read_buffer = ReadBuf::new(read_buffer);
                let stream = Pin::new(&mut self.stream);
                ready!(stream.poll_read(context, &mut read_buffer))?;
                self.buffer.extend_from_slice(read_buffer.filled());
                Poll::Ready(io::Result::Ok(read_buffer.filled().len()))
            })
        })
        .await?;
        if count == 0 {
            return Err(connection_closed());
        }
        self.bytes.received += count as u64;
        Ok(())
    }

    /// Drops the first bytes of the [`buffer`](Self::buffer).
    pub fn consume(&mut self, count: usize) {
        self.buffer.drain(..count);
        if self.buffer.is_empty() && self.buffer.capacity() > IDLE_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
    }

    /// Waits for the head of the next response.
    ///
    /// # Errors
    /// When the connection ends before, and when [`ResponseHead::parse`] fails.
    pub async fn read_head(&mut self) -> io::Result<ResponseHead> {
        loop {
            if let Some(head) = ResponseHead::parse(&self.buffer)? {
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    /// Waits for the next response to anything but a `HEAD` request, until it is complete.
    ///
    /// # Errors
    /// When the connection ends before, and when [`ResponseHead::parse`] fails.
    pub async fn read_response(&mut self) -> io::Result<ResponseHead> {
        let head = self.read_head().await?;
        while !head.is_complete(&self.buffer) {
            self.fill().await?;
        }
        Ok(head)
    }

    /// Returns the body of the response that was read.
    pub fn body(&self, head: &ResponseHead) -> &[u8] {
        head.body(&self.buffer)
    }

    /// Drops the response that was read.
    pub fn consume_response(&mut self, head: &ResponseHead) {
        self.consume(head.total_len());
    }

    /// Waits for the next WebSocket frame, until it is complete.
    ///
    /// # Errors
    /// When the connection ends before, and when [`FrameHeader::parse`] fails.
    pub async fn read_frame(&mut self) -> io::Result<FrameHeader> {
        loop {
            if let Some(frame) = FrameHeader::parse(&self.buffer)?
                && frame.is_complete(&self.buffer)
            {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    /// Returns the payload of the frame that was read.
    pub fn payload(&self, frame: &FrameHeader) -> &[u8] {
        frame.payload(&self.buffer)
    }

    /// Drops the frame that was read.
    pub fn consume_frame(&mut self, frame: &FrameHeader) {
        self.consume(frame.total_len());
    }
}
