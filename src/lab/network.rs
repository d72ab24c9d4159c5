//! The simulated network: real traffic, delayed. Only the server adds time; the bytes are
//! unchanged.

use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::Payload;
use actix_web::body::{BodySize, BodyStream, BoxBody, MessageBody};
use actix_web::dev::{
    HttpServiceFactory, Service, ServiceFactory, ServiceRequest, ServiceResponse,
    Transform, forward_ready,
};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage, HttpResponse, Resource};
use async_stream::stream;
use bytes::Bytes;
use futures_util::future::{Either, LocalBoxFuture};
use futures_util::{FutureExt, Stream};
use tokio::time::{Instant, sleep};

use super::conditions::{Direction, Fault, NetworkConditions};
use super::link::MAX_DELAY_MS;
use crate::http::ApiError;

/// Puts an endpoint behind the simulated network.
pub fn with_network<T>(endpoint: Resource<T>) -> impl HttpServiceFactory
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse,
            Error = Error,
            InitError = (),
        > + 'static,
{
    endpoint.wrap(Network)
}

/// The middleware that delays a request on its way in and its response on its way out. It
/// responds with 400 to invalid parameters, and to all of them if the lab is disabled.
struct Network;

impl<S> Transform<S, ServiceRequest> for Network
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type InitError = ();
    type Transform = NetworkService<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let service = Rc::new(service);
        ready(Ok(NetworkService { service }))
    }
}

/// A service behind the simulated network.
struct NetworkService<S> {
    service: Rc<S>,
}

impl<S> Service<ServiceRequest> for NetworkService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error> + 'static,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future =
        Either<S::Future, LocalBoxFuture<'static, Result<ServiceResponse, Error>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match NetworkConditions::from_request(&request) {
            Ok(None) => self.service.call(request).left_future(),
            // Boxed, so that the future of a request without conditions stays small: there may
            // be thousands of long polls.
            Ok(Some(conditions)) => apply(conditions, request, self.service.clone())
                .boxed_local()
                .right_future(),
            Err(error) => {
                let response = request.error_response(error);
                ready(Ok(response)).boxed_local().right_future()
            }
        }
    }
}

/// Handles a request under these conditions.
async fn apply<S>(
    conditions: NetworkConditions,
    mut request: ServiceRequest,
    service: Rc<S>,
) -> Result<ServiceResponse, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    let mut up = conditions.delay_line(Direction::Up);
    up.delay_once().await;
    if let Some(fault) = conditions.fault {
        return inject(fault, request, service).await;
    }
    if request.path() == "/ws" && up.is_active() {
        let payload = request.take_payload();
        let size = |chunk: &Result<Bytes, _>| chunk.as_ref().map_or(0, Bytes::len);
        let delayed = up.delay(payload, None, size);
        request.set_payload(Payload::Stream {
            payload: Box::pin(delayed),
        });
    }

    let mut response = service.call(request).await?;

    // The content is fixed by now. A delay before that would only make a fresh response late,
    // and hide that responses overtake each other.
    let fixed_at = Instant::now();
    let frames = conditions.delay_line(Direction::Frames);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && frames.is_active() {
        response = response.map_body(|_, body| {
            let size = |frame: &Result<Bytes, _>| frame.as_ref().map_or(0, Bytes::len);
            BodyStream::new(frames.delay(chunks(body), Some(fixed_at), size)).boxed()
        });
    }
    conditions.delay_line(Direction::Down).delay_once().await;
    Ok(response)
}

async fn inject<S>(
    fault: Fault,
    request: ServiceRequest,
    service: Rc<S>,
) -> Result<ServiceResponse, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    match fault {
        Fault::Hang => {
            sleep(Duration::from_millis(MAX_DELAY_MS)).await;
            Ok(request.into_response(abort_response()))
        }
        Fault::Reset => Ok(request.into_response(abort_response())),
        Fault::LostReply => {
            let response = service.call(request).await?;
            Ok(response.into_response(abort_response()))
        }
        Fault::Unavailable => {
            let error = ApiError::unavailable("The simulated network responds with 503");
            Ok(request.error_response(error))
        }
    }
}

fn chunks(body: BoxBody) -> impl Stream<Item = Result<Bytes, Error>> {
    stream! {
        let mut body = pin!(body);
        while let Some(chunk) = poll_fn(|context| body.as_mut().poll_next(context)).await {
            yield chunk.map_err(actix_web::error::ErrorInternalServerError);
        }
    }
}

/// Returns a response that is never sent: its body fails before its first byte, and actix then
/// drops the connection with everything that was not written.
fn abort_response() -> HttpResponse {
    HttpResponse::Ok().body(AbortedBody)
}

struct AbortedBody;

impl MessageBody for AbortedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err("aborted by the simulated network".into())))
    }
}
