//! Publishing: `POST /messages`, and the same on a WebSocket.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::http::{
    ApiError, AppState, ConnectionControl, JsonFields, app_state, read_body,
};
use crate::limits::{ClientNetwork, ConnectionGuard};
use crate::log::{NewMessage, PublishAck, to_json};
use crate::ws::Commands;

/// Maximum length of an `id` or a `sender`, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Maximum length of a `kind`, in characters.
pub const MAX_KIND_CHARS: usize = 32;

/// Maximum nesting of a `body`. Many JSON parsers stop at 128 (serde_json does). A message that
/// a reader cannot parse would stop that reader for good, so this leaves room.
pub const MAX_JSON_DEPTH: usize = 64;

/// `POST /messages`: appends a message to the log.
///
/// # Errors
/// 400 for invalid JSON or fields, 408, 413, 415, 429, and 503 if the server is shutting down
/// or cannot write its journal.
pub async fn publish(
    publisher: PublishContext,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let body = read_body(&request, payload, &publisher.state.config).await?;
    // A client may finish sending and still wait for the answer.
    let open = ConnectionControl::of(&request).hold_open();
    let ack = publisher.publish(JsonFields::parse(&body)?).await?;
    let status = match ack.duplicate {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let mut response = HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(ack);
    response.extensions_mut().insert(open); // until it is sent
    Ok(response)
}

/// What a handler needs to publish: used once per POST, repeatedly on a socket.
#[derive(Clone)]
pub struct PublishContext {
    state: web::Data<AppState>,
    client: ClientNetwork,
}

impl PublishContext {
    /// Validates and publishes a message.
    ///
    /// # Errors
    /// 400 as [`parse_message`] reports, 429 if this client publishes too fast, 503 if the
    /// server is shutting down or cannot write its journal.
    pub async fn publish(&self, fields: JsonFields<'_>) -> Result<PublishAck, ApiError> {
        self.state.limits.check_publish_rate(self.client)?;
        let ack = self.state.writer.publish(parse_message(fields)?).await?;
        self.state.metrics.record_publish(ack.duplicate);
        Ok(ack)
    }
}

impl FromRequest for PublishContext {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app_state(request).and_then(|state| {
            let guard = request.conn_data::<Rc<ConnectionGuard>>();
            let guard = guard.ok_or_else(|| ApiError::unavailable("Not connected"))?;
            Ok(Self {
                state: state.clone(),
                client: guard.network(),
            })
        }))
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "pong")]
struct PongMessage<'a> {
    t: &'a RawValue,
    at: f64,
}

/// The commands that a client may send on `/ws`: `publish` and `ping`.
#[derive(Clone)]
pub struct PublishCommands(PublishContext);

impl Commands for PublishCommands {
    async fn handle(self, json: String) -> Result<String, ApiError> {
        let mut fields = JsonFields::parse(json.as_bytes())?;
        match fields.optional_string("type", 1..=16)?.as_deref() {
            Some("publish") => Ok(to_json(&self.0.publish(fields).await?)),
            Some("ping") => Ok(to_json(&PongMessage {
                t: fields.required("t")?,
                at: self.0.state.writer.now(),
            })),
            _ => Err(ApiError::bad_request("`type` must be `publish` or `ping`")),
        }
    }
}

impl FromRequest for PublishCommands {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let context = PublishContext::from_request(request, payload).into_inner();
        ready(context.map(Self))
    }
}

/// Validates the fields of a message.
///
/// # Errors
/// 400 with the name of the invalid field and what is allowed.
pub fn parse_message(mut fields: JsonFields) -> Result<NewMessage, ApiError> {
    let id = fields.optional_string("id", 1..=MAX_NAME_CHARS)?;
    let sender = fields.optional_string("sender", 0..=MAX_NAME_CHARS)?;
    let kind = fields.optional_string("kind", 1..=MAX_KIND_CHARS)?;
    let body = fields.required("body")?.to_owned();
    fields.deny_unknown("`id`, `sender`, `kind`, `body`")?;

    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if !kind.iter().all(|kind| kind.bytes().all(is_plain)) {
        let title = "`kind` may contain only a to z, 0 to 9 and -";
        return Err(ApiError::bad_request(title));
    }
    if json_depth(body.get()) > MAX_JSON_DEPTH {
        let title = format!("`body` may be nested at most {MAX_JSON_DEPTH} levels deep");
        return Err(ApiError::bad_request(title));
    }
    // Many JSON parsers reject these, and jq stops: RFC 8259 §8.2 calls them unpredictable.
    if has_unpaired_surrogate(body.get()) {
        let title = "`body` must not contain an unpaired surrogate such as \\ud800";
        return Err(ApiError::bad_request(title));
    }
    Ok(NewMessage {
        // 64 random bits: no client can guess an id in advance.
        id: id.unwrap_or_else(|| format!("{:016x}", rand::random::<u64>())),
        sender: sender.unwrap_or_default(),
        kind: kind.unwrap_or_else(|| "chat".to_owned()),
        body,
    })
}

/// Returns how deep arrays and objects nest in a valid JSON text.
fn json_depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Whether a string in a valid JSON text escapes half of a surrogate pair.
fn has_unpaired_surrogate(json: &str) -> bool {
    let mut units = Vec::new();
    let mut rest = json;
    while let Some((before, escape)) = rest.split_once('\\') {
        if !before.is_empty() {
            units.push(0); // any other text separates two halves
        }
        let (unit, length) = match escape.strip_prefix('u').and_then(|hex| hex.get(..4)) {
            Some(digits) => (u16::from_str_radix(digits, 16).unwrap_or(0), 5),
            None => (0, 1),
        };
        units.push(unit);
        rest = &escape[length..];
    }
    char::decode_utf16(units).any(|decoded| decoded.is_err())
}
