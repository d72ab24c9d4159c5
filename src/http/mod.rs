//! HTTP: requests parsed by extractors, responses, and errors as problem+json.

mod connection;
mod error;
mod json;
mod query;
mod request_log;
mod response;
mod state;

pub use connection::{ConnectionControl, DEFERRED_CONTINUE, OpenGuard};
pub use error::ApiError;
pub use json::{JsonFields, read_body};
pub use query::{Query, Wait};
pub use request_log::Log;
pub use response::BatchResponse;
pub use state::{AppState, HttpConfig, LongPollPermit, app_state};
