//! `GET /health` and `GET /time`: the server's state and its clock.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::http::AppState;
use crate::lab;
use crate::log::Version;

#[derive(Serialize)]
struct Time {
    at: f64,
}

/// `GET /time`: the clock that dates messages, in milliseconds since the Unix epoch: the server's
/// or, with `--redis`, that of Redis. A client can estimate the offset of its own clock from it.
pub(super) async fn time(state: web::Data<AppState>) -> HttpResponse {
    let at = state.writer.now();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Time { at })
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    epoch: &'a str,
    oldest: Version,
    head: Version,
    waiters: usize,
    lab: bool,
    max_wait_ms: u64,
}

/// `GET /health`: whether messages can be written, the log's range, the number of waiting readers, whether the lab is enabled, and
/// the longest wait of a long poll. Once the log is closed, every request gets 503 instead.
pub(super) async fn health(
    state: web::Data<AppState>,
    request: HttpRequest,
) -> HttpResponse {
    let log = state.log();
    let (epoch, oldest, head) = log.range();
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(Health {
            status: match state.writer.is_failing() {
                false => "ok",
                true => "read-only",
            },
            epoch: &epoch,
            oldest,
            head,
            waiters: log.waiter_count(),
            lab: !lab::is_disabled(&request),
            max_wait_ms: state.config.max_poll_wait.as_millis() as u64,
        })
}
