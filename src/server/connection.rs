//! Connections: what is set up before their first byte is read.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::Error;
use actix_web::dev::{Extensions, Service, ServiceRequest, ServiceResponse};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::rt::net::TcpStream;
use futures_util::TryFutureExt;
use socket2::SockRef;

use super::config::ConnectionConfig;
use crate::limits::Limits;

/// Middleware that announces the end of a connection. After a request with `Connection: Upgrade`
/// actix closes it whatever the response is, and a client must know (RFC 9112 §9.6).
pub(super) fn announce_close<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let offers_upgrade = request.head().upgrade();
    service.call(request).map_ok(move |mut response| {
        if offers_upgrade && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let head = response.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        response
    })
}

/// The server's address on a connection.
pub(super) struct LocalAddress(pub(super) IpAddr);

/// Sets up accepted connections.
#[derive(Clone)]
pub(super) struct ConnectionSetup {
    limits: Arc<Limits>,
    config: ConnectionConfig,
}

impl ConnectionSetup {
    pub(super) fn new(config: &ConnectionConfig, limits: Arc<Limits>) -> Self {
        Self {
            limits,
            config: config.clone(),
        }
    }

    /// Applies socket options and admits the connection.
    pub(super) fn on_connect(&self, stream: &TcpStream, extensions: &mut Extensions) {
        if let Err(error) = self.apply_socket_options(stream) {
            log::debug!("cannot limit a connection's send buffer: {error}");
        }
        if let Ok(local) = stream.local_addr() {
            // On a dual-stack socket an IPv4 address is reported as IPv4-mapped IPv6.
            extensions.insert(LocalAddress(local.ip().to_canonical()));
        }
        if let Ok(peer) = stream.peer_addr() {
            extensions.insert(self.limits.admit_connection(peer.ip()));
        }
    }

    /// Bounds what waits in the kernel for a client that does not read: in bytes and in time.
    fn apply_socket_options(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        socket.set_send_buffer_size(self.config.send_buffer_bytes)?;
        // RFC 5482. It also applies while the peer advertises a zero window.
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(Some(self.config.write_timeout))?;
        Ok(())
    }
}
