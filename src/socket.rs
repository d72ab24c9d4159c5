//! What a WebSocket needs besides the log: a handshake, ears that know when the peer is gone,
//! close frames, and a body that carries the log's frames and the conversation's in one.
//!
//! actix-http reads and writes frames. What is here is what it leaves open: limits, messages in
//! fragments, the heartbeat, and which close code says what went wrong.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::ws::{
    CloseCode, CloseReason, Codec, Frame, Item, OpCode, Parser, handshake,
};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::header::SEC_WEBSOCKET_PROTOCOL;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::future::{MaybeDone, maybe_done};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::codec::Decoder;

use crate::limits::Limit;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// How often the server pings, below the minute after which proxies cut an idle connection.
pub const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a peer may take to answer a ping.
pub const PONG_WITHIN: Duration = Duration::from_secs(10);

/// Most bytes of a ping, a pong or a close frame (RFC 6455 §5.5).
const CONTROL_MAX: usize = 125;

/// The answer to an opening handshake (RFC 6455 §4.2): `body` is all that is sent from then on.
/// Of the subprotocols that are offered the first that is `spoken` here is taken.
///
/// # Errors
/// 400 or 426 for a request that is no handshake.
pub fn open(
    request: &HttpRequest,
    spoken: &[&str],
    body: BoxBody,
) -> Result<HttpResponse, Problem> {
    let mut answer = handshake(request.head())?;
    let chosen = request
        .headers()
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|offer| offer.to_str().ok())
        .flat_map(|offer| offer.split(',').map(str::trim))
        .find(|own| spoken.contains(own));
    if let Some(own) = chosen {
        answer.insert_header((SEC_WEBSOCKET_PROTOCOL, own));
    }
    match answer.message_body(body) {
        Ok(answer) => Ok(answer.into()),
        Err(_) => Err(Problem::bad_request(
            "`sec-websocket-protocol` is not a header",
        )),
    }
}

/// What comes from a peer.
#[derive(Debug)]
pub enum Heard {
    /// A text message, whole.
    Text(String),
    /// Nothing that concerns the conversation, but this frame is owed for it: a pong, a ping,
    /// or the close frame that is the last.
    Owed(Bytes),
}

/// The incoming half of a socket, as a stream of what is heard. It ends after a close frame, or
/// without one when there is nobody left to tell.
pub struct Ears {
    payload: web::Payload,
    /// What came and is not taken yet. It begins with a frame.
    unread: BytesMut,
    codec: Codec,
    /// A text of which fragments are still to come.
    begun: Option<BytesMut>,
    max_bytes: usize,
    /// When the next ping goes out, or, while one is unanswered, when the peer is given up.
    due: Pin<Box<Sleep>>,
    unanswered: bool,
    closed: bool,
    metrics: web::Data<Metrics>,
}

impl Ears {
    /// Hears messages of at most `max_bytes`, whether sent in one frame or in several.
    pub fn new(
        payload: web::Payload,
        max_bytes: usize,
        metrics: web::Data<Metrics>,
    ) -> Self {
        Self {
            payload,
            unread: BytesMut::new(),
            // A ping is no message: it may be longer than one. `check_header` sees to both.
            codec: Codec::new().max_size(max_bytes.max(CONTROL_MAX)),
            begun: None,
            max_bytes,
            due: Box::pin(sleep(PING_EVERY)),
            unanswered: false,
            closed: false,
            metrics,
        }
    }

    /// The last that is heard, because of something that is not allowed.
    fn refuse(&mut self, reason: CloseReason) -> Heard {
        match reason.code {
            CloseCode::Size => self.metrics.past(Limit::MessageBytes),
            CloseCode::Policy => self.metrics.past(Limit::PongTimeout),
            _ => {}
        }
        self.close(reason)
    }

    /// The last that is heard.
    fn close(&mut self, reason: CloseReason) -> Heard {
        self.closed = true;
        log::debug!("websocket ends: {reason:?}");
        Heard::Owed(close_frame(reason))
    }

    /// The next frame, once it is whole. Its header is looked at as soon as it is there.
    fn frame(&mut self) -> Result<Option<Frame>, CloseReason> {
        check_header(&self.unread, self.max_bytes as u64)?;
        let frame = self.codec.decode(&mut self.unread);
        frame.map_err(|_| malformed())
    }

