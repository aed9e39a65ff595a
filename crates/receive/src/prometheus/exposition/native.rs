//! [`NativeHistogram`]: a histogram whose buckets are sparse.

use luneta_model::CounterResetHint;

use crate::wire::{Message, Walk, Within as _};

use super::protobuf::{fault, timestamp};

/// A run of buckets that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeSpan {
    /// Buckets left out before it; of the first run, the index of its first bucket.
    pub offset: i32,
    /// How many buckets it has.
    pub length: u32,
}

/// A native histogram as exposed, with every count made absolute.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NativeHistogram {
    /// Number of observations.
    pub count: f64,
    /// Sum of observations.
    pub sum: f64,
    /// Resolution: borders of buckets are powers of 2^(2^-schema).
    pub schema: i32,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// Runs of buckets of positive observations.
    pub positive_spans: Vec<NativeSpan>,
    /// Observations per bucket of the runs above.
    pub positive_counts: Vec<f64>,
    /// Runs of buckets of negative observations.
    pub negative_spans: Vec<NativeSpan>,
    /// Observations per bucket of the runs above.
    pub negative_counts: Vec<f64>,
    /// Whether the counts were exposed as fractions.
    pub is_float: bool,
    /// What is known of a reset of the counter; exposed ones tell gauges only.
    pub reset_hint: CounterResetHint,
    /// Upper bounds of the buckets, with the schema that has such (-53), which is never exposed.
    pub custom_bounds: Vec<f64>,
}

/// A bucket of the classic kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassicBucket<'b> {
    pub(super) upper_bound: f64,
    /// Observations up to the bound.
    pub(super) count: f64,
    pub(super) exemplar: Option<Message<'b>>,
}

/// A message `Histogram` as read.
#[derive(Debug, Default)]
pub(super) struct HistogramParts<'b> {
    pub(super) native: NativeHistogram,
    pub(super) buckets: Vec<ClassicBucket<'b>>,
    pub(super) created_ms: Option<i64>,
    positive_deltas: Vec<i64>,
    negative_deltas: Vec<i64>,
}

/// Reads a message `Histogram`; a bucket more than `buckets_max` is a fault.
pub(super) fn read_histogram(message: Message<'_>, buckets_max: usize) -> Walk<HistogramParts<'_>> {
    let mut parts = HistogramParts::default();
    let (mut count, mut zero_count) = (0u64, 0u64);
    let (mut count_float, mut zero_count_float) = (0.0, 0.0);
    let mut fields = message;
    while let Some(field) = fields.next()? {
        let native = &mut parts.native;
        match field.number {
            1 => count = field.varint()?,
            2 => native.sum = field.double()?,
            3 => parts.buckets.push(classic_bucket(field.message()?).within("bucket")?),
            4 => count_float = field.double()?,
            5 => native.schema = field.sint32()?,
            6 => native.zero_threshold = field.double()?,
            7 => zero_count = field.varint()?,
            8 => zero_count_float = field.double()?,
            9 => native.negative_spans.push(span(field.message()?)?),
            10 => field.repeated_varint(|delta| parts.negative_deltas.push(zigzag(delta)))?,
            11 => field.repeated_fixed64(|bits| native.negative_counts.push(f64::from_bits(bits)))?,
            12 => native.positive_spans.push(span(field.message()?)?),
            13 => field.repeated_varint(|delta| parts.positive_deltas.push(zigzag(delta)))?,
            14 => field.repeated_fixed64(|bits| native.positive_counts.push(f64::from_bits(bits)))?,
            15 => parts.created_ms = Some(timestamp(field)?),
            _ => {}
        }
        if parts.longest() > buckets_max {
            return Err(fault(field.offset(), format!("the histogram has more than {buckets_max} buckets")));
        }
    }
    let native = &mut parts.native;
    let fractions = !native.positive_counts.is_empty() || !native.negative_counts.is_empty();
    native.is_float = count_float > 0.0 || zero_count_float > 0.0 || fractions;
    native.count = if count_float > 0.0 { count_float } else { count as f64 };
    native.zero_count = if zero_count_float > 0.0 { zero_count_float } else { zero_count as f64 };
    Ok(parts)
}

impl HistogramParts<'_> {
    /// A histogram without anything sparse is a classic one.
    pub(super) fn is_native(&self) -> bool {
        let native = &self.native;
        let spans = !native.positive_spans.is_empty() || !native.negative_spans.is_empty();
        spans || native.zero_threshold > 0.0 || native.zero_count > 0.0
    }

    fn longest(&self) -> usize {
        let native = &self.native;
        let counts = [native.positive_counts.len(), native.negative_counts.len(), self.buckets.len()];
        let deltas = [self.positive_deltas.len(), self.negative_deltas.len()];
        let spans = [native.positive_spans.len(), native.negative_spans.len()];
        counts.into_iter().chain(deltas).chain(spans).max().unwrap_or(0)
    }

    /// The native histogram, once its parts agree with each other.
    pub(super) fn into_native(self, offset: usize, reset_hint: CounterResetHint) -> Walk<NativeHistogram> {
        let mut native = NativeHistogram { reset_hint, ..self.native };
        for (spans, counts, deltas) in [
            (&native.positive_spans, &mut native.positive_counts, &self.positive_deltas),
            (&native.negative_spans, &mut native.negative_counts, &self.negative_deltas),
        ] {
            if native.is_float != deltas.is_empty() && !(counts.is_empty() && deltas.is_empty()) {
                return Err(fault(offset, "whole and fractional counts are mixed in a histogram"));
            }
            if !native.is_float {
                *counts = absolute(deltas).ok_or_else(|| fault(offset, "a count of a histogram is below zero"))?;
            }
            let wanted: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
            if wanted != counts.len() as u64 {
                let reason = format!("the spans of a histogram stand for {wanted} buckets, it has {}", counts.len());
                return Err(fault(offset, reason));
            }
            if spans.iter().skip(1).any(|span| span.offset < 0) {
                return Err(fault(offset, "the spans of a histogram overlap"));
            }
        }
        Ok(native)
    }
}

/// Counts that were written as differences.
fn absolute(deltas: &[i64]) -> Option<Vec<f64>> {
    let mut count = 0i64;
    let counts = deltas.iter().map(|delta| {
        count = count.checked_add(*delta).filter(|count| *count >= 0)?;
        Some(count as f64)
    });
    counts.collect()
}

fn zigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

fn span(message: Message<'_>) -> Walk<NativeSpan> {
    let mut span = NativeSpan { offset: 0, length: 0 };
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => span.offset = field.sint32()?,
            2 => span.length = field.varint()? as u32,
            _ => {}
        }
    }
    Ok(span)
}

fn classic_bucket(message: Message<'_>) -> Walk<ClassicBucket<'_>> {
    let mut bucket = ClassicBucket { upper_bound: 0.0, count: 0.0, exemplar: None };
    let mut fields = message;
    while let Some(field) = fields.next()? {
        match field.number {
            1 => bucket.count = field.varint()? as f64,
            2 => bucket.upper_bound = field.double()?,
            3 => bucket.exemplar = Some(field.message()?),
            4 => {
                let count = field.double()?;
                if count > 0.0 {
                    bucket.count = count;
                }
            }
            _ => {}
        }
    }
    Ok(bucket)
}
