//! Scalars of Prometheus's configuration: texts, times, sizes and secrets.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A text; numbers and truth values stand for how they are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
                Ok(Text(value.to_string()))
            }

            fn visit_unit<E: Error>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
        }
        from.deserialize_any(Scalar)
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(Text::deserialize(from)?.0))
    }
}

/// A time such as `1m30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(from)?.0;
        let bad = || D::Error::custom(format!("`{text}` is not a time; write 15s, 1m30s or 500ms"));
        duration(&text).map(Self).ok_or_else(bad)
    }
}

/// Reads a time as Prometheus writes it: units from the largest to the smallest, each at most once.
pub fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 7] =
        [("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0)?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (_, ms) = units.find(|(name, _)| *name == &rest[..end])?;
        total = total.checked_add(number.checked_mul(*ms)?)?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// Writes a time as Prometheus does.
pub fn show_duration(time: Duration) -> String {
    const UNITS: [(&str, u128, bool); 7] = [
        ("y", 31_536_000_000, true),
        ("w", 604_800_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    let mut left = time.as_millis();
    if left == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    for (name, ms, exact) in UNITS {
        let count = left / ms;
        // Years and weeks are written only when nothing else is left.
        if count == 0 || (exact && !left.is_multiple_of(ms)) {
            continue;
        }
        let _ = write!(out, "{count}{name}");
        left %= ms;
    }
    out
}

/// A number of bytes such as `100MB`; 0 is no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size(pub u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(from)?.0;
        size(&text).map(Self).ok_or_else(|| D::Error::custom(format!("`{text}` is not a size; write 512KB or 100MB")))
    }
}

fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let power = match &text[digits..] {
        "" if number == 0 => 0,
        "B" => 0,
        "KB" | "KiB" => 1,
        "MB" | "MiB" => 2,
        "GB" | "GiB" => 3,
        "TB" | "TiB" => 4,
        "PB" | "PiB" => 5,
        "EB" | "EiB" => 6,
        _ => return None,
    };
    number.checked_mul(1u64.checked_shl(10 * power)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let cases = [
            ("15s", Some(15_000)),
            ("1m30s", Some(90_000)),
            ("1h1ms", Some(3_600_001)),
            ("1d", Some(86_400_000)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("1y2w", Some(32_745_600_000)),
            ("", None),
            ("15", None),
            ("1.5s", None),
            ("1s1m", None),
            ("1s1s", None),
            ("-1s", None),
            ("99999999999999999999s", None),
        ];
        for (text, ms) in cases {
            assert_eq!(duration(text), ms.map(Duration::from_millis), "{text}");
        }
        for text in ["15s", "1m30s", "1h1ms", "1d", "2w", "500ms", "0s", "8d"] {
            assert_eq!(show_duration(duration(text).expect("a time")), text);
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", Some(0)), ("1KB", Some(1024)), ("3MiB", Some(3 << 20)), ("7", None), ("x", None), ("99999999EB", None)]
        {
            assert_eq!(size(text), bytes, "{text}");
        }
    }
}
