//! Times and durations as Go has them.

mod duration;
mod layout;
mod parse;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Offset as _, TimeZone as _};
use chrono_tz::OffsetName as _;

pub use duration::Duration;
pub(crate) use parse::parse;

const SECONDS_A_DAY: i64 = 86_400;
/// Seconds of Unix time at the first instant of the year 1, which is Go's zero time.
const ZERO_S: i64 = -62_135_596_800;
/// Times are kept to this many seconds around 1970 (some 200,000 years), so that sums stay in range.
const SECONDS_MAX: i64 = 6_311_390_400_000;

/// A point in time to the nanosecond, with the zone that it is shown in.
#[derive(Clone, Debug)]
pub struct Time {
    seconds: i64,
    nanoseconds: u32,
    zone: Zone,
}

/// Where a time is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Utc,
    /// Seconds east of Greenwich, and a name that may be empty.
    Fixed(i32, Arc<str>),
    /// A zone of the IANA time zone database.
    Named(chrono_tz::Tz),
}

impl Zone {
    /// A zone by its name; `Local` is UTC.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            name => name.parse().ok().map(Self::Named),
        }
    }

    /// Seconds east of Greenwich, and the abbreviation, at an instant.
    fn at(&self, unix_s: i64) -> (i32, String) {
        match self {
            Self::Utc => (0, "UTC".to_owned()),
            Self::Fixed(offset, name) => (*offset, name.as_ref().to_owned()),
            Self::Named(tz) => {
                let utc = DateTime::from_timestamp(unix_s, 0).unwrap_or_default().naive_utc();
                let offset = tz.offset_from_utc_datetime(&utc);
                let seconds = offset.fix().local_minus_utc();
                // Zones without an abbreviation are called by their offset.
                let name = offset.abbreviation().map_or_else(|| offset_name(seconds), str::to_owned);
                (seconds, name)
            }
        }
    }

    /// Seconds east of Greenwich when clocks of the zone show this.
    fn offset_by_clock(&self, clock_s: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed(offset, _) => *offset,
            Self::Named(tz) => {
                let local = DateTime::from_timestamp(clock_s, 0).unwrap_or_default().naive_utc();
                let offset = tz.offset_from_local_datetime(&local).earliest();
                offset.map_or_else(|| self.at(clock_s).0, |offset| offset.fix().local_minus_utc())
            }
        }
    }
}

/// What calendar and clock show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// From Sunday, 0.
    pub(crate) weekday: u32,
    /// From 1.
    pub(crate) year_day: u32,
}

pub(crate) const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
pub(crate) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Time {
    /// The time so many seconds and nanoseconds after 1970, in UTC.
    pub fn from_unix(seconds: i64, nanoseconds: i64) -> Self {
        let total = i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds);
        let seconds = total.div_euclid(1_000_000_000).clamp(i128::from(-SECONDS_MAX), i128::from(SECONDS_MAX));
        Self { seconds: seconds as i64, nanoseconds: total.rem_euclid(1_000_000_000) as u32, zone: Zone::Utc }
    }

    /// The time so many nanoseconds after 1970, in UTC.
    pub fn from_unix_ns(nanoseconds: i64) -> Self {
        Self::from_unix(0, nanoseconds)
    }

    /// The first instant of the year 1: what Go's functions give where there is no time.
    pub fn zero() -> Self {
        Self::from_unix(ZERO_S, 0)
    }

    /// Whether it is [`Time::zero`].
    pub fn is_zero(&self) -> bool {
        self.seconds == ZERO_S && self.nanoseconds == 0
    }

    /// Whole seconds after 1970.
    pub fn unix_s(&self) -> i64 {
        self.seconds
    }

    /// The nanosecond within the second.
    pub fn subsecond_ns(&self) -> u32 {
        self.nanoseconds
    }

    /// Nanoseconds after 1970, at most as many as fit.
    pub fn unix_ns(&self) -> i64 {
        saturate(self.total_ns())
    }

    pub(crate) fn total_ns(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }

    pub(crate) fn from_total_ns(total: i128, zone: Zone) -> Self {
        let seconds = saturate(total.div_euclid(1_000_000_000));
        let time = Self::from_unix(seconds, total.rem_euclid(1_000_000_000) as i64);
        Self { zone, ..time }
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(crate) fn with_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// The time at which clocks of a zone show this; `clock_s` counts as if it were UTC.
    pub(crate) fn from_clock(clock_s: i64, nanoseconds: u32, zone: Zone) -> Self {
        let offset = zone.offset_by_clock(clock_s);
        Self::from_unix(clock_s - i64::from(offset), i64::from(nanoseconds)).with_zone(zone)
    }

    /// Seconds east of Greenwich, and the abbreviation of the zone.
    pub(crate) fn offset(&self) -> (i32, String) {
        self.zone.at(self.seconds)
    }

    /// What calendar and clock show in the zone of the time.
    pub(crate) fn civil(&self) -> Civil {
        self.civil_at(self.zone.at(self.seconds).0)
    }

    fn civil_at(&self, offset_s: i32) -> Civil {
        let local = self.seconds + i64::from(offset_s);
        let days = local.div_euclid(SECONDS_A_DAY);
        let second = local.rem_euclid(SECONDS_A_DAY) as u32;
        let (year, month, day) = civil_of_days(days);
        Civil {
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: (days + 4).rem_euclid(7) as u32,
            year_day: (days - days_of_civil(year, 1, 1)) as u32 + 1,
        }
    }

    /// The time as a layout of Go writes it.
    pub fn format(&self, layout: &str) -> String {
        let mut out = String::with_capacity(layout.len() + 8);
        layout::format(&mut out, self, layout);
        out
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.total_ns() == other.total_ns()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}

/// `-03` or `+0545`
fn offset_name(offset_s: i32) -> String {
    let minutes = offset_s.unsigned_abs() / 60;
    let sign = if offset_s < 0 { '-' } else { '+' };
    match minutes % 60 {
        0 => format!("{sign}{:02}", minutes / 60),
        rest => format!("{sign}{:02}{rest:02}", minutes / 60),
    }
}

pub(crate) fn saturate(number: i128) -> i64 {
    number.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// Days after 1970 of a date; the month and the day may be out of their ranges.
pub(crate) fn days_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let months = year.saturating_mul(12).saturating_add(month - 1);
    let (year, month) = (months.div_euclid(12).clamp(-200_000, 200_000), months.rem_euclid(12) as u32 + 1);
    let first = NaiveDate::from_ymd_opt(year as i32, month, 1).unwrap_or_default();
    let days = first.signed_duration_since(NaiveDate::default()).num_days();
    days.saturating_add(day - 1).clamp(-SECONDS_MAX / SECONDS_A_DAY, SECONDS_MAX / SECONDS_A_DAY)
}

fn civil_of_days(days: i64) -> (i64, u32, u32) {
    use chrono::Datelike as _;
    let date = NaiveDate::default().checked_add_signed(chrono::TimeDelta::days(days)).unwrap_or_default();
    (i64::from(date.year()), date.month(), date.day())
}
