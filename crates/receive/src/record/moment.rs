//! Times as text, in nanoseconds since 1970.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

const SECOND: i128 = 1_000_000_000;

/// A number of seconds, milliseconds, microseconds or nanoseconds, told apart by its size: seconds are
/// those of the years up to 5138. Fractions are exact.
pub(crate) fn epoch(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() > 40 {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) || whole.is_empty() {
        // 1.7e9 and the like.
        let seconds: f64 = text.parse().ok()?;
        return (seconds.is_finite() && seconds.abs() < 1e11).then_some((seconds * 1e9) as i128);
    }
    let whole: i128 = whole.parse().ok()?;
    let unit = match whole {
        0..=99_999_999_999 => SECOND,
        100_000_000_000..=99_999_999_999_999 => 1_000_000,
        100_000_000_000_000..=99_999_999_999_999_999 => 1_000,
        _ => 1,
    };
    let mut nanos = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanos += i128::from(digit - b'0') * place;
    }
    Some(sign * nanos)
}

/// A time of RFC 3339, or one of ISO 8601 that is close to it: without an offset it is of UTC, without
/// a clock it is midnight.
pub(crate) fn iso(text: &str) -> Option<i128> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_nanosecond());
    }
    let time: DateTime = text.parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_nanosecond())
}

/// Either.
pub(crate) fn any(text: &str) -> Option<i128> {
    let text = text.trim();
    // A year and a month look like a number to nobody but a parser.
    if text.as_bytes().get(4) == Some(&b'-') { iso(text) } else { epoch(text) }
}

/// The moment a clock without a year shows, the one nearest to `now` that is not more than a day after it.
pub(crate) fn without_year(month: i8, day: i8, clock: (i8, i8, i8), nanos: i32, zone: &TimeZone, now: i64) -> Option<i128> {
    let now = Timestamp::from_nanosecond(i128::from(now)).ok()?;
    let latest = now.checked_add(Span::new().hours(24)).ok()?;
    let this_year = now.to_zoned(zone.clone()).year();
    let in_year = |year: i16| {
        let time = DateTime::new(year, month, day, clock.0, clock.1, clock.2, nanos).ok()?;
        Some(time.to_zoned(zone.clone()).ok()?.timestamp())
    };
    // The 29th of February may be four years ago; the next year counts on the last of December.
    let years = [this_year.checked_add(1)?, this_year, this_year - 1, this_year - 2, this_year - 3, this_year - 4];
    let found = years.into_iter().filter_map(in_year).find(|time| *time <= latest)?;
    Some(found.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_times() {
        let cases = [
            ("1700000000", Some(1_700_000_000 * SECOND)),
            ("1700000000.123456789", Some(1_700_000_000_123_456_789)),
            ("1700000000.1234567899", Some(1_700_000_000_123_456_789)),
            ("1700000000123", Some(1_700_000_000_123_000_000)),
            ("1700000000123.5", Some(1_700_000_000_123_500_000)),
            ("1700000000123456", Some(1_700_000_000_123_456_000)),
            ("1700000000123456789", Some(1_700_000_000_123_456_789)),
            ("-1.5", Some(-1_500_000_000)),
            ("1.7e9", Some(1_700_000_000 * SECOND)),
            ("0", Some(0)),
            ("", None),
            ("nan", None),
            ("1e300", None),
            ("99999999999999999999999999999999999999999", None),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000 * SECOND)),
            ("2023-11-14T22:13:20.123456789Z", Some(1_700_000_000_123_456_789)),
            ("2023-11-14T23:13:20.5+01:00", Some(1_700_000_000 * SECOND + SECOND / 2)),
            ("2023-11-14T22:13:20.123+0000", Some(1_700_000_000_123_000_000)),
            ("2023-11-14 22:13:20", Some(1_700_000_000 * SECOND)),
            ("2023-11-14", Some(1_699_920_000 * SECOND)),
            ("yesterday", None),
        ];
        for (text, expected) in cases {
            assert_eq!(any(text), expected, "{text}");
        }
    }

    #[test]
    fn years_are_guessed() {
        let at = |text: &str| iso(text).unwrap();
        // Now; month and day; what is meant.
        let cases = [
            ("2026-01-01T00:00:30Z", (12, 31), Some("2025-12-31T12:00:00Z")),
            ("2025-12-31T23:59:30Z", (1, 1), Some("2026-01-01T12:00:00Z")),
            ("2026-06-01T00:00:00Z", (6, 3), Some("2025-06-03T12:00:00Z")),
            ("2026-06-01T00:00:00Z", (2, 29), Some("2024-02-29T12:00:00Z")),
            ("2026-06-01T00:00:00Z", (2, 30), None),
        ];
        for (now, (month, day), expected) in cases {
            let found = without_year(month, day, (12, 0, 0), 0, &TimeZone::UTC, at(now) as i64);
            assert_eq!(found, expected.map(at), "{now}");
        }
    }
}
