//! Counts of minutes as counters.
//!
//! A counter starts at midnight (UTC) with nothing, as that of a server that was started then: any
//! window costs at most a day of rows more than it is long. Its sample at the end of a minute has what
//! was counted until then; one at the beginning of the first minute says that there was nothing before.
//! A quarter of an hour after its last count, or at the end of the day, the series ends.

use std::collections::BTreeMap;

use luneta_promql::STALE_NAN;

use super::read::Window;

/// Milliseconds of a minute: that of the tables.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// How long a series lasts without counts.
const QUIET_MS: i64 = 15 * MINUTE_MS;

/// Samples of counters that have the same times: one list of values for each time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Samples {
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<Vec<f64>>,
}

/// The midnight from which samples after a time count.
pub(super) fn midnight(after_ms: i64) -> i64 {
    // Series may be asked for without a beginning; days before 1970 have no spans.
    after_ms.saturating_add(1).saturating_sub(MINUTE_MS).max(0).div_euclid(DAY_MS) * DAY_MS
}

/// The samples that lie in a window, of counts by the minute's first millisecond.
pub(super) fn samples(minutes: &BTreeMap<i64, Vec<f64>>, window: Window) -> Samples {
    let mut counter = Counter { window, out: Samples::default(), totals: Vec::new(), last: None };
    for (minute, counts) in minutes {
        counter.add(*minute, counts);
    }
    counter.rest(i64::MAX);
    counter.out
}

struct Counter {
    window: Window,
    out: Samples,
    totals: Vec<f64>,
    /// The last minute that was counted.
    last: Option<i64>,
}

impl Counter {
    fn add(&mut self, minute: i64, counts: &[f64]) {
        let lasted = self.rest(minute);
        if self.last.is_none_or(|last| day(last) != day(minute)) {
            self.totals = vec![0.0; counts.len()];
        }
        if !lasted && self.last.is_none_or(|last| last + MINUTE_MS < minute) {
            self.push(minute, self.totals.clone());
        }
        for (total, count) in self.totals.iter_mut().zip(counts) {
            *total += count;
        }
        self.last = Some(minute);
        self.push(minute + MINUTE_MS, self.totals.clone());
    }

    /// Samples between the last minute that was counted and the next one. Returns whether the series
    /// lasts until then.
    fn rest(&mut self, next: i64) -> bool {
        let Some(last) = self.last else { return false };
        let quiet = last + MINUTE_MS..=(last + QUIET_MS).min((day(last) + 1) * DAY_MS - MINUTE_MS);
        for minute in quiet.step_by(MINUTE_MS as usize).take_while(|minute| *minute < next) {
            self.push(minute + MINUTE_MS, self.totals.clone());
        }
        let lasts = day(last) == day(next) && next <= last + QUIET_MS + MINUTE_MS;
        if !lasts && last + MINUTE_MS < next {
            let end = (last + QUIET_MS).min((day(last) + 1) * DAY_MS - MINUTE_MS) + 2 * MINUTE_MS;
            // A series that is back by then needs no end.
            if end < next {
                self.push(end, vec![STALE_NAN; self.totals.len()]);
            }
        }
        lasts
    }

    fn push(&mut self, time: i64, values: Vec<f64>) {
        if time > self.window.after_ms && time <= self.window.until_ms {
            self.out.times.push(time);
            self.out.values.push(values);
        }
    }
}

fn day(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}
