//! HTTP: requests parsed by extractors, responses, and errors as problem+json.

mod error;
mod json;
mod query;
mod request_log;
mod response;
mod state;

pub use error::ApiError;
pub use json::{JsonFields, has_socket_payload, read_body};
pub use query::{Query, Wait};
pub use request_log::Log;
pub use response::BatchResponse;
pub use state::{AppState, HttpConfig, LongPollPermit, app_state};
