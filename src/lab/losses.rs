//! Lost packets, as TCP hides them: a lost segment arrives after a retransmission timeout.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::link::MAX_DELAY_MS;

/// Largest value of `loss`, in tenths of a percent: 50 %.
pub(super) const MAX_LOSS_PER_MILLE: u32 = 500;

/// What the retransmission timeout is above the round trip: RFC 6298 §2.3 has SRTT + 4·RTTVAR, and
/// Linux lets the second term not fall below this (`TCP_RTO_MIN`), so steady traffic has this
/// value. The 1 s of §2.1 is for a connection without a sample; Linux ignores the minimum of §2.4.
pub(super) const RTO_MARGIN: Duration = Duration::from_millis(200);

/// Longest time that the retransmissions of one segment add.
const MAX_RETRANSMISSION_DELAY: Duration = Duration::from_millis(MAX_DELAY_MS);

/// Decides which segments of one direction are lost.
pub(super) struct Losses {
    per_mille: u32,
    timeout: Duration,
    random: StdRng,
}

impl Losses {
    /// Creates the losses of a direction, in tenths of a percent.
    pub(super) fn new(per_mille: u32, round_trip: Duration, seed: u64) -> Self {
        Self {
            per_mille: per_mille.min(MAX_LOSS_PER_MILLE),
            timeout: round_trip + RTO_MARGIN,
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Returns whether anything can be lost.
    pub(super) fn is_active(&self) -> bool {
        self.per_mille > 0
    }

    /// Returns how much later the next segment arrives because it was lost, perhaps repeatedly:
    /// the timeout doubles with each retransmission (RFC 6298 §5.5).
    pub(super) fn sample_delay(&mut self) -> Duration {
        let (mut delay, mut timeout) = (Duration::ZERO, self.timeout);
        while delay < MAX_RETRANSMISSION_DELAY && self.is_next_lost() {
            delay += timeout;
            timeout *= 2;
        }
        delay.min(MAX_RETRANSMISSION_DELAY)
    }

    fn is_next_lost(&mut self) -> bool {
        self.is_active() && self.random.random_ratio(self.per_mille, 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(80);

    fn delays(per_mille: u32, seed: u64, count: usize) -> Vec<u128> {
        let mut losses = Losses::new(per_mille, ROUND_TRIP, seed);
        let samples = (0..count).map(|_| losses.sample_delay().as_millis());
        samples.collect()
    }

    #[test]
    fn share_of_lost_segments_is_as_requested() {
        for (per_mille, tolerance) in [(5, 2), (10, 3), (200, 12), (500, 15)] {
            let delays = delays(per_mille, 42, 10_000);
            let lost = delays.iter().filter(|delay| **delay > 0).count();
            let difference = (lost / 10).abs_diff(per_mille as usize);
            assert!(difference <= tolerance, "{per_mille}: {lost} of 10 000");
        }
        assert!(delays(0, 42, 1000).iter().all(|delay| *delay == 0));
    }

    #[test]
    fn timeout_doubles_for_the_same_segment() {
        let delays = delays(500, 1, 10_000);
        // 280 ms, then 560 ms more, and so on: half as often each.
        let expected = [280, 840, 1960, 4200, 8680, 17_640, 20_000];
        let possible = |delay: &u128| *delay == 0 || expected.contains(delay);
        assert!(delays.iter().all(possible), "{delays:?}");
        let count = |delay| delays.iter().filter(|found| **found == delay).count();
        assert!(count(280) > count(840) && count(840) > count(1960));
        assert!(count(1960) > 400 && count(20_000) > 0);
    }

    #[test]
    fn same_seed_same_losses() {
        assert_eq!(delays(200, 7, 500), delays(200, 7, 500));
        assert_ne!(delays(200, 7, 500), delays(200, 8, 500));
    }
}
