//! The guard: refuses what was not meant for this server, and tells each browser what it may
//! do with an answer.
//!
//! A page from elsewhere can reach a server on localhost: WebSockets ignore the same-origin
//! policy, and a name can be made to point here after its page was loaded (DNS rebinding). So
//! the server checks for itself whom a request is addressed to and whose page sent it.

use std::future::ready;
use std::net::IpAddr;

use actix_cors::Cors;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue,
    IF_NONE_MATCH, ORIGIN, PERMISSIONS_POLICY, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, web};
use futures_util::{FutureExt, TryFutureExt};

use crate::Options;
use crate::limits::{Connection, Limit};
use crate::message_log::MessageLog;
use crate::problem::Problem;

/// The policy of what is no page.
static NOTHING: HeaderValue =
    HeaderValue::from_static("default-src 'none';frame-ancestors 'none'");

/// No page from here needs any of these (the W3C's Permissions Policy, §5.1).
static NO_DEVICES: HeaderValue =
    HeaderValue::from_static("camera=(),geolocation=(),microphone=()");

static NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
static NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");

/// The address of this server that a connection came in on.
pub struct OwnAddress(pub IpAddr);

/// Checks Host everywhere, and Origin where it matters; turns new requests away once the log
/// is closed.
pub fn guard<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    match check(&request) {
        Ok(()) => service
            .call(request)
            .map_ok(ServiceResponse::map_into_left_body)
            .left_future(),
        Err(problem) => {
            log::warn!("refused {} {}: {problem}", request.method(), request.path());
            let refusal = request.error_response(problem).map_into_right_body();
            ready(Ok(refusal)).right_future()
        }
    }
}

fn check(request: &ServiceRequest) -> Result<(), Problem> {
    let (Some(options), Some(log)) = (
        request.app_data::<web::Data<Options>>(),
        request.app_data::<web::Data<MessageLog>>(),
    ) else {
        return Err(Problem::unavailable("The server is not ready"));
    };
    if let Some(connection) = request.conn_data::<Connection>() {
        connection.admit()?;
    }
    if head_bytes(request) > options.max_header_bytes {
        let title = format!(
            "A header may have at most {} bytes",
            options.max_header_bytes
        );
        return Err(
            Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, title)
                .past(Limit::HeaderBytes),
        );
    }
    let host = text(request, HOST)?.unwrap_or_default();
    let own = request.conn_data::<OwnAddress>().map(|own| own.0);
    if !is_own_host(host, own) && !contains(&options.allow_host, name_of(host)) {
        let title = "This host is not served here; --allow-host adds one";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, title));
    }
    if (request.method() == Method::POST || matches!(request.path(), "/ws" | "/lab"))
        && let Some(origin) = text(request, ORIGIN)?
        && !is_same_origin(origin, host)
        && !contains(&options.allow_origin, origin)
    {
        let title = "This origin may not publish or listen; --allow-origin adds one";
        return Err(Problem::new(StatusCode::FORBIDDEN, title));
    }
    if log.is_closed() {
        return Err(Problem::unavailable("The server is shutting down"));
    }
    Ok(())
}

/// What a request's target and header fields take (RFC 6585 §5 lets a server refuse them).
fn head_bytes(request: &ServiceRequest) -> usize {
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + 4);
    let query = request.query_string().len();
    request.path().len() + query + fields.sum::<usize>()
}

fn text(request: &ServiceRequest, name: HeaderName) -> Result<Option<&str>, Problem> {
    let value = request.headers().get(&name).map(|value| value.to_str());
    value
        .transpose()
        .map_err(|_| Problem::bad_request(format!("`{name}` is not text")))
}

fn contains(allowed: &[String], value: &str) -> bool {
    allowed.iter().any(|own| own.eq_ignore_ascii_case(value))
}

/// A Host without its port: the port is not what rebinding changes.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn is_own_host(host: &str, own: Option<IpAddr>) -> bool {
    let name = name_of(host);
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || Some(address) == own,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether a page of this origin came from this server. The scheme is left out: a proxy in
/// front may speak TLS.
fn is_same_origin(origin: &str, host: &str) -> bool {
    let authority = origin
        .strip_prefix("http://")
        .or(origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

/// What every answer tells the browser: do not guess types, and if this should be shown as a
/// page, load nothing, in no frame, with no device, and tell nobody. The page's files say for
/// themselves what they load.
pub fn headers<S, B>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    service.call(request).map_ok(|mut answer| {
        let headers = answer.headers_mut();
        if !headers.contains_key(CONTENT_SECURITY_POLICY) {
            headers.append(CONTENT_SECURITY_POLICY, NOTHING.clone());
        }
        headers.append(X_CONTENT_TYPE_OPTIONS, NOSNIFF.clone());
        headers.append(REFERRER_POLICY, NO_REFERRER.clone());
        headers.append(PERMISSIONS_POLICY, NO_DEVICES.clone());
        answer
    })
}

/// Lets the pages of allowed origins read the answers (the Fetch standard's CORS protocol).
pub fn cors(allowed: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST"])
        .allowed_headers([CONTENT_TYPE, IF_NONE_MATCH])
        .expose_headers([ETAG, RETRY_AFTER])
        .max_age(3600);
    allowed
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
