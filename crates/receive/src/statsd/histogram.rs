//! Distributions as base-2 exponential histograms, as fine as a fixed number of buckets allows.

use luneta_model::PointValue;

/// Buckets of either sign.
const BUCKETS_MAX: usize = 160;
/// The finest resolution, and where every histogram begins.
const SCALE_MAX: i32 = 20;
/// Bytes a histogram takes at most, but for negative values, which are rare.
pub(super) const BYTES_MAX: usize = size_of::<Histogram>() + BUCKETS_MAX * size_of::<u64>();

/// Added up weights are taken as whole when they are this close to it.
const WEIGHT_SLACK: f64 = 1e-9;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Histogram {
    scale: i32,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    zero_count: u64,
    positive: Buckets,
    negative: Buckets,
    /// What sample rates counted that is not yet a whole measurement.
    carry: f64,
}

/// Counts of neighbouring buckets; no bucket at either end is empty.
#[derive(Debug, Clone, Default, PartialEq)]
struct Buckets {
    offset: i32,
    counts: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            scale: SCALE_MAX,
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            zero_count: 0,
            positive: Buckets::default(),
            negative: Buckets::default(),
            carry: 0.0,
        }
    }
}

impl Histogram {
    /// Counts a finite value that stands for `weight` measurements, at least one.
    pub(super) fn record(&mut self, value: f64, weight: f64) {
        self.carry += weight;
        let times = (self.carry + WEIGHT_SLACK).floor();
        self.carry -= times;
        let times = times as u64;
        self.count = self.count.saturating_add(times);
        self.sum += value * weight;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let magnitude = value.abs();
        if magnitude == 0.0 {
            self.zero_count = self.zero_count.saturating_add(times);
            return;
        }
        let index = index(magnitude, self.scale);
        let buckets = if value > 0.0 { &self.positive } else { &self.negative };
        let coarser = buckets.coarser_to_hold(index);
        if coarser > 0 {
            self.scale -= coarser;
            self.positive.coarsen(coarser);
            self.negative.coarsen(coarser);
        }
        let buckets = if value > 0.0 { &mut self.positive } else { &mut self.negative };
        buckets.add(index >> coarser, times);
    }

    /// The point of what was counted.
    pub(super) fn point(&self) -> PointValue<'_> {
        PointValue::ExponentialHistogram {
            count: self.count,
            sum: Some(self.sum),
            min: Some(self.min),
            max: Some(self.max),
            scale: self.scale,
            zero_count: self.zero_count,
            zero_threshold: 0.0,
            positive: (self.positive.offset, &self.positive.counts),
            negative: (self.negative.offset, &self.negative.counts),
        }
    }
}

impl Buckets {
    /// By how much the scale must fall so that `index` has a bucket.
    fn coarser_to_hold(&self, index: i32) -> i32 {
        if self.counts.is_empty() {
            return 0;
        }
        let (mut low, mut high) = (self.offset.min(index), self.last().max(index));
        let mut by = 0;
        while (high - low) as usize >= BUCKETS_MAX {
            (low, high) = (low >> 1, high >> 1);
            by += 1;
        }
        by
    }

    fn last(&self) -> i32 {
        self.offset + self.counts.len() as i32 - 1
    }

    /// Joins neighbours: 2^`by` buckets become one.
    fn coarsen(&mut self, by: i32) {
        let Some(first) = (!self.counts.is_empty()).then_some(self.offset >> by) else { return };
        let mut joined = vec![0_u64; ((self.last() >> by) - first + 1) as usize];
        for (at, count) in self.counts.iter().enumerate() {
            let to = ((self.offset + at as i32) >> by) - first;
            if let Some(bucket) = joined.get_mut(to as usize) {
                *bucket = bucket.saturating_add(*count);
            }
        }
        (self.offset, self.counts) = (first, joined);
    }

    fn add(&mut self, index: i32, times: u64) {
        if self.counts.is_empty() {
            self.offset = index;
        }
        if index < self.offset {
            let missing = (self.offset - index) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.offset = index;
        }
        let at = (index - self.offset) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(bucket) = self.counts.get_mut(at) {
            *bucket = bucket.saturating_add(times);
        }
    }
}

