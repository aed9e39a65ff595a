//! Native histograms and exemplars as a group keeps them, in memory and in its file.
//!
//! Doubles are kept as their bits: JSON has no NaN.

use luneta_model::CounterResetHint;
use serde::{Deserialize, Serialize};

use super::group::Labels;
use crate::prometheus::exposition::{self, NativeSpan};

/// Runs of buckets (gap, length), and the bits of their counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Side {
    spans: Vec<(i32, u32)>,
    counts: Vec<u64>,
}

/// A native histogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Histogram {
    count: u64,
    sum: u64,
    schema: i32,
    zero_threshold: u64,
    zero_count: u64,
    positive: Side,
    negative: Side,
    /// Counts are fractions.
    is_float: bool,
    /// Counts go up and down.
    is_gauge: bool,
}

impl Side {
    fn new(spans: &[NativeSpan], counts: &[f64]) -> Self {
        let spans = spans.iter().map(|span| (span.offset, span.length)).collect();
        Self { spans, counts: counts.iter().map(|count| count.to_bits()).collect() }
    }

    fn parts(&self) -> (Vec<NativeSpan>, Vec<f64>) {
        let spans = self.spans.iter().map(|&(offset, length)| NativeSpan { offset, length }).collect();
        (spans, self.counts.iter().map(|bits| f64::from_bits(*bits)).collect())
    }

    fn bytes(&self) -> usize {
        8 * (self.spans.len() + self.counts.len())
    }
}

impl Histogram {
    pub(super) fn new(from: &exposition::NativeHistogram) -> Self {
        Self {
            count: from.count.to_bits(),
            sum: from.sum.to_bits(),
            schema: from.schema,
            zero_threshold: from.zero_threshold.to_bits(),
            zero_count: from.zero_count.to_bits(),
            positive: Side::new(&from.positive_spans, &from.positive_counts),
            negative: Side::new(&from.negative_spans, &from.negative_counts),
            is_float: from.is_float,
            is_gauge: from.reset_hint == CounterResetHint::Gauge,
        }
    }

    /// As it was pushed.
    pub(super) fn exposed(&self) -> exposition::NativeHistogram {
        let (positive_spans, positive_counts) = self.positive.parts();
        let (negative_spans, negative_counts) = self.negative.parts();
        exposition::NativeHistogram {
            count: self.count(),
            sum: self.sum(),
            schema: self.schema,
            zero_threshold: f64::from_bits(self.zero_threshold),
            zero_count: f64::from_bits(self.zero_count),
            positive_spans,
            positive_counts,
            negative_spans,
            negative_counts,
            is_float: self.is_float,
            reset_hint: if self.is_gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown },
            custom_bounds: Vec::new(),
        }
    }

    pub(super) fn count(&self) -> f64 {
        f64::from_bits(self.count)
    }

    pub(super) fn sum(&self) -> f64 {
        f64::from_bits(self.sum)
    }

    /// What its buckets take.
    pub(super) fn bytes(&self) -> usize {
        self.positive.bytes() + self.negative.bytes()
    }
}

/// An exemplar of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exemplar {
    pub(super) labels: Labels,
    value: u64,
    /// Milliseconds since 1970, where told.
    pub(super) time_ms: Option<i64>,
}

impl Exemplar {
    pub(super) fn new(from: &exposition::Exemplar<'_>) -> Self {
        let labels = from.labels.iter().map(|label| (label.name.to_string(), label.value.to_string())).collect();
        Self { labels, value: from.value.to_bits(), time_ms: from.time_ms }
    }

    pub(super) fn value(&self) -> f64 {
        f64::from_bits(self.value)
    }
}
