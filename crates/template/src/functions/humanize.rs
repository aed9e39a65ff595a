//! Numbers for people.

use crate::error::Fault;
use crate::format::format_float;
use crate::time::{Duration, Time};
use crate::value::Value;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const LARGE_1024: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// Seconds of Unix time that a time of Prometheus can be, which counts milliseconds.
const UNIX_S_MAX: f64 = 9.223_372_036_854_775e15;

/// A number from a number, a text that is one, or a duration.
pub(super) fn float(value: &Value<'_>) -> Result<f64, Fault> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Int(number) | Value::Named(number, _) => Ok(*number as f64),
        Value::Duration(duration) => Ok(duration.seconds()),
        Value::Text(text) | Value::Safe(text) => {
            parse_float(text).ok_or_else(|| Fault::new(format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")))
        }
        other => Err(Fault::new(format!("can't convert {} to float", other.type_name()))),
    }
}

/// A float as Go reads it from a text.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let named = ["inf", "infinity", "nan"].iter().any(|name| unsigned.eq_ignore_ascii_case(name));
    // Rust reads what Go does, but for hexadecimal floats, and signs of NaN.
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() || named => Some(number),
        _ => None,
    }
}

/// Four significant digits.
fn short(number: f64) -> String {
    let text = format_float(number, 'g', Some(4));
    if number.is_infinite() { text } else { text.trim_start_matches('+').to_owned() }
}

/// `1.235M`
pub(super) fn humanize(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return short(number);
    }
    if number.abs() >= 1.0 { larger(number, 1000.0, &LARGE) } else { smaller(number, "") }
}

/// `1.178Mi`
pub(super) fn humanize_1024(number: f64) -> String {
    if number.abs() <= 1.0 || !number.is_finite() { short(number) } else { larger(number, 1024.0, &LARGE_1024) }
}

fn larger(mut number: f64, base: f64, prefixes: &[&str]) -> String {
    let mut shown = "";
    for prefix in prefixes {
        if number.abs() < base {
            break;
        }
        shown = prefix;
        number /= base;
    }
    short(number) + shown
}

fn smaller(mut number: f64, unit: &str) -> String {
    let mut shown = "";
    for prefix in SMALL {
        if number.abs() >= 1.0 {
            break;
        }
        shown = prefix;
        number *= 1000.0;
    }
    format!("{}{shown}{unit}", short(number))
}

/// Seconds as `1d 2h 3m 4s`.
pub(super) fn humanize_duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return short(seconds);
    }
    if seconds == 0.0 {
        return short(seconds) + "s";
    }
    if seconds.abs() < 1.0 {
        return smaller(seconds, "s");
    }
    let (sign, size) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
    let whole = size as i64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    if days != 0 {
        return format!("{sign}{days}d {hours}h {minutes}m {rest}s");
    }
    if hours != 0 {
        return format!("{sign}{hours}h {minutes}m {rest}s");
    }
    if minutes != 0 {
        return format!("{sign}{minutes}m {rest}s");
    }
    format!("{sign}{}s", short(size))
}

/// A ratio as `12.35%`.
pub(super) fn humanize_percentage(ratio: f64) -> String {
    short(ratio * 100.0) + "%"
}

/// Seconds of Unix time as a time.
pub(super) fn humanize_timestamp(seconds: f64) -> Result<String, Fault> {
    if !seconds.is_finite() {
        return Ok(short(seconds));
    }
    Ok(time(seconds)?.to_string())
}

/// Seconds of Unix time, cut to milliseconds.
pub(super) fn time(seconds: f64) -> Result<Time, Fault> {
    if seconds.is_nan() || seconds.abs() > UNIX_S_MAX {
        return Err(Fault::new(format!(
            "{} cannot be represented as a nanoseconds timestamp since it overflows int64",
            short(seconds)
        )));
    }
    let nanoseconds = seconds * 1e9;
    if nanoseconds.abs() >= i64::MAX as f64 {
        let shown = format_float(seconds, 'v', None);
        let shown = shown.trim_start_matches('+');
        return Err(Fault::new(format!("{shown} cannot be represented as a nanoseconds timestamp since it overflows int64")));
    }
    let milliseconds = (nanoseconds as i64) / 1_000_000;
    Ok(Time::from_unix(milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000) * 1_000_000))
}

/// Seconds as a duration.
pub(super) fn duration(seconds: f64) -> Result<Duration, Fault> {
    if seconds.is_nan() || (seconds * 1e9).abs() >= i64::MAX as f64 {
        let shown = format_float(seconds, 'v', None);
        let shown = shown.trim_start_matches('+');
        return Err(Fault::new(format!("{shown} cannot be represented as a nanoseconds duration since it overflows int64")));
    }
    Ok(Duration::from_seconds(seconds))
}
