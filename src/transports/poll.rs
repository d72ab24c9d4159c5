//! Polling: the client asks, the server answers at once, news or not.

use std::time::Instant;

use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IfNoneMatch};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use crate::cursor::Cursor;
use crate::message_log::MessageLog;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::transports::answer;

/// `GET /poll`: what came after the cursor, now.
///
/// # Errors
/// 400 for a cursor that does not parse, 410 for one that no longer fits.
pub async fn poll(
    log: web::Data<MessageLog>,
    cursor: Cursor,
    request: HttpRequest,
    metrics: web::Data<Metrics>,
) -> Result<HttpResponse, Problem> {
    let asked = Instant::now();
    let batch = log.after(&cursor)?;

    // What one URL answers changes with the log's head and with nothing else.
    let etag = format!(r#""{}-{}""#, log.epoch(), batch.head);
    if holds(&request, &etag) {
        return Ok(not_modified(etag));
    }

    metrics.poll.tell(&batch, asked);
    Ok(answer().insert_header((ETAG, etag)).body(batch.json))
}

/// Whether the client has this answer already (RFC 9110 §13.1.2).
fn holds(request: &HttpRequest, etag: &str) -> bool {
    match request.get_header() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(held)) => etag
            .parse()
            .is_ok_and(|tag: EntityTag| held.iter().any(|own| own.weak_eq(&tag))),
        None => false,
    }
}

/// 304: no body, and the header fields that a 200 would have had (RFC 9110 §15.4.5).
fn not_modified(etag: String) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}
