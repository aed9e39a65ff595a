//! Quantiles, fractions and spread of native histograms.

use super::{Bucket, Histogram};

/// How observations of NaN changed a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skew {
    /// Not at all.
    None,
    /// The quantile lies among them.
    Nan,
    /// The quantile is too high.
    Higher,
}

impl Histogram {
    /// The q-quantile, interpolated inside its bucket.
    pub(crate) fn quantile(&self, q: f64) -> (f64, Skew) {
        if q < 0.0 {
            return (f64::NEG_INFINITY, Skew::None);
        }
        if q > 1.0 {
            return (f64::INFINITY, Skew::None);
        }
        if self.count == 0.0 || q.is_nan() {
            return (f64::NAN, Skew::None);
        }
        // NaN is observed behind all buckets, so that only ranks from below are right then.
        let forward = self.sum.is_nan() || q < 0.5;
        let rank = if forward { q * self.count } else { (1.0 - q) * self.count };
        let mut buckets = self.buckets();
        if !forward {
            buckets.reverse();
        }
        let mut seen = 0.0;
        let mut found: Option<Bucket> = None;
        for bucket in buckets {
            seen += bucket.count;
            found = Some(bucket);
            if seen >= rank {
                break;
            }
        }
        let Some(mut bucket) = found else { return (f64::NAN, Skew::None) };
        if let Some(value) = self.narrow(&mut bucket) {
            return (value, Skew::None);
        }
        seen = seen.min(self.count);
        if seen < rank {
            return if self.sum.is_nan() { (f64::NAN, Skew::Nan) } else { (bucket.upper, Skew::None) };
        }
        let inside = if forward { rank - (seen - bucket.count) } else { seen - rank };
        let skew = if self.sum.is_nan() { Skew::Higher } else { Skew::None };
        (self.interpolate(&bucket, inside / bucket.count), skew)
    }

    /// Narrows a bucket around zero or at the ends of custom bounds to where its observations may
    /// lie; gives a value where there is nothing to interpolate.
    fn narrow(&self, bucket: &mut Bucket) -> Option<f64> {
        if self.is_custom() {
            if bucket.lower == f64::NEG_INFINITY {
                if bucket.upper <= 0.0 {
                    return Some(bucket.upper);
                }
                bucket.lower = 0.0;
            } else if bucket.upper == f64::INFINITY {
                return Some(bucket.lower);
            }
        } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
            if self.negative.is_empty() && !self.positive.is_empty() {
                bucket.lower = 0.0;
            } else if self.positive.is_empty() && !self.negative.is_empty() {
                bucket.upper = 0.0;
            }
        }
        None
    }

    /// The value below which a share of a bucket's observations lie.
    fn interpolate(&self, bucket: &Bucket, share: f64) -> f64 {
        let Bucket { lower, upper, .. } = *bucket;
        if self.is_custom() || (lower <= 0.0 && upper >= 0.0) {
            return lower + (upper - lower) * share;
        }
        let (from, to) = (lower.abs().log2(), upper.abs().log2());
        if lower > 0.0 { f64::exp2(from + (to - from) * share) } else { -f64::exp2(to + (from - to) * (1.0 - share)) }
    }

    /// Share of a bucket's observations below a value inside of it.
    pub(super) fn share_below(&self, bucket: &Bucket, value: f64) -> f64 {
        let Bucket { lower, upper, .. } = *bucket;
        if self.is_custom() || (lower <= 0.0 && upper >= 0.0) {
            return (value - lower) / (upper - lower);
        }
        let (from, to, at) = (lower.abs().log2(), upper.abs().log2(), value.abs().log2());
        if value > 0.0 { (at - from) / (to - from) } else { 1.0 - (at - to) / (from - to) }
    }

    /// Share of observations between two values.
    pub(crate) fn fraction(&self, lower: f64, upper: f64) -> f64 {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return f64::NAN;
        }
        if lower >= upper {
            return 0.0;
        }
        (self.rank_of(upper) - self.rank_of(lower)) / self.count
    }

    /// Observations below a value.
    fn rank_of(&self, value: f64) -> f64 {
        let mut rank = 0.0;
        for mut bucket in self.buckets() {
            self.narrow_for_rank(&mut bucket);
            if bucket.lower >= value {
                return rank;
            }
            if bucket.upper > value {
                return rank + bucket.count * self.share_below(&bucket, value);
            }
            rank += bucket.count;
        }
        rank
    }

    /// Like [`Self::narrow`]; what has an infinite bound counts whole, or not at all.
    pub(super) fn narrow_for_rank(&self, bucket: &mut Bucket) {
        if let Some(value) = self.narrow(bucket) {
            if bucket.upper == f64::INFINITY {
                bucket.lower = value;
            } else {
                (bucket.lower, bucket.upper) = (value, value);
            }
        }
    }

    /// Estimated variance of the observations.
    pub(crate) fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let total: f64 = self
            .buckets()
            .iter()
            .map(|bucket| {
                let distance = self.middle(bucket) - mean;
                bucket.count * distance * distance
            })
            .sum();
        total / self.count
    }

    /// What the observations of a bucket are taken for: its arithmetic middle, or the geometric one of
    /// exponential buckets.
    pub(super) fn middle(&self, bucket: &Bucket) -> f64 {
        let Bucket { lower, upper, .. } = *bucket;
        if self.is_custom() {
            f64::midpoint(lower, upper)
        } else if lower <= 0.0 && upper >= 0.0 {
            0.0
        } else {
            (lower * upper).sqrt().copysign(upper)
        }
    }
}
