//! When messages are due. The times follow from the rate alone, whatever the server does: a
//! publisher that waits for slow answers would publish less just when it hurts, and measure
//! only the good moments ("coordinated omission").

use std::time::Duration;

/// The due times of a run: message 0 at its start, and the others evenly after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    rate: f64,
    total: u64,
}

impl Schedule {
    /// `rate` messages a second for so many seconds. A rate of 0 publishes nothing.
    pub fn new(rate: f64, seconds: f64) -> Self {
        // A product that is a whole number may lie a little below it as a float.
        let total = (rate * seconds + 1e-6).floor().max(0.0) as u64;
        Self { rate, total }
    }

    /// How many messages there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// When a message is due, counted from the start. Each time is computed by itself, so that
    /// no error adds up.
    pub fn due(&self, number: u64) -> Duration {
        if self.rate > 0.0 {
            Duration::from_secs_f64(number as f64 / self.rate)
        } else {
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_evenly_from_the_start() {
        let schedule = Schedule::new(20.0, 10.0);
        assert_eq!(schedule.total(), 200);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_millis(50));
        assert_eq!(schedule.due(199), Duration::from_millis(9950));
    }

    #[test]
    fn no_error_adds_up() {
        let schedule = Schedule::new(3.0, 86_400.0);
        assert_eq!(schedule.total(), 259_200);
        assert_eq!(schedule.due(259_197), Duration::from_secs(86_399));
    }

    #[test]
    fn a_product_just_below_a_whole_number_is_that_number() {
        assert_eq!(Schedule::new(0.1, 30.0).total(), 3);
        assert_eq!(Schedule::new(3.3, 10.0).total(), 33);
    }

    #[test]
    fn without_a_rate_nothing_is_due() {
        assert_eq!(Schedule::new(0.0, 10.0).total(), 0);
    }
}
