//! The plot of a sweep: for each transport, the bytes per client and second over the message rate.
//! Both axes are logarithmic, so that a cost proportional to the rate is a straight line.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::axis::{Axis, exponent};
use super::columns::number;
use super::crossings::{CostCurve, Crossing};
use super::plot_style::{
    GRID, LIGHT_GRID, SECONDARY_TEXT, SIZE, TEXT, line_style, text_style,
};
use super::sweep::{SweepReport, curves};

/// Radius of a measured point, in pixels.
const POINT_SIZE: i32 = 4;

/// Radius of the ring around a crossing, in pixels.
const CROSSING_SIZE: i32 = 9;

/// A chart with these axes.
type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

/// Draws the plot as SVG.
///
/// # Errors
/// When it cannot be drawn.
pub(super) fn svg(report: &SweepReport) -> Result<String, String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    draw(&area, report).map_err(|error| format!("cannot draw the plot: {error}"))?;
    drop(area); // writes the end of the document
    Ok(svg)
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    report: &SweepReport,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    area.fill(&WHITE)?;
    let area = area
        .titled("Bytes per client and second", text_style(20, &TEXT))?
        .titled(&subtitle(report), text_style(13, &SECONDARY_TEXT))?;
    let curves = curves(&report.sweep);
    let (x, y) = axes(&curves);
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
        .x_desc("messages per second")
        .y_desc("bytes per client and second, up and down")
        .draw()?;
    for curve in &curves {
        draw_curve(&mut chart, curve)?;
    }
    for crossing in &report.crossings {
        draw_crossing(&chart, crossing, &curves)?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .legend_area_size(40)
        .background_style(WHITE)
        .border_style(GRID)
        .label_font(text_style(14, &TEXT))
        .draw()
}

fn subtitle(report: &SweepReport) -> String {
    let parameters = &report.parameters;
    let mut subtitle = format!(
        "messages of {} bytes, polls every {} ms, {} s at each rate, {}",
        parameters.message_bytes,
        parameters.poll_interval_ms,
        parameters.duration_seconds,
        report.target
    );
    if parameters.network.is_active() {
        subtitle += &format!("; simulated: {}", parameters.network);
    }
    subtitle
}

/// Returns the axis of rates and that of bytes.
fn axes(curves: &[CostCurve]) -> (Axis, Axis) {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let range = |values: &mut dyn Iterator<Item = f64>| -> Range<f64> {
        let positive = values.filter(|value| *value > 0.0);
        positive
            .map(|value| value..value)
            .reduce(|all, value| all.start.min(value.start)..all.end.max(value.end))
            .unwrap_or(1.0..10.0)
    };
    (
        Axis::decades(range(&mut points().map(|(rate, _)| *rate)), power_of_ten),
        Axis::decades(range(&mut points().map(|(_, bytes)| *bytes)), power_of_ten),
    )
}

fn draw_curve<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    (transport, points): &CostCurve,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let (color, dash, gap) = line_style(*transport);
    let style = color.stroke_width(3);
    let points: Vec<_> = points
        .iter()
        .filter(|(_, bytes)| *bytes > 0.0)
        .map(|(rate, bytes)| (exponent(*rate), exponent(*bytes)))
        .collect();
    chart
        .draw_series(DashedLineSeries::new(points.clone(), dash, gap, style))?
        .label(transport.name())
        .legend(move |(x, y)| {
            DashedPathElement::new([(x, y), (x + 30, y)], dash, gap, style)
        });
    let marks = points.into_iter();
    chart
        .draw_series(marks.map(|point| Circle::new(point, POINT_SIZE, color.filled())))?;
    Ok(())
}

/// Draws a ring around a crossing, with its rate.
fn draw_crossing<DB: DrawingBackend>(
    chart: &Chart<'_, DB>,
    crossing: &Crossing,
    curves: &[CostCurve],
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let mut curves = curves.iter();
    let curve = curves.find(|(transport, _)| *transport == crossing.transports[0]);
    let Some(bytes) = curve.and_then(|(_, points)| bytes_at(points, crossing.rate))
    else {
        return Ok(());
    };
    let point = (exponent(crossing.rate), exponent(bytes));
    let label = format!("{}/s", number(crossing.rate));
    let ring = EmptyElement::at(point)
        + Circle::new((0, 0), CROSSING_SIZE, TEXT.stroke_width(2))
        + Text::new(label, (12, 8), text_style(13, &TEXT));
    chart.plotting_area().draw(&ring)
}

/// Returns the bytes at a rate between two measured ones, on logarithmic axes.
fn bytes_at(points: &[(f64, f64)], rate: f64) -> Option<f64> {
    let mut segments = points.windows(2);
    let segment = segments.find(|pair| rate <= pair[1].0 * (1.0 + 1e-9))?;
    let [(start, before), (end, after)] = *segment else {
        return None;
    };
    let share = (rate / start).ln() / (end / start).ln();
    Some(before * (after / before).powf(share))
}

/// Formats ten to this power.
fn power_of_ten(exponent: f64) -> String {
    let exponent = exponent.round() as i32;
    let decimals = (-exponent).max(0) as usize;
    format!("{:.decimals$}", 10_f64.powi(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axis_labels_are_powers_of_ten() {
        let labels = [-2.0, -1.0, 0.0, 1.0, 4.0].map(power_of_ten);
        assert_eq!(labels, ["0.01", "0.1", "1", "10", "10000"]);
    }

    #[test]
    fn bytes_between_points_are_on_the_line() {
        let points = [(0.1, 10.0), (10.0, 1000.0), (20.0, 1000.0)];
        for (rate, expected) in
            [(0.1, 10.0), (1.0, 100.0), (10.0, 1000.0), (15.0, 1000.0)]
        {
            let bytes = bytes_at(&points, rate).unwrap();
            assert!((bytes / expected - 1.0).abs() < 1e-6, "{rate}: {bytes}");
        }
        assert_eq!(bytes_at(&points, 30.0), None);
        assert_eq!(bytes_at(&points[..1], 0.1), None);
    }
}
