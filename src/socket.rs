//! What a WebSocket needs besides the log: ears that know when the peer is gone, close frames,
//! and a body that carries the log's frames and the conversation's in one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::PayloadError;
use actix_http::ws::{Parser, ProtocolError};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, MessageStream,
    Session,
};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::Stream;
use tokio::time::{Instant, timeout_at};

/// How often the server pings, below the minute after which proxies cut an idle connection.
pub const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a peer may take to answer a ping.
pub const PONG_WITHIN: Duration = Duration::from_secs(10);

/// Why a conversation ends; `None` when there is nobody left to tell.
pub type End = Option<CloseReason>;

/// The incoming half of a socket.
pub struct Ears {
    incoming: AggregatedMessageStream,
    /// When the next ping goes out, or, while one is unanswered, when the peer is given up.
    due: Instant,
    unanswered: bool,
}

impl Ears {
    /// Hears messages of at most `max_bytes`, whether sent in one frame or in several.
    pub fn new(incoming: MessageStream, max_bytes: usize) -> Self {
        Self {
            incoming: incoming
                .max_frame_size(max_bytes)
                .aggregate_continuations()
                .max_continuation_size(max_bytes),
            due: Instant::now() + PING_EVERY,
            unanswered: false,
        }
    }

    /// The next text message. Meanwhile answers pings, and sends some.
    ///
    /// # Errors
    /// The [`End`] of the conversation.
    ///
    /// # Cancel safety
    /// Dropping the future loses no message.
    pub async fn hear(&mut self, session: &mut Session) -> Result<ByteString, End> {
        loop {
            let Ok(heard) = timeout_at(self.due, self.incoming.recv()).await else {
                self.beat(session).await?;
                continue;
            };
            match heard.ok_or(None)?.map_err(end_of)? {
                AggregatedMessage::Text(text) => return Ok(text),
                AggregatedMessage::Ping(data) => {
                    session.pong(&data).await.map_err(|_| None)?
                }
                AggregatedMessage::Pong(_) => self.pong(),
                AggregatedMessage::Binary(_) => {
                    return Err(end(CloseCode::Unsupported, "only text is spoken here"));
                }
                AggregatedMessage::Close(reason) => {
                    return Err(reason.or(end(CloseCode::Normal, "")));
                }
            }
        }
    }

    async fn beat(&mut self, session: &mut Session) -> Result<(), End> {
        if self.unanswered {
            return Err(end(CloseCode::Policy, "a ping was not answered"));
        }
        self.unanswered = true;
        self.due += PONG_WITHIN;
        session.ping(b"").await.map_err(|_| None)
    }

    fn pong(&mut self) {
        if self.unanswered {
            self.unanswered = false;
            self.due += PING_EVERY - PONG_WITHIN;
        }
    }
}

fn end(code: CloseCode, why: &str) -> End {
    Some((code, why).into())
}

/// The close code for what went wrong while reading (RFC 6455 §7.4.1).
fn end_of(error: ProtocolError) -> End {
    match error {
        ProtocolError::Overflow => end(CloseCode::Size, "the message is too big"),
        // Three different things arrive as an I/O error, and only their texts differ.
        ProtocolError::Io(error) => match error.get_ref() {
            Some(inner) if inner.is::<PayloadError>() => None,
            Some(inner) if inner.to_string().contains("utf-8") => {
                end(CloseCode::Invalid, "text must be UTF-8")
            }
            Some(inner) if inner.to_string().contains("continuation size") => {
                end(CloseCode::Size, "the message is too big")
            }
            _ => end(CloseCode::Protocol, "the frame is malformed"),
        },
        _ => end(CloseCode::Protocol, "the frame is malformed"),
    }
}

/// A close frame as the server sends it.
pub fn close_frame(code: CloseCode, why: &str) -> Bytes {
    let mut frame = BytesMut::new();
    Parser::write_close(&mut frame, Some((code, why).into()), false);
    frame.freeze()
}

/// One body out of two: the conversation's frames (pong, published, close) as they come, and
/// the log's otherwise. It ends with whichever ends first, for both end with a close frame.
pub fn merge(control: BoxBody, frames: impl Stream<Item = Bytes> + 'static) -> BoxBody {
    Merged {
        control,
        frames: Box::pin(frames),
    }
    .boxed()
}

struct Merged<S> {
    control: BoxBody,
    frames: Pin<Box<S>>,
}

impl<S: Stream<Item = Bytes>> MessageBody for Merged<S> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match Pin::new(&mut self.control).poll_next(context) {
            Poll::Pending => self
                .frames
                .as_mut()
                .poll_next(context)
                .map(|frame| frame.map(Ok)),
            spoken => spoken,
        }
    }
}
