//! Random waits before the next attempt, up to a bound that doubles.

use std::time::Duration;

/// Bound of the first wait.
const MIN_BOUND: Duration = Duration::from_millis(100);

/// Maximum bound, which is also the maximum wait.
const MAX_BOUND: Duration = Duration::from_secs(5);

/// The bound of the next wait.
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(MIN_BOUND)
    }
}

impl Backoff {
    /// Creates a backoff that starts with the maximum bound, for a client that was connected:
    /// when it loses its connection, all others may have lost theirs at the same moment, because
    /// the server was restarted.
    pub(super) fn saturated() -> Self {
        Self(MAX_BOUND)
    }

    /// Returns the next wait, and doubles the bound.
    pub(super) fn next_wait(&mut self) -> Duration {
        let bound = self.0;
        self.0 = (bound * 2).min(MAX_BOUND);
        bound.mul_f64(rand::random())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_random_and_bounded() {
        let mut backoff = Backoff::default();
        for bound in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            assert!(backoff.next_wait() <= Duration::from_millis(bound));
        }
        let mut seconds = [0; 5];
        for _ in 0..1000 {
            seconds[Backoff::saturated().next_wait().as_secs() as usize] += 1;
        }
        assert!(
            seconds.iter().all(|clients| *clients < 1000 / 3),
            "{seconds:?}"
        );
    }
}
