//! The server: routes, middleware, workers and shutdown.

mod access;
mod assets;
mod authority;
mod config;
mod connection;
mod endpoint;
mod health;
mod http_service;
mod metrics;
mod request_filter;
mod upgrade;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::{Server, Service, ServiceRequest};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::{Condition, Logger};
use actix_web::{App, rt, web};
use socket2::{Domain, Protocol, Socket, Type};

use crate::http::AppState;
use crate::journal::LogWriter;
use crate::lab::{self, Presence, with_network};
use crate::limits::Limits;
use crate::publish::publish;
use crate::transports::{longpoll, poll, ws};
pub use authority::{parse_allowed_host, parse_allowed_origin};
pub use config::{AccessConfig, ConnectionConfig, ServerConfig};
use connection::ConnectionSetup;
use endpoint::{GET, GET_OR_HEAD, POST, endpoint};
use http_service::http_service;

/// Extra connections accepted per worker so that clients over the limit get a 503. Further ones
/// wait in the backlog.
const REJECTION_HEADROOM: usize = 256;

/// Connections that may wait until they are accepted.
const BACKLOG: i32 = 1024;

/// The paths that serve WebSockets.
const SOCKET_PATHS: &[&str] = &["/ws", "/lab"];

/// How long requests in flight may take when the server stops, in seconds.
const SHUTDOWN_TIMEOUT_SECONDS: u64 = 3;

/// Binds the server and returns it with its address. It serves once it is awaited. When `stop`
/// resolves it closes the log, which answers every long poll and ends every WebSocket, and then
/// shuts down.
///
/// # Errors
/// If the address cannot be bound.
pub fn bind(
    config: ServerConfig,
    writer: Arc<LogWriter>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<(Server, SocketAddr)> {
    let limits = Arc::new(Limits::new(&config.limits));
    let (registry, metrics) = metrics::register(&writer, &limits);
    let registry = web::Data::new(registry);
    let connections_per_worker =
        config.limits.max_connections.div_ceil(config.workers) + REJECTION_HEADROOM;
    let setup = ConnectionSetup::new(&config.connection, limits.clone(), SOCKET_PATHS);
    let log = writer.log().clone();
    let log_to_close = log.clone();
    let access = Arc::new(config.access);
    let presence = config.lab.then(|| web::Data::new(Presence::default()));
    // Created outside of the closure below: shared by all workers, not one for each.
    let state = web::Data::new(AppState {
        writer,
        limits,
        metrics,
        config: config.http,
    });

    let app = move || {
        let (checked, allow_origin) = (access.clone(), &access.allow_origin);
        App::new()
            .app_data(state.clone())
            .app_data(registry.clone())
            .configure(|app| {
                if let Some(presence) = &presence {
                    app.app_data(presence.clone());
                }
            })
            .wrap_fn(move |request, service| {
                access::check_access(&checked, request, service)
            })
            .wrap(Condition::new(
                !allow_origin.is_empty(),
                access::cors(allow_origin),
            ))
            .wrap_fn(access::security_headers)
            .wrap_fn(lab::meter)
            .wrap_fn(metrics::count_responses)
            .wrap(Condition::new(
                config.access_log,
                Logger::default().log_target("access"),
            ))
            .configure(endpoints)
            .default_service(web::to(assets::serve))
    };

    let listener = listen(config.listen)?;
    let address = listener.local_addr()?;
    let builder = Server::build();
    let shutdown = builder.graceful_shutdown_signal();
    let server = builder
        .workers(config.workers)
        .max_concurrent_connections(connections_per_worker)
        .shutdown_timeout(SHUTDOWN_TIMEOUT_SECONDS)
        .shutdown_signal(async move {
            stop.await;
            log_to_close.close();
        })
        .listen("http", listener, move || {
            rt::spawn(log.relay_wakeups()); // called once on each worker's thread
            http_service(app.clone(), setup.clone(), shutdown.clone())
        })?;
    Ok((server.run(), address))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(not(windows))] // where it lets others listen on the same address
    socket.set_reuse_address(true)?;
    #[cfg(windows)]
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The paths, with the simulated network around those that the lesson is about.
fn endpoints(app: &mut web::ServiceConfig) {
    app.service(with_network(endpoint("/poll", GET_OR_HEAD, web::to(poll))))
        .service(with_network(
            endpoint("/longpoll", GET_OR_HEAD, web::to(longpoll))
                .wrap_fn(drop_request_headers),
        ))
        .service(with_network(endpoint("/ws", GET, web::to(ws))))
        .service(with_network(endpoint("/messages", POST, web::to(publish))))
        .service(endpoint("/lab", GET, web::to(lab::control)))
        .service(endpoint("/time", GET_OR_HEAD, web::to(health::time)))
        .service(endpoint("/health", GET_OR_HEAD, web::to(health::health)))
        .service(endpoint("/metrics", GET_OR_HEAD, web::to(metrics::metrics)));
}

/// Middleware that drops the request's headers before a long poll waits: actix allocates 7 KB
/// for them, and nothing reads them any more. CORS runs before.
fn drop_request_headers<S: Service<ServiceRequest>>(
    mut request: ServiceRequest,
    service: &S,
) -> S::Future {
    *request.headers_mut() = HeaderMap::new();
    service.call(request)
}
