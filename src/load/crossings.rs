//! The rates at which two transports send the same number of bytes.

use serde::Serialize;

use super::mix::Transport;

/// A rate at which two transports cost the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Crossing {
    /// The two transports.
    pub transports: [Transport; 2],
    /// What they have in common: `bytes` per client and second, in both directions together.
    pub quantity: &'static str,
    /// Messages per second.
    pub rate: f64,
}

/// A transport, and its bytes per client and second at each rate, in the order of the rates.
pub(super) type CostCurve = (Transport, Vec<(f64, f64)>);

/// Returns the crossings of all pairs of curves that have the same rates. Between two rates a curve
/// is a straight line on logarithmic axes.
pub(super) fn crossings(curves: &[CostCurve]) -> Vec<Crossing> {
    let mut found = Vec::new();
    for (index, (first, left)) in curves.iter().enumerate() {
        for (second, right) in &curves[index + 1..] {
            let rates = crossing_rates(left, right);
            found.extend(rates.into_iter().map(|rate| Crossing {
                transports: [*first, *second],
                quantity: "bytes",
                rate,
            }));
        }
    }
    found
}

/// Returns the rates at which two curves have the same value.
fn crossing_rates(left: &[(f64, f64)], right: &[(f64, f64)]) -> Vec<f64> {
    let pairs = left.iter().zip(right);
    // The logarithm of the rate, and of the quotient of the values.
    let quotients: Vec<_> = pairs
        .filter(|((_, left), (_, right))| *left > 0.0 && *right > 0.0)
        .map(|((rate, left), (_, right))| (rate.ln(), (left / right).ln()))
        .collect();
    let at_rates = quotients.iter().filter(|(_, quotient)| *quotient == 0.0);
    let between = quotients.windows(2).filter_map(|pair| {
        let [(start, before), (end, after)] = *pair else {
            return None;
        };
        let share = before / (before - after);
        (before * after < 0.0).then_some(start + share * (end - start))
    });
    let mut rates: Vec<_> = at_rates.map(|(rate, _)| *rate).chain(between).collect();
    rates.sort_by(f64::total_cmp);
    rates.into_iter().map(f64::exp).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve with these values at rates 0.1, 1, 10 and 100.
    fn curve(values: [f64; 4]) -> Vec<(f64, f64)> {
        [0.1, 1.0, 10.0, 100.0].into_iter().zip(values).collect()
    }

    fn assert_rates(left: [f64; 4], right: [f64; 4], expected: &[f64]) {
        let rates = crossing_rates(&curve(left), &curve(right));
        assert_eq!(rates.len(), expected.len(), "{rates:?}");
        for (rate, expected) in rates.iter().zip(expected) {
            assert!((rate / expected - 1.0).abs() < 1e-9, "{rate} {expected}");
        }
    }

    #[test]
    fn interpolates_on_logarithmic_axes() {
        let constant = [500.0; 4];
        // Proportional to the rate: 500 is reached at 0.5 messages per second.
        assert_rates(constant, [100.0, 1000.0, 10_000.0, 100_000.0], &[0.5]);
        assert_rates([100.0, 1000.0, 10_000.0, 100_000.0], constant, &[0.5]);
        // Between 1 and 10 from a tenth to ten times as much: in the middle, √10.
        assert_rates(constant, [50.0, 50.0, 5000.0, 5000.0], &[10_f64.sqrt()]);
    }

    #[test]
    fn finds_every_crossing() {
        let zigzag = [50.0, 5000.0, 50.0, 5000.0];
        let middle = 10_f64.sqrt();
        let expected = [0.1 * middle, middle, 10.0 * middle];
        assert_rates([500.0; 4], zigzag, &expected);
    }

    #[test]
    fn equal_at_a_measured_rate() {
        assert_rates([500.0; 4], [100.0, 500.0, 600.0, 700.0], &[1.0]);
        assert_rates([500.0; 4], [500.0, 600.0, 700.0, 800.0], &[0.1]);
    }

    #[test]
    fn no_crossing() {
        assert_rates([1.0; 4], [2.0; 4], &[]);
        assert_rates([0.0; 4], [2.0; 4], &[]);
        assert_eq!(crossing_rates(&[], &[]), [0.0; 0]);
    }

    #[test]
    fn all_pairs_are_compared() {
        let curves = [
            (Transport::Poll, curve([500.0; 4])),
            (Transport::Longpoll, curve([100.0, 1000.0, 10_000.0, 1e5])),
            (Transport::Ws, curve([10.0, 100.0, 1000.0, 10_000.0])),
        ];
        let found: Vec<_> = crossings(&curves)
            .into_iter()
            .map(|crossing| (crossing.transports, (10.0 * crossing.rate).round()))
            .collect();
        let poll_and = |other| [Transport::Poll, other];
        assert_eq!(
            found,
            [
                (poll_and(Transport::Longpoll), 5.0),
                (poll_and(Transport::Ws), 50.0)
            ]
        );
    }
}
