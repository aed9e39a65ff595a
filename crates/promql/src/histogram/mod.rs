//! Native histograms: exponential buckets of schemas -4 to 8, and custom buckets (schema -53).
//!
//! Buckets are kept sparse, by index, in ascending order. Counts are floats and may be negative in
//! intermediate results.

mod arithmetic;
mod quantile;
mod resets;
mod trim;

use std::fmt;
use std::sync::Arc;

use crate::number::format_general;
pub(crate) use arithmetic::{Mismatch, Outcome};
pub(crate) use quantile::Skew;

/// Schema of histograms whose bounds are listed.
pub const CUSTOM_SCHEMA: i32 = -53;

/// What is known about a reset of the counter before a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CounterResetHint {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The counter was reset.
    Reset,
    /// The counter was not reset.
    NotReset,
    /// No counter at all.
    Gauge,
}

/// A native histogram.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// Resolution: bounds grow by 2^(2^-schema); -53 for custom bounds.
    pub schema: i32,
    /// What is known about resets.
    pub counter_reset_hint: CounterResetHint,
    /// Observations of at most this size are in the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// All observations.
    pub count: f64,
    /// Sum of all observations.
    pub sum: f64,
    /// Index and count of positive buckets, ascending.
    pub positive: Vec<(i32, f64)>,
    /// Index and count of negative buckets, ascending: away from zero.
    pub negative: Vec<(i32, f64)>,
    /// Upper bounds of custom buckets, ascending, without the last (infinite) one.
    pub custom_bounds: Arc<[f64]>,
}

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Whether the lower bound belongs to it.
    pub lower_inclusive: bool,
    /// Whether the upper bound belongs to it.
    pub upper_inclusive: bool,
    /// Observations.
    pub count: f64,
}

impl Bucket {
    /// Prometheus's figure for which bounds belong to a bucket: 0 upper, 1 lower, 2 none, 3 both.
    pub fn boundary_rule(&self) -> u8 {
        match (self.lower_inclusive, self.upper_inclusive) {
            (false, true) => 0,
            (true, false) => 1,
            (false, false) => 2,
            (true, true) => 3,
        }
    }
}

impl Histogram {
    /// Whether the bounds are listed.
    pub fn is_custom(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }

    /// Buckets given as spans (distance from the bucket before, length) and their counts, as in the
    /// formats of Prometheus. Counts that are missing read as 0.
    pub fn sparse(spans: &[(i32, u32)], counts: &[f64]) -> Vec<(i32, f64)> {
        let mut buckets = Vec::with_capacity(counts.len());
        let mut index: i32 = 0;
        let mut counts = counts.iter();
        for (offset, length) in spans {
            index = index.saturating_add(*offset);
            for _ in 0..*length {
                let Some(count) = counts.next() else { return buckets };
                buckets.push((index, *count));
                index = index.saturating_add(1);
            }
        }
        buckets
    }

    /// What it counts for in limits: its bytes in units of a float sample.
    pub(crate) fn size(&self) -> usize {
        let bytes = 80 + (self.positive.len() + self.negative.len()) * 16 + self.custom_bounds.len() * 8;
        bytes.div_ceil(16)
    }

    /// Upper bound of a positive bucket.
    pub(crate) fn bound(&self, index: i32) -> f64 {
        if self.is_custom() {
            return match usize::try_from(index) {
                Ok(at) => self.custom_bounds.get(at).copied().unwrap_or(f64::INFINITY),
                Err(_) => f64::NEG_INFINITY,
            };
        }
        let bound = if self.schema <= 0 {
            f64::exp2(f64::from(index) * f64::from(1 << -self.schema.max(-30)))
        } else {
            // The whole part is exact as a power of two; only the fraction is rounded.
            let whole = index >> self.schema;
            let fraction = index - (whole << self.schema);
            f64::exp2(f64::from(fraction) / f64::from(1 << self.schema)) * f64::exp2(f64::from(whole))
        };
        // The last bucket ends at the largest number; what is infinite lies in the one behind.
        let below = f64::from(index - 1) * f64::exp2(f64::from(-self.schema));
        if bound.is_infinite() && below < 1024.0 { f64::MAX } else { bound }
    }