    /// What is owed for a frame, or said in it; `None` for a frame that needs no more.
    fn take(&mut self, frame: Frame) -> Result<Option<Heard>, CloseReason> {
        match frame {
            Frame::Text(text) => whole(text.into()),
            Frame::Continuation(Item::FirstText(text)) => {
                self.begun = Some(text.into());
                Ok(None)
            }
            Frame::Continuation(Item::Continue(more)) => self.go_on(&more).map(|_| None),
            Frame::Continuation(Item::Last(more)) => {
                self.go_on(&more)?;
                whole(self.begun.take().unwrap_or_default())
            }
            Frame::Binary(_) | Frame::Continuation(Item::FirstBinary(_)) => {
                Err((CloseCode::Unsupported, "only text is spoken here").into())
            }
            Frame::Ping(data) => {
                Ok(Some(Heard::Owed(control_frame(OpCode::Pong, &data))))
            }
            Frame::Pong(_) => {
                self.pong();
                Ok(None)
            }
            Frame::Close(reason) => {
                Ok(Some(self.close(reason.unwrap_or(CloseCode::Normal.into()))))
            }
        }
    }

    /// One more fragment. The codec has seen to it that there was a first.
    fn go_on(&mut self, more: &[u8]) -> Result<(), CloseReason> {
        let begun = self.begun.get_or_insert_default();
        if begun.len() + more.len() > self.max_bytes {
            return Err(too_big());
        }
        begun.extend_from_slice(more);
        Ok(())
    }

    fn pong(&mut self) {
        if self.unanswered {
            self.unanswered = false;
            self.wait(PING_EVERY);
        }
    }

    fn wait(&mut self, time: Duration) {
        self.due.as_mut().reset(Instant::now() + time);
    }
}

impl Stream for Ears {
    type Item = Heard;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.closed {
            let next = this.frame();
            match next.and_then(|frame| frame.map(|frame| this.take(frame)).transpose()) {
                Ok(Some(Some(heard))) => return Poll::Ready(Some(heard)),
                Ok(Some(None)) => continue,
                Ok(None) => {}
                Err(reason) => return Poll::Ready(Some(this.refuse(reason))),
            }
            match Pin::new(&mut this.payload).poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => {
                    this.unread.extend_from_slice(&bytes);
                    continue;
                }
                Poll::Ready(_) => break, // nobody is left to tell
                Poll::Pending => {}
            }
            ready!(this.due.as_mut().poll(context));
            if this.unanswered {
                let why = (CloseCode::Policy, "a ping was not answered");
                return Poll::Ready(Some(this.refuse(why.into())));
            }
            this.unanswered = true;
            this.wait(PONG_WITHIN);
            return Poll::Ready(Some(Heard::Owed(control_frame(OpCode::Ping, b""))));
        }
        this.closed = true;
        Poll::Ready(None)
    }
}

fn whole(text: BytesMut) -> Result<Option<Heard>, CloseReason> {
    String::from_utf8(text.into())
        .map(|text| Some(Heard::Text(text)))
        .map_err(|_| (CloseCode::Invalid, "text must be UTF-8").into())
}

fn malformed() -> CloseReason {
    (CloseCode::Protocol, "the frame is malformed").into()
}

fn too_big() -> CloseReason {
    (CloseCode::Size, "the message is too big").into()
}

/// Looks at the header of the frame that begins here (RFC 6455 §5.2), as far as it has come.
/// actix-http looks at a length only once its frame is whole, so without this one frame could
/// fill the memory; and what is wrong would depend on how TCP cut it.
fn check_header(begun: &[u8], max: u64) -> Result<(), CloseReason> {
    let [first, second, more @ ..] = begun else {
        return Ok(());
    };
    let (is_last, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0f);
    let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
    let is_known = matches!(opcode, 0..=2 | 8..=10);
    let is_control = opcode >= 8;
    if !is_known || !is_masked || reserved != 0 {
        return Err(malformed());
    }
    if is_control {
        let fits = is_last && short <= CONTROL_MAX as u8;
        return if fits { Ok(()) } else { Err(malformed()) };
    }
    match length(short, more) {
        Some(length) if length >> 63 != 0 => Err(malformed()),
        Some(length) if length > max => Err(too_big()),
        _ => Ok(()),
    }
}

/// The payload's length, once all of it is there: in the seven bits, or in what comes next.
fn length(short: u8, more: &[u8]) -> Option<u64> {
    let extended = match short {
        126 => more.get(..2)?,
        127 => more.get(..8)?,
        _ => return Some(short.into()),
    };
    let add = |length, &byte| length << 8 | u64::from(byte);
    Some(extended.iter().fold(0, add))
}

