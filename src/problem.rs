//! Problems: every refusal, as problem+json over HTTP (RFC 9457) and as an `error` message on
//! a WebSocket. A title names what is wrong and what is allowed; it never repeats input.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use actix_http::ws::HandshakeError;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::limits::Limit;
use crate::message_log::{Gap, encode};
use crate::sequencer::Refused;

/// What a client may wait before it tries again, where nothing says how long it should.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A refusal.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    title: Cow<'static, str>,
    gap: Option<Gap>,
    allow: Option<&'static [Method]>,
    limit: Option<Limit>,
    retry_after: Duration,
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
            limit: None,
            retry_after: RETRY_AFTER,
        }
    }

    /// 400: something that was sent does not parse, or is out of its range.
    pub fn bad_request(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, title)
    }

    /// 405, with the methods that are allowed.
    pub fn method(allow: &'static [Method]) -> Self {
        let names = names_of(allow);
        let title = format!("The method is not allowed here; allowed: {names}");
        Self {
            allow: Some(allow),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, title)
        }
    }

    /// 413: a body of more than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let title = format!("A message may have at most {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, title).past(Limit::MessageBytes)
    }

    /// 503: not now; the answer says when to try again.
    pub fn unavailable(title: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, title)
    }

    /// The same, because something was past a limit.
    pub fn past(self, limit: Limit) -> Self {
        let limit = Some(limit);
        Self { limit, ..self }
    }

    /// The same, with the time after which to try again: whole seconds, rounded up.
    pub fn retry_after(self, wait: Duration) -> Self {
        let retry_after = Duration::from_secs(wait.as_secs_f64().ceil() as u64);
        Self {
            retry_after: retry_after.max(RETRY_AFTER),
            ..self
        }
    }

    /// The limit that something was past.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// Why the log cannot go on.
    pub fn gap(&self) -> Option<&Gap> {
        self.gap.as_ref()
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

/// Methods as `Allow` lists them (RFC 9110 §10.2.1).
fn names_of(methods: &[Method]) -> String {
    methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ")
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
        match refused {
            Refused::Closed => Self::unavailable("The server is shutting down"),
            Refused::Busy => Self::unavailable("Too many messages wait to be written")
                .past(Limit::JournalQueue),
            Refused::Unwritten => {
                let title = "The message could not be written, and is not published";
                Self::unavailable(title)
            }
        }
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
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                let seconds = self.retry_after.as_secs();
                answer.insert_header((header::RETRY_AFTER, seconds));
            }
            // RFC 9110 §15.5.22: a 426 names the protocol; RFC 6455 §4.4: and its version.
            StatusCode::UPGRADE_REQUIRED => {
                answer.insert_header((header::UPGRADE, "websocket"));
                answer.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
            }
            _ => {}
        }
        if let Some(Limit::Connections | Limit::ConnectionsPerAddress) = self.limit {
            answer.force_close();
        }
        if let Some(methods) = self.allow {
            answer.insert_header((header::ALLOW, names_of(methods)));
        }
        answer.body(self.members("about:blank"))
    }
}
