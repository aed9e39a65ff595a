//! Numbers and texts as Prometheus writes them.

/// A float as in Prometheus's API and in `count_values`: shortest digits that read back as the same
/// number, without exponent; `+Inf`, `-Inf`, `NaN`.
pub fn format_float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        shortest(value)
    }
}

/// The fewest digits that read back as the same number, and of those the nearest. The library's digits
/// may be the upper of two that are equally near, where Go has the even one.
fn shortest(value: f64) -> String {
    let text = format!("{value}");
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if text.len() > 16 && decimals > 0 {
        let rounded = format!("{value:.decimals$}");
        if rounded.parse() == Ok(value) {
            return rounded;
        }
    }
    text
}

/// A float as expressions and annotations show it: with an exponent below 1e-4 and from 1e21 on.
pub(crate) fn format_general(value: f64) -> String {
    let size = value.abs();
    if value.is_finite() && value != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{value:e}");
        if let Some((digits, exponent)) = text.split_once('e') {
            let (sign, figure) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            return format!("{digits}e{sign}{figure:0>2}");
        }
    }
    format_float(value)
}

/// A text in double quotes, escaped so that the lexers of PromQL and LogQL read it back.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() && (c as u32) < 0x100 => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A number as written in an expression: decimal, hexadecimal (`0x1F`), octal (`017`), with an
/// exponent, with single underscores between digits. `Inf` and `NaN` are words of the lexer.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return None;
    }
    let plain = text.replace('_', "");
    if let Some(digits) = plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok().map(|value| value as f64);
    }
    let octal = plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|b| b.is_ascii_digit());
    match i64::from_str_radix(&plain, 8) {
        Ok(value) if octal => Some(value as f64),
        _ => plain.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_and_print() {
        for (text, value) in [
            ("1", 1.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("0x1F", 31.0),
            ("0755", 493.0),
            ("089", 89.0),
            ("1_000.5", 1000.5),
            ("1e3", 1e3),
        ] {
            assert_eq!(parse_number(text), Some(value), "{text}");
        }
        for text in ["_1", "1_", "1__0", "0xg", "1e", "."] {
            assert_eq!(parse_number(text), None, "{text}");
        }
        assert_eq!(format_general(1e21), "1e+21");
        assert_eq!(format_general(1.5e-7), "1.5e-07");
        assert_eq!(format_general(123_456_789.0), "123456789");
        assert_eq!(format_float(13.366_409_301_757_813), "13.366409301757812");
        assert_eq!(format_float(1e21), "1000000000000000000000");
        assert_eq!(format_float(f64::NEG_INFINITY), "-Inf");
    }
}
