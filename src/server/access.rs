//! Access: which hosts and origins are served, and the security header of every response.
//!
//! A page of another site can reach a server on localhost: WebSockets ignore the same-origin
//! policy, and a name can be pointed at this machine after its page was loaded (DNS rebinding).
//! So the server checks for itself which host a request names and which page sent it.

use std::future::ready;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use actix_cors::Cors;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue, IF_NONE_MATCH, ORIGIN,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, ResponseError};
use futures_util::{FutureExt, TryFutureExt};
use governor::clock::MonotonicClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::SOCKET_PATHS;
use super::authority::{Authority, Host, is_same_origin};
use super::config::AccessConfig;
use super::connection::LocalAddress;
use crate::http::{ApiError, app_state};
use crate::limits::{ConnectionGuard, LimitKind};

/// Maximum number of rejections of one status that are logged per second.
const MAX_LOGGED_REJECTIONS: NonZeroU32 = NonZeroU32::new(5).unwrap();

type KeyedRate<K> = RateLimiter<K, HashMapStateStore<K>, MonotonicClock, NoOpMiddleware>;

static NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Middleware that validates every request before it is handled.
pub(super) fn check_access<S, B>(
    config: &Arc<AccessConfig>,
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    match validate(config, &request) {
        Ok(()) => service
            .call(request)
            .map_ok(ServiceResponse::map_into_left_body)
            .left_future(),
        Err(error) => {
            log_rejection(&request, &error);
            let response = request.error_response(error).map_into_right_body();
            ready(Ok(response)).right_future()
        }
    }
}

/// Logs at most a few rejections per second of each status; `/metrics` counts all of them.
fn log_rejection(request: &ServiceRequest, error: &ApiError) {
    static RATE: LazyLock<KeyedRate<StatusCode>> = LazyLock::new(|| {
        RateLimiter::new(
            Quota::per_second(MAX_LOGGED_REJECTIONS),
            HashMapStateStore::default(),
            MonotonicClock,
        )
    });
    if RATE.check_key(&error.status_code()).is_ok() {
        log::warn!("rejected {} {}: {error}", request.method(), request.path());
    }
}

/// Checks the connection's limits, the header's size, Host everywhere, and Origin where it
/// matters.
fn validate(config: &AccessConfig, request: &ServiceRequest) -> Result<(), ApiError> {
    if let Some(connection) = request.conn_data::<Rc<ConnectionGuard>>() {
        connection.check_admitted()?;
    }
    if header_bytes(request) > config.max_header_bytes {
        let max = config.max_header_bytes;
        let title = format!(
            "Target and header fields may have at most {max} bytes (--max-header-bytes)"
        );
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(ApiError::new(status, title).with_limit(LimitKind::HeaderBytes));
    }
    let origin = header_text(request, ORIGIN)?;
    let checks_origin =
        request.method() == Method::POST || SOCKET_PATHS.contains(&request.path());
    match authority(request)? {
        Some(host) => {
            check_host(config, request, host)?;
            if checks_origin && let Some(origin) = origin {
                check_origin(config, host, origin)?;
            }
        }
        // A load balancer may check without `Host`: in HTTP/1.0, HAProxy with `OPTIONS /`.
        None if request.path() == "/health" || request.method() == Method::OPTIONS => {}
        None => return Err(host_not_allowed()),
    }
    if app_state(request.request())?.log().is_closed() {
        return Err(ApiError::unavailable("The server is shutting down"));
    }
    Ok(())
}

/// Returns the size of a request's target and header fields (RFC 6585 §5 allows to limit it).
fn header_bytes(request: &ServiceRequest) -> usize {
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let query = request.query_string().len();
    request.path().len() + query + fields.sum::<usize>()
}

fn header_text(
    request: &ServiceRequest,
    name: HeaderName,
) -> Result<Option<&str>, ApiError> {
    let value = request.headers().get(&name).map(|value| value.to_str());
    value
        .transpose()
        .map_err(|_| ApiError::bad_request(format!("`{name}` is not ASCII")))
}

/// Returns the authority that a request is addressed to: the target's in absolute form (RFC 9112
/// §3.2.2), otherwise `Host`.
fn authority(request: &ServiceRequest) -> Result<Option<Authority<'_>>, ApiError> {
    let text = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => header_text(request, HOST)?.unwrap_or_default(),
    };
    match text {
        "" => Ok(None),
        text => Authority::parse(text)
            .ok_or_else(host_not_allowed)
            .map(Some),
    }
}

fn check_host(
    config: &AccessConfig,
    request: &ServiceRequest,
    Authority { host, .. }: Authority,
) -> Result<(), ApiError> {
    let local = request.conn_data::<LocalAddress>();
    let is_local = local.is_some_and(|local| host == Host::Address(local.0));
    let is_allowed = |allowed: &String| match allowed.parse() {
        Ok(address) => host == Host::Address(address),
        Err(_) => host == Host::Name(allowed),
    };
    match host.is_loopback() || is_local || config.allow_host.iter().any(is_allowed) {
        true => Ok(()),
        false => Err(host_not_allowed()),
    }
}

fn host_not_allowed() -> ApiError {
    let title = "Host not allowed; add it with --allow-host";
    ApiError::new(StatusCode::MISDIRECTED_REQUEST, title)
}

fn check_origin(
    config: &AccessConfig,
    host: Authority,
    origin: &str,
) -> Result<(), ApiError> {
    let sent = Authority::parse_origin(origin);
    let is_allowed = |allowed: &String| {
        sent.is_some()
            && Authority::parse_origin(allowed) == sent
            && allowed.split_once("://").map(|(scheme, _)| scheme)
                == origin.split_once("://").map(|(scheme, _)| scheme)
    };
    if is_same_origin(origin, host) || config.allow_origin.iter().any(is_allowed) {
        return Ok(());
    }
    let title = "Origin not allowed; add it with --allow-origin";
    Err(ApiError::new(StatusCode::FORBIDDEN, title))
}

/// Middleware that adds the security header of every response; the page's files set their own,
/// which only documents need. Not `DefaultHeaders`, which copies name and value each time.
pub(super) fn security_headers<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    service.call(request).map_ok(|mut response| {
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF.clone());
        response
    })
}

/// Allows pages of these origins to read responses (the CORS protocol of the Fetch standard).
pub(super) fn cors(allowed: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST"])
        .allowed_headers([CONTENT_TYPE, IF_NONE_MATCH])
        .expose_headers([ETAG, RETRY_AFTER])
        .max_age(3600);
    allowed
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
