//! The lab: a network that is made worse on purpose, byte counts, and the page's control channel.
//!
//! All of it is middleware around the transports; without it no transport changes a line. The
//! network wraps each transport. The meter wraps everything that adds to a response, so that it
//! counts what really passes the socket, when it passes.

mod conditions;
mod control;
mod delay_line;
mod link;
mod meter;
mod network;
mod presence;

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::{HttpRequest, web};

use crate::http::{ApiError, Query};
pub use control::control;
pub use meter::meter;
pub use network::with_network;
pub use presence::{LabClient, MAX_CLIENTS, MAX_PANES, Presence};

/// Maximum length of a client's name, in characters.
const MAX_CLIENT_CHARS: usize = 64;

/// Maximum length of a pane's name, in characters.
const MAX_PANE_CHARS: usize = 16;

/// Longest delay that one parameter adds, and how long `fault=hang` hangs, in milliseconds.
const MAX_DELAY_MS: u64 = 20_000;

/// Creates what enables the lab when it is added to an application.
pub fn presence() -> web::Data<Presence> {
    web::Data::new(Presence::default())
}

/// Returns whether the lab is disabled.
pub fn is_disabled(request: &HttpRequest) -> bool {
    request.app_data::<web::Data<Presence>>().is_none()
}

/// Returns the client and the pane that a request belongs to.
fn client_and_pane(
    request: &HttpRequest,
    query: &Query,
) -> Result<Option<(Arc<LabClient>, String)>, ApiError> {
    let client = parse_identifier(query, "client", MAX_CLIENT_CHARS)?;
    let pane = parse_identifier(query, "pane", MAX_PANE_CHARS)?;
    let presence = request.app_data::<web::Data<Presence>>();
    let (Some(client), Some(presence)) = (client, presence) else {
        return Ok(None);
    };
    let client = presence.client(&client);
    Ok(client.map(|client| (client, pane.unwrap_or("all".into()).into_owned())))
}

/// Returns the value of a parameter that names something.
fn parse_identifier<'a>(
    query: &Query<'a>,
    name: &str,
    max_chars: usize,
) -> Result<Option<Cow<'a, str>>, ApiError> {
    let Some(value) = query.get(name)? else {
        return Ok(None);
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=max_chars).contains(&value.len()) && value.bytes().all(is_plain) {
        return Ok(Some(value));
    }
    let title = format!("`{name}` must be 1 to {max_chars} letters, digits or hyphens");
    Err(ApiError::bad_request(title))
}

/// Rejects the lab's parameters if the lab is disabled: a delay that is requested but not applied
/// would make every measurement wrong.
fn reject_if_disabled(
    request: &HttpRequest,
    query: &Query,
    names: &[&str],
) -> Result<(), ApiError> {
    let given = names
        .iter()
        .find(|name| !matches!(query.get(name), Ok(None)));
    match given {
        Some(name) if is_disabled(request) => Err(ApiError::bad_request(format!(
            "`{name}` requires the lab, which is disabled (--no-lab)"
        ))),
        _ => Ok(()),
    }
}
