//! The latency plot: for each transport, the share of its messages that was delivered within a
//! time. Both axes are logarithmic, the percentiles by their number of nines, because the slowest
//! 1 in 100 or 1 in 1000 matter most.

use std::ops::Range;

use hdrhistogram::Histogram;
use plotters::coord::ranged1d::{
    KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter,
};
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::mix::Transport;

const SIZE: (u32, u32) = (880, 520);

/// Number of points of a curve: closer than pixels that could be distinguished.
const POINTS: u32 = 240;

const TEXT: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const SECONDARY_TEXT: RGBColor = RGBColor(0x57, 0x60, 0x6a);
const GRID: RGBColor = RGBColor(0xd8, 0xdc, 0xe1);
const LIGHT_GRID: RGBColor = RGBColor(0xf1, 0xf3, 0xf5);
const FONT: &str = "sans-serif";

/// A transport, and its latencies in µs.
pub(super) type Curve<'a> = (Transport, &'a Histogram<u64>);

/// Returns the color of a transport's text on the page, and the lengths of a dash and of a gap, which
/// distinguish the curves without colors.
fn line_style(transport: Transport) -> (RGBColor, u32, u32) {
    match transport {
        Transport::Poll => (RGBColor(0xbf, 0x4e, 0x00), 2, 5),
        Transport::Longpoll => (RGBColor(0x00, 0x3f, 0x7d), 10, 5),
        Transport::Ws => (RGBColor(0x00, 0x72, 0x4f), 10_000, 1), // solid
    }
}

/// A linear axis with its own grid lines and labels. The axes of plotters choose theirs, and do not
/// know a scale of nines.
#[derive(Clone)]
struct Axis {
    range: Range<f64>,
    /// Grid lines with a label.
    labeled: Vec<f64>,
    /// Grid lines without.
    light: Vec<f64>,
    format: fn(f64) -> String,
}

