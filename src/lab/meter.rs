//! The meter: what each pane's traffic costs, to the byte, headers and frames included. A page
//! cannot see header bytes; the server can.
//!
//! Heads are counted as they are written on the wire: a request's from its parsed parts, with
//! one space after each colon, as all browsers send them; an answer's as actix-http encodes it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use actix_http::{ConnectionType, Payload};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{
    RequestHead, ResponseHead, Service, ServiceRequest, ServiceResponse,
};
use actix_web::http::header::{HeaderMap, UPGRADE};
use actix_web::http::{Method, StatusCode, Version};
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryFutureExt};
use serde::Serialize;

use super::{is_off, owner};
use crate::cursor::Query;

/// `date: Sun, 06 Nov 1994 08:49:37 GMT`, which actix-http adds to every answer.
const DATE_LINE: usize = 37;

/// What one pane has cost so far.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    answers: AtomicU64,
    empty: AtomicU64,
    in_flight: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
}

/// A meter's reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Requests and opening handshakes.
    pub requests: u64,
    /// Responses; on a socket, chunks sent.
    pub responses: u64,
    /// Batches without a message.
    pub empty: u64,
    /// Requests that are not answered yet, and sockets that are open.
    pub in_flight: u64,
    /// Bytes from the client.
    pub upload_bytes: u64,
    /// Bytes to the client.
    pub download_bytes: u64,
}

impl Meter {
    /// What it reads now.
    pub fn read(&self) -> Reading {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reading {
            requests: read(&self.requests),
            responses: read(&self.answers),
            empty: read(&self.empty),
            in_flight: read(&self.in_flight),
            upload_bytes: read(&self.up),
            download_bytes: read(&self.down),
        }
    }
}

fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}

/// What is metered: the transports, and not the files of the page.
const METERED: [&str; 4] = ["/poll", "/longpoll", "/ws", "/messages"];

/// Counts a request and its answer for the pane that they belong to, if any. It refuses
/// nothing: a name that is none is refused further in, like every other parameter.
///
/// # Errors
/// None of its own.
pub fn meter<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    match meter_of(&request) {
        None => service
            .call(request)
            .map_ok(ServiceResponse::map_into_boxed_body)
            .left_future(),
        // In a box, so that a request that is not counted, and may be held, stays small.
        Some(meter) => count(meter, request, service).boxed_local().right_future(),
    }
}

fn count<S, B>(
    meter: Arc<Meter>,
    mut request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    let asked = Asked::of(request.head());
    add(&meter.requests, 1);
    add(
        &meter.up,
        request_head_bytes(request.head(), request.uri().to_string().len()),
    );
    let flight = Flight::start(&meter);
    let counting = meter.clone();
    let payload = request.take_payload().inspect(move |piece| {
        add(&counting.up, piece.as_ref().map_or(0, Bytes::len));
    });
    request.set_payload(Payload::Stream {
        payload: Box::pin(payload),
    });

    let metered = move |head: &mut ResponseHead, body: B| {
        let size = body.size();
        let is_socket = head.status == StatusCode::SWITCHING_PROTOCOLS;
        let mut counted = Counted {
            body: body.boxed(),
            head_bytes: answer_head_bytes(head, size, &asked),
            is_socket,
            is_sent: !asked.is_head,
            meter,
            _flight: flight,
        };
        if is_socket || matches!(size, BodySize::None | BodySize::Sized(0)) {
            counted.count_head(); // it is written now, whatever the body does
        }
        counted.boxed()
    };
    service
        .call(request)
        .map_ok(|answer| answer.map_body(metered))
}

/// The meter of the pane that a request belongs to.
fn meter_of(request: &ServiceRequest) -> Option<Arc<Meter>> {
    if is_off(request.request()) || !METERED.contains(&request.path()) {
        return None;
    }
    let query = Query::of(request.request());
    let (member, pane) = owner(request.request(), &query).ok()??;
    member.meter(&pane)
}

/// What of a request decides how its answer is written.
struct Asked {
    connection: ConnectionType,
    is_http_11: bool,
    is_head: bool,
}

impl Asked {
    fn of(head: &RequestHead) -> Self {
        Self {
            connection: head.connection_type(),
            is_http_11: head.version >= Version::HTTP_11,
            is_head: head.method == Method::HEAD,
        }
    }
}

/// One request that is not answered yet.
struct Flight(Arc<Meter>);

impl Flight {
    fn start(meter: &Arc<Meter>) -> Self {
        add(&meter.in_flight, 1);
        Self(meter.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn request_head_bytes(head: &RequestHead, target: usize) -> usize {
    // "GET /poll?since=0 HTTP/1.1\r\n", the fields, and an empty line.
    head.method.as_str().len()
        + 1
        + target
        + " HTTP/1.1\r\n".len()
        + fields(&head.headers)
        + 2
}

fn answer_head_bytes(head: &ResponseHead, size: BodySize, asked: &Asked) -> usize {
    use ConnectionType::{Close, KeepAlive, Upgrade};
    let status_line = "HTTP/1.1 200 \r\n".len() + head.reason().len();
    let length = match (head.status, size) {
        (StatusCode::SWITCHING_PROTOCOLS | StatusCode::NOT_MODIFIED, _) => 0,
        (_, BodySize::Sized(size)) => format!("content-length: {size}\r\n").len(),
        (_, BodySize::Stream) => "transfer-encoding: chunked\r\n".len(),
        (_, BodySize::None) => 0,
    };
    let upgrades = head.headers.contains_key(UPGRADE);
    let connection = match (asked.connection, upgrades, asked.is_http_11) {
        (Close, true, true) => "connection: close, upgrade\r\n",
        (KeepAlive, true, false) => "connection: keep-alive, upgrade\r\n",
        (Upgrade, _, _) | (_, true, _) => "connection: upgrade\r\n",
        (Close, false, true) => "connection: close\r\n",
        (KeepAlive, false, false) => "connection: keep-alive\r\n",
        (Close, false, false) | (KeepAlive, false, true) => "",
    };
    status_line + length + connection.len() + fields(&head.headers) + DATE_LINE + 2
}

/// The header fields, `name: value` and the end of the line each.
fn fields(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + 2 + value.len() + 2)
        .sum()
}

/// A body that is counted as it is written.
struct Counted {
    body: BoxBody,
    head_bytes: usize,
    is_socket: bool,
    is_sent: bool, // a HEAD's is not
    meter: Arc<Meter>,
    _flight: Flight,
}

impl Counted {
    /// Counts the head, once.
    fn count_head(&mut self) {
        if self.head_bytes > 0 {
            add(&self.meter.down, self.head_bytes);
            self.head_bytes = 0;
            if !self.is_socket {
                add(&self.meter.answers, 1);
            }
        }
    }

    fn count(&mut self, piece: &Bytes) {
        self.count_head();
        if !self.is_sent {
            return;
        }
        add(&self.meter.down, piece.len());
        if self.is_socket {
            add(&self.meter.answers, 1);
        }
        if piece.ends_with(br#""messages":[]}"#) {
            add(&self.meter.empty, 1);
        }
    }
}

impl MessageBody for Counted {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let piece = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(piece))) = &piece {
            self.count(piece);
        }
        piece
    }
}
