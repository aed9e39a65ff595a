//! What rows of all derived tables have in common.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Float64Builder, Int32Builder, Int64Array, ListBuilder, TimestampNanosecondArray};
use arrow::datatypes::{DataType, Field};
use luneta_model::schema::DERIVED_INTERVAL_SECONDS;

use super::histogram::Histogram;

const INTERVAL_NS: i64 = DERIVED_INTERVAL_SECONDS * 1_000_000_000;

/// The start of the interval a time lies in.
pub(crate) fn interval_of(time: i64) -> i64 {
    time.div_euclid(INTERVAL_NS).saturating_mul(INTERVAL_NS)
}

/// How many, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) count: f64,
    pub(super) spans: i64,
    first: i64,
    last: i64,
}

impl Default for Counts {
    fn default() -> Self {
        Self { count: 0.0, spans: 0, first: i64::MAX, last: i64::MIN }
    }
}

impl Counts {
    pub(super) fn add(&mut self, time: i64, weight: f64) {
        self.count += weight;
        self.spans += 1;
        self.first = self.first.min(time);
        self.last = self.last.max(time);
    }

    /// The columns of many.
    pub(super) fn columns(all: &[&Self]) -> [ArrayRef; 4] {
        [
            Arc::new(Float64Array::from_iter_values(all.iter().map(|c| c.count))),
            Arc::new(Int64Array::from_iter_values(all.iter().map(|c| c.spans))),
            times(all.iter().map(|c| c.first)),
            times(all.iter().map(|c| c.last)),
        ]
    }
}

/// A column of nanoseconds since 1970.
pub(super) fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(values))
}

/// The columns of many histograms: sums, buckets, counts.
pub(super) fn durations<'a>(histograms: impl Iterator<Item = &'a Histogram> + Clone) -> [ArrayRef; 3] {
    let item = |data_type| Arc::new(Field::new("element", data_type, false));
    let mut buckets = ListBuilder::new(Int32Builder::new()).with_field(item(DataType::Int32));
    let mut counts = ListBuilder::new(Float64Builder::new()).with_field(item(DataType::Float64));
    for histogram in histograms.clone() {
        for (bucket, count) in histogram.buckets() {
            buckets.values().append_value(*bucket);
            counts.values().append_value(*count);
        }
        buckets.append(true);
        counts.append(true);
    }
    let sums = Float64Array::from_iter_values(histograms.map(Histogram::sum_ns));
    [Arc::new(sums), Arc::new(buckets.finish()), Arc::new(counts.finish())]
}
