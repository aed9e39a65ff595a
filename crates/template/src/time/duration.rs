//! Lengths of time: `1h2m3.5s`.

use std::fmt;

use super::saturate;
use crate::error::Fault;

/// A length of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(i64);

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl Duration {
    /// A length of so many nanoseconds.
    pub fn from_ns(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// A length of so many seconds, cut to whole nanoseconds and to what fits.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e9) as i64)
    }

    /// How many nanoseconds it is.
    pub fn nanoseconds(self) -> i64 {
        self.0
    }

    /// How many of a unit it is, where the unit is so many nanoseconds.
    pub(crate) fn in_units(self, unit_ns: i64) -> f64 {
        (self.0 / unit_ns) as f64 + (self.0 % unit_ns) as f64 / unit_ns as f64
    }

    /// How many seconds it is.
    pub fn seconds(self) -> f64 {
        self.in_units(1_000_000_000)
    }

    /// Reads a length as Go writes it: numbers with units, `1h15m30.918s`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let invalid = || Fault::new(format!("time: invalid duration {text:?}"));
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, behind) = rest.split_at(number_end);
            let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
            let (unit, next) = behind.split_at(unit_end);
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return Err(invalid());
            }
            if unit.is_empty() {
                return Err(Fault::new(format!("time: missing unit in duration {text:?}")));
            }
            let Some((_, unit_ns)) = UNITS.iter().find(|(name, _)| *name == unit) else {
                return Err(Fault::new(format!("time: unknown unit {unit:?} in duration {text:?}")));
            };
            total += scaled(whole, fraction, *unit_ns).ok_or_else(invalid)?;
            if total > i128::from(i64::MAX) + i128::from(negative) {
                return Err(invalid());
            }
            rest = next;
        }
        Ok(Self(saturate(if negative { -total } else { total })))
    }

    /// Reads a length as Prometheus writes it: `1d12h`, units once each from years to milliseconds.
    pub fn parse_prometheus(text: &str) -> Result<Self, Fault> {
        const UNITS_MS: [(&str, i64); 7] = [
            ("y", 31_536_000_000),
            ("w", 604_800_000),
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1000),
            ("ms", 1),
        ];
        match text {
            "" => return Err("empty duration string".into()),
            "0" => return Ok(Self(0)),
            _ => {}
        }
        let invalid = || Fault::new(format!("not a valid duration string: {text:?}"));
        let (mut rest, mut total, mut allowed) = (text, 0_i64, 0);
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, behind) = rest.split_at(digits);
            let unit_end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
            let (unit, next) = behind.split_at(unit_end);
            let position = UNITS_MS.iter().position(|(name, _)| *name == unit).filter(|&at| at >= allowed).ok_or_else(invalid)?;
            let number: i64 = number.parse().map_err(|_| invalid())?;
            let part = number.checked_mul(UNITS_MS[position].1);
            total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| Fault::new("duration out of range"))?;
            allowed = position + 1;
            rest = next;
        }
        total.checked_mul(1_000_000).map(Self).ok_or_else(|| Fault::new("duration out of range"))
    }
}

/// A decimal number of units, in nanoseconds; `None` where it does not fit.
fn scaled(whole: &str, fraction: &str, unit_ns: i64) -> Option<i128> {
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let kept = &fraction[..fraction.len().min(18)];
    let part: i128 = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    let part = part * i128::from(unit_ns) / 10_i128.pow(kept.len() as u32);
    whole.checked_mul(i128::from(unit_ns))?.checked_add(part)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let (unit, name) = match total {
            0 => return f.write_str("0s"),
            1..1_000 => return write!(f, "{total}ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let (mut whole, fraction) = (total / unit, total % unit);
        if unit == 1_000_000_000 {
            let (hours, minutes) = (whole / 3600, whole / 60 % 60);
            if hours > 0 {
                write!(f, "{hours}h")?;
            }
            if whole >= 60 {
                write!(f, "{minutes}m")?;
            }
            whole %= 60;
        }
        if fraction == 0 {
            return write!(f, "{whole}{name}");
        }
        let digits = match unit {
            1_000 => 3,
            1_000_000 => 6,
            _ => 9,
        };
        let fraction = format!("{fraction:0digits$}");
        write!(f, "{whole}.{}{name}", fraction.trim_end_matches('0'))
    }
}
