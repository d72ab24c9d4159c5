//! The network conditions that a request asks for.

use std::time::Duration;

use actix_web::dev::ServiceRequest;

use super::delay_line::DelayLine;
use super::link::{Link, MAX_DELAY_MS};
use super::losses::{Losses, MAX_LOSS_PER_MILLE};
use super::request::{client_and_pane, reject_if_disabled};
use crate::http::{ApiError, Query};

const PARAMETERS: [&str; 8] = [
    "up_ms",
    "down_ms",
    "jitter_ms",
    "loss",
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
    pub(super) loss_per_mille: u32,
    pub(super) seed: u64,
    pub(super) fault: Option<Fault>,
    pub(super) link: Option<Link>,
}

/// The delay lines of a request. Each draws its jitter and its losses from generators of its own.
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
            loss_per_mille: parse_loss(query.get("loss")?.as_deref())?,
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
        // The complement is another seed, so that losses do not follow the jitter.
        let losses = Losses::new(self.loss_per_mille, self.up + self.down, !seed);
        DelayLine::new(delay, self.jitter_ms, seed, losses, self.link.clone())
    }
}

/// Parses a percentage with at most one decimal, and returns it in tenths.
fn parse_loss(value: Option<&str>) -> Result<u32, ApiError> {
    let Some(value) = value else { return Ok(0) };
    let (whole, tenths) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str, max| {
        (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let per_mille = match digits(whole, 2) && digits(tenths, 1) {
        true => format!("{whole}{tenths}").parse().ok(),
        false => None,
    };
    let allowed = per_mille.filter(|per_mille| *per_mille <= MAX_LOSS_PER_MILLE);
    allowed.ok_or_else(|| {
        let title = "`loss` must be a percentage from 0 to 50 with at most one decimal";
        ApiError::bad_request(title)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_parsed_in_tenths() {
        for (value, per_mille) in [
            ("0", 0),
            ("0.5", 5),
            ("1", 10),
            ("01", 10),
            ("12.3", 123),
            ("50", 500),
            ("50.0", 500),
        ] {
            assert_eq!(parse_loss(Some(value)).ok(), Some(per_mille), "{value}");
        }
        assert_eq!(parse_loss(None).ok(), Some(0));
    }

    #[test]
    fn invalid_loss_is_rejected() {
        for value in [
            "", "-1", "+1", "50.1", "51", "100", "0.05", ".5", "5.", "1e1", "1,5", "NaN",
        ] {
            assert!(parse_loss(Some(value)).is_err(), "{value}");
        }
    }
}
