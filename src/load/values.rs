//! Parsers of the values of flags.

use std::ops::RangeInclusive;
use std::time::Duration;

/// One hour, the largest value of several flags.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// Parses a decimal number in a range.
pub(super) fn number(
    range: RangeInclusive<f64>,
) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "the value must be a number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// Parses a duration with a unit (`250ms`, `5s`, `2m`) in a range.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl Fn(&str) -> Result<Duration, String> + Clone {
    move |text| match humantime::parse_duration(text) {
        Ok(duration) if range.contains(&duration) => Ok(duration),
        Ok(_) => Err(format!(
            "the duration must be from {} to {}",
            humantime::format_duration(*range.start()),
            humantime::format_duration(*range.end())
        )),
        Err(error) => Err(format!(
            "{error}; write a number with a unit, such as 5s or 250ms"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_unit_and_range() {
        let parse = duration(Duration::from_millis(100)..=HOUR);
        assert_eq!(parse("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(parse("1h"), Ok(HOUR));
        for (text, expected) in [
            ("99ms", "from 100ms to 1h"),
            ("2h", "from 100ms to 1h"),
            ("5", "with a unit"),
            ("", "with a unit"),
            ("-1s", "with a unit"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
