//! The lab: a network made worse on purpose, bytes counted, and the page's control channel.
//!
//! All of it wraps the transports as middleware. Take it away, and no transport changes a line.

pub mod meter;
pub mod network;
pub mod room;

use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Resource, web};

use crate::Options;
use crate::cursor::Query;
use crate::problem::Problem;
use room::{Member, Room};

use std::sync::Arc;

/// Most characters of a client's name, and of a pane's.
const CLIENT_MAX: usize = 64;
const PANE_MAX: usize = 16;

/// Puts an endpoint into the lab. The meter is outermost: it counts what really passes the
/// socket, when it passes.
pub fn in_lab(endpoint: Resource) -> impl HttpServiceFactory {
    endpoint
        .wrap(from_fn(network::network))
        .wrap(from_fn(meter::meter))
}

/// Whom a request belongs to: a member of the room, and one of its panes.
fn owner(
    request: &HttpRequest,
    query: &Query,
) -> Result<Option<(Arc<Member>, String)>, Problem> {
    let client = name(query, "client", CLIENT_MAX)?;
    let pane = name(query, "pane", PANE_MAX)?;
    let (Some(client), Some(room)) = (client, request.app_data::<web::Data<Room>>())
    else {
        return Ok(None);
    };
    Ok(room
        .member(client)
        .map(|member| (member, pane.unwrap_or("all").to_owned())))
}

/// The value of a parameter that names something.
fn name<'a>(
    query: &'a Query,
    name: &str,
    most: usize,
) -> Result<Option<&'a str>, Problem> {
    let Some(value) = query.get(name)? else {
        return Ok(None);
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=most).contains(&value.len()) && value.bytes().all(is_plain) {
        return Ok(Some(value));
    }
    let title = format!("`{name}` must be 1 to {most} letters, digits and -");
    Err(Problem::bad_request(title))
}

/// Refuses the lab's parameters where the lab is off: a delay that is asked for and not
/// given would make a figure that is not true.
fn refuse_when_off(
    request: &HttpRequest,
    query: &Query,
    names: &[&str],
) -> Result<(), Problem> {
    let off = request
        .app_data::<web::Data<Options>>()
        .is_some_and(|options| options.no_lab);
    match names
        .iter()
        .find(|name| !matches!(query.get(name), Ok(None)))
    {
        Some(name) if off => Err(Problem::bad_request(format!(
            "`{name}` is of the lab, which is off (--no-lab)"
        ))),
        _ => Ok(()),
    }
}
