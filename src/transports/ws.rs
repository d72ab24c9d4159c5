//! WebSocket: the client asks once, the server answers for ever.

use actix_http::ws::CloseCode;
use actix_web::body::MessageBody;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cursor::Cursor;
use crate::limits::Limits;
use crate::message_log::{Batch, End, MessageLog, encode, now, text_frame};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::socket::{self, Ears, Replies};
use crate::transports::publish::{Members, Publisher};

/// The subprotocol that a client may offer (RFC 6455 §1.9).
const SUBPROTOCOL: &str = "trifold.v1";

/// The close code after a `gap` message, from the range for private use (RFC 6455 §7.4.2).
const GAP: CloseCode = CloseCode::Other(4010);

/// `GET /ws`: what came after the cursor, and from then on everything that comes. The body of
/// the answer is the log itself, followed and framed. It is read when the socket can take
/// more, so a slow reader costs a cursor and not a queue.
///
/// # Errors
/// 400 for a cursor that does not parse, 400 or 426 for a handshake that is none. A cursor
/// that no longer fits is told on the socket: a `gap` message, then close code 4010.
pub async fn ws(
    log: web::Data<MessageLog>,
    cursor: Cursor,
    request: HttpRequest,
    limits: web::Data<Limits>,
    metrics: web::Data<Metrics>,
    publisher: Publisher,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let ears = Ears::new(payload, limits.max_body, metrics.clone());
    let replies = Replies::new(ears, move |json| answer(publisher.clone(), json));

    let told = metrics.socket(limits.open());
    let frames = log.into_inner().follow(cursor).inspect(told).map(frame);

    socket::open(
        &request,
        &[SUBPROTOCOL],
        socket::merge(replies, frames).boxed(),
    )
}

/// The outgoing half: each batch as a frame, then why there are no more.
fn frame(next: Result<Batch, End>) -> Bytes {
    match next {
        Ok(batch) => batch.frame,
        Err(End::Gap(gap)) => {
            let gap = text_frame(&Problem::from(gap).to_message());
            let close = socket::close_frame((GAP, "the cursor no longer fits").into());
            [gap, close].concat().into()
        }
        Err(End::Closed) => socket::going_away(),
    }
}

/// The incoming half: what is said to what the client says. What is refused is answered with
/// an `error`, and the socket stays open.
async fn answer(publisher: Publisher, json: String) -> Bytes {
    let reply = reply(&publisher, json.as_bytes()).await;
    text_frame(&reply.unwrap_or_else(|problem| publisher.refused(&problem)))
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "pong")]
struct Pong<'a> {
    t: &'a RawValue,
    at: f64,
}

/// What the server says to what a client said.
///
/// # Errors
/// 400 that names what is wrong, 429 for a publisher who is too fast; 503 while the server is
/// shutting down or cannot write its journal.
pub async fn reply(publisher: &Publisher, json: &[u8]) -> Result<String, Problem> {
    let mut members = Members::parse(json)?;
    match members.string("type", 1..=16)?.as_deref() {
        Some("publish") => Ok(encode(&publisher.publish(members).await?)),
        Some("ping") => Ok(encode(&Pong {
            t: members.raw("t")?,
            at: now(),
        })),
        _ => Err(Problem::bad_request("`type` must be `publish` or `ping`")),
    }
}
