//! The opening handshake, as an extractor, and the response to it.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::Instant;

use actix_http::ws::HandshakeError;
use actix_web::body::MessageBody;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, rt, web};
use futures_util::{Stream, StreamExt};

use super::conversation::{Commands, converse};
use super::incoming::CheckedFrames;
use super::outgoing::{DuplexBody, Frame, Outgoing};
use crate::http::{ApiError, AppState, app_state};
use crate::log::{Batch, Follow, FollowEnd};
use crate::metrics::{OpenWebSocket, TransportKind};

/// The subprotocol of `/ws`, which a client may offer (RFC 6455 §1.9).
const SUBPROTOCOL: &str = "trifold.v1";

/// A request that asks for a WebSocket.
pub struct Upgrade {
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<AppState>,
}

impl FromRequest for Upgrade {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(app_state(request).and_then(|state| {
            let max = state.config.max_message_bytes;
            let frames = CheckedFrames::new(payload.take(), max);
            let mut frames = Payload::Stream {
                payload: frames.boxed_local(),
            };
            let payload = web::Payload::from_request(request, &mut frames).into_inner();
            Ok(Self {
                request: request.clone(),
                payload: payload.map_err(|_| invalid_handshake())?,
                state: state.clone(),
            })
        }))
    }
}

impl Upgrade {
    /// Opens the socket of a reader: sends every batch, and handles the client's commands.
    ///
    /// # Errors
    /// 400 or 426 if the request is not a valid handshake.
    pub fn respond(
        self,
        batches: Follow,
        commands: impl Commands,
    ) -> Result<HttpResponse, ApiError> {
        let mut recorder = Recorder::new(self.state.clone());
        let batches = batches.inspect(move |item| recorder.record(item));
        self.open(&[SUBPROTOCOL], batches.map(Frame::from), commands)
    }

    /// Opens a socket: sends every frame, and handles the client's commands.
    ///
    /// # Errors
    /// 400 or 426 if the request is not a valid handshake.
    pub fn open(
        self,
        subprotocols: &[&str],
        frames: impl Stream<Item = Frame> + Unpin + 'static,
        commands: impl Commands,
    ) -> Result<HttpResponse, ApiError> {
        let Self {
            request,
            payload,
            state,
        } = self;
        let (response, session, messages) =
            actix_ws::handle_with_protocols(&request, payload, subprotocols).map_err(
                |error| match error.as_error::<HandshakeError>() {
                    Some(error) => ApiError::from(*error),
                    None => invalid_handshake(),
                },
            )?;
        let pending = Rc::new(Cell::new(false));
        let outgoing = Outgoing::new(session, pending.clone());
        rt::spawn(converse(state, outgoing, messages, commands));
        Ok(response
            .map_body(|_, session| DuplexBody::new(session, pending, frames).boxed()))
    }
}

/// What actix declares as possible and does not return.
fn invalid_handshake() -> ApiError {
    ApiError::bad_request("Not an opening handshake for WebSocket version 13")
}

/// Records what one socket delivers, and counts it as open.
struct Recorder {
    state: web::Data<AppState>,
    _open: OpenWebSocket,
    /// When the reader was ready for the next batch.
    requested_at: Instant,
}

impl Recorder {
    fn new(state: web::Data<AppState>) -> Self {
        Self {
            _open: state.metrics.track_websocket(),
            state,
            requested_at: Instant::now(),
        }
    }

    fn record(&mut self, item: &Result<Batch, FollowEnd>) {
        let metrics = &self.state.metrics;
        match item {
            Ok(batch) => {
                let latency = self.requested_at.max(batch.appended_at).elapsed();
                let (messages, bytes) = (batch.len(), batch.json.len());
                let transport = metrics.transport(TransportKind::Ws);
                transport.record_batch(messages, bytes, latency);
                self.requested_at = Instant::now();
            }
            Err(FollowEnd::Gap(gap)) => metrics.record_gap(gap.reason.name()),
            Err(FollowEnd::Closed) => {}
        }
    }
}