/// The end of every conversation when the server stops.
pub fn going_away() -> Bytes {
    close_frame((CloseCode::Away, "the server is shutting down").into())
}

/// A close frame as the server sends it.
pub fn close_frame(reason: CloseReason) -> Bytes {
    let mut frame = BytesMut::new();
    Parser::write_close(&mut frame, Some(reason), false);
    frame.freeze()
}

fn control_frame(code: OpCode, data: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    Parser::write_message(&mut frame, data, code, true, false);
    frame.freeze()
}

/// Most replies that are under way on one socket. Beyond it nothing more is read.
const REPLIES: usize = 16;

/// What is said to what is heard: replies in the order of what they reply to, and the close
/// frame after all of them. A reply may take its time, while a message is written to a disk.
/// Pings and pongs do not wait for it.
pub struct Replies<Reply, Said: Future<Output = Bytes>> {
    ears: Ears,
    reply: Reply,
    /// What is owed, in order. Mostly nothing: a reply that takes no time does not stay here.
    owed: VecDeque<Pin<Box<MaybeDone<Said>>>>,
    last: Option<Bytes>,
}

impl<Reply, Said> Replies<Reply, Said>
where
    Reply: FnMut(String) -> Said,
    Said: Future<Output = Bytes>,
{
    /// Says what `reply` makes of each text that is heard.
    pub fn new(ears: Ears, reply: Reply) -> Self {
        Self {
            ears,
            reply,
            owed: VecDeque::new(),
            last: None,
        }
    }

    /// Begins a reply. It is polled at once: what is said is done in order, even where the
    /// reply before is still under way.
    fn begin(&mut self, text: String, context: &mut Context<'_>) {
        let mut said = Box::pin(maybe_done((self.reply)(text)));
        let _ = said.as_mut().poll(context);
        self.owed.push_back(said);
    }

    /// The next reply, when it is there.
    fn next_owed(&mut self, context: &mut Context<'_>) -> Option<Bytes> {
        let first = self.owed.front_mut()?;
        if first.as_mut().poll(context).is_pending() {
            return None;
        }
        let said = first.as_mut().take_output();
        self.owed.pop_front();
        said
    }
}

impl<Reply, Said> Stream for Replies<Reply, Said>
where
    Reply: FnMut(String) -> Said + Unpin,
    Said: Future<Output = Bytes>,
{
    type Item = Bytes;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        loop {
            if let Some(said) = this.next_owed(context) {
                return Poll::Ready(Some(said));
            }
            if this.owed.is_empty() && this.last.is_some() {
                return Poll::Ready(this.last.take());
            }
            if this.owed.len() >= REPLIES || this.last.is_some() {
                return Poll::Pending;
            }
            match ready!(Pin::new(&mut this.ears).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Heard::Text(text)) => this.begin(text, context),
                Some(Heard::Owed(frame)) if this.ears.closed => this.last = Some(frame),
                Some(Heard::Owed(frame)) => return Poll::Ready(Some(frame)),
            }
        }
    }
}

/// One body out of two: what the conversation says (pong, published, close), and the log's
/// frames. It ends with whichever ends first, for both end with a close frame.
pub struct Merged<R, F> {
    replies: R,
    frames: F,
    /// Whether nothing was to be said the last time. It was the log then, most likely, that woke
    /// us: asking it first saves the other a useless question for each message.
    rested: bool,
}

/// Merges the two halves of what a server says.
pub fn merge<R, F>(replies: R, frames: F) -> Merged<R, F> {
    Merged {
        replies,
        frames,
        rested: false,
    }
}

impl<R, F> MessageBody for Merged<R, F>
where
    R: Stream<Item = Bytes> + Unpin,
    F: Stream<Item = Bytes> + Unpin,
{
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        let log_first = std::mem::take(&mut this.rested);
        let mut said = Poll::Pending;
        if log_first {
            said = Pin::new(&mut this.frames).poll_next(context);
        }
        if said.is_pending() {
            said = Pin::new(&mut this.replies).poll_next(context);
        }
        if said.is_pending() && !log_first {
            said = Pin::new(&mut this.frames).poll_next(context);
        }
        this.rested = said.is_pending();
        said.map(|frame| frame.map(Ok))
    }
}
