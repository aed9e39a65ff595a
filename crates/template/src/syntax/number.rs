//! Numbers and characters as Go writes them.

use super::quote::unquote_char;

/// A number of a template. What it is depends on where it stands: `1` is a whole number to `len`
/// and a float to `ceil`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    /// The whole number that it is, if it is one and fits.
    pub(crate) int: Option<i64>,
    /// The float nearest to it.
    pub(crate) float: f64,
    /// Whether it is written as a float.
    pub(crate) is_float: bool,
}

impl Number {
    /// Reads a number or a character in quotes; `None` where it is neither.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.starts_with('\'') {
            let character = unquote_char(text)?;
            return Some(Self::whole(character as i64));
        }
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        if let Some(magnitude) = integer(digits) {
            let signed = if negative { -magnitude } else { magnitude };
            let int = i64::try_from(signed).ok();
            return Some(Self { int, float: signed as f64, is_float: false });
        }
        // What looks like a whole number but is none is too large, or badly written.
        let float = if digits.contains(['.', 'e', 'E', 'p', 'P']) { float(digits)? } else { return None };
        let float = if negative { -float } else { float };
        let whole = float.fract() == 0.0 && float.abs() < 9.2e18;
        Some(Self { int: whole.then_some(float as i64), float, is_float: true })
    }

    fn whole(int: i64) -> Self {
        Self { int: Some(int), float: int as f64, is_float: false }
    }
}

/// A whole number without sign: decimal, `0x`, `0o`, `0b`, or octal by a leading zero.
fn integer(text: &str) -> Option<i128> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let digits = without_underscores(digits, radix != 10)?;
    let value = u64::from_str_radix(&digits, radix).ok()?;
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then_some(i128::from(value))
}

/// Underscores may stand between digits, and between a prefix and the first digit.
fn without_underscores(digits: &str, after_prefix: bool) -> Option<String> {
    let misplaced = digits.ends_with('_') || digits.contains("__") || (digits.starts_with('_') && !after_prefix);
    (!misplaced).then(|| digits.replace('_', ""))
}

/// A float without sign, decimal or hexadecimal.
fn float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    if let Some(hexadecimal) = lower.strip_prefix("0x") {
        return hexadecimal_float(hexadecimal);
    }
    let plain = lower.replace('_', "");
    let legal = lower.bytes().enumerate().all(|(i, b)| match b {
        b'0'..=b'9' | b'.' | b'e' | b'+' | b'-' => true,
        b'_' => {
            let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
            i > 0 && digit(lower.as_bytes().get(i - 1)) && digit(lower.as_bytes().get(i + 1))
        }
        _ => false,
    });
    let value: f64 = if legal { plain.parse().ok()? } else { return None };
    value.is_finite().then_some(value)
}

/// `1.8p3` without its prefix: digits to base 16, an exponent to base 2, which it must have.
fn hexadecimal_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = without_underscores(whole, true)? + &without_underscores(fraction, false)?;
    if digits.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for digit in digits.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent.saturating_sub(4 * fraction.len() as i32).clamp(-2000, 2000);
    let value = value * 2f64.powi(shift / 2) * 2f64.powi(shift - shift / 2);
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn numbers_as_go_writes_them() {
        let cases = [
            ("0", Some(0), 0.0),
            ("-7", Some(-7), -7.0),
            ("+7", Some(7), 7.0),
            ("0x1F", Some(31), 31.0),
            ("0b101", Some(5), 5.0),
            ("0o17", Some(15), 15.0),
            ("017", Some(15), 15.0),
            ("1_000", Some(1000), 1000.0),
            ("0x_1f", Some(31), 31.0),
            ("1.5", None, 1.5),
            (".5", None, 0.5),
            ("1e3", Some(1000), 1000.0),
            ("1_0.2_5", None, 10.25),
            ("0x1p-2", None, 0.25),
            ("0x1.8p1", Some(3), 3.0),
            ("'a'", Some(97), 97.0),
            ("'\\n'", Some(10), 10.0),
            ("'\\u00e9'", Some(233), 233.0),
            ("9223372036854775807", Some(i64::MAX), 9_223_372_036_854_775_807.0),
            ("18446744073709551615", None, 18_446_744_073_709_551_615.0),
        ];
        for (text, int, float) in cases {
            let number = Number::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((number.int, number.float), (int, float), "{text}");
        }
        for text in ["", "+", "1_", "_1", "1__0", "0x", "08", "1.5x", "1e", "0b12", "'ab'", "''", "1_.5", "0x1.8", "inf", "1i"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
