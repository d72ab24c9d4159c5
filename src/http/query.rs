//! Query parameters, and the cursor and wait that are parsed from them.

use std::borrow::Cow;
use std::future::{Ready, ready};
use std::iter;
use std::ops::RangeInclusive;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::FutureExt;
use futures_util::future::{Either, LocalBoxFuture};

use super::error::ApiError;
use super::state::app_state;
use crate::log::{
    Cursor, DEFAULT_BATCH_MESSAGES, MAX_BATCH_MESSAGES, MessageLog, Version,
};

/// A request's query parameters. Unknown names are ignored, so that a client can make a URL
/// unique; a repeated name is an error, because either value may be meant.
pub struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Parses the query of a request.
    pub fn parse(request: &'a HttpRequest) -> Self {
        let text = request.query_string();
        let is_encoded = text.bytes().any(|byte| matches!(byte, b'%' | b'+'));
        Self(if is_encoded {
            form_urlencoded::parse(text.as_bytes()).collect()
        } else {
            split_unencoded(text).collect()
        })
    }

    /// Returns the value of a parameter.
    ///
    /// # Errors
    /// 400 if it is given twice.
    pub fn get(&self, name: &str) -> Result<Option<Cow<'a, str>>, ApiError> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.clone());
        match values.next() {
            None => Ok(value),
            Some(_) => Err(ApiError::bad_request(format!("`{name}` is given twice"))),
        }
    }

    /// Returns whether one of these parameters is given.
    pub fn contains_any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(name, _)| names.contains(&&**name))
    }

    /// Returns a whole number, or `default` if the parameter is missing.
    ///
    /// # Errors
    /// 400 that names the parameter and its range.
    pub fn parse_u64(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, ApiError> {
        let Some(value) = self.get(name)? else {
            return Ok(default);
        };
        // `u64::from_str` would accept "+5", which means "␣5" in a query.
        let is_digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| range.contains(number));
        number.filter(|_| is_digits).ok_or_else(|| {
            let (min, max) = range.into_inner();
            ApiError::bad_request(match max {
                u64::MAX => format!("`{name}` must be a whole number of at least {min}"),
                _ => format!("`{name}` must be a whole number from {min} to {max}"),
            })
        })
    }
}

/// Splits a query without escapes, as almost all are: it is parsed several times per request,
/// and decoding takes ten times as long.
fn split_unencoded(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let mut rest = Some(query);
    iter::from_fn(move || {
        let (pair, others) = split_once_byte(rest?, b'&');
        rest = others;
        let (name, value) = split_once_byte(pair, b'=');
        Some((name.into(), value.unwrap_or_default().into()))
    })
}

/// Splits at the first occurrence of a byte. `str::split_once` has a set-up cost that only pays
/// off for longer texts.
fn split_once_byte(text: &str, separator: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == separator) {
        Some(index) => (&text[..index], Some(&text[index + 1..])),
        None => (text, None),
    }
}

/// Parses `since`, `epoch` and `limit`. `since=now` is the log's current head.
fn parse_cursor(query: &Query, log: &MessageLog) -> Result<Cursor, ApiError> {
    let mut epoch = query.get("epoch")?.map(Box::from);
    let since = match query.get("since")?.as_deref() {
        None => 0,
        Some("now") => {
            let (current, head) = log.position();
            epoch.get_or_insert_with(|| (*current).into());
            head
        }
        Some(_) => query.parse_u64("since", 0..=Version::MAX, 0).map_err(|_| {
            let title = "`since` must be a whole number of at least 0, or `now`";
            ApiError::bad_request(title)
        })?,
    };
    let (max, default) = (MAX_BATCH_MESSAGES as u64, DEFAULT_BATCH_MESSAGES as u64);
    Ok(Cursor {
        since,
        epoch,
        limit: query.parse_u64("limit", 1..=max, default)? as usize,
    })
}

impl FromRequest for Cursor {
    type Error = ApiError;
    type Future = Either<
        Ready<Result<Self, ApiError>>,
        LocalBoxFuture<'static, Result<Self, ApiError>>,
    >;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = app_state(request).and_then(|state| {
            let cursor = parse_cursor(&Query::parse(request), state.log())?;
            Ok((state, cursor))
        });
        match parsed {
            // Another server of the same stream may have been faster.
            Ok((state, cursor)) if state.writer.is_behind(&cursor) => {
                let state = state.clone();
                let caught_up = async move {
                    state.writer.catch_up(&cursor).await?;
                    Ok(cursor)
                };
                Either::Right(caught_up.boxed_local())
            }
            Ok((_, cursor)) => Either::Left(ready(Ok(cursor))),
            Err(error) => Either::Left(ready(Err(error))),
        }
    }
}

/// How long a long poll waits: `wait_ms`, and up to a sixteenth more, so that a thousand clients
/// that came at the same moment do not come back at the same moment.
pub struct Wait(pub Duration);

impl FromRequest for Wait {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app_state(request).and_then(|state| {
            let max = state.config.max_poll_wait.as_millis() as u64;
            let wait = Query::parse(request).parse_u64("wait_ms", 0..=max, max)?;
            let jitter = rand::random_range(0..=wait / 16);
            Ok(Self(Duration::from_millis(wait + jitter)))
        }))
    }
}
