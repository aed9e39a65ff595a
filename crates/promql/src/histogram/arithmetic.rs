//! Sums and differences of histograms of different layouts.

use std::sync::Arc;

use super::{CounterResetHint, Histogram};

/// Why two histograms have no sum: one has exponential, the other custom buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mismatch;

/// What a sum had to overcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// One counter was reset, the other was not.
    pub reset_collision: bool,
    /// Custom bounds differed; only those in common are left.
    pub reconciled: bool,
}

impl Histogram {
    /// Adds another histogram.
    pub(crate) fn add(&mut self, other: &Self) -> Result<Outcome, Mismatch> {
        self.combine(other, 1.0)
    }

    /// Subtracts another histogram; the difference of counters is none itself.
    pub(crate) fn subtract(&mut self, other: &Self) -> Result<Outcome, Mismatch> {
        self.combine(other, -1.0)
    }

    fn combine(&mut self, other: &Self, sign: f64) -> Result<Outcome, Mismatch> {
        if self.is_custom() != other.is_custom() {
            return Err(Mismatch);
        }
        let mut outcome = Outcome { reset_collision: self.adopt_hint(other), reconciled: false };
        if self.is_custom() {
            if self.custom_bounds == other.custom_bounds {
                self.merge_counts(other, sign);
            } else {
                outcome.reconciled = true;
                let common = common_bounds(&self.custom_bounds, &other.custom_bounds);
                self.rebound(&common);
                let mut other = other.clone();
                other.rebound(&common);
                self.merge_counts(&other, sign);
            }
            return Ok(outcome);
        }
        if self.schema == other.schema && self.zero_threshold == other.zero_threshold {
            self.merge_counts(other, sign);
            return Ok(outcome);
        }
        let mut other = other.clone();
        while self.zero_threshold != other.zero_threshold {
            // The narrower may have to reach further than the wider, which then follows.
            if self.zero_threshold < other.zero_threshold {
                self.widen_zero(other.zero_threshold);
            } else {
                other.widen_zero(self.zero_threshold);
            }
        }
        let schema = self.schema.min(other.schema);
        self.reduce(schema);
        other.reduce(schema);
        self.merge_counts(&other, sign);
        Ok(outcome)
    }

    /// Takes over what is known of resets; true when the two contradict each other.
    fn adopt_hint(&mut self, other: &Self) -> bool {
        use CounterResetHint::{Gauge, NotReset, Reset, Unknown};
        let (own, others) = (self.counter_reset_hint, other.counter_reset_hint);
        self.counter_reset_hint = match (own, others) {
            (a, b) if a == b => a,
            (Gauge, _) | (_, Gauge) => Gauge,
            _ => Unknown,
        };
        matches!((own, others), (Reset, NotReset) | (NotReset, Reset))
    }

    fn merge_counts(&mut self, other: &Self, sign: f64) {
        self.zero_count += sign * other.zero_count;
        self.count += sign * other.count;
        self.sum += sign * other.sum;
        self.positive = merged(&self.positive, &other.positive, sign);
        self.negative = merged(&self.negative, &other.negative, sign);
    }

    /// Lowers the resolution.
    pub(crate) fn reduce(&mut self, schema: i32) {
        if self.is_custom() || schema >= self.schema {
            return;
        }
        let by = (self.schema - schema).min(31);
        self.positive = reindexed(&self.positive, |index| ((index - 1) >> by) + 1);
        self.negative = reindexed(&self.negative, |index| ((index - 1) >> by) + 1);
        self.schema = schema;
    }

    /// Widens the zero bucket to a threshold, or to the end of the populated bucket it lies in.
    pub(super) fn widen_zero(&mut self, threshold: f64) {
        if threshold <= self.zero_threshold {
            return;
        }
        let mut threshold = threshold;
        loop {
            let reach = self.populated_end(&self.positive, threshold).max(self.populated_end(&self.negative, threshold));
            if reach <= threshold {
                break;
            }
            threshold = reach;
        }
        let inside = |histogram: &Self, index: i32| histogram.bound(index - 1) < threshold;
        let absorbed: f64 =
            self.positive.iter().chain(&self.negative).filter(|(index, _)| inside(self, *index)).map(|(_, count)| count).sum();
        let positive = self.positive.iter().filter(|(index, _)| !inside(self, *index)).copied().collect();
        let negative = self.negative.iter().filter(|(index, _)| !inside(self, *index)).copied().collect();
        (self.positive, self.negative) = (positive, negative);
        self.zero_count += absorbed;
        self.zero_threshold = threshold;
    }

    /// Upper bound of the populated bucket that a threshold lies in.
    fn populated_end(&self, buckets: &[(i32, f64)], threshold: f64) -> f64 {
        let cut = buckets
            .iter()
            .filter(|(index, count)| *count != 0.0 && self.bound(index - 1) < threshold)
            .map(|(index, _)| self.bound(*index))
            .find(|upper| *upper > threshold);
        cut.unwrap_or(0.0)
    }

    /// Moves counts to coarser custom bounds.
    pub(super) fn rebound(&mut self, bounds: &Arc<[f64]>) {
        let moved = reindexed(&self.positive, |index| {
            let upper = self.bound(index);
            bounds.partition_point(|bound| *bound < upper) as i32
        });
        self.positive = moved;
        self.custom_bounds = bounds.clone();
    }
}

/// Bounds that two lists have in common.
pub(super) fn common_bounds(a: &[f64], b: &[f64]) -> Arc<[f64]> {
    a.iter().copied().filter(|bound| b.contains(bound)).collect()
}

/// Counts of buckets that move to the same index are added; the order stays.
fn reindexed(buckets: &[(i32, f64)], to: impl Fn(i32) -> i32) -> Vec<(i32, f64)> {
    let mut moved: Vec<(i32, f64)> = Vec::with_capacity(buckets.len());
    for (index, count) in buckets {
        let index = to(*index);
        match moved.last_mut() {
            Some((last, total)) if *last == index => *total += count,
            _ => moved.push((index, *count)),
        }
    }
    moved
}

fn merged(a: &[(i32, f64)], b: &[(i32, f64)], sign: f64) -> Vec<(i32, f64)> {
    if a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.0 == y.0) {
        return a.iter().zip(b).map(|(x, y)| (x.0, x.1 + sign * y.1)).collect();
    }
    let mut all = Vec::with_capacity(a.len().max(b.len()));
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let left = a.get(i).map_or(i32::MAX, |bucket| bucket.0);
        let right = b.get(j).map_or(i32::MAX, |bucket| bucket.0);
        let mut total = 0.0;
        if left <= right && i < a.len() {
            total += a[i].1;
            i += 1;
        }
        if right <= left && j < b.len() {
            total += sign * b[j].1;
            j += 1;
        }
        all.push((left.min(right), total));
    }
    all
}
