//! Trifold: polling, long polling and WebSockets side by side, over one message log.
//!
//! ```text
//! publish ─▶ MessageLog: gives a version, keeps it in a window, wakes who waits
//!               ├─ poll       after(cursor)                            one answer, at once
//!               ├─ longpoll   timeout(wait, changed(cursor)), after    one answer, when there is news
//!               └─ ws         follow(cursor)                           every answer, for ever
//! ```
//!
//! - [`message_log`]: the log, its batches, and the gaps it admits
//! - [`bell`]: wakes all who wait for the log, thread by thread
//! - [`sequencer`]: who numbers what is published, and the journal that outlives the process
//! - [`cursor`]: where a reader stands, parsed in one place
//! - [`transports`]: the techniques, one file each
//! - [`socket`]: what a WebSocket needs besides the log
//! - [`lab`]: the simulated network, the meter, and the page's control channel
//! - [`problem`]: every refusal, as problem+json
//! - [`arrivals`]: connections, before their first byte is read
//! - [`limits`]: how many may be here, and how fast they may publish
//! - [`metrics`]: what is counted, for Prometheus
//! - [`guard`]: Host and Origin, and the headers of every answer
//! - [`page`]: the files of the page, held in the binary
//! - [`options`]: the command line
//! - [`load`]: `trifold load`, which measures a server

pub mod arrivals;
pub mod bell;
pub mod cursor;
pub mod guard;
pub mod lab;
pub mod limits;
pub mod load;
pub mod message_log;
pub mod metrics;
pub mod options;
pub mod page;
pub mod problem;
pub mod sequencer;
pub mod socket;
pub mod transports;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::{Server, Service, ServiceRequest};
use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap};
use actix_web::middleware::{Condition, Logger};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpResponse, HttpServer, Resource, Route, web};
use serde::Serialize;

pub use cursor::Cursor;
pub use message_log::{
    Batch, Closed, End, Follow, Gap, MessageLog, Publication, Published, Reason,
    Retention,
};
pub use options::Options;
pub use sequencer::{Refused, Sequencer};

use arrivals::Arrivals;
use lab::in_lab;
use lab::room::Room;
use limits::Limits;
use message_log::{Version, now};
use metrics::Metrics;
use problem::Problem;
use transports::{longpoll::longpoll, poll::poll, publish::publish, ws::ws};

/// Room for connections of each worker that are past the limit: they are accepted to be told so.
/// Beyond it they wait until one of these has gone.
const PAST_THE_LIMIT: usize = 256;

/// How long a connection that the server ends may take to close. A WebSocket's peer waits for
/// it, so it is short; a client that is told 413 reads the answer meanwhile.
const GOODBYE: Duration = Duration::from_millis(500);

/// How long the requests that are under way when the server stops may take, in seconds.
const SHUTDOWN_SECONDS: u64 = 3;

