//! What LogQL has for numbers.

use super::{Arguments, Function, Kind};
use crate::error::Fault;
use crate::functions::humanize::parse_float;
use crate::value::Value;

const ONE: &[Kind] = &[Kind::Any];
const TWO: &[Kind] = &[Kind::Any, Kind::Any];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::ours("int", ONE, |_, a| Ok(Value::Int(int(&a.take(0))))),
    Function::ours("float64", ONE, |_, a| Ok(Value::Float(float(&a.take(0))))),
    Function::ours("add", &[], |_, a| Ok(Value::Int(a.from(0).iter().map(int).fold(0, i64::wrapping_add)))).rest(Kind::Any),
    Function::ours("sub", TWO, |_, a| Ok(Value::Int(int(&a.take(0)).wrapping_sub(int(&a.take(1)))))),
    Function::ours("mul", ONE, |_, a| Ok(Value::Int(a.from(0).iter().map(int).fold(1, i64::wrapping_mul)))).rest(Kind::Any),
    Function::ours("div", TWO, |_, a| quotient(a, i64::wrapping_div)),
    Function::ours("mod", TWO, |_, a| quotient(a, i64::wrapping_rem)),
    Function::ours("max", ONE, |_, a| Ok(Value::Int(a.from(0).iter().map(int).fold(i64::MIN, i64::max)))).rest(Kind::Any),
    Function::ours("min", ONE, |_, a| Ok(Value::Int(a.from(0).iter().map(int).fold(i64::MAX, i64::min)))).rest(Kind::Any),
    Function::ours("addf", &[], |_, a| Ok(decimals(a, Some(0.0), Decimal::plus, |x, y| x + y))).rest(Kind::Any),
    Function::ours("subf", ONE, |_, a| Ok(decimals(a, None, Decimal::minus, |x, y| x - y))).rest(Kind::Any),
    Function::ours("mulf", ONE, |_, a| Ok(decimals(a, None, Decimal::times, |x, y| x * y))).rest(Kind::Any),
    Function::ours("divf", ONE, |_, a| {
        if a.from(1).iter().any(|divisor| float(divisor) == 0.0) {
            return Err("decimal division by 0".into());
        }
        Ok(decimals(a, None, Decimal::over, |x, y| x / y))
    })
    .rest(Kind::Any),
    Function::ours("maxf", ONE, |_, a| Ok(Value::Float(a.from(1).iter().map(float).fold(float(&a.0[0]), maximum))))
        .rest(Kind::Any),
    Function::ours("minf", ONE, |_, a| Ok(Value::Float(a.from(1).iter().map(float).fold(float(&a.0[0]), minimum))))
        .rest(Kind::Any),
    Function::ours("ceil", ONE, |_, a| Ok(Value::Float(float(&a.take(0)).ceil()))),
    Function::ours("floor", ONE, |_, a| Ok(Value::Float(float(&a.take(0)).floor()))),
    Function::ours("round", &[Kind::Any, Kind::Int], |_, a| Ok(round(a))).rest(Kind::Float),
];

/// A whole number from any value; 0 where it is none.
pub(super) fn int(value: &Value<'_>) -> i64 {
    match value {
        Value::Int(number) | Value::Named(number, _) => *number,
        Value::Float(number) => *number as i64,
        Value::Bool(truth) => i64::from(*truth),
        Value::Duration(duration) => duration.nanoseconds(),
        Value::Text(text) | Value::Safe(text) => text_int(text),
        _ => 0,
    }
}

/// A whole number in digits, with `0x`, `0o` or `0b` before them, octal behind a leading zero; zeros
/// behind a point are none.
fn text_int(text: &str) -> i64 {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    };
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.starts_with(['+', '-']) {
        return 0;
    }
    let size = i128::from_str_radix(digits, radix).unwrap_or(0);
    i64::try_from(if negative { -size } else { size }).unwrap_or(0)
}

/// A float from any value; 0 where it is none.
pub(super) fn float(value: &Value<'_>) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Text(text) | Value::Safe(text) => parse_float(text).unwrap_or(0.0),
        value => int(value) as f64,
    }
}

