//! Native histograms from the wire; both versions of remote write number their fields alike.

use std::hash::{DefaultHasher, Hasher as _};

use luneta_model::CounterResetHint;

use super::native::{Count, Span, Sparse, SparseHistogram};
use super::write::{Point, Times};
use crate::wire::{Message, Walk, Within as _};

/// Reads a histogram into `out`.
pub(super) fn read(mut message: Message<'_>, out: &mut SparseHistogram) -> Walk<(Times, Point)> {
    let mut hasher = DefaultHasher::new();
    hasher.write(message.bytes());
    out.clear();
    let mut times = Times::default();
    while let Some(field) = message.next()? {
        match field.number {
            1 => out.count = Count::Int(field.varint().within("count_int")?),
            2 => out.count = Count::Float(field.double().within("count_float")?),
            3 => out.sum = field.double().within("sum")?,
            4 => out.schema = field.sint32().within("schema")?,
            5 => out.zero_threshold = field.double().within("zero_threshold")?,
            6 => out.zero_count = Count::Int(field.varint().within("zero_count_int")?),
            7 => out.zero_count = Count::Float(field.double().within("zero_count_float")?),
            8 => out.negative.spans.push(span(field.message().within("negative_spans")?).within("negative_spans")?),
            9 => field.repeated_varint(|raw| out.negative.deltas.push(zigzag(raw))).within("negative_deltas")?,
            10 => field.repeated_fixed64(|bits| out.negative.counts.push(f64::from_bits(bits))).within("negative_counts")?,
            11 => out.positive.spans.push(span(field.message().within("positive_spans")?).within("positive_spans")?),
            12 => field.repeated_varint(|raw| out.positive.deltas.push(zigzag(raw))).within("positive_deltas")?,
            13 => field.repeated_fixed64(|bits| out.positive.counts.push(f64::from_bits(bits))).within("positive_counts")?,
            14 => out.hint = hint(field.varint().within("reset_hint")?),
            15 => times.time = field.varint().within("timestamp")? as i64,
            16 => field.repeated_fixed64(|bits| out.custom_bounds.push(f64::from_bits(bits))).within("custom_values")?,
            17 => times.start = field.varint().within("start_timestamp")? as i64,
            _ => {}
        }
    }
    Ok((times, Point::Histogram { hash: hasher.finish() }))
}

fn span(mut message: Message<'_>) -> Walk<Span> {
    let mut span = Span { offset: 0, length: 0 };
    while let Some(field) = message.next()? {
        match field.number {
            1 => span.offset = field.sint32().within("offset")?,
            2 => span.length = field.varint().within("length")? as u32,
            _ => {}
        }
    }
    Ok(span)
}

fn hint(number: u64) -> CounterResetHint {
    match number {
        1 => CounterResetHint::Reset,
        2 => CounterResetHint::NotReset,
        3 => CounterResetHint::Gauge,
        _ => CounterResetHint::Unknown,
    }
}

fn zigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

impl SparseHistogram {
    /// Empties it and keeps its buffers.
    fn clear(&mut self) {
        (self.count, self.zero_count) = (Count::Int(0), Count::Int(0));
        (self.sum, self.schema, self.zero_threshold) = (0.0, 0, 0.0);
        self.hint = CounterResetHint::Unknown;
        self.positive.clear();
        self.negative.clear();
        self.custom_bounds.clear();
    }
}

impl Sparse {
    fn clear(&mut self) {
        self.spans.clear();
        self.deltas.clear();
        self.counts.clear();
    }
}
