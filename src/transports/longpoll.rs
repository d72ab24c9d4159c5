//! Long polling: the client asks, the server answers when there is news.

use std::time::{Duration, Instant};

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::timeout;

use crate::cursor::{Cursor, Query};
use crate::limits::Limits;
use crate::message_log::MessageLog;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::transports::answer;

/// `GET /longpoll`: what came after the cursor, as soon as there is something, or nothing
/// when the wait is over. A client that leaves takes its held request with it.
///
/// # Errors
/// 400 for a cursor or a wait that does not parse, 410 for a cursor that no longer fits, 503
/// when too many polls are held.
pub async fn longpoll(
    log: web::Data<MessageLog>,
    cursor: Cursor,
    request: HttpRequest,
    limits: web::Data<Limits>,
    metrics: web::Data<Metrics>,
) -> Result<HttpResponse, Problem> {
    let wait = wait(&request, limits.max_wait_ms)?;
    let _held = limits.hold()?;
    let asked = Instant::now();

    // News or time-out: either way the answer is what came after the cursor by then.
    let _ = timeout(wait, log.changed(&cursor)).await;
    let batch = log.after(&cursor)?;

    metrics.held.observe(asked.elapsed().as_secs_f64());
    metrics.longpoll.tell(&batch, asked);
    Ok(answer().body(batch.json))
}

/// How long to hold: `wait_ms`, and up to a sixteenth more, so that a thousand clients that
/// came in one instant do not come back in one.
fn wait(request: &HttpRequest, cap: u64) -> Result<Duration, Problem> {
    let asked = Query::of(request).number("wait_ms", 0..=cap, cap)?;
    let spread = rand::random_range(0..=asked / 16);
    Ok(Duration::from_millis(asked + spread))
}
