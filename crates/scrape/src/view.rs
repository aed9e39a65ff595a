//! What is told of targets, in the form of Prometheus's API.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::relabel::Labels;

/// The answer of `/api/v1/targets`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Targets {
    /// Targets that are scraped.
    pub active_targets: Vec<ActiveTarget>,
    /// Targets that relabelling dropped.
    pub dropped_targets: Vec<DroppedTarget>,
    /// How many were dropped, by pool.
    pub dropped_target_counts: BTreeMap<String, usize>,
}

/// A target that is scraped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActiveTarget {
    /// Labels before relabelling.
    pub discovered_labels: Labels,
    /// Labels its samples get.
    pub labels: Labels,
    /// Name of the job.
    pub scrape_pool: String,
    /// What is asked for.
    pub scrape_url: String,
    /// The same as others reach it.
    pub global_url: String,
    /// Why the last scrape failed, empty when it did not.
    pub last_error: String,
    /// When the last scrape began, RFC 3339.
    pub last_scrape: String,
    /// How long it took, in seconds.
    pub last_scrape_duration: f64,
    /// `up`, `down` or `unknown`.
    pub health: &'static str,
    /// Time between scrapes.
    pub scrape_interval: String,
    /// Longest time of a scrape.
    pub scrape_timeout: String,
}

/// A target that relabelling dropped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DroppedTarget {
    /// Labels before relabelling.
    pub discovered_labels: Labels,
    /// Name of the job.
    pub scrape_pool: String,
}

/// Metadata of a metric of a target, an element of the answer of `/api/v1/targets/metadata`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetMetadata {
    /// Labels of the target.
    pub target: Labels,
    /// Name of the metric.
    pub metric: String,
    /// Its type.
    #[serde(rename = "type")]
    pub metric_type: &'static str,
    /// Its description.
    pub help: String,
    /// Its unit.
    pub unit: String,
}

/// Counters of the scraper itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ScrapeCounts {
    /// Scrapes done.
    pub scrapes: u64,
    /// Scrapes that failed.
    pub failed: u64,
    /// Batches that the lake refused twice.
    pub refused_batches: u64,
    /// Rows of those.
    pub refused_rows: u64,
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub(crate) fn rfc3339(ms: i64) -> String {
    let (days, ms_of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (ms_of_day / 1000, ms_of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{fraction:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day of a day since 1970, in the Gregorian calendar. Years begin in March here, so
/// that the day a leap year adds is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_800_000_000_000, "2027-01-15T08:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
        }
    }
}
