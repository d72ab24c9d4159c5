//! HTTP: requests parsed by extractors, responses, and errors as problem+json.

mod error;
mod json;
mod query;
mod response;
mod state;

pub use error::ApiError;
pub use json::{JsonFields, read_body};
pub use query::{Query, Wait};
pub use response::BatchResponse;
pub use state::{AppState, HttpConfig, Log, LongPollPermit, app_state};
