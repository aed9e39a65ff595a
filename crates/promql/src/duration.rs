//! Durations as Prometheus writes them: `1h30m`, units in falling order, each at most once.

/// Units with their lengths in milliseconds, the longest first. A year has 365 days.
const UNITS: [(&str, i64); 7] =
    [("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Times beyond this (some 140,000 years from 1970) are refused, so that sums of times cannot overflow.
pub(crate) const TIME_MAX_MS: i64 = 1 << 52;

/// Milliseconds of a duration such as `1h30m`; none for anything else.
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = UNITS.iter().position(|(name, _)| *name == &rest[..letters])?;
        if unit < next_unit {
            return None;
        }
        next_unit = unit + 1;
        total = total.checked_add(amount.checked_mul(UNITS[unit].1)?)?;
        rest = &rest[letters..];
    }
    (next_unit > 0).then_some(total)
}

/// A duration of so many milliseconds, as Prometheus prints it: weeks and years only when they are
/// whole.
pub fn format_duration(milliseconds: i64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let mut text = if milliseconds < 0 { "-".to_owned() } else { String::new() };
    let mut rest = milliseconds.unsigned_abs();
    for (name, length) in UNITS {
        let length = length as u64;
        let whole_only = matches!(name, "y" | "w");
        if rest < length || (whole_only && !rest.is_multiple_of(length)) {
            continue;
        }
        text.push_str(&(rest / length).to_string());
        text.push_str(name);
        rest %= length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, milliseconds) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("1w", 604_800_000),
            ("1y", 31_536_000_000),
            ("7s5ms", 7005),
        ] {
            assert_eq!(parse_duration(text), Some(milliseconds));
            assert_eq!(format_duration(milliseconds), text);
        }
        for text in ["", "5", "m", "5m1h", "5m5m", "1.5m", "99999999999999999999y", "999999999999999y"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(format_duration(8 * 86_400_000), "8d");
        assert_eq!(format_duration(-61_000), "-1m1s");
    }
}
