//! The lab: a network made worse on purpose, bytes counted, and the page's control channel.
//!
//! All of it wraps the transports as middleware. Take it away, and no transport changes a line.
//! The network is around each of them; the meter is around all else that adds to an answer, so
//! that it counts what really passes the socket, when it passes.

pub mod meter;
pub mod network;
pub mod room;

use actix_web::dev::{
    HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse,
};
use actix_web::{Error, HttpRequest, Resource, web};

use crate::Options;
use crate::cursor::Query;
use crate::problem::Problem;
use network::Network;
use room::{Member, Room};

use std::borrow::Cow;
use std::sync::Arc;

/// Most characters of a client's name, and of a pane's.
const CLIENT_MAX: usize = 64;
const PANE_MAX: usize = 16;

/// Puts an endpoint behind the simulated network.
pub fn in_lab<T>(endpoint: Resource<T>) -> impl HttpServiceFactory
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse,
            Error = Error,
            InitError = (),
        > + 'static,
{
    endpoint.wrap(Network)
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
        .member(&client)
        .map(|member| (member, pane.unwrap_or("all".into()).into_owned())))
}

/// The value of a parameter that names something.
fn name<'a>(
    query: &Query<'a>,
    name: &str,
    most: usize,
) -> Result<Option<Cow<'a, str>>, Problem> {
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

fn is_off(request: &HttpRequest) -> bool {
    let options = request.app_data::<web::Data<Options>>();
    options.is_some_and(|options| options.no_lab)
}

/// Refuses the lab's parameters where the lab is off: a delay that is asked for and not
/// given would make a figure that is not true.
fn refuse_when_off(
    request: &HttpRequest,
    query: &Query,
    names: &[&str],
) -> Result<(), Problem> {
    match names
        .iter()
        .find(|name| !matches!(query.get(name), Ok(None)))
    {
        Some(name) if is_off(request) => Err(Problem::bad_request(format!(
            "`{name}` is of the lab, which is off (--no-lab)"
        ))),
        _ => Ok(()),
    }
}
