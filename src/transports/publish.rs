//! Publishing: what a client says, checked, on its way into the log.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::ops::RangeInclusive;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::error::Category;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::limits::{Address, Connection, Limit, Limits};
use crate::message_log::{Publication, Published};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::sequencer::Sequencer;

/// Most characters of an `id` or a `sender`.
pub const NAME_MAX: usize = 64;

/// Most characters of a `kind`.
pub const KIND_MAX: usize = 32;

/// Deepest nesting of a `body`. Many JSON readers stop at 128 (serde_json does); a message
/// that a reader cannot parse would stop that reader for good, so there is room below it.
pub const DEPTH_MAX: usize = 64;

/// `POST /messages`: gives a message its place in the log.
///
/// # Errors
/// 400 for what does not parse, 408 for a body that does not come, 413, 415, 429, and 503 while
/// the server is shutting down or cannot write its journal.
pub async fn publish(
    publisher: Publisher,
    request: HttpRequest,
    limits: web::Data<Limits>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        let title = "The body must be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, title));
    }
    let body = whole(&request, payload, &limits).await?;
    let published = publisher.publish(Members::parse(&body)?).await?;

    let status = if published.duplicate {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok(HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(published))
}

async fn whole(
    request: &HttpRequest,
    payload: web::Payload,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    let limit = limits.max_body;
    let length = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|own| own.to_str().ok());
    if length
        .and_then(|own| own.parse().ok())
        .is_some_and(|own: usize| own > limit)
    {
        return Err(Problem::too_large(limit)); // told before it is sent
    }
    match timeout(limits.body_timeout, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(Problem::bad_request("The body did not arrive whole")),
        Ok(Err(_)) => Err(Problem::too_large(limit)),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time",
        )
        .past(Limit::BodyTimeout)),
    }
}

/// Somebody who publishes: over HTTP once, on a socket as often as it likes.
#[derive(Clone)]
pub struct Publisher {
    sequencer: web::Data<Sequencer>,
    limits: web::Data<Limits>,
    metrics: web::Data<Metrics>,
    from: Address,
}

impl Publisher {
    /// Publishes a message, once it is found to be one.
    ///
    /// # Errors
    /// 400 as [`publication`] says, 429 when messages come too fast from this address, 503 while
    /// the server is shutting down or cannot write its journal.
    pub async fn publish(&self, members: Members<'_>) -> Result<Published, Problem> {
        self.limits.publish(self.from)?;
        Ok(self.sequencer.publish(publication(members)?).await?)
    }

    /// What is said on a socket to what was refused there. It is counted, as refusals over HTTP
    /// are.
    pub fn refused(&self, problem: &Problem) -> String {
        self.metrics.refuse(problem);
        problem.to_message()
    }
}

impl FromRequest for Publisher {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let own = || {
            Some(Self {
                sequencer: request.app_data::<web::Data<Sequencer>>()?.clone(),
                limits: request.app_data::<web::Data<Limits>>()?.clone(),
                metrics: request.app_data::<web::Data<Metrics>>()?.clone(),
                from: request.conn_data::<Connection>()?.address,
            })
        };
        ready(own().ok_or_else(|| Problem::unavailable("The server is not ready")))
    }
}

/// Checks the members of a message that a client wants to publish.
///
/// # Errors
/// 400 with the name of the member that is wrong, and with what is allowed.
pub fn publication(mut members: Members) -> Result<Publication, Problem> {
    let id = members.string("id", 1..=NAME_MAX)?;
    let sender = members.string("sender", 0..=NAME_MAX)?;
    let kind = members.string("kind", 1..=KIND_MAX)?;
    let body = members.raw("body")?.to_owned();
    members.nothing_else("`id`, `sender`, `kind` and `body`")?;

    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if !kind.iter().all(|kind| kind.bytes().all(is_plain)) {
        return Err(Problem::bad_request("`kind` may hold a to z, 0 to 9 and -"));
    }
    if depth(body.get()) > DEPTH_MAX {
        let title = format!("`body` may be nested at most {DEPTH_MAX} deep");
        return Err(Problem::bad_request(title));
    }
    Ok(Publication {
        // 64 random bits from the operating system's generator: nobody can take one before.
        id: id.unwrap_or_else(|| format!("{:016x}", rand::random::<u64>())),
        sender: sender.unwrap_or_default(),
        kind: kind.unwrap_or_else(|| "chat".to_owned()),
        body,
    })
}

/// How deep arrays and objects nest in a valid JSON text.
fn depth(json: &str) -> usize {
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

/// The members of a JSON object, each still as it was sent, to be taken out one by one.
pub struct Members<'a>(HashMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    /// Splits a JSON object into its members.
    ///
    /// # Errors
    /// 400 that says where the text stops being JSON, or that it is no object.
    pub fn parse(json: &'a [u8]) -> Result<Self, Problem> {
        serde_json::from_slice(json).map(Self).map_err(|error| {
            Problem::bad_request(match error.classify() {
                Category::Data => "The JSON must be an object".to_owned(),
                _ => format!(
                    "The JSON does not parse: line {}, column {}",
                    error.line(),
                    error.column()
                ),
            })
        })
    }

    /// Takes a member that must be there, as it was sent.
    ///
    /// # Errors
    /// 400 when it is missing.
    pub fn raw(&mut self, name: &str) -> Result<&'a RawValue, Problem> {
        self.0
            .remove(name)
            .ok_or_else(|| Problem::bad_request(format!("`{name}` is missing")))
    }

    /// Takes a member that is a string of so many characters, where there is one.
    ///
    /// # Errors
    /// 400 when it is something else.
    pub fn string(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<String>, Problem> {
        let Some(raw) = self.0.remove(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .ok()
            .filter(|text: &String| length.contains(&text.chars().count()))
            .map(Some)
            .ok_or_else(|| {
                let (least, most) = length.into_inner();
                let title =
                    format!("`{name}` must be a string of {least} to {most} characters");
                Problem::bad_request(title)
            })
    }

    /// Refuses members that are left: what would be dropped silently is a mistake.
    ///
    /// # Errors
    /// 400 that names what is allowed.
    pub fn nothing_else(&self, allowed: &str) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Problem::bad_request(format!(
            "There is a member besides {allowed}"
        )))
    }
}
