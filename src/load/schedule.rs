//! When messages are due. The times follow from the rate alone, whatever the server does: a
//! publisher that waits for slow responses would publish less just when the server is slow, and
//! measure only the good moments ("coordinated omission").

use std::time::Duration;

/// The due times of a run: message 0 at its start, and the others evenly after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    rate: f64,
    total: u64,
}

impl Schedule {
    /// Creates a schedule of `rate` messages per second. A rate of 0 publishes nothing.
    pub fn new(rate: f64, duration: Duration) -> Self {
        // The product of two floats can be slightly below the integer that it should be.
        let total = (rate * duration.as_secs_f64() + 1e-6).floor().max(0.0) as u64;
        Self { rate, total }
    }

    /// Returns the number of messages.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Returns when a message is due, relative to the start. Each time is computed
    /// independently, so that errors do not accumulate.
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

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn due_times_are_even() {
        let schedule = Schedule::new(20.0, seconds(10));
        assert_eq!(schedule.total(), 200);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_millis(50));
        assert_eq!(schedule.due(199), Duration::from_millis(9950));
    }

    #[test]
    fn errors_do_not_accumulate() {
        let schedule = Schedule::new(3.0, seconds(86_400));
        assert_eq!(schedule.total(), 259_200);
        assert_eq!(schedule.due(259_197), seconds(86_399));
    }

    #[test]
    fn total_is_rounded_to_integer() {
        assert_eq!(Schedule::new(0.1, seconds(30)).total(), 3);
        assert_eq!(Schedule::new(3.3, seconds(10)).total(), 33);
    }

    #[test]
    fn zero_rate_has_no_messages() {
        assert_eq!(Schedule::new(0.0, seconds(10)).total(), 0);
    }
}
