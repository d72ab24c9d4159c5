//! Problems: every refusal, as problem+json over HTTP (RFC 9457) and as an `error` message on
//! a WebSocket. A title names what is wrong and what is allowed; it never repeats input.

use std::borrow::Cow;
use std::fmt;

use actix_http::ws::HandshakeError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::message_log::{Gap, encode};
use crate::sequencer::Refused;

/// What a client may wait before it tries again, in seconds.
const RETRY_AFTER_SECONDS: &str = "1";

/// A refusal.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    title: Cow<'static, str>,
    gap: Option<Gap>,
    allow: Option<&'static str>,
}

/// The members that all forms of a problem share; `type` tells the forms apart.
#[derive(Serialize)]
struct Members<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    #[serde(flatten)]
    gap: Option<&'a Gap>,
}

impl Problem {
    /// A refusal with this status (4xx or 5xx) and title.
    pub fn new(status: StatusCode, title: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            title: title.into(),
            gap: None,
            allow: None,
        }
    }

    /// 400: something that was sent does not parse, or is out of its range.
    pub fn bad_request(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, title)
    }

    /// 405, with the methods that are allowed.
    pub fn method(allow: &'static str) -> Self {
        let title = format!("The method is not allowed here; allowed: {allow}");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, title)
        }
    }

    /// 413: a body of more than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let title = format!("A message may have at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, title)
    }

    /// 503: not now; the answer says when to try again.
    pub fn unavailable(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, title)
    }

    /// The status that the HTTP answer has.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The problem as a message on a WebSocket: a `gap`, or else an `error`.
    pub fn to_message(&self) -> String {
        self.members(if self.gap.is_some() { "gap" } else { "error" })
    }

    fn members(&self, r#type: &'static str) -> String {
        let Self {
            status, title, gap, ..
        } = self;
        encode(&Members {
            r#type,
            title,
            status: status.as_u16(),
            gap: gap.as_ref(),
        })
    }
}

impl From<Gap> for Problem {
    fn from(gap: Gap) -> Self {
        let title = "The log cannot continue from this cursor";
        Self {
            gap: Some(gap),
            ..Self::new(StatusCode::GONE, title)
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        Self::unavailable(match refused {
            Refused::Closed => "The server is shutting down",
            Refused::Busy => "Too many messages wait to be written",
            Refused::Unwritten => {
                "The message could not be written, and is not published"
            }
        })
    }
}

impl From<HandshakeError> for Problem {
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
        Self::new(
            status,
            "This is not the opening handshake of a WebSocket, version 13",
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status.as_u16(), self.title)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        answer.content_type("application/problem+json");
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                answer.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
            }
            // RFC 9110 §15.5.22: a 426 names the protocol; RFC 6455 §4.4: and its version.
            StatusCode::UPGRADE_REQUIRED => {
                answer.insert_header((header::UPGRADE, "websocket"));
                answer.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
            }
            _ => {}
        }
        if let Some(methods) = self.allow {
            answer.insert_header((header::ALLOW, methods));
        }
        answer.body(self.members("about:blank"))
    }
}
