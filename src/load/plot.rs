//! A picture of the latencies: for each technique, which part of its messages came within
//! which time. Both axes are logarithmic, the first one in nines, because what hurts is at the
//! end: 1 in 100 or 1 in 1000.

use std::fmt::Write;

use hdrhistogram::Histogram;

use super::args::Transport;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 772.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 452.0;

/// Points of a curve. They lie closer together than pixels that could be told apart.
const POINTS: u32 = 240;

/// Least distance between the labels of two curves, in pixels.
const LABEL_HEIGHT: f64 = 18.0;

/// A technique's name, and its latencies in µs.
pub(super) type Curve<'a> = (Transport, &'a Histogram<u64>);

/// The colours are the page's. The dashes tell the curves apart without them.
fn looks(technique: Transport) -> (&'static str, &'static str) {
    match technique {
        Transport::Poll => ("#bf4e00", "2 5"),
        Transport::Longpoll => ("#003f7d", "10 5"),
        Transport::Ws => ("#00724f", "none"),
    }
}

/// The axes: how many nines, and from which power of ten to which, in µs.
struct Axes {
    nines: f64,
    lowest: f64,
    highest: f64,
}

impl Axes {
    fn of(curves: &[Curve<'_>]) -> Self {
        let all = || curves.iter().map(|(_, histogram)| histogram);
        let count = all().map(|own| own.len()).max().unwrap_or(1).max(1);
        let least = all().map(|own| own.min().max(1)).min().unwrap_or(1);
        let most = all().map(|own| own.max()).max().unwrap_or(1).max(1);
        let lowest = (least as f64).log10().floor();
        Self {
            nines: (count as f64).log10().ceil().clamp(2.0, 7.0),
            lowest,
            highest: (most as f64).log10().ceil().max(lowest + 1.0),
        }
    }

    /// `nines` is 1 for 90 %, 2 for 99 %, and so on.
    fn x(&self, nines: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (nines / self.nines).clamp(0.0, 1.0)
    }

    fn y(&self, micros: f64) -> f64 {
        let power = micros.max(1.0).log10();
        let height = (power - self.lowest) / (self.highest - self.lowest);
        BOTTOM - (BOTTOM - TOP) * height.clamp(0.0, 1.0)
    }
}

/// The picture, as SVG. `about` says in one line what was measured.
pub(super) fn svg(curves: &[Curve<'_>], about: &str) -> String {
    let axes = Axes::of(curves);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="title about" font-family="system-ui, sans-serif" font-size="13" fill="#1b1f24">
<title id="title">Latency by technique</title>
<desc id="about">{}</desc>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<text x="{LEFT}" y="34" font-size="19" font-weight="600">From due to delivered</text>
<text x="{LEFT}" y="58" fill="#57606a">{}</text>
"##,
        escaped(about),
        escaped(about)
    );
    grid(&mut svg, &axes);
    let mut labels: Vec<(f64, Transport)> = Vec::new();
    for &(technique, histogram) in curves {
        if !histogram.is_empty() {
            labels.push((curve(&mut svg, &axes, technique, histogram), technique));
        }
    }
    if labels.is_empty() {
        let (x, y) = ((LEFT + RIGHT) / 2.0, (TOP + BOTTOM) / 2.0);
        put(
            &mut svg,
            &format!(
                r#"<text x="{x}" y="{y}" text-anchor="middle">Nothing was delivered</text>"#
            ),
        );
    }
    // From the lowest one up, each label at its curve's end, or just above the one below.
    labels.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut free = BOTTOM;
    for (end, technique) in labels {
        let y = end.min(free);
        free = y - LABEL_HEIGHT;
        let (colour, _) = looks(technique);
        put(
            &mut svg,
            &format!(
                r#"<text x="{:.1}" y="{:.1}" fill="{colour}" font-weight="600">{technique}</text>"#,
                RIGHT + 10.0,
                y + 4.5
            ),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Adds a line to the picture.
fn put(svg: &mut String, line: &str) {
    svg.push_str(line);
    svg.push('\n');
}

fn grid(svg: &mut String, axes: &Axes) {
    for power in axes.lowest as i32..=axes.highest as i32 {
        let y = axes.y(10_f64.powi(power));
        put(
            svg,
            &format!(
                r##"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="#d8dce1"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
                LEFT - 8.0,
                y + 4.5,
                time(power)
            ),
        );
        for step in 2..10 {
            let y = axes.y(f64::from(step) * 10_f64.powi(power));
            if power < axes.highest as i32 {
                put(
                    svg,
                    &format!(r##"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="#f1f3f5"/>"##),
                );
            }
        }
    }
    let half = 2_f64.log10();
    let nines = (0..=axes.nines as u32).map(f64::from);
    for position in nines.chain([half]) {
        let x = axes.x(position);
        put(
            svg,
            &format!(
                r##"<path d="M{x:.1} {TOP}V{BOTTOM}" stroke="#d8dce1"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"##,
                BOTTOM + 20.0,
                percentile(position)
            ),
        );
    }
    let x = (LEFT + RIGHT) / 2.0;
    put(
        svg,
        &format!(
            r##"<text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="#57606a">of all messages came within that time</text>"##,
            BOTTOM + 46.0
        ),
    );
}

/// 10 to this power µs, in the unit that people would use.
fn time(power: i32) -> String {
    match power {
        ..3 => format!("{} µs", 10_u64.pow(power.max(0) as u32)),
        3..6 => format!("{} ms", 10_u64.pow(power as u32 - 3)),
        _ => format!("{} s", 10_u64.pow(power as u32 - 6)),
    }
}

/// 0 %, 50 %, 90 %, 99 %, 99.9 % …
fn percentile(nines: f64) -> String {
    let decimals = (nines - 2.0).max(0.0) as usize;
    format!("{:.decimals$} %", 100.0 * (1.0 - 10_f64.powf(-nines)))
}

/// Draws a curve, and returns at which height it ends.
fn curve(
    svg: &mut String,
    axes: &Axes,
    technique: Transport,
    histogram: &Histogram<u64>,
) -> f64 {
    let (colour, dashes) = looks(technique);
    // Beyond this there is only the slowest one.
    let end = (histogram.len() as f64).log10().min(axes.nines);
    let mut path = String::new();
    let mut y = axes.y(histogram.min() as f64);
    let _ = write!(path, "M{:.1} {y:.1}", axes.x(0.0));
    for point in 1..=POINTS {
        let nines = end * f64::from(point) / f64::from(POINTS);
        let value = match point {
            POINTS => histogram.max(),
            _ => histogram.value_at_quantile(1.0 - 10_f64.powf(-nines)),
        };
        y = axes.y(value as f64);
        let _ = write!(path, "L{:.1} {y:.1}", axes.x(nines));
    }
    let _ = write!(path, "H{RIGHT}");
    put(
        svg,
        &format!(
            r#"<path class="curve" data-transport="{technique}" d="{path}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}" stroke-linejoin="round"/>"#
        ),
    );
    y
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::counters::new_histogram;
    use super::*;

    #[test]
    fn axes_hold_all_that_was_measured() {
        let mut latencies = new_histogram();
        for value in [430, 5_100, 78_000] {
            latencies.record(value).unwrap();
        }
        let axes = Axes::of(&[(Transport::Ws, &latencies)]);
        assert_eq!((axes.lowest, axes.highest, axes.nines), (2.0, 5.0, 2.0));
        assert_eq!((axes.y(100.0), axes.y(100_000.0)), (BOTTOM, TOP));
        assert_eq!((axes.x(0.0), axes.x(2.0)), (LEFT, RIGHT));
    }

    #[test]
    fn ticks_are_written_as_people_do() {
        assert_eq!([2, 3, 5, 6].map(time), ["100 µs", "1 ms", "100 ms", "1 s"]);
        let ticks = [0.0, 2_f64.log10(), 1.0, 2.0, 3.0, 4.0].map(percentile);
        assert_eq!(ticks, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
    }

    #[test]
    fn nothing_is_drawn_as_nothing() {
        let svg = svg(&[(Transport::Poll, &new_histogram())], "a < b & c");
        assert!(svg.contains("Nothing was delivered"));
        assert!(svg.contains("a &lt; b &amp; c"));
        assert!(!svg.contains("curve"));
    }
}
