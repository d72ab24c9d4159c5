//! Figures that summarize many values.

use hdrhistogram::Histogram;
use serde::Serialize;

/// A distribution, in milliseconds, with three significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Number of values.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// 99.9th percentile.
    pub p999: f64,
    /// Maximum.
    pub max: f64,
}

impl Quantiles {
    /// Returns the quantiles of a histogram of microseconds, or `None` if it is empty.
    pub fn from_histogram(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
        (!histogram.is_empty()).then(|| Self {
            count: histogram.len(),
            mean: histogram.mean() / 1000.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max() as f64 / 1000.0,
        })
    }
}

/// Returns `amount / count`, or `None` if the count is 0.
pub(super) fn per(amount: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| amount / count as f64)
}

#[cfg(test)]
mod tests {
    use super::super::counters::new_histogram;
    use super::*;

    #[test]
    fn empty_has_no_quantiles_or_ratio() {
        assert_eq!(Quantiles::from_histogram(&new_histogram()), None);
        assert_eq!((per(3.0, 0), per(3.0, 2)), (None, Some(1.5)));
    }
}
