//! Floats in digits.

/// A float as Go's verbs `e`, `f` and `g` (and their capitals) write it; without a precision, in as
/// few digits as tell it from its neighbours. Always with a sign.
pub(crate) fn format_float(number: f64, verb: char, precision: Option<usize>) -> String {
    if number.is_nan() {
        return "+NaN".to_owned();
    }
    let sign = if number.is_sign_negative() { '-' } else { '+' };
    if number.is_infinite() {
        return format!("{sign}Inf");
    }
    let size = number.abs();
    let body = match verb {
        'e' | 'E' => scientific(&exponential(size, precision), verb),
        'f' | 'F' => match precision {
            Some(precision) => format!("{size:.precision$}"),
            None => format!("{size}"),
        },
        'b' => binary(size),
        'x' | 'X' => hexadecimal(size, verb),
        _ => general(size, verb, precision),
    };
    format!("{sign}{body}")
}

/// Digits with a point, and the exponent to base 10: `1.5e6`.
fn exponential(size: f64, precision: Option<usize>) -> String {
    match precision {
        Some(precision) => format!("{size:.precision$e}"),
        None => format!("{size:e}"),
    }
}

/// `1.5e6` as `1.5e+06`.
fn scientific(text: &str, verb: char) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mark = if verb.is_ascii_uppercase() { 'E' } else { 'e' };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}{mark}-{exponent:0>2}"),
        None => format!("{digits}{mark}+{exponent:0>2}"),
    }
}

/// The shorter of the other two, without zeros at the end.
fn general(size: f64, verb: char, precision: Option<usize>) -> String {
    let significant = precision.map(|precision| precision.max(1));
    let text = exponential(size, significant.map(|digits| digits - 1));
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let threshold = significant.map_or(SHORTEST_THRESHOLD, |digits| digits.min(400) as i32);
    if exponent < -4 || exponent >= threshold {
        return scientific(&format!("{digits}e{exponent}"), if verb == 'G' { 'E' } else { 'e' });
    }
    plain(&digits.replace('.', ""), exponent)
}

/// From which exponent on the shortest form of a float is scientific.
const SHORTEST_THRESHOLD: i32 = 6;

/// Digits with their point where the exponent says.
fn plain(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        return format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{}.{}", &digits[..whole], &digits[whole..])
}

/// Mantissa and exponent to base 2.
fn parts(size: f64) -> (u64, i32) {
    let bits = size.to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) as i32 & 0x7ff);
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

fn binary(size: f64) -> String {
    let (mantissa, exponent) = parts(size);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal(size: f64, verb: char) -> String {
    let (mut mantissa, mut exponent) = parts(size);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() as i32 - 11;
        mantissa <<= shift;
        exponent += 52 - shift;
    }
    let fraction = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("0x{}{point}{fraction}p{sign}{:02}", mantissa >> 52, exponent.unsigned_abs());
    if verb == 'X' { text.to_uppercase() } else { text }
}
