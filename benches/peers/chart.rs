//! The charts: CPU time per delivery and p99 latency over the number of subscribers, as SVG.

use std::io;

use plotters::coord::Shift;
use plotters::coord::combinators::{BindKeyPoints, LogCoord, WithKeyPoints};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::chart_style::{GRID, PAGE, ServerStyle, TEXT, server_style, with_dark_colors};
use crate::figures::{Comparison, Figures, Spread, Technique};

/// Width and height of one panel.
const PANEL: (u32, u32) = (560, 400);

/// Space for the names on the right of each panel.
const NAMES_WIDTH: i32 = 150;

/// Minimum distance of two names.
const NAME_HEIGHT: i32 = 17;

/// A figure and the name of its axis.
type Quantity = (&'static str, fn(&Figures) -> f64);

const QUANTITIES: [Quantity; 2] = [
    ("CPU time per delivery, µs", |figures| figures.cpu_us),
    ("p99 latency, ms", |figures| figures.p99_ms),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<io::Error>>;

/// One server in one panel: its figures by number of subscribers.
struct Line {
    name: &'static str,
    style: ServerStyle,
    points: Vec<(f64, Spread)>,
}

/// The same in pixels: where each median is, and the ends of its spread.
type Pixels = Vec<((i32, i32), i32, i32)>;

/// Draws a row of panels for each technique.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn svg(
    comparison: &Comparison,
    techniques: &[Technique],
) -> io::Result<String> {
    let size = (PANEL.0 * 2, PANEL.1 * techniques.len() as u32);
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    draw(&area, comparison, techniques).map_err(io::Error::other)?;
    drop(area); // writes the end of the document
    Ok(with_dark_colors(&svg))
}

fn draw(area: &Area<'_>, comparison: &Comparison, techniques: &[Technique]) -> Drawn {
    area.fill(&PAGE.0)?;
    let panels = area.split_evenly((techniques.len(), QUANTITIES.len()));
    let shown = techniques
        .iter()
        .flat_map(|technique| QUANTITIES.map(|quantity| (*technique, quantity)));
    for (panel, (technique, (name, figure))) in panels.iter().zip(shown) {
        let lines = lines(comparison, technique, figure);
        let title = format!("{}: {name}", technique.title());
        let panel = panel.titled(&title, text_style(17))?;
        let pixels = axes(&panel, &lines)?;
        for (line, pixels) in lines.iter().zip(&pixels) {
            draw_line(area, line, pixels)?;
        }
        draw_names(area, &lines, &pixels)?;
    }
    Ok(())
}

fn lines(
    comparison: &Comparison,
    technique: Technique,
    figure: fn(&Figures) -> f64,
) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for series in comparison.select(|load| load.technique == technique) {
        let spread = series.spread(figure).filter(|spread| spread.min > 0.0);
        let Some(spread) = spread else { continue };
        let point = (series.load.subscribers as f64, spread);
        match lines.iter_mut().find(|line| line.name == series.name) {
            Some(line) => line.points.push(point),
            None => lines.push(Line {
                name: series.name,
                style: server_style(series.name),
                points: vec![point],
            }),
        }
    }
    lines
}

/// Draws the axes, and returns where each line goes.
fn axes(panel: &Area<'_>, lines: &[Line]) -> Drawn<Vec<Pixels>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let mut counts: Vec<f64> = points().map(|(count, _)| *count).collect();
    counts.sort_by(f64::total_cmp);
    counts.dedup();
    let x = axis(counts.iter().copied(), counts.clone());
    let ends = points().flat_map(|(_, spread)| [spread.min, spread.max]);
    let y = axis(ends, one_two_five());
    let mut chart = ChartBuilder::on(panel)
        .margin(12)
        .margin_right(NAMES_WIDTH)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .bold_line_style(GRID.0)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID.0)
        .label_style(text_style(13))
        .x_desc("subscribers")
        .x_label_formatter(&|count| format!("{count}"))
        .y_label_formatter(&|figure| format!("{figure}"))
        .draw()?;
    let pixels = lines.iter().enumerate().map(|(index, line)| {
        // Next to each other, so that the spreads can be told apart.
        let shift = 3 * (index as i32 * 2 - lines.len() as i32 + 1) / 2;
        let points = line.points.iter().map(|(count, spread)| {
            let at = |figure| chart.backend_coord(&(*count, figure));
            let (x, y) = at(spread.median);
            ((x + shift, y), at(spread.min).1, at(spread.max).1)
        });
        points.collect()
    });
    Ok(pixels.collect())
}

