//! Connections: what is set up before their first byte is read, and their bytes.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use bytes::{Buf, BytesMut};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::config::ConnectionConfig;
use super::request_filter::RequestFilter;
use crate::http::ConnectionControl;
use crate::limits::{ConnectionGuard, Limits};

/// Maximum length of a head that is held back until it is complete. actix-http rejects one that
/// is longer.
const MAX_HELD_BYTES: usize = 128 * 1024;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The server's address on a connection.
pub(super) struct LocalAddress(pub(super) IpAddr);

/// Sets up accepted connections.
#[derive(Clone)]
pub(super) struct ConnectionSetup {
    limits: Arc<Limits>,
    config: ConnectionConfig,
    socket_paths: &'static [&'static str],
}

impl ConnectionSetup {
    pub(super) fn new(
        config: &ConnectionConfig,
        limits: Arc<Limits>,
        socket_paths: &'static [&'static str],
    ) -> Self {
        Self {
            limits,
            config: config.clone(),
            socket_paths,
        }
    }

    pub(super) fn config(&self) -> &ConnectionConfig {
        &self.config
    }

    /// Applies socket options and admits the connection.
    pub(super) fn accept(&self, stream: TcpStream) -> io::Result<Connection> {
        if let Err(error) = self.apply_socket_options(&stream) {
            log::debug!("cannot set a connection's options: {error}");
        }
        let guard = self.limits.admit_connection(stream.peer_addr()?.ip());
        Ok(Connection {
            stream,
            guard: Rc::new(guard),
            control: ConnectionControl::default(),
            filter: RequestFilter::new(self.socket_paths),
            held: BytesMut::new(),
            filtered: BytesMut::new(),
            unsent: &[],
            has_delivered: false,
        })
    }

    /// Bounds what waits in the kernel for a client that does not read: in bytes and in time.
    fn apply_socket_options(&self, stream: &TcpStream) -> io::Result<()> {
        // Nagle's algorithm would delay a small batch until the previous one is acknowledged.
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        socket.set_send_buffer_size(self.config.send_buffer_bytes)?;
        // RFC 5482. It also applies while the peer advertises a zero window.
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(self.config.write_timeout))?;
        Ok(())
    }
}

/// An accepted connection: what actix-http reads and writes.
pub(super) struct Connection {
    stream: TcpStream,
    guard: Rc<ConnectionGuard>,
    control: ConnectionControl,
    filter: RequestFilter,
    /// The start of a head whose end has not arrived.
    held: BytesMut,
    /// What actix-http has not taken yet of a head that was held.
    filtered: BytesMut,
    /// The rest of `100 Continue`.
    unsent: &'static [u8],
    /// Whether actix-http has got bytes that it may not have acted on.
    has_delivered: bool,
}

impl Connection {
    /// Makes the connection known to the handlers of its requests.
    pub(super) fn describe(&self, extensions: &mut Extensions) {
        if let Ok(local) = self.stream.local_addr() {
            // On a dual-stack socket an IPv4 address is reported as IPv4-mapped IPv6.
            extensions.insert(LocalAddress(local.ip().to_canonical()));
        }
        extensions.insert(self.guard.clone());
        extensions.insert(self.control.clone());
    }

    /// Returns the stream, what was read from it, and the guard of its admission.
    pub(super) fn into_parts(self) -> (TcpStream, BytesMut, Rc<ConnectionGuard>) {
        (self.stream, self.filtered, self.guard)
    }

    /// Reads once, and passes on what is finished.
    fn poll_filtered(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Progress>> {
        if !self.filtered.is_empty() {
            let length = self.filtered.len().min(buffer.remaining());
            buffer.put_slice(&self.filtered.split_to(length));
            return Poll::Ready(Ok(Progress::Delivered));
        }
        let start = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let arrived = &mut buffer.filled_mut()[start..];
        if arrived.is_empty() {
            return Poll::Ready(Ok(Progress::End));
        }
        let finished = if self.held.is_empty() {
            let finished = self.filter.rewrite(arrived);
            self.held.extend_from_slice(&arrived[finished..]);
            finished
        } else {
            self.held.extend_from_slice(arrived);
            let finished = self.filter.rewrite(&mut self.held);
            self.filtered = self.held.split_to(finished);
            0
        };
        if self.held.len() >= MAX_HELD_BYTES {
            self.filtered.unsplit(self.held.split());
        }
        buffer.set_filled(start + finished);
        Poll::Ready(Ok(match finished {
            0 => Progress::Held,
            _ => Progress::Delivered,
        }))
    }

    /// Sends `100 Continue` if it is due.
    fn poll_continue(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.control.take_continue() {
            self.unsent = CONTINUE;
        }
        while !self.unsent.is_empty() {
            let stream = Pin::new(&mut self.stream);
            let sent = ready!(stream.poll_write(context, self.unsent))?;
            self.unsent.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

enum Progress {
    Delivered,
    Held,
    End,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let Poll::Ready(progress) = self.poll_filtered(context, buffer) else {
                self.has_delivered = false;
                return Poll::Pending;
            };
            match progress? {
                Progress::Delivered => {
                    self.has_delivered = true;
                    return Poll::Ready(Ok(()));
                }
                Progress::Held => {}
                Progress::End if self.has_delivered => {
                    // Let the handler of the last request begin: it may hold the connection.
                    self.has_delivered = false;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Progress::End => return self.control.poll_released(context).map(Ok),
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_continue(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_continue(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
