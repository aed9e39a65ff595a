//! What clients write into addresses: numbers, times and durations.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::parameters::Parameters;

/// The time that is meant when none is named.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    /// How far back, in nanoseconds.
    back_ns: i64,
    /// How far beyond now, in nanoseconds.
    ahead_ns: i64,
}

/// A day, for searches and names. Clocks of clients may be ahead of ours.
pub(super) const DAY: Usual = Usual { back_ns: 24 * 3600 * 1_000_000_000, ahead_ns: 60 * 1_000_000_000 };
/// An hour, for time series.
pub(super) const HOUR: Usual = Usual { back_ns: 3600 * 1_000_000_000, ahead_ns: 0 };

impl Usual {
    /// Start and end in nanoseconds since 1970, where only some are known.
    ///
    /// # Errors
    /// When nothing lies between them.
    pub(super) fn range(self, start: Option<i64>, end: Option<i64>) -> Result<(i64, i64), String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX));
        let end = end.unwrap_or(now.saturating_add(self.ahead_ns));
        ordered(start.unwrap_or(end.saturating_sub(self.back_ns)), end)
    }

    /// The time between `start` and `end`, or that of `since` before the end.
    ///
    /// # Errors
    /// Names the parameter that cannot be read.
    pub(super) fn of(self, parameters: &Parameters) -> Result<(i64, i64), String> {
        let since = match parameters.first("since") {
            Some(text) => Some(duration(text).ok_or_else(|| format!("`since={text}` is no duration, such as 30m or 1h"))?),
            None => None,
        };
        let usual = Self { back_ns: since.unwrap_or(self.back_ns), ..self };
        usual.range(bound(parameters, "start")?, bound(parameters, "end")?)
    }
}

/// `start` and `end`, each where it is named.
///
/// # Errors
/// Names the parameter that cannot be read.
pub(super) fn bounds(parameters: &Parameters) -> Result<(Option<i64>, Option<i64>), String> {
    let (start, end) = (bound(parameters, "start")?, bound(parameters, "end")?);
    if let (Some(start), Some(end)) = (start, end) {
        ordered(start, end)?;
    }
    Ok((start, end))
}

fn ordered(start: i64, end: i64) -> Result<(i64, i64), String> {
    if start < end {
        return Ok((start, end));
    }
    let seconds = |ns: i64| ns as f64 / 1e9;
    Err(format!("`start` must be before `end`: they are {} and {} in seconds", seconds(start), seconds(end)))
}

/// A time in nanoseconds since 1970; 0 is none.
fn bound(parameters: &Parameters, name: &str) -> Result<Option<i64>, String> {
    match parameters.first(name).filter(|text| *text != "0") {
        Some(text) => time(text).map(Some).ok_or_else(|| {
            format!("`{name}={text}` is no time: give seconds or nanoseconds since 1970, or a time such as 2026-01-31T12:00:00Z")
        }),
        None => Ok(None),
    }
}

/// A whole number.
///
/// # Errors
/// When it is none.
pub(super) fn number(parameters: &Parameters, name: &str) -> Result<Option<usize>, String> {
    let read = |text: &str| text.parse().map_err(|_| format!("`{name}={text}` is no whole number from 0 on"));
    parameters.first(name).map(read).transpose()
}

/// A whole number above 0.
///
/// # Errors
/// When it is none.
pub(super) fn positive(parameters: &Parameters, name: &str) -> Result<Option<usize>, String> {
    match number(parameters, name)? {
        Some(0) => Err(format!("`{name}` must be above 0")),
        other => Ok(other),
    }
}

/// `true` or `false`.
///
/// # Errors
/// When it is neither.
pub(super) fn truth(parameters: &Parameters, name: &str) -> Result<Option<bool>, String> {
    let read = |text: &str| text.parse().map_err(|_| format!("`{name}={text}` is neither true nor false"));
    parameters.first(name).map(read).transpose()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, by their size, or RFC 3339.
fn time(text: &str) -> Option<i64> {
    let Ok(number) = text.parse::<f64>() else { return rfc3339(text) };
    if !(0.0..9.3e18).contains(&number) {
        return None;
    }
    if number >= 1e17 {
        return text.parse().ok().or(Some(number as i64));
    }
    let factor = if number >= 1e14 {
        1e3
    } else if number >= 1e11 {
        1e6
    } else {
        1e9
    };
    Some((number * factor) as i64)
}

fn rfc3339(text: &str) -> Option<i64> {
    arrow::compute::kernels::cast_utils::string_to_timestamp_nanos(text).ok()
}

/// `1h30m`, `250ms`, or a number of seconds, in nanoseconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, f64); 9] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
        ("d", 8.64e13),
        ("w", 6.048e14),
    ];
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0).then_some((seconds * 1e9) as i64);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (!text.is_empty()).then_some(total as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times() {
        let cases = [
            ("1m", Some(60_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1w", Some(604_800_000_000_000)),
            ("1.5ms", Some(1_500_000)),
            ("15", Some(15_000_000_000)),
            ("", None),
            ("5 apples", None),
            ("-1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(duration(text), expected, "{text}");
        }
        for text in ["1700000000", "1700000000000", "1700000000000000", "1700000000000000000", "2023-11-14T22:13:20Z"] {
            assert_eq!(time(text), Some(1_700_000_000_000_000_000), "{text}");
        }
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn ranges() {
        const SECOND: i64 = 1_000_000_000;
        let length = |usual: Usual, query: &str| usual.of(&Parameters::of(query)).map(|(start, end)| (end - start) / SECOND);
        let cases = [
            ("", Ok(3600)),
            ("start=0&end=0", Ok(3600)),
            ("since=15m", Ok(900)),
            ("start=100&end=160", Ok(60)),
            ("end=160", Ok(3600)),
            ("end=160&since=1m", Ok(60)),
            ("start=160&end=100", Err("`start` must be before `end`: they are 160 and 100 in seconds")),
            ("since=soon", Err("`since=soon` is no duration, such as 30m or 1h")),
        ];
        for (query, expected) in cases {
            assert_eq!(length(HOUR, query).as_ref().map_err(String::as_str), expected.as_ref().map_err(|e| *e), "{query}");
        }
        assert_eq!(length(DAY, ""), Ok(24 * 3600));
        assert_eq!(bounds(&Parameters::of("end=5")), Ok((None, Some(5 * SECOND))));
        assert!(bounds(&Parameters::of("start=5&end=5")).is_err());
        assert!(bounds(&Parameters::of("start=tea")).is_err());
    }

    #[test]
    fn numbers() {
        let of = |query: &str| positive(&Parameters::of(query), "limit").map_err(|e| e.chars().take(12).collect::<String>());
        for (query, expected) in [
            ("", Ok(None)),
            ("limit=", Ok(None)),
            ("limit=7", Ok(Some(7))),
            ("limit=0", Err("`limit` must")),
            ("limit=-1", Err("`limit=-1` i")),
        ] {
            assert_eq!(of(query), expected.map_err(ToOwned::to_owned), "{query}");
        }
        assert_eq!(truth(&Parameters::of("keep=false"), "keep"), Ok(Some(false)));
        assert!(truth(&Parameters::of("keep=maybe"), "keep").is_err());
    }
}
