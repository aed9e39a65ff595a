//! What unit the timestamps of a request are in.

use super::line::LineFault;

/// The unit of timestamps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// Each is judged by its size: 5 thousand million seconds are in the year 2128.
    Auto,
    /// Units of so many nanoseconds.
    Nanoseconds(i64),
    /// Nanoseconds.
    #[default]
    Default,
}

const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;

impl Precision {
    /// Reads the names of all versions; `None` for any other.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Precision::Auto,
            "" => Precision::Default,
            "n" | "ns" | "nanosecond" => Precision::Nanoseconds(1),
            "u" | "us" | "µ" | "µs" | "microsecond" => Precision::Nanoseconds(MICROSECOND),
            "ms" | "millisecond" => Precision::Nanoseconds(MILLISECOND),
            "s" | "second" => Precision::Nanoseconds(SECOND),
            "m" => Precision::Nanoseconds(60 * SECOND),
            "h" => Precision::Nanoseconds(3600 * SECOND),
            _ => return None,
        })
    }

    /// A timestamp in nanoseconds since 1970.
    pub(super) fn nanoseconds(self, timestamp: i64) -> Result<i64, LineFault> {
        let unit = match self {
            Precision::Nanoseconds(unit) => unit,
            Precision::Default => 1,
            Precision::Auto => {
                let units = [(5_000_000_000, SECOND), (5_000_000_000_000, MILLISECOND), (5_000_000_000_000_000, MICROSECOND)];
                let size = timestamp.unsigned_abs();
                units.into_iter().find(|(below, _)| size < *below).map_or(1, |(_, unit)| unit)
            }
        };
        timestamp.checked_mul(unit).filter(|time| *time >= 0).ok_or(LineFault::TimeRange)
    }
}
