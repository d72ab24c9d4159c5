//! The state that all handlers share, and what they extract from it.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use tokio::sync::OwnedSemaphorePermit;

use super::error::ApiError;
use crate::journal::LogWriter;
use crate::limits::Limits;
use crate::log::MessageLog;
use crate::metrics::Metrics;

/// Shared by all workers.
pub struct AppState {
    /// The only way to publish.
    pub writer: Arc<LogWriter>,
    /// Limits on connections, long polls and the publish rate.
    pub limits: Arc<Limits>,
    /// What is counted.
    pub metrics: Metrics,
    /// Sizes and times that a request may take.
    pub config: HttpConfig,
}

/// Sizes and times that a request may take.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Longest time that a long poll may request, and the default.
    pub max_poll_wait: Duration,
    /// Maximum size of a published message, in bytes.
    pub max_message_bytes: usize,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// Time between two pings on a WebSocket.
    pub ping_interval: Duration,
    /// How long a WebSocket's client may take to answer a ping.
    pub pong_timeout: Duration,
}

impl AppState {
    /// Returns the log.
    pub fn log(&self) -> &Arc<MessageLog> {
        self.writer.log()
    }

    /// Records an error that is about to be sent, over HTTP or on a socket.
    pub fn record_error(&self, error: &ApiError) {
        if let Some(limit) = error.limit() {
            self.metrics.record_limit_exceeded(limit.name());
        }
        if let Some(gap) = error.gap() {
            self.metrics.record_gap(gap.reason.name());
        }
    }
}

/// Returns the state from a request.
///
/// # Errors
/// 503 if the application has none, which is a fault of the server.
pub fn app_state(request: &HttpRequest) -> Result<&web::Data<AppState>, ApiError> {
    request
        .app_data()
        .ok_or_else(|| ApiError::unavailable("The server is not ready"))
}

/// A permit to hold a long poll, released on drop.
pub struct LongPollPermit {
    _permit: OwnedSemaphorePermit,
}

impl FromRequest for LongPollPermit {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app_state(request).and_then(|state| {
            let permit = state.limits.acquire_long_poll()?;
            Ok(Self { _permit: permit })
        }))
    }
}
