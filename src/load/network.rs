//! The simulated network: delays, jitter and losses that the server adds to the requests of the
//! clients. Publishing is not affected.

use std::fmt;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::target::ServerHealth;
use super::values::duration;

/// Longest delay that one flag adds; the server allows no more.
const MAX_DELAY: Duration = Duration::from_secs(20);

/// Largest value of `--loss`, in percent; the server allows no more.
const MAX_LOSS: f64 = 50.0;

/// The flags of the simulated network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Args)]
pub struct NetworkArgs {
    /// Simulated delay from the clients to the server, 0ms to 20s; needs the server's lab
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_delay)]
    pub up: Duration,

    /// Simulated delay from the server to the clients, 0ms to 20s; needs the server's lab
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_delay)]
    pub down: Duration,

    /// Simulated random delay in addition, in each direction, at most 20s; needs the server's lab
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = parse_delay)]
    pub jitter: Duration,

    /// Simulated loss of TCP segments in each direction, 0 to 50 percent with at most one
    /// decimal; needs the server's lab
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = parse_loss)]
    pub loss: f64,
}

/// The simulated network of a run, named like the server's parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct SimulatedNetwork {
    /// Delay towards the server, in milliseconds.
    pub up_ms: u64,
    /// Delay towards the clients, in milliseconds.
    pub down_ms: u64,
    /// Maximum additional delay in each direction, in milliseconds.
    pub jitter_ms: u64,
    /// Lost TCP segments in each direction, in percent.
    pub loss: f64,
}

impl From<NetworkArgs> for SimulatedNetwork {
    fn from(args: NetworkArgs) -> Self {
        let milliseconds = |duration: Duration| duration.as_millis() as u64;
        Self {
            up_ms: milliseconds(args.up),
            down_ms: milliseconds(args.down),
            jitter_ms: milliseconds(args.jitter),
            loss: args.loss,
        }
    }
}

impl SimulatedNetwork {
    /// Returns whether the server has to simulate anything.
    pub(super) fn is_active(&self) -> bool {
        *self != Self::default()
    }

    /// Checks that the server can simulate it.
    ///
    /// # Errors
    /// When it is active and the server's lab is disabled.
    pub(super) fn check(&self, health: &ServerHealth) -> Result<(), String> {
        if self.is_active() && !health.lab {
            return Err(
                "--up, --down, --jitter and --loss need the server's lab, which is \
                        disabled; start the server without --no-lab"
                    .into(),
            );
        }
        Ok(())
    }

    /// Returns the query parameters of a client's request, with an `&` before them; nothing if
    /// nothing is simulated. Each request has a seed of its own: with a common one, all would be
    /// lost or none. The same run draws the same delays.
    pub(super) fn query(&self, client: u64, request: u32) -> String {
        if !self.is_active() {
            return String::new();
        }
        let Self {
            up_ms,
            down_ms,
            jitter_ms,
            loss,
        } = self;
        let seed = (client << 32) | u64::from(request);
        format!(
            "&up_ms={up_ms}&down_ms={down_ms}&jitter_ms={jitter_ms}&loss={loss}&seed={seed}"
        )
    }

    /// Returns the longest time that it adds to a request and its response.
    pub(super) fn max_round_trip(&self) -> Duration {
        let delays = self.up_ms + self.down_ms + 2 * self.jitter_ms;
        let losses = match self.loss > 0.0 {
            true => 2 * MAX_DELAY,
            false => Duration::ZERO,
        };
        Duration::from_millis(delays) + losses
    }
}

impl fmt::Display for SimulatedNetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            up_ms,
            down_ms,
            jitter_ms,
            loss,
        } = self;
        write!(out, "{up_ms} ms up, {down_ms} ms down")?;
        if *jitter_ms > 0 {
            write!(out, ", up to {jitter_ms} ms of jitter")?;
        }
        if *loss > 0.0 {
            write!(out, ", {loss} % loss")?;
        }
        Ok(())
    }
}

/// Parses a duration of whole milliseconds, as the server accepts it.
fn parse_delay(text: &str) -> Result<Duration, String> {
    let delay = duration(Duration::ZERO..=MAX_DELAY)(text)?;
    match delay.subsec_nanos() % 1_000_000 {
        0 => Ok(delay),
        _ => Err("the duration must be a whole number of milliseconds".into()),
    }
}

/// Parses a percentage with at most one decimal, as the server accepts it.
fn parse_loss(text: &str) -> Result<f64, String> {
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    match text.parse() {
        Ok(loss) if (0.0..=MAX_LOSS).contains(&loss) && decimals <= 1 => Ok(loss),
        _ => Err(format!(
            "the value must be a percentage from 0 to {MAX_LOSS} with at most one decimal"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: SimulatedNetwork = SimulatedNetwork {
        up_ms: 40,
        down_ms: 30,
        jitter_ms: 10,
        loss: 0.5,
    };

    #[test]
    fn query_has_a_seed_for_each_request() {
        assert_eq!(
            NETWORK.query(2, 3),
            "&up_ms=40&down_ms=30&jitter_ms=10&loss=0.5&seed=8589934595"
        );
        assert_ne!(NETWORK.query(2, 3), NETWORK.query(3, 3));
        assert_eq!(SimulatedNetwork::default().query(2, 3), "");
    }

    #[test]
    fn description_omits_what_is_not_simulated() {
        assert_eq!(
            NETWORK.to_string(),
            "40 ms up, 30 ms down, up to 10 ms of jitter, 0.5 % loss"
        );
        let network = SimulatedNetwork {
            up_ms: 40,
            ..SimulatedNetwork::default()
        };
        assert_eq!(network.to_string(), "40 ms up, 0 ms down");
    }

    #[test]
    fn delay_has_whole_milliseconds() {
        assert_eq!(parse_delay("40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(parse_delay("20s"), Ok(MAX_DELAY));
        for (text, expected) in [("500us", "whole"), ("21s", "to 20s"), ("5", "unit")] {
            let error = parse_delay(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn loss_has_one_decimal() {
        for (text, loss) in [("0", 0.0), ("1", 1.0), ("0.5", 0.5), ("50.0", 50.0)] {
            assert_eq!(parse_loss(text), Ok(loss));
        }
        for text in ["", "-1", "0.25", "50.1", "1e1000", "NaN", "1%"] {
            assert!(parse_loss(text).is_err(), "{text}");
        }
    }
}