impl Axis {
    /// Returns the axis of percentiles, as numbers of nines: 0 %, 50 %, 90 %, 99 % and so on.
    fn percentiles(curves: &[Curve<'_>]) -> Self {
        let counts = curves.iter().map(|(_, histogram)| histogram.len());
        let nines = exponent(counts.max().unwrap_or(1)).ceil().clamp(2.0, 7.0);
        let labeled = (0..=nines as u32).map(f64::from);
        Self {
            range: 0.0..nines,
            labeled: labeled.chain([2_f64.log10()]).collect(),
            light: Vec::new(),
            format: percentile,
        }
    }

    /// Returns the axis of latencies, as exponents of ten µs.
    fn latencies(curves: &[Curve<'_>]) -> Self {
        let min = curves.iter().map(|(_, histogram)| histogram.min()).min();
        let max = curves.iter().map(|(_, histogram)| histogram.max()).max();
        let lowest = exponent(min.unwrap_or(1)).floor();
        let highest = exponent(max.unwrap_or(1)).ceil().max(lowest + 1.0);
        let decades = lowest as i32..highest as i32;
        let steps =
            |decade| (2..10).map(move |n| f64::from(decade) + f64::from(n).log10());
        Self {
            range: lowest..highest,
            labeled: (lowest as i32..=highest as i32).map(f64::from).collect(),
            light: decades.flat_map(steps).collect(),
            format: time,
        }
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
    area: &DrawingArea<DB, plotters::coord::Shift>,
    curves: &[Curve<'_>],
    subtitle: &str,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    area.fill(&WHITE)?;
    let area = area
        .titled("Latency from due to delivered", text_style(20, &TEXT))?
        .titled(subtitle, text_style(13, &SECONDARY_TEXT))?;
    let (x, y) = (Axis::percentiles(curves), Axis::latencies(curves));
    let center = |axis: &Axis| (axis.range.start + axis.range.end) / 2.0;
    let center = (center(&x), center(&y));
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(x.clone(), y)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(LIGHT_GRID)
        .label_style(text_style(13, &TEXT))
        .x_desc("share of all messages")
        .y_desc("delivered within")
        .draw()?;
    let mut is_empty = true;
    for (transport, histogram) in curves.iter().filter(|curve| !curve.1.is_empty()) {
        is_empty = false;
        let (color, dash, gap) = line_style(*transport);
        let style = color.stroke_width(3);
        let points = points(histogram, x.range.end);
        chart
            .draw_series(DashedLineSeries::new(points, dash, gap, style))?
            .label(transport.name())
            .legend(move |(x, y)| {
                DashedPathElement::new([(x, y), (x + 30, y)], dash, gap, style)
            });
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

fn text_style(size: u32, color: &RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(color)
}

/// Returns the points of a curve: numbers of nines, and the exponent of ten of the latency in µs.
fn points(histogram: &Histogram<u64>, max_nines: f64) -> Vec<(f64, f64)> {
    // From here on the curve is at the slowest message.
    let end = (histogram.len() as f64).log10().min(max_nines);
    let mut points = vec![(0.0, exponent(histogram.min()))];
    for point in 1..POINTS {
        let nines = end * f64::from(point) / f64::from(POINTS);
        let value = histogram.value_at_quantile(1.0 - 10_f64.powf(-nines));
        points.push((nines, exponent(value)));
    }
    let max = exponent(histogram.max());
    points.extend([(end, max), (max_nines, max)]);
    points
}

/// Returns the exponent of ten; 0 counts as 1.
fn exponent(value: u64) -> f64 {
    (value.max(1) as f64).log10()
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

/// Formats a number of nines: 0 %, 50 %, 90 %, 99 %, 99.9 % …
fn percentile(nines: f64) -> String {
    let decimals = (nines - 2.0).max(0.0) as usize;
    format!("{:.decimals$} %", 100.0 * (1.0 - 10_f64.powf(-nines)))
}

#[cfg(test)]
mod tests {
    use super::super::counters::new_histogram;
    use super::*;

    #[test]
    fn axes_contain_all_values() {
        let mut latencies = new_histogram();
        for value in [430, 5_100, 78_000] {
            latencies.record(value).unwrap();
        }
        let curves = [(Transport::Ws, &latencies)];
        let (x, y) = (Axis::percentiles(&curves), Axis::latencies(&curves));
        assert_eq!((&x.range, &y.range), (&(0.0..2.0), &(2.0..5.0)));
        assert_eq!(
            [2.0, 3.0, 5.0].map(|value| y.map(&value, (300, 0))),
            [300, 200, 0]
        );

        let points = points(&latencies, 2.0);
        let (first, last) = (points[0], points[points.len() - 1]);
        assert_eq!((first.0, last.0), (0.0, 2.0));
        assert!((first.1 - 430_f64.log10()).abs() < 0.001, "{first:?}");
        assert!((last.1 - 78_000_f64.log10()).abs() < 0.001, "{last:?}");
        assert!(points.is_sorted_by(|left, right| left.1 <= right.1));
    }

    #[test]
    fn curve_follows_percentiles() {
        let mut latencies = new_histogram();
        for micros in 1..=1000 {
            latencies.record(micros * 1000).unwrap();
        }
        let points = points(&latencies, 4.0);
        for (nines, exponent) in &points {
            let expected = 1_000_000.0 * (1.0 - 10_f64.powf(-nines));
            let value = 10_f64.powf(*exponent);
            assert!((value - expected).abs() < 2_500.0, "{nines}: {value}");
        }
        assert!(points[POINTS as usize - 1].0 > 2.9, "up to 1 in 1000");
    }

    #[test]
    fn tick_labels() {
        assert_eq!(
            [2.0, 3.0, 5.0, 6.0].map(time),
            ["100 µs", "1 ms", "100 ms", "1 s"]
        );
        let ticks = [0.0, 2_f64.log10(), 1.0, 2.0, 3.0, 4.0].map(percentile);
        assert_eq!(ticks, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }

    #[test]
    fn empty_plot() {
        let svg = svg(&[(Transport::Poll, &new_histogram())], "a < b & c").unwrap();
        assert!(svg.contains("No message was delivered"));
        assert!(svg.contains("a &lt; b &amp; c"));
        let (color, ..) = line_style(Transport::Poll);
        assert!(!svg.contains(&color_code(color)), "{svg}");
    }

    /// As SVG has it.
    fn color_code(RGBColor(r, g, b): RGBColor) -> String {
        format!("#{r:02X}{g:02X}{b:02X}")
    }
}
