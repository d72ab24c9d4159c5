//! The latency plot: for each transport, the share of its messages that was delivered within a
//! time. Both axes are logarithmic, the percentiles by their number of nines, because the slowest
//! 1 in 100 or 1 in 1000 matter most.

use hdrhistogram::Histogram;
use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::axis::{Axis, exponent};
use super::columns::number;
use super::mix::Transport;
use super::plot_style::{
    GRID, LIGHT_GRID, SECONDARY_TEXT, SIZE, TEXT, line_style, text_style,
};

/// Number of points of a curve: closer than pixels that could be distinguished.
const POINTS: u32 = 240;

/// Radius of the mark of a percentile, in pixels.
const MARK_SIZE: i32 = 5;

/// The percentiles that are marked on each curve: name, and number of values that it takes.
const MARKED: [(&str, f64, u64); 2] = [("p50", 0.5, 2), ("p99", 0.99, 100)];

/// A transport, and its latencies in µs.
pub(super) type Curve<'a> = (Transport, &'a Histogram<u64>);

/// Draws the plot as SVG. `subtitle` describes the run in one line.
///
/// # Errors
/// When it cannot be drawn.
pub(super) fn svg(curves: &[Curve<'_>], subtitle: &str) -> Result<String, String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    draw(&area, curves, subtitle)
        .map_err(|error| format!("cannot draw the plot: {error}"))?;
    drop(area); // writes the end of the document
    Ok(svg)
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    curves: &[Curve<'_>],
    subtitle: &str,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    area.fill(&WHITE)?;
    let area = area
        .titled("Latency, from due to delivered", text_style(20, &TEXT))?
        .titled(subtitle, text_style(13, &SECONDARY_TEXT))?;
    let (x, y) = axes(curves);
    let center = (x.center(), y.center());
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(LIGHT_GRID)
        .label_style(text_style(13, &TEXT))
        .x_desc("share of all messages, delivered within this latency")
        .y_desc("latency")
        .draw()?;
    let mut is_empty = true;
    for (transport, histogram) in curves.iter().filter(|curve| !curve.1.is_empty()) {
        is_empty = false;
        let (color, dash, gap) = line_style(*transport);
        let style = color.stroke_width(3);
        chart
            .draw_series(DashedLineSeries::new(points(histogram), dash, gap, style))?
            .label(legend(*transport, histogram))
            .legend(move |(x, y)| {
                DashedPathElement::new([(x, y), (x + 30, y)], dash, gap, style)
            });
        let marks = marks(histogram).into_iter();
        chart.draw_series(
            marks.map(|(_, point)| Circle::new(point, MARK_SIZE, color.filled())),
        )?;
    }
    match is_empty {
        true => {
            let text = "No message was delivered";
            let text = Text::new(text, center, text_style(16, &TEXT));
            chart.plotting_area().draw(&text)
        }
        false => chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .legend_area_size(40)
            .background_style(WHITE)
            .border_style(GRID)
            .label_font(text_style(14, &TEXT))
            .draw(),
    }
}

/// Returns the axis of percentiles and that of latencies.
fn axes(curves: &[Curve<'_>]) -> (Axis, Axis) {
    let counts = curves.iter().map(|(_, histogram)| histogram.len());
    let min = curves.iter().map(|(_, histogram)| histogram.min()).min();
    let max = curves.iter().map(|(_, histogram)| histogram.max()).max();
    let latencies = min.unwrap_or(1).max(1) as f64..max.unwrap_or(1).max(1) as f64;
    let percentiles = Axis::percentiles(counts.max().unwrap_or(0));
    (percentiles, Axis::decades(latencies, time))
}

/// Returns the points of a curve: numbers of nines, and the exponent of ten of the latency in µs.
/// The last one is the largest percentile that the number of values supports.
fn points(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let end = exponent(histogram.len() as f64);
    let mut points = vec![(0.0, latency(histogram.min()))];
    for point in 1..POINTS {
        let nines = end * f64::from(point) / f64::from(POINTS);
        let value = histogram.value_at_quantile(1.0 - 10_f64.powf(-nines));
        points.push((nines, latency(value)));
    }
    points.push((end, latency(histogram.max())));
    points
}

/// Returns the marked percentiles that the number of values supports: the text for the legend, and
/// the point on the curve.
fn marks(histogram: &Histogram<u64>) -> Vec<(String, (f64, f64))> {
    let supported = MARKED
        .iter()
        .filter(|(.., min_count)| histogram.len() >= *min_count);
    supported
        .map(|(name, quantile, _)| {
            let value = histogram.value_at_quantile(*quantile);
            let nines = -(1.0 - quantile).log10();
            let text = format!("{name} {} ms", number(value as f64 / 1000.0));
            (text, (nines, latency(value)))
        })
        .collect()
}

/// Returns the text of a curve in the legend: its transport and the marked percentiles.
fn legend(transport: Transport, histogram: &Histogram<u64>) -> String {
    let marks = marks(histogram).into_iter().map(|(text, _)| text);
    let parts: Vec<_> = [transport.name().to_owned()]
        .into_iter()
        .chain(marks)
        .collect();
    parts.join(", ")
}

/// Returns the exponent of ten of a latency in µs; 0 counts as 1.
fn latency(micros: u64) -> f64 {
    exponent(micros as f64)
}

/// Formats ten to this power µs.
fn time(exponent: f64) -> String {
    let exponent = exponent.round() as i32;
    match exponent {
        ..3 => format!("{} µs", 10_u64.pow(exponent.max(0) as u32)),
        3..6 => format!("{} ms", 10_u64.pow(exponent as u32 - 3)),
        _ => format!("{} s", 10_u64.pow(exponent as u32 - 6)),
    }
}

#[cfg(test)]
mod tests {
    use plotters::coord::ranged1d::Ranged;

    use super::super::counters::new_histogram;
    use super::*;

    /// Latencies of 1 ms, 2 ms and so on.
    fn latencies(count: u64) -> Histogram<u64> {
        let mut latencies = new_histogram();
        for number in 1..=count {
            latencies.record(number * 1000).unwrap();
        }
        latencies
    }

    #[test]
    fn curve_ends_at_the_slowest_message() {
        let latencies = latencies(300);
        let (x, y) = axes(&[(Transport::Ws, &latencies)]);
        assert!((x.range().end - 300_f64.log10()).abs() < 1e-9);
        assert_eq!(y.range().end, 6.0);
        let points = points(&latencies);
        let (first, last) = (points[0], points[points.len() - 1]);
        assert_eq!((first.0, last.0), (0.0, x.range().end));
        assert!((first.1 - 3.0).abs() < 0.001, "{first:?}");
        assert!((last.1 - 300_000_f64.log10()).abs() < 0.001, "{last:?}");
        assert!(points.is_sorted_by(|left, right| left.1 <= right.1));
    }

    #[test]
    fn curve_follows_percentiles() {
        let points = points(&latencies(1000));
        for (nines, exponent) in &points {
            let expected = 1_000_000.0 * (1.0 - 10_f64.powf(-nines));
            let value = 10_f64.powf(*exponent);
            assert!((value - expected).abs() < 2_500.0, "{nines}: {value}");
        }
        assert!(points[POINTS as usize - 1].0 > 2.9, "up to 1 in 1000");
    }

    #[test]
    fn percentiles_are_marked_if_supported() {
        for (count, expected) in [
            (1, "ws"),
            (99, "ws, p50 50.0 ms"),
            (100, "ws, p50 50.0 ms, p99 99.0 ms"),
        ] {
            assert_eq!(legend(Transport::Ws, &latencies(count)), expected);
        }
        let points = marks(&latencies(1000)).into_iter().map(|(_, point)| point);
        for ((nines, exponent), (x, y)) in points.zip([(0.301, 5.699), (2.0, 5.996)]) {
            assert!((nines - x).abs() < 0.001 && (exponent - y).abs() < 0.001);
        }
    }

    #[test]
    fn latency_labels() {
        assert_eq!(
            [2.0, 3.0, 5.0, 6.0].map(time),
            ["100 µs", "1 ms", "100 ms", "1 s"]
        );
    }

    #[test]
    fn empty_plot() {
        let svg = svg(&[(Transport::Poll, &new_histogram())], "a < b & c").unwrap();
        assert!(svg.contains("No message was delivered"));
        assert!(svg.contains("a &lt; b &amp; c"));
        let (RGBColor(r, g, b), ..) = line_style(Transport::Poll);
        assert!(!svg.contains(&format!("#{r:02X}{g:02X}{b:02X}")), "{svg}");
    }
}
