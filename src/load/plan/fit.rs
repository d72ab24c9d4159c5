//! What a measured figure consists of: a part that each connection or poll costs, and a part that
//! each delivery costs.

/// A figure of one measurement, and what it grows with; each per client and second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// Connections, which are 1, or polls.
    pub base: f64,
    /// Deliveries.
    pub deliveries: f64,
    /// The figure.
    pub value: f64,
}

/// The parts of a figure. A part is unknown if no two measurements tell it from the other one; the
/// other one contains it then.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// For each connection and second, or for each poll.
    pub base: Option<f64>,
    /// For each delivery.
    pub delivery: Option<f64>,
}

/// The part that contains everything if the two cannot be distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    /// Polls: a message is a small part of a request and its response.
    Base,
    /// Long polls and WebSockets: with messages, waiting is a small part.
    Delivery,
}

/// Deliveries per connection or poll have to differ by this factor between two measurements, so
/// that the parts can be distinguished. The same rate differs by a few percent, because each window
/// ends with the last delivery.
const MIN_FACTOR: f64 = 1.5;

impl Split {
    /// Returns the parts that explain the figures best (least squares). No part is negative.
    pub(super) fn fit(points: &[Point], whole: Whole) -> Self {
        let ratios = points.iter().map(|point| point.deliveries / point.base);
        let (least, most) = ratios
            .fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| {
                (least.min(ratio), most.max(ratio))
            });
        match whole {
            _ if most > MIN_FACTOR * least => Self::least_squares(points),
            Whole::Delivery if most > 0.0 => Self {
                base: None,
                delivery: Some(quotient(points, |point| point.deliveries)),
            },
            _ => Self {
                base: Some(quotient(points, |point| point.base)),
                delivery: None,
            },
        }
    }

    /// Solves the normal equations of value = base × connections + delivery × deliveries.
    fn least_squares(points: &[Point]) -> Self {
        let sum = |term: fn(&Point) -> f64| points.iter().map(term).sum::<f64>();
        let (bb, bd, dd) = (
            sum(|point| point.base * point.base),
            sum(|point| point.base * point.deliveries),
            sum(|point| point.deliveries * point.deliveries),
        );
        let (bv, dv) = (
            sum(|point| point.base * point.value),
            sum(|point| point.deliveries * point.value),
        );
        let determinant = bb * dd - bd * bd;
        let base = (bv * dd - dv * bd) / determinant;
        let delivery = (dv * bb - bv * bd) / determinant;
        let (base, delivery) = match (base < 0.0, delivery < 0.0) {
            (true, _) => (0.0, (dv / dd).max(0.0)),
            (_, true) => ((bv / bb).max(0.0), 0.0),
            _ => (base, delivery),
        };
        Self {
            base: Some(base),
            delivery: Some(delivery),
        }
    }

    /// Returns the figure of one subscriber per second: of so many polls, or of one connection, and
    /// of so many deliveries. Without deliveries it is unknown if the base is.
    pub(super) fn per_second(&self, base: f64, deliveries: f64) -> Option<f64> {
        let waiting = self.base.map(|value| value * base);
        match deliveries > 0.0 {
            true => Some(
                waiting.unwrap_or_default()
                    + self.delivery.unwrap_or_default() * deliveries,
            ),
            false => waiting,
        }
    }
}

fn quotient(points: &[Point], by: fn(&Point) -> f64) -> f64 {
    let values: f64 = points.iter().map(|point| point.value).sum();
    values / points.iter().map(by).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of value = 3 × base + 7 × deliveries.
    fn points(amounts: &[(f64, f64)]) -> Vec<Point> {
        let point = |&(base, deliveries)| Point {
            base,
            deliveries,
            value: 3.0 * base + 7.0 * deliveries,
        };
        amounts.iter().map(point).collect()
    }

    fn assert_split(found: Split, base: Option<f64>, delivery: Option<f64>) {
        for (found, expected) in [(found.base, base), (found.delivery, delivery)] {
            match (found, expected) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-9, "{found} {expected}");
                }
                _ => assert_eq!(found, expected),
            }
        }
    }

    #[test]
    fn different_rates_are_told_apart() {
        for amounts in [
            &[(1.0, 0.0), (1.0, 5.0)][..],
            &[(1.0, 1.0), (1.0, 5.0), (1.0, 20.0)],
            &[(10.0, 1.0), (2.0, 1.0)],
        ] {
            let split = Split::fit(&points(amounts), Whole::Delivery);
            assert_split(split, Some(3.0), Some(7.0));
        }
    }

    #[test]
    fn equal_rates_are_one_part() {
        let same = points(&[(1.0, 10.0), (1.0, 9.5)]);
        let per_delivery = 7.0 + 3.0 * 2.0 / 19.5;
        let split = Split::fit(&same, Whole::Delivery);
        assert_split(split, None, Some(per_delivery));
        let split = Split::fit(&same, Whole::Base);
        assert_split(split, Some(3.0 + 7.0 * 19.5 / 2.0), None);
    }

    #[test]
    fn waiting_has_no_deliveries() {
        for whole in [Whole::Base, Whole::Delivery] {
            let split = Split::fit(&points(&[(1.0, 0.0)]), whole);
            assert_split(split, Some(3.0), None);
        }
    }

    #[test]
    fn no_part_is_negative() {
        let point = |deliveries, value| Point {
            base: 1.0,
            deliveries,
            value,
        };
        // The line through these points is 10 × deliveries − 5.
        let split = Split::fit(&[point(1.0, 5.0), point(2.0, 15.0)], Whole::Delivery);
        assert_split(split, Some(0.0), Some(35.0 / 5.0));
        let split = Split::fit(&[point(1.0, 15.0), point(2.0, 5.0)], Whole::Delivery);
        assert_split(split, Some(10.0), Some(0.0));
    }

    #[test]
    fn unknown_base_matters_without_deliveries_only() {
        let split = Split {
            base: None,
            delivery: Some(7.0),
        };
        assert_eq!(split.per_second(1.0, 2.0), Some(14.0));
        assert_eq!(split.per_second(1.0, 0.0), None);
    }
}
