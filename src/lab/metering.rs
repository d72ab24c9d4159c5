//! Metering: the bytes of each pane's traffic, headers and framing included. A page cannot see
//! header bytes; the server can.
//!
//! Heads are counted as they appear on the wire: a request's from its parsed parts, with one
//! space after each colon, as all browsers send them; a response's as actix-http encodes it.

use std::pin::Pin;
use std::sync::Arc;
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

use super::meter::{InFlightGuard, Meter};
use super::request::{client_and_pane, is_disabled};
use crate::http::Query;

/// `date: Sun, 06 Nov 1994 08:49:37 GMT`, which actix-http adds to every response.
const DATE_LINE: usize = 37;

/// The metered paths: the transports and publishing, not the files of the page.
const METERED_PATHS: [&str; 4] = ["/poll", "/longpoll", "/ws", "/messages"];

/// Middleware that counts a request and its response for their pane, if they name one. It
/// rejects nothing: an invalid name is rejected by the inner middleware, like every other parameter.
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
        // Boxed, so that the future of a request that is not metered stays small: there may be
        // thousands of long polls.
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
    let info = RequestInfo::new(request.head());
    let target_bytes = request.uri().to_string().len();
    let head_bytes = request_head_bytes(request.head(), target_bytes);
    let guard = meter.record_request(head_bytes);
    let counting = meter.clone();
    let payload = request.take_payload().inspect(move |chunk| {
        counting.record_upload(chunk.as_ref().map_or(0, Bytes::len));
    });
    request.set_payload(Payload::Stream {
        payload: Box::pin(payload),
    });

    let metered = move |head: &mut ResponseHead, body: B| {
        let size = body.size();
        let is_socket = head.status == StatusCode::SWITCHING_PROTOCOLS;
        let mut counted = CountedBody {
            body: body.boxed(),
            head_bytes: response_head_bytes(head, size, &info),
            is_socket,
            is_sent: !info.is_head,
            meter,
            _in_flight: guard,
        };
        if is_socket || matches!(size, BodySize::None | BodySize::Sized(0)) {
            counted.count_head(); // actix writes it now, whatever the body does
        }
        counted.boxed()
    };
    service
        .call(request)
        .map_ok(|response| response.map_body(metered))
}

/// Returns the meter of the pane that a request belongs to.
fn meter_of(request: &ServiceRequest) -> Option<Arc<Meter>> {
    if is_disabled(request.request()) || !METERED_PATHS.contains(&request.path()) {
        return None;
    }
    let query = Query::parse(request.request());
    let (client, pane) = client_and_pane(request.request(), &query).ok()??;
    client.meter(&pane)
}

/// What determines how the response to a request is encoded.
struct RequestInfo {
    connection: ConnectionType,
    is_http_11: bool,
    is_head: bool,
}

impl RequestInfo {
    fn new(head: &RequestHead) -> Self {
        Self {
            connection: head.connection_type(),
            is_http_11: head.version >= Version::HTTP_11,
            is_head: head.method == Method::HEAD,
        }
    }
}

fn request_head_bytes(head: &RequestHead, target: usize) -> usize {
    // "GET /poll?since=0 HTTP/1.1\r\n", the header fields, and an empty line.
    head.method.as_str().len()
        + 1
        + target
        + " HTTP/1.1\r\n".len()
        + header_bytes(&head.headers)
        + 2
}

fn response_head_bytes(
    head: &ResponseHead,
    size: BodySize,
    request: &RequestInfo,
) -> usize {
    use ConnectionType::{Close, KeepAlive, Upgrade};
    let status_line = "HTTP/1.1 200 \r\n".len() + head.reason().len();
    let length = match (head.status, size) {
        (StatusCode::SWITCHING_PROTOCOLS | StatusCode::NOT_MODIFIED, _) => 0,
        (_, BodySize::Sized(size)) => format!("content-length: {size}\r\n").len(),
        (_, BodySize::Stream) => "transfer-encoding: chunked\r\n".len(),
        (_, BodySize::None) => 0,
    };
    let upgrades = head.headers.contains_key(UPGRADE);
    let connection = match (request.connection, head.status) {
        (Upgrade, status) if status != StatusCode::SWITCHING_PROTOCOLS => Close,
        (connection, _) => connection,
    };
    let connection = match (connection, upgrades, request.is_http_11) {
        (Close, true, true) => "connection: close, upgrade\r\n",
        (KeepAlive, true, false) => "connection: keep-alive, upgrade\r\n",
        (Upgrade, _, _) | (_, true, _) => "connection: upgrade\r\n",
        (Close, false, true) => "connection: close\r\n",
        (KeepAlive, false, false) => "connection: keep-alive\r\n",
        (Close, false, false) | (KeepAlive, false, true) => "",
    };
    status_line + length + connection.len() + header_bytes(&head.headers) + DATE_LINE + 2
}

/// Returns the size of header fields: `name: value` and a line break each.
fn header_bytes(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + 2 + value.len() + 2)
        .sum()
}

/// A body that is counted as it is written.
struct CountedBody {
    body: BoxBody,
    head_bytes: usize,
    is_socket: bool,
    is_sent: bool, // not for HEAD
    meter: Arc<Meter>,
    _in_flight: InFlightGuard,
}

impl CountedBody {
    /// Counts the head, once.
    fn count_head(&mut self) {
        if self.head_bytes > 0 {
            self.meter.record_download(self.head_bytes);
            self.head_bytes = 0;
            if !self.is_socket {
                self.meter.record_response();
            }
        }
    }

    fn count(&mut self, chunk: &Bytes) {
        self.count_head();
        if !self.is_sent {
            return;
        }
        self.meter.record_download(chunk.len());
        if self.is_socket {
            self.meter.record_response();
        }
        if chunk.ends_with(br#""messages":[]}"#) {
            self.meter.record_empty_batch();
        }
    }
}

impl MessageBody for CountedBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let chunk = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &chunk {
            self.count(chunk);
        }
        chunk
    }
}
