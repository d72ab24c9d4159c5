//! Axes of the plots, with their own grid lines and labels.

use std::ops::Range;

use plotters::coord::ranged1d::{
    KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter,
};

/// A linear axis of exponents or of numbers of nines. The axes of plotters choose their grid lines,
/// and do not know a scale of nines.
#[derive(Clone)]
pub(super) struct Axis {
    range: Range<f64>,
    /// Grid lines with a label.
    labeled: Vec<f64>,
    /// Grid lines without.
    light: Vec<f64>,
    format: fn(f64) -> String,
}

impl Axis {
    /// Returns the axis of percentiles, as numbers of nines: 0 %, 50 %, 90 %, 99 % and so on. It ends
    /// at the largest one that `count` values support: the last but one of a thousand is 99.9 %.
    pub(super) fn percentiles(count: u64) -> Self {
        let median = 2_f64.log10();
        let end = exponent(count as f64).clamp(median, 7.0);
        let whole = (0..=end as u32).map(f64::from);
        Self {
            range: 0.0..end,
            labeled: whole.chain([median]).collect(),
            light: Vec::new(),
            format: percentile,
        }
    }

    /// Returns a logarithmic axis of whole decades around these values, as exponents of ten.
    pub(super) fn decades(values: Range<f64>, format: fn(f64) -> String) -> Self {
        let lowest = exponent(values.start).floor();
        let highest = exponent(values.end).ceil().max(lowest + 1.0);
        let decades = lowest as i32..highest as i32;
        let steps =
            |decade| (2..10).map(move |n| f64::from(decade) + f64::from(n).log10());
        Self {
            range: lowest..highest,
            labeled: (lowest as i32..=highest as i32).map(f64::from).collect(),
            light: decades.flat_map(steps).collect(),
            format,
        }
    }

    /// Returns the value in the middle of the axis.
    pub(super) fn center(&self) -> f64 {
        (self.range.start + self.range.end) / 2.0
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let Range {
            start: lowest,
            end: highest,
        } = self.range;
        let share = ((value - lowest) / (highest - lowest)).clamp(0.0, 1.0);
        start + (share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => self.light.clone(),
            false => self.labeled.clone(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        (self.format)(*value)
    }
}

/// Returns the exponent of ten; a value that has none counts as 1.
pub(super) fn exponent(value: f64) -> f64 {
    match value > 0.0 {
        true => value.log10(),
        false => 0.0,
    }
}

/// Formats a number of nines: 0 %, 50 %, 90 %, 99 %, 99.9 % …
fn percentile(nines: f64) -> String {
    let decimals = (nines - 2.0).max(0.0) as usize;
    format!("{:.decimals$} %", 100.0 * (1.0 - 10_f64.powf(-nines)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_end_where_the_values_do() {
        for (count, end, labels) in [
            (0, 0.301, 2),
            (1, 0.301, 2),
            (50, 1.699, 3),
            (100, 2.0, 4),
            (2500, 3.398, 5),
        ] {
            let axis = Axis::percentiles(count);
            assert!(
                (axis.range.end - end).abs() < 0.001,
                "{count}: {}",
                axis.range.end
            );
            assert_eq!(axis.labeled.len(), labels, "{count}");
            assert!(axis.labeled.iter().all(|label| *label <= axis.range.end));
        }
    }

    #[test]
    fn decades_contain_all_values() {
        let axis = Axis::decades(430.0..78_000.0, |_| String::new());
        assert_eq!(axis.range, 2.0..5.0);
        assert_eq!(
            [2.0, 3.0, 5.0].map(|value| axis.map(&value, (300, 0))),
            [300, 200, 0]
        );
        let axis = Axis::decades(0.1..0.1, |_| String::new());
        assert_eq!(axis.range, -1.0..0.0);
    }

    #[test]
    fn percentile_labels() {
        let ticks = [0.0, 2_f64.log10(), 1.0, 2.0, 3.0, 4.0].map(percentile);
        assert_eq!(ticks, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }
}
