//! The message log, as one request sees it.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::error::ApiError;
use super::response::BatchResponse;
use super::state::app_state;
use crate::log::{Cursor, Gap, MessageLog};

/// The message log as an extractor: [`read`](Self::read) returns a response, everything else is
/// [`MessageLog`]'s.
pub struct Log {
    log: Arc<MessageLog>,
    requested_at: Instant,
}

impl Log {
    /// Returns the batch after the cursor as a response. Its latency is measured from the request.
    ///
    /// # Errors
    /// The [`Gap`] if the log cannot continue exactly from this cursor.
    pub fn read(&self, cursor: &Cursor) -> Result<BatchResponse, Gap> {
        let batch = self.log.read(cursor)?;
        Ok(BatchResponse::new(batch, self.requested_at))
    }
}

impl Deref for Log {
    type Target = Arc<MessageLog>;

    fn deref(&self) -> &Self::Target {
        &self.log
    }
}

impl FromRequest for Log {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(app_state(request).map(|state| Self {
            log: state.log().clone(),
            requested_at: Instant::now(),
        }))
    }
}