/// Binds a server to `options.listen`, and returns it with the address that it got. It serves
/// once it is awaited. When `stop` resolves it closes the log, which answers every held poll
/// and ends every WebSocket, and then itself.
///
/// # Errors
/// When the address cannot be bound.
pub fn bind(
    options: Options,
    sequencer: web::Data<Sequencer>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<(Server, SocketAddr)> {
    let (listen, workers) = (options.listen, options.workers);
    let connections_per_worker =
        options.max_connections.div_ceil(workers) + PAST_THE_LIMIT;
    let (header_timeout, idle_timeout) = (options.header_timeout, options.idle_timeout);
    let limits = web::Data::new(Limits::new(&options));
    let metrics = web::Data::new(Metrics::new(&sequencer, &limits));
    let arrivals = Arrivals::new(&options, &limits);
    let options = web::Data::new(options);
    let room = web::Data::new(Room::default());
    let log = sequencer.log().clone();
    let closing = log.clone();

    // `log` is made outside of this closure: one for all workers, not one for each.
    let server = HttpServer::new(move || {
        App::new()
            .app_data(log.clone())
            .app_data(sequencer.clone())
            .app_data(options.clone())
            .app_data(room.clone())
            .app_data(limits.clone())
            .app_data(metrics.clone())
            .wrap_fn(guard::guard)
            .wrap(Condition::new(
                !options.allow_origin.is_empty(),
                guard::cors(&options.allow_origin),
            ))
            .wrap_fn(guard::headers)
            .wrap_fn(lab::meter::meter)
            .wrap_fn(metrics::count)
            .wrap(Condition::new(
                options.access_log,
                Logger::default().log_target("access"),
            ))
            .service(in_lab(at("/poll", READ, web::to(poll))))
            .service(in_lab(
                at("/longpoll", READ, web::to(longpoll)).wrap_fn(travel_light),
            ))
            .service(in_lab(at("/ws", GET, web::to(ws))))
            .service(in_lab(at("/messages", POST, web::to(publish))))
            .service(at("/lab", GET, web::to(lab::room::lab)))
            .service(at("/time", READ, web::to(time)))
            .service(at("/health", READ, web::to(health)))
            .service(at("/metrics", READ, web::to(metrics::metrics)))
            .default_service(web::to(page::file))
    })
    .workers(workers)
    .max_connections(connections_per_worker)
    .keep_alive(idle_timeout)
    .client_request_timeout(header_timeout)
    .client_disconnect_timeout(GOODBYE)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .shutdown_signal(async move {
        stop.await;
        closing.close();
    })
    // A held poll is dropped as soon as its client is gone, not when its wait ends.
    .h1_allow_half_closed(false)
    // Nagle's algorithm would hold back a small batch until the one before is acknowledged.
    .tcp_nodelay(true)
    .on_connect(move |io, connection| {
        if let Some(stream) = io.downcast_ref::<TcpStream>() {
            arrivals.welcome(stream, connection);
        }
    })
    .bind(listen)?;
    let address = server.addrs().first().copied().unwrap_or(listen);
    Ok((server.run(), address))
}

/// Lets go of the header fields of a request that will be held: actix makes room for sixteen of
/// them, 7 KB, and by then all that needs them, CORS included, has read them.
fn travel_light<S: Service<ServiceRequest>>(
    mut request: ServiceRequest,
    service: &S,
) -> S::Future {
    *request.headers_mut() = HeaderMap::new();
    service.call(request)
}

/// What a path may be asked by. Actix's own guards note in each request which methods there
/// are; here they are known before.
type Methods = &'static [Method];
const GET: Methods = &[Method::GET];
const POST: Methods = &[Method::POST];
pub(crate) const READ: Methods = &[Method::GET, Method::HEAD];

/// One path with one route; other methods are told which ones there are.
fn at(path: &str, methods: Methods, route: Route) -> Resource {
    let refuse = move || async move { Err::<HttpResponse, _>(Problem::method(methods)) };
    web::resource(path)
        .route(route.guard(fn_guard(|asked| methods.contains(&asked.head().method))))
        .default_service(web::to(refuse))
}

#[derive(Serialize)]
struct Time {
    at: f64,
}

/// `GET /time`: the server's clock, for estimating how far a client's is off.
async fn time() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Time { at: now() })
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    epoch: &'a str,
    oldest: Version,
    head: Version,
    waiters: usize,
    lab: bool,
    max_wait_ms: u64,
}

/// `GET /health`: what the log holds, how many readers wait for more, whether there is a lab,
/// and how long a poll may be held. The guard answers 503 instead once the log is closed.
async fn health(log: web::Data<MessageLog>, options: web::Data<Options>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Health {
            status: "ok",
            epoch: log.epoch(),
            oldest: log.oldest(),
            head: log.head(),
            waiters: log.waiting(),
            lab: !options.no_lab,
            max_wait_ms: options.max_poll_wait.as_millis() as u64,
        })
}
