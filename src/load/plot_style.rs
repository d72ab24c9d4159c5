//! What the plots have in common: size, colors, fonts, and the line of each transport.

use plotters::prelude::*;

use super::mix::Transport;

/// Width and height.
pub(super) const SIZE: (u32, u32) = (880, 520);

/// Color of text.
pub(super) const TEXT: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
/// Color of text that is less important.
pub(super) const SECONDARY_TEXT: RGBColor = RGBColor(0x57, 0x60, 0x6a);
/// Color of grid lines with a label.
pub(super) const GRID: RGBColor = RGBColor(0xd8, 0xdc, 0xe1);
/// Color of grid lines without.
pub(super) const LIGHT_GRID: RGBColor = RGBColor(0xf1, 0xf3, 0xf5);

/// Returns the color of a transport's text on the page, and the lengths of a dash and of a gap, which
/// distinguish the curves without colors.
pub(super) fn line_style(transport: Transport) -> (RGBColor, u32, u32) {
    match transport {
        Transport::Poll => (RGBColor(0xbf, 0x4e, 0x00), 2, 5),
        Transport::Longpoll => (RGBColor(0x00, 0x3f, 0x7d), 10, 5),
        Transport::Ws => (RGBColor(0x00, 0x72, 0x4f), 10_000, 1), // solid
    }
}

/// Returns the style of text.
pub(super) fn text_style(size: u32, color: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(color)
}
