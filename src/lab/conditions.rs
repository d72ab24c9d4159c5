//! The network conditions that a request asks for.

use std::time::Duration;

use actix_web::dev::ServiceRequest;

use super::delay_line::DelayLine;
use super::link::{Link, MAX_DELAY_MS};
use super::request::{client_and_pane, reject_if_disabled};
use crate::http::{ApiError, Query};

const PARAMETERS: [&str; 7] = [
    "up_ms",
    "down_ms",
    "jitter_ms",
    "seed",
    "fault",
    "client",
    "pane",
];

/// A fault to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No response for [`MAX_DELAY_MS`], then the connection is cut.
    Hang,
    /// The server responds with 503.
    Unavailable,
    /// The connection is cut, and the request is not handled.
    Reset,
    /// The request is handled, but the connection is cut before the response.
    LostReply,
}

/// How bad the network is for one request or one socket.
pub(super) struct NetworkConditions {
    pub(super) up: Duration,
    pub(super) down: Duration,
    pub(super) jitter_ms: u64,
    pub(super) seed: u64,
    pub(super) fault: Option<Fault>,
    pub(super) link: Option<Link>,
}

/// The delay lines of a request. Each draws its jitter from a generator of its own.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    /// Everything from the client.
    Up = 0,
    /// The response.
    Down = 1,
    /// The frames of a socket.
    Frames = 2,
}

impl NetworkConditions {
    /// Parses what a request asks for; `None` if it asks for nothing.
    pub(super) fn from_request(
        request: &ServiceRequest,
    ) -> Result<Option<Self>, ApiError> {
        let request = request.request();
        let query = Query::parse(request);
        if !query.contains_any(&PARAMETERS) {
            return Ok(None);
        }
        reject_if_disabled(request, &query, &PARAMETERS)?;
        let ms = |name| query.parse_u64(name, 0..=MAX_DELAY_MS, 0);
        let client = client_and_pane(request, &query)?;
        Ok(Some(Self {
            up: Duration::from_millis(ms("up_ms")?),
            down: Duration::from_millis(ms("down_ms")?),
            jitter_ms: ms("jitter_ms")?,
            seed: query.parse_u64("seed", 0..=u64::MAX, 0)?,
            fault: parse_fault(query.get("fault")?.as_deref())?,
            link: client.map(|(client, _)| client.link()),
        }))
    }

    /// Returns the delay line of one direction. All of its traffic shares it, so nothing is
    /// reordered.
    pub(super) fn delay_line(&self, direction: Direction) -> DelayLine {
        let delay = match direction {
            Direction::Up => self.up,
            Direction::Down | Direction::Frames => self.down,
        };
        let seed = self.seed.wrapping_mul(3).wrapping_add(direction as u64);
        DelayLine::new(delay, self.jitter_ms, seed, self.link.clone())
    }
}

fn parse_fault(value: Option<&str>) -> Result<Option<Fault>, ApiError> {
    Ok(Some(match value {
        None => return Ok(None),
        Some("hang") => Fault::Hang,
        Some("503") => Fault::Unavailable,
        Some("reset") => Fault::Reset,
        Some("lost-reply") => Fault::LostReply,
        Some(_) => {
            let title = "`fault` must be `hang`, `503`, `reset` or `lost-reply`";
            return Err(ApiError::bad_request(title));
        }
    }))
}
