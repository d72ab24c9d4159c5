//! Long polling: the client asks, the server answers when there is news.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::timeout;

use crate::Options;
use crate::cursor::{Cursor, Query};
use crate::message_log::MessageLog;
use crate::problem::Problem;
use crate::transports::answer;

/// `GET /longpoll`: what came after the cursor, as soon as there is something, or nothing
/// when the wait is over. A client that leaves takes its held request with it.
///
/// # Errors
/// 400 for a cursor or a wait that does not parse, 410 for a cursor that no longer fits.
pub async fn longpoll(
    log: web::Data<MessageLog>,
    cursor: Cursor,
    request: HttpRequest,
    options: web::Data<Options>,
) -> Result<HttpResponse, Problem> {
    let wait = wait(&request, options.max_wait_ms)?;

    // News or time-out: either way the answer is what came after the cursor by then.
    let _ = timeout(wait, log.changed(&cursor)).await;
    let batch = log.after(&cursor)?;

    Ok(answer().body(batch.json))
}

/// How long to hold: `wait_ms`, and up to a sixteenth more, so that a thousand clients that
/// came in one instant do not come back in one.
fn wait(request: &HttpRequest, cap: u64) -> Result<Duration, Problem> {
    let asked = Query::of(request).number("wait_ms", 0..=cap, cap)?;
    let spread = rand::random_range(0..=asked / 16);
    Ok(Duration::from_millis(asked + spread))
}
