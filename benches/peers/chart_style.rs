//! How the charts look: colors for light and dark pages, and a mark and a dash for each server.

use plotters::prelude::*;

/// A color on light pages, and the one that replaces it on dark pages.
pub(crate) type Tone = (RGBColor, RGBColor);

pub(crate) const PAGE: Tone = (RGBColor(0xff, 0xff, 0xff), RGBColor(0x0d, 0x11, 0x17));
pub(crate) const TEXT: Tone = (RGBColor(0x1b, 0x1f, 0x24), RGBColor(0xe6, 0xed, 0xf3));
pub(crate) const GRID: Tone = (RGBColor(0xd8, 0xdc, 0xe1), RGBColor(0x30, 0x36, 0x3d));

/// How one server is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerStyle {
    pub(crate) name: &'static str,
    pub(crate) tone: Tone,
    /// Corners of its mark, from the center.
    pub(crate) mark: &'static [(i32, i32)],
    pub(crate) is_filled: bool,
    /// Lengths of a dash and a gap.
    pub(crate) dash: (u32, u32),
}

const SOLID: (u32, u32) = (10_000, 1);
const DASHED: (u32, u32) = (9, 5);
const DOTTED: (u32, u32) = (3, 4);

type Mark = &'static [(i32, i32)];
const SQUARE: Mark = &[(-4, -4), (4, -4), (4, 4), (-4, 4)];
const DIAMOND: Mark = &[(0, -6), (6, 0), (0, 6), (-6, 0)];
const UP: Mark = &[(0, -6), (6, 4), (-6, 4)];
const DOWN: Mark = &[(0, 6), (6, -4), (-6, -4)];
const HEXAGON: Mark = &[(-3, -5), (3, -5), (6, 0), (3, 5), (-3, 5), (-6, 0)];

const fn style(
    name: &'static str,
    (light, dark): (u32, u32),
    (mark, is_filled): (Mark, bool),
    dash: (u32, u32),
) -> ServerStyle {
    ServerStyle {
        name,
        tone: (rgb(light), rgb(dark)),
        mark,
        is_filled,
        dash,
    }
}

const fn rgb(value: u32) -> RGBColor {
    RGBColor((value >> 16) as u8, (value >> 8) as u8, value as u8)
}

/// All servers; the last one is for builds that are not named here.
pub(crate) const SERVERS: [ServerStyle; 11] = [
    style("Trifold", (0x00724f, 0x3ddc9f), (HEXAGON, true), SOLID),
    style(
        "nginx with nchan",
        (0xbf4e00, 0xff9d5c),
        (SQUARE, true),
        SOLID,
    ),
    style("Bun", (0xb0006a, 0xff7ac0), (UP, true), DASHED),
    style("axum", (0x003f7d, 0x7db8ff), (DIAMOND, true), DASHED),
    style("durable-streams", (0x6a3fa0, 0xc3a2f5), (DOWN, true), SOLID),
    style("Pushpin", (0x7a5c00, 0xe0c050), (SQUARE, false), DOTTED),
    style("ws", (0x006d7f, 0x5fd3e6), (UP, false), SOLID),
    style("socket.io", (0x5a5a5a, 0xbdbdbd), (DIAMOND, false), DASHED),
    style("Express", (0xa01818, 0xff8a80), (DOWN, false), DOTTED),
    style("baseline", (0x1b1f25, 0xe6edf4), (HEXAGON, false), DOTTED),
    style("another", (0x4d6600, 0xb5d94c), (HEXAGON, false), DASHED),
];

/// Returns how a server is drawn.
pub(crate) fn server_style(name: &str) -> ServerStyle {
    let style = SERVERS.iter().find(|style| style.name == name);
    *style.unwrap_or(&SERVERS[SERVERS.len() - 1])
}

/// Adds a style sheet that replaces each color on dark pages.
pub(crate) fn with_dark_colors(svg: &str) -> String {
    let tones = [PAGE, TEXT, GRID].into_iter();
    let tones = tones.chain(SERVERS.iter().map(|server| server.tone));
    let rules = tones.map(|(light, dark)| {
        let (light, dark) = (hex(light), hex(dark));
        format!("[fill='{light}']{{fill:{dark}}}[stroke='{light}']{{stroke:{dark}}}")
    });
    let rules = rules.collect::<Vec<_>>().join("\n");
    let sheet =
        format!("<style>@media (prefers-color-scheme: dark) {{\n{rules}\n}}</style>");
    match svg
        .find("<svg")
        .and_then(|start| svg[start..].find('>').map(|end| start + end + 1))
    {
        Some(at) => format!("{}\n{sheet}{}", &svg[..at], &svg[at..]),
        None => svg.to_owned(),
    }
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}