    fn positive_bucket(&self, index: i32, count: f64) -> Bucket {
        let lower = self.bound(index - 1);
        Bucket { lower, upper: self.bound(index), lower_inclusive: false, upper_inclusive: true, count }
    }

    fn negative_bucket(&self, index: i32, count: f64) -> Bucket {
        let Bucket { lower, upper, .. } = self.positive_bucket(index, count);
        Bucket { lower: -upper, upper: -lower, lower_inclusive: true, upper_inclusive: false, count }
    }

    /// Buckets that are not empty, ascending. What the zero bucket covers of another is not part of it.
    pub fn buckets(&self) -> Vec<Bucket> {
        let threshold = self.zero_threshold;
        let negatives = self.negative.iter().rev().map(|(index, count)| self.negative_bucket(*index, *count));
        let mut all: Vec<Bucket> = negatives
            .map(|bucket| Bucket {
                upper: if bucket.lower < -threshold { bucket.upper.min(-threshold) } else { bucket.upper },
                ..bucket
            })
            .collect();
        if self.zero_count != 0.0 {
            let count = self.zero_count;
            all.push(Bucket { lower: -threshold, upper: threshold, lower_inclusive: true, upper_inclusive: true, count });
        }
        let positives = self.positive.iter().map(|(index, count)| self.positive_bucket(*index, *count));
        all.extend(positives.map(|bucket| {
            let covered = !self.is_custom() && bucket.upper > threshold;
            Bucket { lower: if covered { bucket.lower.max(threshold) } else { bucket.lower }, ..bucket }
        }));
        all.retain(|bucket| bucket.count != 0.0);
        all
    }

    /// Leaves out empty buckets.
    pub(crate) fn compact(mut self) -> Self {
        self.positive.retain(|(_, count)| *count != 0.0);
        self.negative.retain(|(_, count)| *count != 0.0);
        self
    }

    /// The histogram times a number; times a negative one it is a gauge.
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        let mut scaled = self.each(|count| count * factor);
        if factor < 0.0 {
            scaled.counter_reset_hint = CounterResetHint::Gauge;
        }
        scaled
    }

    /// The histogram divided by a number. Divided by zero it has no buckets but that of zero.
    pub(crate) fn divided(&self, divisor: f64) -> Self {
        let mut divided = self.each(|count| count / divisor);
        if divisor == 0.0 {
            divided.positive.clear();
            divided.negative.clear();
        }
        if divisor < 0.0 {
            divided.counter_reset_hint = CounterResetHint::Gauge;
        }
        divided
    }

    fn each(&self, change: impl Fn(f64) -> f64) -> Self {
        let changed = |buckets: &[(i32, f64)]| buckets.iter().map(|(index, count)| (*index, change(*count))).collect();
        Self {
            schema: self.schema,
            counter_reset_hint: self.counter_reset_hint,
            zero_threshold: self.zero_threshold,
            zero_count: change(self.zero_count),
            count: change(self.count),
            sum: change(self.sum),
            positive: changed(&self.positive),
            negative: changed(&self.negative),
            custom_bounds: self.custom_bounds.clone(),
        }
    }
}

/// Equal in everything but empty buckets and what is known of resets.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a == b;
        self.schema == other.schema
            && same(self.count, other.count)
            && same(self.sum, other.sum)
            && self.zero_threshold == other.zero_threshold
            && same(self.zero_count, other.zero_count)
            && self.custom_bounds == other.custom_bounds
            && filled(&self.positive).eq(filled(&other.positive))
            && filled(&self.negative).eq(filled(&other.negative))
    }
}

fn filled(buckets: &[(i32, f64)]) -> impl Iterator<Item = &(i32, f64)> {
    buckets.iter().filter(|(_, count)| *count != 0.0)
}

/// `{count:3, sum:5, (1,2]:3}`
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", format_general(self.count), format_general(self.sum))?;
        for bucket in self.buckets() {
            let open = if bucket.lower_inclusive { '[' } else { '(' };
            let close = if bucket.upper_inclusive { ']' } else { ')' };
            let (lower, upper) = (format_general(bucket.lower), format_general(bucket.upper));
            write!(f, ", {open}{lower},{upper}{close}:{}", format_general(bucket.count))?;
        }
        f.write_str("}")
    }
}
