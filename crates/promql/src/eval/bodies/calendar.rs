//! Parts of dates, in UTC.

use chrono::{DateTime, Datelike as _, Months, Timelike as _, Utc};

type Date = DateTime<Utc>;

/// 1 to 31.
pub(crate) fn day_of_month(date: &Date) -> f64 {
    f64::from(date.day())
}

/// 0 (Sunday) to 6.
pub(crate) fn day_of_week(date: &Date) -> f64 {
    f64::from(date.weekday().num_days_from_sunday())
}

/// 1 to 366.
pub(crate) fn day_of_year(date: &Date) -> f64 {
    f64::from(date.ordinal())
}

/// 28 to 31.
pub(crate) fn days_in_month(date: &Date) -> f64 {
    let first = date.with_day(1);
    let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
    first.zip(next).map_or(f64::NAN, |(first, next)| (next - first).num_days() as f64)
}

/// 0 to 23.
pub(crate) fn hour(date: &Date) -> f64 {
    f64::from(date.hour())
}

/// 0 to 59.
pub(crate) fn minute(date: &Date) -> f64 {
    f64::from(date.minute())
}

/// 1 to 12.
pub(crate) fn month(date: &Date) -> f64 {
    f64::from(date.month())
}

/// The year.
pub(crate) fn year(date: &Date) -> f64 {
    f64::from(date.year())
}

/// The date of so many seconds since 1970, cut to whole seconds; none far outside of history.
pub(crate) fn date(seconds: f64) -> Option<Date> {
    if !seconds.is_finite() {
        return None;
    }
    DateTime::from_timestamp(seconds as i64, 0)
}
