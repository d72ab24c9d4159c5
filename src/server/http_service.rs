//! What happens on an accepted connection. actix-web's `HttpServer` does the same, but it neither
//! exposes a connection's bytes nor hands over an upgraded connection.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use actix_http::{HttpService, Request};
use actix_server::GracefulShutdownSignal;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, map_config};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, ServiceFactory, fn_factory, fn_service};
use actix_web::rt::net::TcpStream;
use futures_util::FutureExt;

use super::connection::{Connection, ConnectionSetup};
use super::upgrade;

/// How long a client that gets an error may take to read it and to close the connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// Serves the requests of accepted connections with an application, which `app` creates.
pub(super) fn http_service<F, A, S, B>(
    app: F,
    setup: ConnectionSetup,
    shutdown: GracefulShutdownSignal,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = (),
    Error: fmt::Debug,
    InitError = (),
>
where
    F: Fn() -> A,
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Error = Error, InitError: fmt::Debug>
        + 'static,
    S::Response: Into<Response<B>> + 'static,
    B: MessageBody + 'static,
{
    let application = || {
        map_config(app().into_factory(), |()| AppConfig::default())
            .map_err(|error: Error| Response::from(error.error_response()))
    };
    let sockets = Rc::new(application());
    let upgrades = fn_factory(move || {
        let service = sockets.new_service(());
        async move {
            let service = Rc::new(service.await?);
            let serve = move |upgraded| {
                // Boxed, so that the future of a connection without an upgrade stays small.
                let served = upgrade::serve(service.clone(), upgraded).boxed_local();
                served.map(Ok::<_, Error>)
            };
            Ok::<_, S::InitError>(fn_service(serve))
        }
    });
    let config = setup.config().clone();
    let http = HttpService::build()
        .keep_alive(config.idle_timeout)
        .client_request_timeout(config.header_timeout)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        // A long poll is cancelled as soon as its client is gone, not when its wait ends.
        .h1_allow_half_closed(false)
        .graceful_shutdown_signal(move || {
            let shutdown = shutdown.clone();
            async move { shutdown.notified().await }
        })
        .on_connect_ext(|connection: &Connection, data| connection.describe(data))
        .upgrade(upgrades)
        .h1(application());
    fn_service(move |stream: TcpStream| {
        let peer = stream.peer_addr();
        let accepted = peer.and_then(|peer| Ok((setup.accept(stream)?, Some(peer))));
        async move { accepted.map_err(actix_http::error::DispatchError::Io) }
    })
    .and_then(http)
}
