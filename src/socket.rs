//! What a WebSocket needs besides the log: ears that know when the peer is gone, close frames,
//! and a body that carries the log's frames and the conversation's in one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::error::PayloadError;
use actix_http::ws::{Parser, ProtocolError};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::{Error, FromRequest, HttpRequest, dev, web};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, MessageStream,
    Session,
};
use async_stream::try_stream;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::{Stream, StreamExt};
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

/// The end of every conversation when the server stops.
pub fn going_away() -> End {
    end(CloseCode::Away, "the server is shutting down")
}

fn end(code: CloseCode, why: &str) -> End {
    Some((code, why).into())
}

/// The close code for what went wrong while reading (RFC 6455 §7.4.1).
fn end_of(error: ProtocolError) -> End {
    match error {
        ProtocolError::Overflow => end(CloseCode::Size, "the message is too big"),
        ProtocolError::Io(error) if is_overflow(&error) => {
            end(CloseCode::Size, "the message is too big")
        }
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

fn is_overflow(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(PayloadError::Overflow))
}

/// A socket's bytes, up to a frame that announces more than `max_bytes`. actix-http looks at
/// the length only once a frame is whole, so without this one frame could fill the memory.
///
/// # Errors
/// When the request has no body to read.
pub async fn bounded(
    request: &HttpRequest,
    mut payload: web::Payload,
    max_bytes: usize,
) -> Result<web::Payload, Error> {
    let mut lengths = Lengths::default();
    let bytes = try_stream! {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk?;
            lengths.check(&chunk, max_bytes as u64)?;
            yield chunk;
        }
    };
    let payload = Box::pin(bytes);
    web::Payload::from_request(request, &mut dev::Payload::Stream { payload }).await
}

/// Finds the frames' headers (RFC 6455 §5.2) in bytes that come in pieces.
#[derive(Default)]
struct Lengths {
    header: Vec<u8>,
    /// What is still to come of the payload that the last header announced.
    rest: u64,
}

impl Lengths {
    fn check(&mut self, mut bytes: &[u8], max: u64) -> Result<(), PayloadError> {
        while let Some((&first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let here = self.rest.min(bytes.len() as u64);
                self.rest -= here;
                bytes = &bytes[here as usize..];
                continue;
            }
            self.header.push(first);
            bytes = others;
            if let Some(length) = announced(&self.header) {
                if length > max {
                    return Err(PayloadError::Overflow);
                }
                self.rest = length;
                self.header.clear();
            }
        }
        Ok(())
    }
}

/// The payload's length, once the header is whole.
fn announced(header: &[u8]) -> Option<u64> {
    let [_, second, more @ ..] = header else {
        return None;
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        short => return (more.len() >= mask).then_some(short.into()),
    };
    let big_endian = || {
        more[..extended]
            .iter()
            .fold(0, |n, &byte| n << 8 | u64::from(byte))
    };
    (more.len() >= extended + mask).then(big_endian)
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