type LogAxis = WithKeyPoints<LogCoord<f64>>;

/// Returns a logarithmic axis with room around these figures, and with those of `marks` that are
/// on it.
fn axis(figures: impl Iterator<Item = f64>, marks: Vec<f64>) -> LogAxis {
    let spread = Spread::of(figures);
    let (min, max) = spread.map_or((1.0, 10.0), |spread| (spread.min, spread.max));
    let range = min / 1.4..max * 1.4;
    let marks = marks.into_iter().filter(|mark| range.contains(mark));
    let marks = marks.collect();
    range.log_scale().with_key_points(marks)
}

/// Returns 1, 2 and 5, times powers of ten.
fn one_two_five() -> Vec<f64> {
    let powers = (-3..6).map(|exponent| 10_f64.powi(exponent));
    powers
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * power))
        .collect()
}

fn draw_line(area: &Area<'_>, line: &Line, pixels: &Pixels) -> Drawn {
    let ServerStyle { tone, dash, .. } = line.style;
    let width = if line.name == "Trifold" { 3 } else { 2 };
    let medians: Vec<_> = pixels.iter().map(|(median, ..)| *median).collect();
    let stroke = tone.0.stroke_width(width);
    area.draw(&DashedPathElement::new(medians, dash.0, dash.1, stroke))?;
    for (median, min, max) in pixels {
        area.draw(&PathElement::new(
            [(median.0, *min), (median.0, *max)],
            tone.0.stroke_width(1),
        ))?;
        for end in [*min, *max] {
            let cap = [(median.0 - 3, end), (median.0 + 4, end)];
            area.draw(&PathElement::new(cap, tone.0.stroke_width(1)))?;
        }
        draw_mark(area, &line.style, *median)?;
    }
    Ok(())
}

fn draw_mark(area: &Area<'_>, style: &ServerStyle, center: (i32, i32)) -> Drawn {
    let shift = |(x, y): &(i32, i32)| (center.0 + x, center.1 + y);
    let mut corners: Vec<_> = style.mark.iter().map(shift).collect();
    let inside = if style.is_filled {
        style.tone.0
    } else {
        PAGE.0
    };
    area.draw(&Polygon::new(corners.clone(), inside.filled()))?;
    corners.extend(corners.first().copied());
    area.draw(&PathElement::new(corners, style.tone.0.stroke_width(2)))
}

/// Writes the name of each line at its end, or as near as other names allow.
fn draw_names(area: &Area<'_>, lines: &[Line], pixels: &[Pixels]) -> Drawn {
    let ends = lines
        .iter()
        .zip(pixels)
        .filter_map(|(line, pixels)| pixels.last().map(|(median, ..)| (line, *median)));
    let mut ends: Vec<_> = ends.collect();
    ends.sort_by_key(|(_, end)| end.1);
    let wanted: Vec<i32> = ends.iter().map(|(_, end)| end.1).collect();
    let left = ends.iter().map(|(_, end)| end.0).max().unwrap_or_default() + 24;
    for ((line, end), y) in ends.iter().zip(spread_out(&wanted)) {
        let tone = line.style.tone.0;
        let leader = [(end.0 + 8, end.1), (left - 8, y)];
        area.draw(&PathElement::new(leader, GRID.0.stroke_width(1)))?;
        draw_mark(area, &line.style, (left, y))?;
        let style = text_style(13)
            .color(&tone)
            .pos(Pos::new(HPos::Left, VPos::Center));
        area.draw(&Text::new(line.name, (left + 12, y), style))?;
    }
    Ok(())
}

/// Returns sorted positions, moved apart where they are too close, as a whole as near as possible.
fn spread_out(wanted: &[i32]) -> Vec<i32> {
    let mut groups: Vec<(i32, i32)> = Vec::new(); // the sum of wanted starts, and how many names
    let start = |(sum, count): (i32, i32)| sum / count;
    for position in wanted {
        groups.push((*position, 1));
        while let [.., upper, lower] = groups[..]
            && start(upper) + upper.1 * NAME_HEIGHT > start(lower)
        {
            groups.truncate(groups.len() - 2);
            // The lower group's names follow the upper ones.
            let sum = upper.0 + lower.0 - upper.1 * NAME_HEIGHT * lower.1;
            groups.push((sum, upper.1 + lower.1));
        }
    }
    let positions = |group: &(i32, i32)| {
        let start = start(*group);
        (0..group.1).map(move |index| start + index * NAME_HEIGHT)
    };
    groups.iter().flat_map(positions).collect()
}

fn text_style(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT.0)
}
