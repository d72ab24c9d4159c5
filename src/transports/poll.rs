//! Polling: the client requests, the server responds at once, with or without messages.

use crate::http::{ApiError, BatchResponse, Log};
use crate::log::Cursor;

/// `GET /poll`: responds with the messages after the cursor.
///
/// # Errors
/// 400 for an invalid cursor, 410 if the log cannot continue from it.
pub async fn poll(log: Log, cursor: Cursor) -> Result<BatchResponse, ApiError> {
    Ok(log.read(&cursor)?)
}
