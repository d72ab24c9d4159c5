//! Text in columns, and figures with three digits.

use std::fmt;

/// Shown instead of a figure that does not exist.
const MISSING: &str = "-";

/// Writes lines of cells, aligned: the first column to the left, the others to the right.
pub(super) fn write_columns(
    out: &mut fmt::Formatter<'_>,
    lines: &[Vec<String>],
) -> fmt::Result {
    let mut widths = vec![0; lines.first().map_or(0, Vec::len)];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    for line in lines {
        for (index, (cell, width)) in line.iter().zip(&widths).enumerate() {
            match index {
                0 => write!(out, "{cell:<width$}"),
                _ => write!(out, "  {cell:>width$}"),
            }?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Formats one decimal.
pub(super) fn one_decimal(value: Option<f64>) -> String {
    value.map_or(MISSING.to_owned(), |value| format!("{value:.1}"))
}

/// Formats three digits, and no more decimals than they need.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

/// Formats three digits of a figure that may not exist.
pub(super) fn optional(value: Option<f64>) -> String {
    value.map_or(MISSING.to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        let formatted = [0.0, 0.1234, 9.5, 12.34, 123.4, 12345.6].map(number);
        assert_eq!(formatted, ["0.00", "0.12", "9.50", "12.3", "123", "12346"]);
    }
}
