//! The conversation on a socket: commands and their replies, pings and pongs, and the close.

use std::pin::Pin;
use std::time::Duration;

use actix_web::web;
use actix_ws::{
    AggregatedMessage, CloseCode, CloseReason, Message, MessageStream, ProtocolError,
};
use bytes::Bytes;
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, Sleep, sleep};

use super::incoming::{FrameError, MAX_CONTROL_PAYLOAD, frame_error};
use super::outgoing::Outgoing;
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

/// What follows from an event.
enum Action {
    Wait,
    Send(Message),
    /// A command of the client.
    Handle(String),
    /// The client closes.
    Close(CloseReason),
    /// The client did something that is not allowed, and may have exceeded a limit.
    Fail(CloseReason, Option<LimitKind>),
    /// The client has finished without a close frame, or the connection is lost.
    Stop,
}

/// Handles a client's messages until one side closes.
///
/// Replies are sent in the order of the messages that they answer, and the close frame after all
/// of them. A reply may wait for the disk; pings and pongs do not wait for it.
pub(super) async fn converse(
    state: web::Data<AppState>,
    mut outgoing: Outgoing,
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
    // Boxed: even an empty `FuturesOrdered` has room for one future, and most sockets never
    // send a command.
    let mut replies = FuturesOrdered::new();
    let reason = loop {
        // While replies wait for the disk nothing is read, and a pong could not be seen.
        let is_reading = replies.len() < MAX_PENDING_REPLIES;
        let action = tokio::select! { biased;
            Some(reply) = replies.next(), if !replies.is_empty() => {
                Action::Send(encode_reply(&state, reply))
            }
            message = messages.recv(), if is_reading => {
                on_message(message, &mut heartbeat)
            }
            () = heartbeat.due(), if is_reading => heartbeat.on_due(),
        };
        match action {
            Action::Wait => {}
            Action::Send(message) => {
                if outgoing.send(message).await.is_err() {
                    return;
                }
            }
            Action::Handle(json) => {
                replies.push_back(commands.clone().handle(json).boxed_local());
            }
            Action::Close(reason) => break Some(reason),
            Action::Fail(reason, limit) => {
                if let Some(limit) = limit {
                    state.metrics.record_limit_exceeded(limit.name());
                }
                break Some(reason);
            }
            Action::Stop => break None,
        }
    };
    log::debug!("websocket closes: {reason:?}");
    while let Some(reply) = replies.next().await {
        if outgoing.send(encode_reply(&state, reply)).await.is_err() {
            return;
        }
    }
    if reason.is_some() {
        let _ = outgoing.send(Message::Close(reason)).await; // the connection may be lost
    }
}

fn on_message(
    message: Option<Result<AggregatedMessage, ProtocolError>>,
    heartbeat: &mut Heartbeat,
) -> Action {
    match message {
        Some(Ok(AggregatedMessage::Text(text))) => Action::Handle(text.to_string()),
        Some(Ok(AggregatedMessage::Ping(data))) => Action::Send(Message::Pong(data)),
        Some(Ok(AggregatedMessage::Pong(_))) => {
            heartbeat.on_pong();
            Action::Wait
        }
        Some(Ok(AggregatedMessage::Close(reason))) => {
            Action::Close(reason.unwrap_or(CloseCode::Normal.into()))
        }
        Some(Ok(AggregatedMessage::Binary(_))) => fail(FrameError::Unsupported),
        Some(Err(error)) => frame_error(&error).map_or(Action::Stop, fail),
        None => Action::Stop,
    }
}

fn encode_reply(state: &AppState, reply: Result<String, ApiError>) -> Message {
    let json = reply.unwrap_or_else(|error| {
        state.record_error(&error);
        error.to_message()
    });
    Message::Text(json.into())
}

fn fail(error: FrameError) -> Action {
    Action::Fail(error.close_reason(), error.limit())
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

    fn on_due(&mut self) -> Action {
        if self.is_awaiting_pong {
            let reason = "no pong within the timeout";
            let reason = (CloseCode::Policy, reason).into();
            return Action::Fail(reason, Some(LimitKind::PongTimeout));
        }
        self.is_awaiting_pong = true;
        self.reset_timer(self.timeout);
        Action::Send(Message::Ping(Bytes::new()))
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
