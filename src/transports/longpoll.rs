//! Long polling: the client requests, the server responds when there are messages.

use tokio::time::timeout;

use crate::http::{ApiError, BatchResponse, Log, LongPollPermit, Wait};
use crate::log::Cursor;

/// `GET /longpoll`: waits for messages after the cursor or the end of the wait, then responds with
/// the messages after the cursor. If the client disconnects, the wait is cancelled.
///
/// # Errors
/// 400 for an invalid cursor or wait, 410 if the log cannot continue from the cursor, 503 if
/// too many long polls are in flight.
pub async fn longpoll(
    log: Log,
    cursor: Cursor,
    wait: Wait,
    _permit: LongPollPermit,
) -> Result<BatchResponse, ApiError> {
    let _ = timeout(wait.0, log.changed(&cursor)).await; // messages or timeout
    Ok(log.read(&cursor)?)
}