/// The bucket of a finite value above zero: index i holds what is above b^i and at most b^(i+1),
/// where b is 2^(2^-scale).
fn index(value: f64, scale: i32) -> i32 {
    let (exponent, exact) = exponent(value);
    if scale <= 0 {
        return (exponent - i32::from(exact)) >> -scale;
    }
    if exact {
        return (exponent << scale) - 1;
    }
    // The logarithm is off by a little, but never leaves the powers of two around the value.
    let (low, high) = (exponent << scale, ((exponent + 1) << scale) - 1);
    let by_logarithm = (value.ln() * f64::from(1 << scale) * std::f64::consts::LOG2_E).floor();
    (by_logarithm as i32).clamp(low, high)
}

/// The largest power of two that is not above a value, and whether it is the value itself.
fn exponent(value: f64) -> (i32, bool) {
    const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = value.to_bits();
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    let biased = (bits >> MANTISSA_BITS) as i32 & 0x7ff;
    if biased == 0 {
        // Subnormal: the leading bit is somewhere in the mantissa.
        let leading = 63 - mantissa.leading_zeros() as i32;
        return (leading - 1074, mantissa.is_power_of_two());
    }
    (biased - 1023, mantissa == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(index: i32, scale: i32) -> (f64, f64) {
        let border = |i: i32| (f64::from(i) * (-f64::from(scale)).exp2()).exp2();
        (border(index), border(index + 1))
    }

    #[test]
    fn borders_belong_below() {
        for (value, scale, expected) in [
            (1.0, 0, -1),
            (1.5, 0, 0),
            (2.0, 0, 0),
            (2.0, 3, 7),
            (0.5, 0, -2),
            (4.0, -1, 0),
            (5.0, -1, 1),
            (1.0, 20, -1),
            (f64::MIN_POSITIVE, 0, -1023),
            (5e-324, 0, -1075),
            (1.5e-323, 0, -1073),
            (f64::MAX, 0, 1023),
            (f64::MAX, -10, 0),
            (5e-324, -10, -2),
        ] {
            assert_eq!(index(value, scale), expected, "{value} at {scale}");
        }
    }

    #[test]
    fn rates_count_whole_measurements() {
        for (weight, values, count) in [(10.0, 3, 30), (1.0 / 0.3, 3, 10), (1.0 / 0.7, 7, 10), (1.0, 5, 5)] {
            let mut histogram = Histogram::default();
            (0..values).for_each(|_| histogram.record(2.0, weight));
            assert_eq!(histogram.count, count, "{weight}");
            assert!((histogram.sum - 2.0 * weight * f64::from(values)).abs() < 1e-6);
        }
    }

    #[test]
    fn the_widest_range_fits() {
        let mut histogram = Histogram::default();
        for value in [5e-324, 1.0, f64::MAX, -f64::MAX, -5e-324, 0.0, -0.0] {
            histogram.record(value, 1.0);
        }
        assert_eq!((histogram.count, histogram.zero_count, histogram.scale), (7, 2, -4));
    }

    proptest! {
        #[test]
        fn every_value_lies_in_a_bucket(values in prop::collection::vec(prop_oneof![
            -1e3..1e3_f64, prop::num::f64::POSITIVE | prop::num::f64::NEGATIVE | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
        ], 1..300)) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.record(*value, 1.0);
            }
            let counted = |buckets: &Buckets| buckets.counts.iter().sum::<u64>();
            prop_assert!(histogram.positive.counts.len() <= BUCKETS_MAX && histogram.negative.counts.len() <= BUCKETS_MAX);
            prop_assert_eq!(counted(&histogram.positive) + counted(&histogram.negative) + histogram.zero_count, histogram.count);
            prop_assert_eq!(histogram.count, values.len() as u64);
            for value in values.iter().filter(|v| **v != 0.0) {
                let buckets = if *value > 0.0 { &histogram.positive } else { &histogram.negative };
                let at = index(value.abs(), histogram.scale);
                let count = buckets.counts.get(usize::try_from(at - buckets.offset).unwrap()).copied().unwrap_or_default();
                prop_assert!(count > 0);
                let (low, high) = bounds(at, histogram.scale);
                let slack = 1e-9;
                prop_assert!(value.abs() >= low * (1.0 - slack) && value.abs() <= high * (1.0 + slack), "{} {} {}", value, low, high);
            }
        }
    }
}
