//! JSON objects of a request or a socket message, and the body of a request.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::{HttpMessage, HttpRequest, web};
use bytes::Bytes;
use serde_json::error::Category;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::connection::ConnectionControl;
use super::error::ApiError;
use super::state::HttpConfig;
use crate::limits::LimitKind;

/// Reads a JSON body.
///
/// # Errors
/// 415 for another media type or a content coding, 413 for a body that is too large, 408 for one
/// that does not arrive in time, 400 for one that ends early.
pub async fn read_body(
    request: &HttpRequest,
    payload: web::Payload,
    config: &HttpConfig,
) -> Result<Bytes, ApiError> {
    if !request
        .content_type()
        .eq_ignore_ascii_case("application/json")
    {
        let title = "The body must be application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, title));
    }
    if let Some(encoding) = request.headers().get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let title = "Content-Encoding is not supported; send the body without one";
        return Err(ApiError::unsupported_encoding(title));
    }
    let max = config.max_message_bytes;
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > max) {
        return Err(ApiError::too_large(max)); // before the body is sent
    }
    ConnectionControl::of(request).accept_body(request);
    let body = payload.to_bytes_limited(max);
    match timeout(config.body_timeout, body).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(ApiError::bad_request("The body ended early")),
        Ok(Err(_)) => Err(ApiError::too_large(max)),
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time",
        )
        .with_limit(LimitKind::BodyTimeout)),
    }
}

/// The fields of a JSON object, each in its original text, to be removed one by one.
pub struct JsonFields<'a>(HashMap<String, &'a RawValue>);

impl<'a> JsonFields<'a> {
    /// Splits a JSON object into its fields.
    ///
    /// # Errors
    /// 400 with the position at which the text stops being JSON, or if it is not an object.
    pub fn parse(json: &'a [u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(json).map(Self).map_err(|error| {
            ApiError::bad_request(match error.classify() {
                Category::Data => "The JSON must be an object".to_owned(),
                _ => format!(
                    "Invalid JSON at line {}, column {}",
                    error.line(),
                    error.column()
                ),
            })
        })
    }

    /// Removes a required field and returns its original text.
    ///
    /// # Errors
    /// 400 if it is missing.
    pub fn required(&mut self, name: &str) -> Result<&'a RawValue, ApiError> {
        self.0
            .remove(name)
            .ok_or_else(|| ApiError::bad_request(format!("`{name}` is missing")))
    }

    /// Removes an optional string and checks its length in characters.
    ///
    /// # Errors
    /// 400 if it is not a string of that length.
    pub fn optional_string(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<String>, ApiError> {
        let Some(raw) = self.0.remove(name) else {
            return Ok(None);
        };
        serde_json::from_str(raw.get())
            .ok()
            .filter(|text: &String| length.contains(&text.chars().count()))
            .map(Some)
            .ok_or_else(|| {
                let (min, max) = length.into_inner();
                let title =
                    format!("`{name}` must be a string of {min} to {max} characters");
                ApiError::bad_request(title)
            })
    }

    /// Checks that no field is left: one that would be ignored is a mistake.
    ///
    /// # Errors
    /// 400 that lists the allowed fields.
    pub fn deny_unknown(&self, allowed: &str) -> Result<(), ApiError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let title = format!("Unknown field; allowed: {allowed}");
        Err(ApiError::bad_request(title))
    }
}
