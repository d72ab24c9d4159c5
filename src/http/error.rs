//! Errors: problem+json over HTTP (RFC 9457) and an `error` or `gap` message on a WebSocket.
//!
//! A title names what is wrong and what is allowed. It never repeats input.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_http::ws::HandshakeError;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::journal::{PublishError, Unavailable};
use crate::limits::{LimitExceeded, LimitKind};
use crate::log::{Gap, to_json};

/// Shortest time to wait before a retry, and the default.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);

/// An error response.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    title: Cow<'static, str>,
    gap: Option<Gap>,
    allow: Option<&'static [Method]>,
    limit: Option<LimitKind>,
    is_encoding: bool,
    retry_after: Duration,
}

/// The fields that every form of an error has; `type` tells the forms apart.
#[derive(Serialize)]
struct ErrorFields<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    #[serde(flatten)]
    gap: Option<&'a Gap>,
}

impl ApiError {
    /// Creates an error with a status (4xx or 5xx) and a title.
    pub fn new(status: StatusCode, title: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            title: title.into(),
            gap: None,
            allow: None,
            limit: None,
            is_encoding: false,
            retry_after: MIN_RETRY_AFTER,
        }
    }

    /// 400: something that was sent does not parse or is out of range.
    pub fn bad_request(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, title)
    }

    /// 405, with the methods that are allowed.
    pub fn method_not_allowed(allow: &'static [Method]) -> Self {
        let title = format!("Method not allowed; allowed: {}", allow_list(allow));
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, title)
        }
    }

    /// 413: a message of more than `max` bytes.
    pub fn too_large(max: usize) -> Self {
        let title = format!("A message may have at most {max} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, title)
            .with_limit(LimitKind::MessageBytes)
    }

    /// 415: a content coding. The response says that none is accepted (RFC 9110 §15.5.16).
    pub fn unsupported_encoding(title: impl Into<Cow<'static, str>>) -> Self {
        Self {
            is_encoding: true,
            ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, title)
        }
    }

    /// 503: not at the moment. The response says when to try again.
    pub fn unavailable(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, title)
    }

    /// Marks the error as caused by a limit, for metrics.
    pub fn with_limit(self, kind: LimitKind) -> Self {
        let limit = Some(kind);
        Self { limit, ..self }
    }

    /// Returns the limit that was exceeded.
    pub fn limit(&self) -> Option<LimitKind> {
        self.limit
    }

    /// Returns the gap that the error reports.
    pub fn gap(&self) -> Option<&Gap> {
        self.gap.as_ref()
    }

    /// Returns the status of the HTTP response.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the error as a message on a WebSocket: a `gap`, or else an `error`.
    pub fn to_message(&self) -> String {
        self.to_json(if self.gap.is_some() { "gap" } else { "error" })
    }

    fn to_json(&self, r#type: &'static str) -> String {
        let Self {
            status, title, gap, ..
        } = self;
        to_json(&ErrorFields {
            r#type,
            title,
            status: status.as_u16(),
            gap: gap.as_ref(),
        })
    }
}

/// Formats methods as in `Allow` (RFC 9110 §10.2.1).
fn allow_list(methods: &[Method]) -> String {
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    names.join(", ")
}

impl From<Gap> for ApiError {
    fn from(gap: Gap) -> Self {
        let title = "The log cannot continue from this cursor";
        Self {
            gap: Some(gap),
            ..Self::new(StatusCode::GONE, title)
        }
    }
}

impl From<PublishError> for ApiError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::ShuttingDown => {
                Self::unavailable("The server is shutting down")
            }
            PublishError::QueueFull => {
                Self::unavailable("Too many messages are waiting to be written")
                    .with_limit(LimitKind::JournalQueue)
            }
            PublishError::StorageFailed => {
                Self::unavailable("The message could not be written; it is not published")
            }
            PublishError::Unconfirmed => Self::unavailable(
                "The message may be published or not; send it again with the same `id`",
            ),
        }
    }
}

impl From<Unavailable> for ApiError {
    fn from(_: Unavailable) -> Self {
        Self::unavailable("This server does not have all messages up to this cursor yet")
    }
}

impl From<LimitExceeded> for ApiError {
    fn from(LimitExceeded { kind, retry_after }: LimitExceeded) -> Self {
        let title = match kind {
            LimitKind::Connections => {
                "Too many connections; --max-connections sets the limit"
            }
            LimitKind::ConnectionsPerAddress => {
                "Too many connections from this address; \
                 --max-connections-per-address sets the limit"
            }
            LimitKind::LongPolls => {
                "Too many long polls in flight; --max-long-polls sets the limit"
            }
            LimitKind::PublishRate => {
                "This address publishes too fast; --publish-rate sets the limit"
            }
            LimitKind::LabClients => "Too many lab clients",
            _ => "A limit was exceeded",
        };
        let status = match kind {
            LimitKind::PublishRate => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let wait = retry_after.unwrap_or_default().as_secs_f64().ceil() as u64;
        Self {
            retry_after: MIN_RETRY_AFTER.max(Duration::from_secs(wait)),
            ..Self::new(status, title).with_limit(kind)
        }
    }
}

impl From<HandshakeError> for ApiError {
    fn from(error: HandshakeError) -> Self {
        use HandshakeError::{
            NoConnectionUpgrade, NoWebsocketUpgrade, UnsupportedVersion,
        };
        let status = match error {
            NoConnectionUpgrade | NoWebsocketUpgrade | UnsupportedVersion => {
                StatusCode::UPGRADE_REQUIRED
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, "Not an opening handshake for WebSocket version 13")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status.as_u16(), self.title)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                let seconds = self.retry_after.as_secs();
                response.insert_header((header::RETRY_AFTER, seconds));
            }
            // RFC 9110 §15.5.22: a 426 names the protocol; RFC 6455 §4.4: and its version.
            StatusCode::UPGRADE_REQUIRED => {
                response.insert_header((header::UPGRADE, "websocket"));
                response.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
            }
            _ => {}
        }
        if let Some(LimitKind::Connections | LimitKind::ConnectionsPerAddress) =
            self.limit
        {
            response.force_close();
        }
        if self.is_encoding {
            response.insert_header((header::ACCEPT_ENCODING, "identity"));
        }
        if let Some(methods) = self.allow {
            response.insert_header((header::ALLOW, allow_list(methods)));
        }
        response.body(self.to_json("about:blank"))
    }
}
