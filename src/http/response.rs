//! The HTTP response that carries a batch, for polling and long polling.

use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, HeaderValue, IfNoneMatch,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, Responder, ResponseError};

use super::state::app_state;
use crate::log::Batch;
use crate::metrics::TransportKind;

static JSON: HeaderValue = HeaderValue::from_static("application/json");
static NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A batch as a response. With or without messages it is a 200, so that every response carries
/// a cursor to continue from; only `/poll` answers a matching `If-None-Match` with 304.
pub struct BatchResponse {
    batch: Batch,
    requested_at: Instant,
}

impl BatchResponse {
    pub(super) fn new(batch: Batch, requested_at: Instant) -> Self {
        Self {
            batch,
            requested_at,
        }
    }
}

impl Responder for BatchResponse {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let state = match app_state(request) {
            Ok(state) => state,
            Err(error) => return error.error_response(),
        };
        let Self {
            batch,
            requested_at,
        } = self;
        let kind = match request.path() {
            "/longpoll" => TransportKind::Longpoll,
            _ => TransportKind::Poll,
        };
        let mut response = HttpResponse::Ok();
        if kind == TransportKind::Poll {
            // The content of a URL changes with the log's head and with nothing else.
            let etag = format!(r#""{}-{}""#, batch.epoch, batch.head);
            if matches_etag(request, &etag) {
                return not_modified(etag);
            }
            response.insert_header((ETAG, etag));
        }
        if kind == TransportKind::Longpoll {
            state.metrics.record_hold(requested_at.elapsed());
        }
        let latency = requested_at.max(batch.appended_at).elapsed();
        let (messages, bytes) = (batch.len(), batch.json.len());
        let transport = state.metrics.transport(kind);
        transport.record_batch(messages, bytes, latency);
        response
            .insert_header((CONTENT_TYPE, JSON.clone()))
            .insert_header((CACHE_CONTROL, NO_STORE.clone()))
            .body(batch.json.clone())
    }
}

/// Returns whether the client already holds this response (RFC 9110 §13.1.2).
fn matches_etag(request: &HttpRequest, etag: &str) -> bool {
    match request.get_header() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(held)) => etag
            .parse()
            .is_ok_and(|tag: EntityTag| held.iter().any(|item| item.weak_eq(&tag))),
        None => false,
    }
}

/// Builds a 304: no body, and the header fields that a 200 would carry (RFC 9110 §15.4.5).
fn not_modified(etag: String) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, NO_STORE.clone()))
        .finish()
}
