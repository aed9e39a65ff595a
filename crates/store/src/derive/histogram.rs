//! [`Histogram`]: durations counted in buckets.

use luneta_model::durations::index_of;

/// Weights by bucket, in order; buckets without any are left out.
#[derive(Debug, Default, Clone)]
pub(super) struct Histogram {
    buckets: Vec<(i32, f64)>,
    /// Sum of weight and nanoseconds.
    sum_ns: f64,
}

impl Histogram {
    /// Counts a duration in nanoseconds.
    pub(super) fn add(&mut self, duration: i64, weight: f64) {
        self.sum_ns += duration.max(0) as f64 * weight;
        let bucket = index_of(duration);
        match self.buckets.binary_search_by_key(&bucket, |(b, _)| *b) {
            Ok(at) => self.buckets[at].1 += weight,
            Err(at) => self.buckets.insert(at, (bucket, weight)),
        }
    }

    pub(super) fn sum_ns(&self) -> f64 {
        self.sum_ns
    }

    pub(super) fn buckets(&self) -> &[(i32, f64)] {
        &self.buckets
    }
}
