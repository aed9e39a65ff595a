//! Numbers, flags, durations and times as Jaeger reads them from a query, with its words for what
//! cannot be read: clients show these.

/// A whole number.
pub fn int(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let fault = if numeric { "value out of range" } else { "invalid syntax" };
    text.parse().map_err(|_| format!("strconv.ParseInt: parsing {text:?}: {fault}"))
}

/// True or false.
pub fn flag(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// A duration such as `1.2ms` or `1h30m`, in nanoseconds.
pub fn duration(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, f64); 8] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];
    let invalid = || format!("time: invalid duration {text:?}");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().map_err(|_| invalid())?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = &rest[..end];
        rest = &rest[end..];
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("time: unknown unit {unit:?} in duration {text:?}"));
        };
        nanos += number * size;
    }
    if nanos >= i64::MAX as f64 { Err(invalid()) } else { Ok((sign * nanos).round() as i64) }
}

/// A time such as `2026-01-24T12:00:00.5Z`, in nanoseconds since 1970.
pub fn time(text: &str) -> Result<i64, String> {
    read_time(text).ok_or_else(|| format!("parsing time {text:?} as \"2006-01-02T15:04:05.999999999Z07:00\""))
}

fn read_time(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(['T', 't'])?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let zone = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(zone);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let fits = (1..=12).contains(&month) && day >= 1 && day <= days_of_month(year, month);
    if !fits || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if fraction.is_empty() || fraction.len() > 18 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}")[..9].parse().ok()?;
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// Seconds a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(zone.get(1..)?, ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Numbers of fixed lengths.
fn numbers<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[i64; N]> {
    let mut out = [0; N];
    let mut parts = text.split(between);
    for (number, length) in out.iter_mut().zip(lengths) {
        let part = parts.next().filter(|p| p.len() == length && p.bytes().all(|b| b.is_ascii_digit()))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = 365 * before + before / 4 - before / 100 + before / 400;
    let months: i64 = (1..month).map(|m| days_of_month(year, m)).sum();
    // 719,162 days lie between the first days of the years 1 and 1970.
    years + months + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, nanos) in [
            ("0", 0),
            ("1.2ms", 1_200_000),
            ("100us", 100_000),
            ("3µs", 3_000),
            ("1h30m", 5_400_000_000_000),
            ("-2s", -2_000_000_000),
            (".5s", 500_000_000),
            ("+7ns", 7),
        ] {
            assert_eq!(duration(text), Ok(nanos), "{text}");
        }
        for (text, fault) in [
            ("", "time: invalid duration \"\""),
            ("x", "time: invalid duration \"x\""),
            ("5", "time: missing unit in duration \"5\""),
            ("5q", "time: unknown unit \"q\" in duration \"5q\""),
            ("1.2.3s", "time: invalid duration \"1.2.3s\""),
            ("9999999h", "time: invalid duration \"9999999h\""),
        ] {
            assert_eq!(duration(text), Err(fault.to_owned()), "{text}");
        }
    }

    #[test]
    fn numbers_and_flags() {
        assert_eq!((int("-12"), int("+3")), (Ok(-12), Ok(3)));
        assert_eq!(int("1x"), Err("strconv.ParseInt: parsing \"1x\": invalid syntax".to_owned()));
        assert_eq!(int(""), Err("strconv.ParseInt: parsing \"\": invalid syntax".to_owned()));
        let long = "99999999999999999999";
        assert_eq!(int(long), Err(format!("strconv.ParseInt: parsing {long:?}: value out of range")));
        assert_eq!((flag("1"), flag("False")), (Ok(true), Ok(false)));
        assert_eq!(flag("yes"), Err("strconv.ParseBool: parsing \"yes\": invalid syntax".to_owned()));
    }

    #[test]
    fn times() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56.5Z", 951_827_696_500_000_000),
            ("2026-01-24T12:00:00.123456789+02:00", 1_769_248_800_123_456_789),
            ("1969-12-31T23:59:59-00:30", 1_799_000_000_000),
        ] {
            assert_eq!(time(text), Ok(nanos), "{text}");
        }
        for text in [
            "",
            "now",
            "2026-01-24",
            "2026-01-24T12:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-24T24:00:00Z",
            "2026-01-24T12:00:00.Z",
            "2026-1-24T12:00:00Z",
            "2026-01-24T12:00:00+2:00",
            "9999-01-01T00:00:00Z",
            "2026-01-24T12:00:00Zä",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
