//! Outgoing frames, and the response body that merges the log's frames with actix-ws' own.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_http::ws::{CloseReason, OpCode, Parser};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_ws::{CloseCode, Closed, Message, Session};
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, Stream};

use crate::http::ApiError;
use crate::log::{Batch, FollowEnd};

/// The close code after a `gap` message, from the range for private use (RFC 6455 §7.4.2).
const GAP: CloseCode = CloseCode::Other(4010);

/// One or more encoded frames.
pub struct Frame {
    bytes: Bytes,
    /// Whether this ends with a close frame, which must be the last (RFC 6455 §5.5.1).
    is_last: bool,
}

impl Frame {
    /// Encodes a text frame. Servers do not mask (RFC 6455 §5.1), so one frame can be sent to
    /// every socket.
    pub fn text(json: impl AsRef<[u8]>) -> Self {
        Self {
            bytes: text_frame(json.as_ref()),
            is_last: false,
        }
    }

    /// Encodes the close frame that every socket gets when the server stops.
    pub fn going_away() -> Self {
        Self::close((CloseCode::Away, "the server is shutting down").into())
    }

    /// Returns the encoded bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn close(reason: CloseReason) -> Self {
        let mut bytes = BytesMut::new();
        Parser::write_close(&mut bytes, Some(reason), false);
        Self {
            bytes: bytes.freeze(),
            is_last: true,
        }
    }

    fn then(self, next: Self) -> Self {
        Self {
            bytes: [self.bytes, next.bytes].concat().into(),
            is_last: next.is_last,
        }
    }
}

impl From<Result<Batch, FollowEnd>> for Frame {
    fn from(item: Result<Batch, FollowEnd>) -> Self {
        match item {
            Ok(batch) => Self {
                bytes: batch.framed(|json| text_frame(json)),
                is_last: false,
            },
            Err(FollowEnd::Gap(gap)) => Self::text(ApiError::from(gap).to_message())
                .then(Self::close((GAP, "the cursor no longer fits").into())),
            Err(FollowEnd::Closed) => Self::going_away(),
        }
    }
}

fn text_frame(json: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(json.len() + 10);
    Parser::write_message(&mut frame, json, OpCode::Text, true, false);
    frame.freeze()
}

/// The conversation's way to the client: actix-ws' session, and whether something is in its
/// channel.
pub(super) struct Outgoing {
    session: Session,
    session_pending: Rc<Cell<bool>>,
}

impl Outgoing {
    pub(super) fn new(session: Session, session_pending: Rc<Cell<bool>>) -> Self {
        Self {
            session,
            session_pending,
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the connection is lost.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.session_pending.set(true);
        self.session.send(message).await
    }
}

/// The body of an upgraded response: actix-ws' body (replies, pongs, pings, close) and a stream
/// of frames. It ends with whichever ends first, because both end with a close frame.
pub(super) struct DuplexBody<F> {
    session: BoxBody,
    frames: F,
    is_closed: bool,
    /// Whether the conversation has sent something that is still in actix-ws' channel. Otherwise
    /// the log is polled first, which avoids polling the session once more per message.
    session_pending: Rc<Cell<bool>>,
}

impl<F> DuplexBody<F> {
    pub(super) fn new(
        session: BoxBody,
        session_pending: Rc<Cell<bool>>,
        frames: F,
    ) -> Self {
        Self {
            session,
            session_pending,
            frames,
            is_closed: false,
        }
    }
}

type Chunk = Option<Result<Bytes, <BoxBody as MessageBody>::Error>>;

impl<F: Stream<Item = Frame> + Unpin> DuplexBody<F> {
    fn poll_frames(&mut self, context: &mut Context<'_>) -> Poll<Chunk> {
        let frame = ready!(Pin::new(&mut self.frames).poll_next(context));
        Poll::Ready(frame.map(|frame| {
            self.is_closed = frame.is_last;
            Ok(frame.bytes)
        }))
    }
}

/// Back pressure: actix polls a body only while its write buffer has room, so a slow reader stops
/// the log from being read, and costs nothing but its cursor.
impl<F: Stream<Item = Frame> + Unpin> MessageBody for DuplexBody<F> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Chunk> {
        if self.is_closed {
            return Poll::Ready(None);
        }
        // A reply or a pong first: a backlog of the log must not delay it.
        let session_first = self.session_pending.get();
        if !session_first && let Poll::Ready(item) = self.poll_frames(context) {
            return Poll::Ready(item);
        }
        if let Poll::Ready(item) = Pin::new(&mut self.session).poll_next(context) {
            return Poll::Ready(item);
        }
        self.session_pending.set(false);
        match session_first {
            true => self.poll_frames(context),
            false => Poll::Pending,
        }
    }
}
