//! Which client and pane a request belongs to, and whether the lab is enabled at all.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::{HttpRequest, web};

use super::presence::{LabClient, Presence};
use crate::http::{ApiError, Query};

/// Maximum length of a client's name, in characters.
pub(super) const MAX_CLIENT_CHARS: usize = 64;

/// Maximum length of a pane's name, in characters.
const MAX_PANE_CHARS: usize = 16;

/// Returns whether the lab is disabled.
pub fn is_disabled(request: &HttpRequest) -> bool {
    request.app_data::<web::Data<Presence>>().is_none()
}

/// Returns the client and the pane that a request belongs to.
pub(super) fn client_and_pane(
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
pub(super) fn parse_identifier<'a>(
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
pub(super) fn reject_if_disabled(
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