fn quotient<'a>(arguments: &mut Arguments<'a>, divide: impl Fn(i64, i64) -> i64) -> Result<Value<'a>, Fault> {
    let (dividend, divisor) = (int(&arguments.take(0)), int(&arguments.take(1)));
    if divisor == 0 {
        return Err("runtime error: integer divide by zero".into());
    }
    Ok(Value::Int(divide(dividend, divisor)))
}

/// As Go's `math.Max`: what is no number stays none.
fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// A number rounded to so many decimal places; up from a fraction that may be given.
fn round<'a>(arguments: &mut Arguments<'a>) -> Value<'a> {
    let up_from = match arguments.0.get(2) {
        Some(Value::Float(fraction)) => *fraction,
        _ => 0.5,
    };
    let places = arguments.int(1).clamp(-400, 400) as i32;
    let scale = 10f64.powi(places);
    let scaled = scale * float(&arguments.take(0));
    let rounded = if scaled.fract() >= up_from { scaled.ceil() } else { scaled.floor() };
    Value::Float(rounded / scale)
}

/// Decimal places that a quotient is computed to.
const QUOTIENT_PLACES: i32 = 16;

/// A decimal number: digits, and the power of ten that they count.
#[derive(Clone, Copy, Debug)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    fn new(number: f64) -> Option<Self> {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let places = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i32);
        let digits = mantissa.replace('.', "").parse().ok()?;
        Some(Self { digits, exponent: exponent.parse::<i32>().ok()? - places })
    }

    fn float(self) -> Option<f64> {
        format!("{}e{}", self.digits, self.exponent).parse().ok()
    }

    /// The digits as they count a smaller power of ten.
    fn scaled(self, exponent: i32) -> Option<i128> {
        let power = 10_i128.checked_pow(u32::try_from(self.exponent - exponent).ok()?)?;
        self.digits.checked_mul(power)
    }

    fn plus(self, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        Some(Self { digits: self.scaled(exponent)?.checked_add(other.scaled(exponent)?)?, exponent })
    }

    fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { digits: -other.digits, ..other })
    }

    fn times(self, other: Self) -> Option<Self> {
        Some(Self { digits: self.digits.checked_mul(other.digits)?, exponent: self.exponent + other.exponent })
    }

    /// The quotient to so many places, rounded half up.
    fn over(self, other: Self) -> Option<Self> {
        let shift = self.exponent - other.exponent + QUOTIENT_PLACES;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let (dividend, divisor) = if shift >= 0 {
            (self.digits.checked_mul(power)?, other.digits)
        } else {
            (self.digits, other.digits.checked_mul(power)?)
        };
        let rest = dividend.checked_rem(divisor)?;
        let up = rest.checked_mul(2)?.unsigned_abs() >= divisor.unsigned_abs();
        let away = if up { rest.signum() * divisor.signum() } else { 0 };
        Some(Self { digits: dividend.checked_div(divisor)? + away, exponent: -QUOTIENT_PLACES })
    }
}

/// Computes in decimals, so that 0.1 and 0.2 are 0.3; in floats where decimals grow too long.
fn decimals<'a>(
    arguments: &mut Arguments<'a>,
    start: Option<f64>,
    exact: impl Fn(Decimal, Decimal) -> Option<Decimal>,
    rough: impl Fn(f64, f64) -> f64,
) -> Value<'a> {
    let numbers: Vec<f64> = start.into_iter().chain(arguments.from(0).iter().map(float)).collect();
    let Some((&first, others)) = numbers.split_first() else { return Value::Float(0.0) };
    let mut sum = Decimal::new(first);
    for number in others {
        sum = sum.zip(Decimal::new(*number)).and_then(|(a, b)| exact(a, b));
    }
    let result = sum.and_then(Decimal::float).unwrap_or_else(|| others.iter().fold(first, |a, b| rough(a, *b)));
    Value::Float(result)
}
