//! Latencies as text, in the percentile format of HdrHistogram (`.hgrm`), which its plotter and
//! other tools read.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;

use super::mix::Transport;

/// Lines until the remaining share of the values is halved; HdrHistogram's own default.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

/// Values are in ms, histograms in µs.
const SCALE: f64 = 1000.0;

/// Returns the file of a transport: its name is inserted before the extension.
pub(super) fn path(file: &Path, transport: Transport) -> PathBuf {
    match file.extension() {
        Some(extension) => {
            let mut inserted = std::ffi::OsString::from(transport.name());
            inserted.push(".");
            inserted.push(extension);
            file.with_extension(inserted)
        }
        None => file.with_extension(transport.name()),
    }
}

/// Returns the percentiles of a histogram of µs.
pub(super) fn text(histogram: &Histogram<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        total += step.count_since_last_iteration();
        let value = step.value_iterated_to() as f64 / SCALE;
        let quantile = step.quantile_iterated_to();
        let _ = write!(text, "{value:12.3} {quantile:1.12} {total:10}");
        let _ = match quantile < 1.0 {
            true => writeln!(text, " {:14.2}", 1.0 / (1.0 - quantile)),
            false => writeln!(text), // infinity
        };
    }
    let (mean, deviation) = (histogram.mean() / SCALE, histogram.stdev() / SCALE);
    let (max, count) = (histogram.max() as f64 / SCALE, histogram.len());
    let _ = writeln!(
        text,
        "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]\n\
         #[Max     = {max:12.3}, Total count    = {count:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.buckets(),
        histogram.distinct_values()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::super::counters::new_histogram;
    use super::*;

    #[test]
    fn transport_is_inserted_before_extension() {
        let path = |file: &str| super::path(Path::new(file), Transport::Longpoll);
        assert_eq!(path("a/b.hgrm"), Path::new("a/b.longpoll.hgrm"));
        assert_eq!(path("a.b/c"), Path::new("a.b/c.longpoll"));
    }

    #[test]
    fn percentiles_are_complete() {
        let mut histogram = new_histogram();
        for micros in 1..=1000 {
            histogram.record(micros * 1000).unwrap();
        }
        let text = text(&histogram);
        let rows: Vec<Vec<f64>> = text
            .lines()
            .skip(2)
            .take_while(|line| !line.starts_with('#'))
            .map(|line| {
                line.split_whitespace()
                    .map(|n| n.parse().unwrap())
                    .collect()
            })
            .collect();
        assert_eq!(rows[0], [1.0, 0.0, 1.0, 1.0], "{text}");
        let median = rows.iter().find(|row| row[1] == 0.5).unwrap();
        assert_eq!(median[1..], [0.5, 500.0, 2.0], "{text}");
        assert!((499.5..500.5).contains(&median[0]), "{text}"); // three digits
        let last = rows.last().unwrap();
        assert_eq!(last[1..], [1.0, 1000.0], "{text}"); // no infinity
        assert!((999.0..=1001.0).contains(&last[0]), "{text}");
        assert!(
            rows.is_sorted_by(|left, right| left[2] <= right[2]),
            "{text}"
        );
        assert!(text.contains("Total count    =         1000]"), "{text}");
    }

    #[test]
    fn empty_histogram_has_no_percentiles() {
        let text = text(&new_histogram());
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.count() <= 3, "{text}");
        assert!(text.contains("Total count    =            0]"), "{text}");
    }
}
