//! The conversation on a socket: commands and their replies, pings and pongs, and the close.

use std::pin::Pin;
use std::time::Duration;

use actix_web::web;
use actix_ws::{
    AggregatedMessage, CloseCode, CloseReason, Closed, MessageStream, ProtocolError,
    Session,
};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::time::{Instant, Sleep, sleep};

use super::incoming::{FrameError, MAX_CONTROL_PAYLOAD, close_reason};
use crate::http::{ApiError, AppState};
use crate::limits::LimitKind;

/// Maximum number of replies in progress. Further messages are not read until one is sent.
const MAX_PENDING_REPLIES: usize = 16;

/// The commands that a client may send on a socket.
pub trait Commands: Clone + 'static {
    /// Handles one text message and returns the reply.
    ///
    /// # Errors
    /// An error becomes a reply, too; the socket stays open.
    fn handle(self, json: String) -> impl Future<Output = Result<String, ApiError>>;
}

/// How the conversation goes on after a message.
enum Next {
    Continue,
    Reply(String),
    /// The client closes.
    Close(CloseReason),
    /// The client did something that is not allowed.
    Fail(CloseReason),
    /// The connection is lost, so no close frame can be sent.
    Lost,
}

impl From<Closed> for Next {
    fn from(_: Closed) -> Self {
        Self::Lost
    }
}

/// Handles a client's messages until one side closes.
///
/// Replies are sent in the order of the messages that they answer, and the close frame after all
/// of them. A reply may wait for the disk; pings and pongs do not wait for it.
pub(super) async fn converse(
    state: web::Data<AppState>,
    mut session: Session,
    messages: MessageStream,
    commands: impl Commands,
) {
    let max = state.config.max_message_bytes;
    // A ping may be longer than a message; `CheckedFrames` checks both.
    let mut messages = messages
        .max_frame_size(max.max(MAX_CONTROL_PAYLOAD))
        .aggregate_continuations()
        .max_continuation_size(max);
    let (interval, timeout) = (state.config.ping_interval, state.config.pong_timeout);
    let mut heartbeat = Heartbeat::new(interval, timeout);
    let mut replies = FuturesOrdered::new();
    let reason = loop {
        let next = tokio::select! { biased;
            Some(reply) = replies.next(), if !replies.is_empty() => {
                send_reply(&state, &mut session, reply).await
            }
            message = messages.recv(), if replies.len() < MAX_PENDING_REPLIES => {
                on_message(message, &mut session, &mut heartbeat).await
            }
            () = heartbeat.due() => heartbeat.on_due(&mut session).await,
        };
        match next {
            Next::Continue => {}
            Next::Reply(json) => replies.push_back(commands.clone().handle(json)),
            Next::Close(reason) => break reason,
            Next::Fail(reason) => {
                record_failure(&state, &reason);
                break reason;
            }
            Next::Lost => return,
        }
    };
    log::debug!("websocket closes: {reason:?}");
    while let Some(reply) = replies.next().await {
        send_reply(&state, &mut session, reply).await;
    }
    let _ = session.close(Some(reason)).await; // the connection may be lost
}

async fn on_message(
    message: Option<Result<AggregatedMessage, ProtocolError>>,
    session: &mut Session,
    heartbeat: &mut Heartbeat,
) -> Next {
    match message {
        Some(Ok(AggregatedMessage::Text(text))) => Next::Reply(text.to_string()),
        Some(Ok(AggregatedMessage::Ping(data))) => match session.pong(&data).await {
            Ok(()) => Next::Continue,
            Err(closed) => closed.into(),
        },
        Some(Ok(AggregatedMessage::Pong(_))) => {
            heartbeat.on_pong();
            Next::Continue
        }
        Some(Ok(AggregatedMessage::Close(reason))) => {
            Next::Close(reason.unwrap_or(CloseCode::Normal.into()))
        }
        Some(Ok(AggregatedMessage::Binary(_))) => {
            Next::Fail(FrameError::Unsupported.close_reason())
        }
        Some(Err(error)) => close_reason(&error).map_or(Next::Lost, Next::Fail),
        None => Next::Lost,
    }
}

async fn send_reply(
    state: &AppState,
    session: &mut Session,
    reply: Result<String, ApiError>,
) -> Next {
    let json = reply.unwrap_or_else(|error| {
        state.record_error(&error);
        error.to_message()
    });
    match session.text(json).await {
        Ok(()) => Next::Continue,
        Err(closed) => closed.into(),
    }
}

fn record_failure(state: &AppState, reason: &CloseReason) {
    let limit = match reason.code {
        CloseCode::Size => LimitKind::MessageBytes,
        CloseCode::Policy => LimitKind::PongTimeout,
        _ => return,
    };
    state.metrics.record_limit_exceeded(limit.name());
}

/// Pings an idle peer, and notices when it does not answer.
struct Heartbeat {
    /// Expires when the next ping is due or, while a pong is awaited, when it is overdue.
    timer: Pin<Box<Sleep>>,
    is_awaiting_pong: bool,
    interval: Duration,
    timeout: Duration,
}

impl Heartbeat {
    fn new(interval: Duration, timeout: Duration) -> Self {
        Self {
            timer: Box::pin(sleep(interval)),
            is_awaiting_pong: false,
            interval,
            timeout,
        }
    }

    async fn due(&mut self) {
        self.timer.as_mut().await;
    }

    async fn on_due(&mut self, session: &mut Session) -> Next {
        if self.is_awaiting_pong {
            let reason = "no pong within the timeout";
            return Next::Fail((CloseCode::Policy, reason).into());
        }
        self.is_awaiting_pong = true;
        self.reset_timer(self.timeout);
        match session.ping(b"").await {
            Ok(()) => Next::Continue,
            Err(closed) => closed.into(),
        }
    }

    fn on_pong(&mut self) {
        if self.is_awaiting_pong {
            self.is_awaiting_pong = false;
            self.reset_timer(self.interval);
        }
    }

    fn reset_timer(&mut self, after: Duration) {
        self.timer.as_mut().reset(Instant::now() + after);
    }
}
