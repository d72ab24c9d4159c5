//! Why a client's connection ended, and what follows from it.

use std::io;

use super::protocol::{describe_error_response, is_retryable};

/// Why a client's connection ended.
pub(super) enum Disconnect {
    /// Not an error: the server closed an idle connection, or sent a gap.
    Reconnect,
    /// The connection broke, or the server sent an error that may be temporary.
    Retryable(String),
    /// The server sent an error that a retry would get again.
    Fatal(String),
}

impl From<io::Error> for Disconnect {
    fn from(error: io::Error) -> Self {
        Self::Retryable(error.to_string())
    }
}

impl From<String> for Disconnect {
    fn from(what: String) -> Self {
        Self::Retryable(what)
    }
}

/// Returns what an error response means for the client.
pub(super) fn rejection(status: u16, body: &[u8]) -> Disconnect {
    let error = describe_error_response(status, body);
    match is_retryable(status) {
        true => Disconnect::Retryable(error),
        false => Disconnect::Fatal(error),
    }
}
