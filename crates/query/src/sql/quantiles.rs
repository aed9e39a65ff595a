//! `duration_quantiles(duration_ns)`: median, 95th and 99th percentile of each group in one pass.
//!
//! Values are counted in buckets that grow with them, 32 to each power of two, so a result is off by
//! at most one part in 64. That costs a tenth of what the engine's three t-digests do, and counts of
//! several files add up to what counting all rows at once gives.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Builder, ListArray, ListBuilder, UInt64Builder};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, UInt64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility};

const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];
/// Buckets of each power of two, as a power of two.
const FINE_BITS: u32 = 5;
const FINE: u64 = 1 << FINE_BITS;

/// The aggregate function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct DurationQuantiles {
    signature: Signature,
}

impl Default for DurationQuantiles {
    fn default() -> Self {
        Self { signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for DurationQuantiles {
    fn name(&self) -> &'static str {
        "duration_quantiles"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::new_list(DataType::Int64, true))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let counts = DataType::new_list(DataType::UInt64, true);
        Ok(vec![Arc::new(Field::new(format!("{}[histogram]", args.name), counts, true))])
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(OneGroup::default()))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::default()))
    }
}

/// How many values fell into each bucket, from the lowest to the highest that has any.
#[derive(Debug, Default)]
struct Histogram {
    first: usize,
    counts: Vec<u64>,
}

impl Histogram {
    /// Counts values of one bucket; returns by how many bytes the histogram grew.
    fn add(&mut self, bucket: usize, count: u64) -> usize {
        let before = self.counts.capacity();
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let missing = self.first - bucket;
            self.counts.splice(..0, std::iter::repeat_n(0, missing));
            self.first = bucket;
        }
        let place = bucket - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += count;
        (self.counts.capacity() - before) * size_of::<u64>()
    }

    fn quantile(&self, quantile: f64) -> Option<i64> {
        let total: u64 = self.counts.iter().sum();
        let rank = ((quantile * total as f64).ceil() as u64).max(1);
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(middle(self.first + place))
    }
}

/// The bucket of a value. Negative durations come from clocks that disagree and count as none.
fn bucket(value: i64) -> usize {
    let value = value.max(0) as u64;
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(FINE_BITS + 1);
    (u64::from(shift) * FINE + (value >> shift)) as usize
}

/// The middle of a bucket's values.
fn middle(bucket: usize) -> i64 {
    let bucket = bucket as u64;
    let shift = (bucket / FINE).saturating_sub(1);
    let low = (bucket - shift * FINE) << shift;
    (low + ((1 << shift) - 1) / 2) as i64
}

#[derive(Debug, Default)]
struct Groups {
    histograms: Vec<Histogram>,
    bytes: usize,
}

impl Groups {
    fn resize(&mut self, groups: usize) {
        self.histograms.resize_with(groups, Histogram::default);
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Histogram> {
        let taken = emit_to.take_needed(&mut self.histograms);
        self.bytes = self.histograms.iter().map(|h| h.counts.capacity() * size_of::<u64>()).sum();
        taken
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.resize(total_num_groups);
        let values = values[0].as_primitive::<Int64Type>();
        for (row, group) in group_indices.iter().enumerate() {
            if counts(values, filter, row) {
                self.bytes += self.histograms[*group].add(bucket(values.value(row)), 1);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let mut out = ListBuilder::new(Int64Builder::new());
        for histogram in self.take(emit_to) {
            let values = QUANTILES.map(|q| histogram.quantile(q));
            for value in values {
                out.values().append_option(value);
            }
            out.append(true);
        }
        Ok(Arc::new(out.finish()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut out = ListBuilder::new(UInt64Builder::new());
        for histogram in self.take(emit_to) {
            if !histogram.counts.is_empty() {
                out.values().append_value(histogram.first as u64);
                out.values().append_slice(&histogram.counts);
            }
            out.append(true);
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.resize(total_num_groups);
        let states: &ListArray = values[0].as_list();
        for (row, group) in group_indices.iter().enumerate() {
            let state = states.value(row);
            let Some((first, counts)) = state.as_primitive::<UInt64Type>().values().split_first() else { continue };
            for (place, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                self.bytes += self.histograms[*group].add(*first as usize + place, *count);
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Int64Type>();
        let mut out = ListBuilder::new(UInt64Builder::new());
        for row in 0..values.len() {
            if counts(values, filter, row) {
                out.values().append_slice(&[bucket(values.value(row)) as u64, 1]);
            }
            out.append(true);
        }
        Ok(vec![Arc::new(out.finish())])
    }

    fn size(&self) -> usize {
        self.bytes + self.histograms.capacity() * size_of::<Histogram>()
    }
}

/// Whether a row takes part.
fn counts(values: &dyn Array, filter: Option<&BooleanArray>, row: usize) -> bool {
    values.is_valid(row) && filter.is_none_or(|f| f.is_valid(row) && f.value(row))
}

/// The aggregate where there is no `GROUP BY`.
#[derive(Debug, Default)]
struct OneGroup(Groups);

impl Accumulator for OneGroup {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(values, &vec![0; values[0].len()], None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.resize(1);
        ScalarValue::try_from_array(&self.0.evaluate(EmitTo::All)?, 0)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.resize(1);
        self.0.state(EmitTo::All)?.iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states, &vec![0; states[0].len()], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_their_values() {
        for value in [0, 1, 31, 32, 63, 64, 65, 1000, 123_456_789, 3_600_000_000_000, i64::MAX] {
            let shown = middle(bucket(value));
            assert!(shown.abs_diff(value) <= value as u64 / 64, "{value} reads as {shown}");
        }
        assert_eq!(middle(bucket(-5)), 0);
        let mut last = 0;
        for value in 0..100_000 {
            assert!((last..=last + 1).contains(&bucket(value)), "{value}");
            last = bucket(value);
        }
    }

    #[test]
    fn quantiles_whatever_the_order() {
        for values in [(1..=1000).collect::<Vec<i64>>(), (1..=1000).rev().collect()] {
            let mut histogram = Histogram::default();
            for value in values {
                histogram.add(bucket(value), 1);
            }
            for (quantile, exact) in [(0.0, 1), (0.5, 500), (0.95, 950), (0.99, 990), (1.0, 1000)] {
                let found = histogram.quantile(quantile).unwrap();
                assert!(found.abs_diff(exact) <= exact as u64 / 64, "{quantile}: {found}, not {exact}");
            }
        }
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
