//! Times at the beginning of lines.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::record;

/// Digits of a fixed width as a number.
fn number(bytes: &[u8], from: usize, len: usize) -> Option<i16> {
    let digits = bytes.get(from..from + len)?;
    digits.iter().try_fold(0_i16, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i16::from(digit - b'0')))
}

/// The month of an English name of three letters.
pub(super) fn month(name: &str) -> Option<i16> {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.iter().position(|n| *n == name).map(|at| at as i16 + 1)
}

/// `10:00:00`, with a fraction behind `.` or `,`; the seconds' nanoseconds, and how long it is.
fn clock(bytes: &[u8], from: usize) -> Option<([i16; 3], i32, usize)> {
    let (hour, minute, second) = (number(bytes, from, 2)?, number(bytes, from + 3, 2)?, number(bytes, from + 6, 2)?);
    if bytes[from + 2] != b':' || bytes[from + 5] != b':' {
        return None;
    }
    let (mut end, mut nanos) = (from + 8, 0);
    if matches!(bytes.get(end), Some(b'.' | b',')) && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        let digits = bytes[end + 1..].iter().take_while(|byte| byte.is_ascii_digit());
        let mut place = 100_000_000;
        for digit in digits {
            nanos += i32::from(digit - b'0') * place;
            place /= 10;
            end += 1;
        }
        end += 1;
    }
    Some(([hour, minute, second], nanos, end))
}

/// `Z`, `+01:00`, `+0100` or ` UTC`, and where it ends.
fn offset(text: &str, from: usize) -> Option<(Offset, usize)> {
    let bytes = text.as_bytes();
    let rest = text.get(from..)?;
    if rest.starts_with('Z') {
        return Some((Offset::UTC, from + 1));
    }
    if rest.starts_with(" UTC") {
        return Some((Offset::UTC, from + 4));
    }
    let start = from + usize::from(rest.starts_with(' '));
    let sign = match bytes.get(start)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let colon = usize::from(bytes.get(start + 3) == Some(&b':'));
    let (hours, minutes) = (number(bytes, start + 1, 2)?, number(bytes, start + 3 + colon, 2)?);
    let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
    Some((Offset::from_seconds(seconds).ok()?, start + 5 + colon))
}

fn moment(date: [i16; 3], clock: [i16; 3], nanos: i32, zone: &TimeZone) -> Option<i128> {
    let small = |n: i16| i8::try_from(n).ok();
    // Leap seconds are the last of their minute.
    let second = small(clock[2])?.min(59 + i8::from(clock[2] > 60));
    let time =
        DateTime::new(date[0], small(date[1])?, small(date[2])?, small(clock[0])?, small(clock[1])?, second, nanos).ok()?;
    Some(time.to_zoned(zone.clone()).ok()?.timestamp().as_nanosecond())
}

/// A time that a text begins with, and what is behind it: ISO 8601, the same with slashes as nginx and Go write it, or
/// as Apache's error log does. One without an offset is of `zone`.
pub(super) fn leading<'a>(text: &'a str, zone: &TimeZone) -> Option<(i128, &'a str)> {
    let bytes = text.as_bytes();
    if !bytes.first()?.is_ascii_digit() {
        return asctime(text, zone);
    }
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/') || bytes.get(7) != Some(&separator) || !matches!(bytes.get(10)?, b'T' | b' ' | b't') {
        return None;
    }
    let date = [number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?];
    let (clock, nanos, end) = clock(bytes, 11)?;
    let at = match offset(text, end) {
        Some((offset, end)) => (moment(date, clock, nanos, &TimeZone::fixed(offset))?, end),
        None => (moment(date, clock, nanos, zone)?, end),
    };
    // A time is a word of its own.
    let rest = text.get(at.1..)?;
    (!rest.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some((at.0, rest))
}

/// `Sun Nov 22 10:00:00.123456 2026`.
fn asctime<'a>(text: &'a str, zone: &TimeZone) -> Option<(i128, &'a str)> {
    let bytes = text.as_bytes();
    if bytes.get(3) != Some(&b' ') || bytes.get(7) != Some(&b' ') || bytes.get(10) != Some(&b' ') {
        return None;
    }
    let month = month(text.get(4..7)?)?;
    let day = if bytes[8] == b' ' { number(bytes, 9, 1)? } else { number(bytes, 8, 2)? };
    let (clock, nanos, end) = clock(bytes, 11)?;
    let year = number(bytes, end + 1, 4)?;
    Some((moment([year, month, day], clock, nanos, zone)?, text.get(end + 5..)?))
}

/// `22/Nov/2026:10:00:00 +0000`, as access logs have it.
pub(super) fn access(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    if bytes.get(2) != Some(&b'/') || bytes.get(6) != Some(&b'/') || bytes.get(11) != Some(&b':') {
        return None;
    }
    let date = [number(bytes, 7, 4)?, month(text.get(3..6)?)?, number(bytes, 0, 2)?];
    let (clock, nanos, end) = clock(bytes, 12)?;
    let (offset, _) = offset(text, end)?;
    moment(date, clock, nanos, &TimeZone::fixed(offset))
}

/// A text that is a time and nothing else, or a number since 1970.
pub(super) fn any(text: &str, zone: &TimeZone) -> Option<i128> {
    let text = text.trim();
    if let Some((time, rest)) = leading(text, zone) {
        return rest.is_empty().then_some(time);
    }
    access(text).or_else(|| text.as_bytes().first()?.is_ascii_digit().then(|| record::any(text))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_begin_with_times() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        // A line; the time meant, and what is behind it.
        let cases = [
            ("2026-11-22T10:00:00Z x", "2026-11-22T10:00:00Z", " x"),
            ("2026-11-22T10:00:00.123456789+01:00 x", "2026-11-22T09:00:00.123456789Z", " x"),
            ("2026-11-22 10:00:00,123 - a", "2026-11-22T09:00:00.123Z", " - a"),
            ("2026-11-22 10:00:00.5 +0000 UTC", "2026-11-22T10:00:00.5Z", " UTC"),
            ("2026-07-22 10:00:00", "2026-07-22T08:00:00Z", ""),
            ("2026/11/22 10:00:00 [error]", "2026-11-22T09:00:00Z", " [error]"),
            ("Sun Nov 22 10:00:00.123456 2026] x", "2026-11-22T09:00:00.123456Z", "] x"),
            ("Sun Nov  2 10:00:00 2026", "2026-11-02T09:00:00Z", ""),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", ""),
        ];
        for (line, time, rest) in cases {
            assert_eq!(leading(line, &berlin), Some((record::iso(time).unwrap(), rest)), "{line}");
        }
        for line in
            ["", "2026", "2026-11-22", "2026-13-22T10:00:00Z", "2026-11-22T10:00:00ZZ", "2026-11-22x10:00:00", "ö026-11-22T10"]
        {
            assert_eq!(leading(line, &berlin), None, "{line}");
        }
        assert_eq!(access("22/Nov/2026:10:00:00 +0100"), record::iso("2026-11-22T09:00:00Z"));
        assert_eq!(any("1700000000.5", &berlin), Some(1_700_000_000_500_000_000));
        assert_eq!(any("noon", &berlin), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[0-9TZ/:,. +-]{0,40}", name in "[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9:.]{0,24}") {
            for text in [text, name] {
                let _ = (leading(&text, &TimeZone::UTC), access(&text), any(&text, &TimeZone::UTC));
            }
        }
    }
}
