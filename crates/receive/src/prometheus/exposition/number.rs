//! Numbers as the text formats write them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The NaN every NaN becomes, so that none is taken for the marker of staleness.
pub const NORMAL_NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// Reads a double: digits with a point and an exponent, `NaN`, `Inf` and `Infinity` in any case.
pub(super) fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let letters = text.trim_start_matches(['+', '-']);
    if value.is_nan() {
        // A sign belongs to no NaN.
        return (letters.len() == text.len()).then_some(NORMAL_NAN);
    }
    let named = letters.starts_with(['i', 'I']);
    // What is too large to be told from infinity was not meant as infinity.
    (value.is_finite() || named).then_some(value)
}

/// Seconds with a fraction into milliseconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let ms = double(text)? * 1000.0;
    // `as` saturates, so the bounds are checked first.
    (ms.is_finite() && ms.abs() < 9.2e18).then_some(ms as i64)
}

/// Writes a double as OpenMetrics does: shortest digits, a point or an exponent always.
pub(super) fn write_double(value: f64, out: &mut String) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
    // Minus zero is zero here.
    let value = if value == 0.0 { 0.0 } else { value };
    let from = out.len();
    // Writing into a string cannot fail.
    let _ = write!(out, "{value:e}");
    let Some((digits, exponent)) = out[from..].split_once('e') else { return };
    let Ok(exponent) = exponent.parse::<i32>() else { return };
    // The borders between plain digits and an exponent are those of Go's `%g`.
    if !(-4..6).contains(&exponent) {
        let digits_end = from + digits.len();
        out.truncate(digits_end);
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    out.truncate(from);
    let _ = write!(out, "{value}");
    if !out[from..].contains('.') {
        out.push_str(".0");
    }
}

/// The value of a label `le` or `quantile` as it is stored: `1` and `1.0` are the same bucket.
/// What is no number stays as it is.
pub fn normalize(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some(value) = double(&text) else { return text };
    let mut written = String::new();
    write_double(value, &mut written);
    if written == *text { text } else { Cow::Owned(written) }
}
