//! Arrivals: what is done with a connection before its first byte is read.

use std::io;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::web;
use socket2::SockRef;

use crate::Options;
use crate::guard::OwnAddress;
use crate::limits::Limits;

/// Receives connections.
#[derive(Clone)]
pub struct Arrivals {
    limits: web::Data<Limits>,
    send_buffer: usize,
    write_timeout: Duration,
}

impl Arrivals {
    /// As the flags say.
    pub fn new(options: &Options, limits: &web::Data<Limits>) -> Self {
        Self {
            limits: limits.clone(),
            send_buffer: options.send_buffer_bytes,
            write_timeout: options.write_timeout,
        }
    }

    /// Takes note of a connection, and limits what may wait for it to be read.
    pub fn welcome(&self, stream: &TcpStream, notes: &mut Extensions) {
        if let Err(error) = self.bound(stream) {
            log::debug!("a connection without limits to what waits for it: {error}");
        }
        if let Ok(own) = stream.local_addr() {
            notes.insert(OwnAddress(own.ip()));
        }
        if let Ok(peer) = stream.peer_addr() {
            notes.insert(self.limits.connect(peer.ip()));
        }
    }

    /// Bounds what waits in the kernel for a reader that does not read: in bytes, and in time.
    fn bound(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        socket.set_send_buffer_size(self.send_buffer)?;
        // RFC 5482: also while the peer says that it has no room.
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(self.write_timeout))?;
        Ok(())
    }
}
