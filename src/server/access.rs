//! Access: which hosts and origins are served, and the security headers of every response.
//!
//! A page of another site can reach a server on localhost: WebSockets ignore the same-origin
//! policy, and a name can be pointed at this machine after its page was loaded (DNS rebinding).
//! So the server checks for itself which host a request names and which page sent it.

use std::future::ready;
use std::net::IpAddr;
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue,
    IF_NONE_MATCH, ORIGIN, PERMISSIONS_POLICY, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use futures_util::{FutureExt, TryFutureExt};

use super::config::AccessConfig;
use super::connection::LocalAddress;
use crate::http::{ApiError, app_state};
use crate::limits::{ConnectionGuard, LimitKind};

static DEFAULT_CSP: HeaderValue =
    HeaderValue::from_static("default-src 'none';frame-ancestors 'none'");

/// No page of this server needs any of these (W3C Permissions Policy, §5.1).
static PERMISSIONS_POLICY_VALUE: HeaderValue =
    HeaderValue::from_static("camera=(),geolocation=(),microphone=()");

static NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
static NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

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
            log::warn!("rejected {} {}: {error}", request.method(), request.path());
            let response = request.error_response(error).map_into_right_body();
            ready(Ok(response)).right_future()
        }
    }
}

/// Checks the connection's limits, the header's size, Host everywhere, and Origin where it
/// matters.
fn validate(config: &AccessConfig, request: &ServiceRequest) -> Result<(), ApiError> {
    if let Some(connection) = request.conn_data::<ConnectionGuard>() {
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
    let host = header_text(request, HOST)?.unwrap_or_default();
    let local = request.conn_data::<LocalAddress>().map(|local| local.0);
    let name = host_without_port(host);
    if !is_local_host(name, local) && !is_allowed(&config.allow_host, name) {
        let title = "Host not allowed; add it with --allow-host";
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, title));
    }
    if (request.method() == Method::POST || matches!(request.path(), "/ws" | "/lab"))
        && let Some(origin) = header_text(request, ORIGIN)?
        && !is_same_origin(origin, host)
        && !is_allowed(&config.allow_origin, origin)
    {
        let title = "Origin not allowed; add it with --allow-origin";
        return Err(ApiError::new(StatusCode::FORBIDDEN, title));
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

fn is_allowed(allowed: &[String], value: &str) -> bool {
    allowed
        .iter()
        .any(|entry| entry.eq_ignore_ascii_case(value))
}

/// Returns a Host without its port: rebinding does not change the port.
fn host_without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn is_local_host(name: &str, local: Option<IpAddr>) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || Some(address) == local,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Returns whether a page of this origin came from this server. The scheme is ignored, because a
/// proxy in front may terminate TLS.
fn is_same_origin(origin: &str, host: &str) -> bool {
    let authority = origin
        .strip_prefix("http://")
        .or(origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// Middleware that adds the default security headers: nosniff, no referrer, an empty CSP and a
/// permissions policy. The page's files set a CSP of their own. Not `DefaultHeaders`, which
/// copies the header names and values for each response.
pub(super) fn security_headers<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    service.call(request).map_ok(|mut response| {
        let headers = response.headers_mut();
        if !headers.contains_key(CONTENT_SECURITY_POLICY) {
            headers.append(CONTENT_SECURITY_POLICY, DEFAULT_CSP.clone());
        }
        headers.append(X_CONTENT_TYPE_OPTIONS, NOSNIFF.clone());
        headers.append(REFERRER_POLICY, NO_REFERRER.clone());
        headers.append(PERMISSIONS_POLICY, PERMISSIONS_POLICY_VALUE.clone());
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
