//! The form metric points have in files: numbers and bucket counts that follow their own past.
//!
//! Rows are ordered by series and time, so that a column which holds one counter after the other
//! needs a few bits per row as differences. Two things stand in the way. Decimal fractions are noise
//! in binary: `12.125` is kept as the integer 12125 with a scale of 3 where that gives back the same
//! double. And neighbours in a list of bucket counts are other buckets: lists are spread over one
//! column per position.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBufferBuilder, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, UInt32Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, UInt64Type};
use arrow::error::ArrowError;

/// Doubles with more decimals stay doubles.
const SCALE_MAX: usize = 9;
/// The powers of ten a double is exact for, as far as scales go.
const POWERS: [f64; SCALE_MAX + 1] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/// Beyond this, not every integer is a double.
const MANTISSA_MAX: f64 = 9_007_199_254_740_992.0;
/// Rows of a series not looked at after one that is no short decimal: the next ones rarely are.
const ROWS_SKIPPED: usize = 31;

/// Turns doubles that are short decimals into integers and their scale. `order` is the order of the
/// file, over all batches one after another, and `series` those of the rows as they came.
pub(super) fn scale_doubles(batches: Vec<RecordBatch>, order: &[u32], series: &[u64]) -> Result<Vec<RecordBatch>, ArrowError> {
    if batches.iter().all(|b| b.column_by_name("value_double").is_none()) {
        return Ok(batches);
    }
    let whole = |name: &str, data_type: DataType| {
        let parts: Vec<ArrayRef> = batches
            .iter()
            .map(|b| b.column_by_name(name).cloned().unwrap_or_else(|| arrow::array::new_null_array(&data_type, b.num_rows())))
            .collect();
        concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
    };
    let doubles = whole("value_double", DataType::Float64)?;
    let ints = whole("value_int", DataType::Int64)?;
    let scaled = Scaled::of(doubles.as_primitive(), ints.as_primitive(), series, order);
    let columns = scaled.finish();
    let mut first = 0;
    let mut out = Vec::with_capacity(batches.len());
    for batch in batches {
        let parts = columns.clone().map(|(name, array)| (name, array.slice(first, batch.num_rows())));
        first += batch.num_rows();
        out.push(replace(&batch, parts)?);
    }
    Ok(out)
}

/// The columns `value_double`, `value_int` and `value_scale` of a file.
struct Scaled {
    doubles: Vec<f64>,
    doubles_valid: Vec<bool>,
    ints: Vec<i64>,
    ints_valid: Vec<bool>,
    scales: Vec<i32>,
    scales_valid: Vec<bool>,
}

impl Scaled {
    fn of(doubles: &Float64Array, ints: &Int64Array, series: &[u64], order: &[u32]) -> Self {
        let rows = doubles.len();
        let valid = |array: &dyn Array| (0..rows).map(|row| array.is_valid(row)).collect::<Vec<_>>();
        let mut out = Self {
            doubles: doubles.values().to_vec(),
            doubles_valid: valid(doubles),
            ints: ints.values().to_vec(),
            ints_valid: valid(ints),
            scales: vec![0; rows],
            scales_valid: vec![false; rows],
        };
        let (mut last, mut scale, mut skip) = (None, 0, 0_usize);
        for row in order.iter().map(|row| *row as usize) {
            if last != Some(series[row]) {
                (last, scale, skip) = (Some(series[row]), 0, 0);
            }
            if !out.doubles_valid[row] || skip > 0 {
                skip = skip.saturating_sub(1);
                continue;
            }
            // Points of one series keep the largest scale seen, so that their integers compare.
            match (scale..=SCALE_MAX).find_map(|scale| Some((decimal(out.doubles[row], scale)?, scale))) {
                Some((int, found)) => {
                    scale = found;
                    (out.doubles[row], out.doubles_valid[row]) = (0.0, false);
                    (out.ints[row], out.ints_valid[row]) = (int, true);
                    (out.scales[row], out.scales_valid[row]) = (found as i32, true);
                }
                None => skip = ROWS_SKIPPED,
            }
        }
        out
    }

    fn finish(self) -> [(&'static str, ArrayRef); 3] {
        let nulls = |valid: Vec<bool>| Some(NullBuffer::from(valid));
        [
            ("value_double", Arc::new(Float64Array::new(self.doubles.into(), nulls(self.doubles_valid)))),
            ("value_int", Arc::new(Int64Array::new(self.ints.into(), nulls(self.ints_valid)))),
            ("value_scale", Arc::new(Int32Array::new(self.scales.into(), nulls(self.scales_valid)))),
        ]
    }
}

/// The integer that, divided by ten to the power of `scale`, is exactly this double.
fn decimal(value: f64, scale: usize) -> Option<i64> {
    let int = (value * POWERS[scale]).round();
    // An integer has no negative zero.
    let same = |int: i64| (int as f64 / POWERS[scale]).to_bits() == value.to_bits();
    Some(int as i64).filter(|i| int.abs() < MANTISSA_MAX && same(*i))
}

/// A list column of counts, to be spread over one column per position.
#[derive(Debug)]
pub(super) struct Spread {
    parts: Vec<Part>,
    /// Positions that any list has.
    pub(super) width: usize,
}

/// The lists of one batch.
#[derive(Debug)]
struct Part {
    lists: Option<ListArray>,
    rows: usize,
    /// The rows whose counts all fit, and how many they have.
    lengths: Vec<(u32, u32)>,
}

impl Spread {
    /// Of the lists named `name`: those that are not longer than `longest` and whose counts fit into 32 bits.
    pub(super) fn of(batches: &[RecordBatch], name: &str, longest: usize) -> Self {
        let part = |batch: &RecordBatch| {
            let lists = batch.column_by_name(name).and_then(|c| c.as_list_opt::<i32>()).cloned();
            let lengths = lists.as_ref().map_or_else(Vec::new, |lists| lengths(lists, longest));
            Part { lists, rows: batch.num_rows(), lengths }
        };
        let parts: Vec<Part> = batches.iter().map(part).collect();
        let width = parts.iter().flat_map(|p| &p.lengths).map(|(_, length)| *length as usize).max().unwrap_or(0);
        Self { parts, width }
    }

    /// One position of all rows.
    pub(super) fn position(&self, at: usize) -> UInt32Array {
        let rows = self.parts.iter().map(|p| p.rows).sum();
        let mut values = vec![0; rows];
        let mut valid = BooleanBufferBuilder::new(rows);
        valid.append_n(rows, false);
        let mut first = 0;
        for part in &self.parts {
            if let Some(lists) = &part.lists {
                let (offsets, counts) = (lists.value_offsets(), lists.values().as_primitive::<UInt64Type>().values());
                for (row, _) in part.lengths.iter().filter(|(_, length)| at < *length as usize) {
                    let row = *row as usize;
                    values[first + row] = counts[offsets[row] as usize + at] as u32;
                    valid.set_bit(first + row, true);
                }
            }
            first += part.rows;
        }
        UInt32Array::new(values.into(), Some(NullBuffer::new(valid.finish())))
    }

    /// The lists that are not spread, one array per batch.
    pub(super) fn rest(&self) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        let rest = |part: &Part| {
            let Some(lists) = &part.lists else { return Ok(None) };
            let mut spread = BooleanBufferBuilder::new(part.rows);
            spread.append_n(part.rows, false);
            part.lengths.iter().for_each(|(row, _)| spread.set_bit(*row as usize, true));
            arrow::compute::nullif(lists, &spread.finish().into()).map(Some)
        };
        self.parts.iter().map(rest).collect()
    }
}

/// The rows of lists to be spread, and their lengths.
fn lengths(lists: &ListArray, longest: usize) -> Vec<(u32, u32)> {
    let (offsets, counts) = (lists.value_offsets(), lists.values().as_primitive::<UInt64Type>().values());
    let mut out = Vec::new();
    for row in (0..lists.len()).filter(|row| lists.is_valid(*row)) {
        let list = &counts[offsets[row] as usize..offsets[row + 1] as usize];
        if (1..=longest).contains(&list.len()) && list.iter().all(|count| u32::try_from(*count).is_ok()) {
            out.push((row as u32, list.len() as u32));
        }
    }
    out
}

/// The batch with these columns in place of those of the same name, or behind the others.
fn replace<N: AsRef<str>>(
    batch: &RecordBatch,
    columns: impl IntoIterator<Item = (N, ArrayRef)>,
) -> Result<RecordBatch, ArrowError> {
    let mut fields: Vec<FieldRef> = batch.schema_ref().fields().to_vec();
    let mut arrays = batch.columns().to_vec();
    for (name, array) in columns {
        let field = Arc::new(Field::new(name.as_ref(), array.data_type().clone(), true));
        if let Some(place) = fields.iter().position(|f| f.name() == name.as_ref()) {
            (fields[place], arrays[place]) = (field, array);
        } else {
            fields.push(field);
            arrays.push(array);
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::UInt64Array;
    use proptest::prelude::*;

    fn batch(values: &[(u64, Option<f64>)]) -> RecordBatch {
        let series: UInt64Array = values.iter().map(|(s, _)| *s).collect();
        let doubles: Float64Array = values.iter().map(|(_, v)| *v).collect();
        let fields = vec![Field::new("series", DataType::UInt64, false), Field::new("value_double", DataType::Float64, true)];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), vec![Arc::new(series), Arc::new(doubles)]).unwrap()
    }

    /// What a row of encoded columns stands for.
    fn decoded(batch: &RecordBatch, row: usize) -> Option<u64> {
        let doubles: &Float64Array = batch.column_by_name("value_double").unwrap().as_primitive();
        let ints: &Int64Array = batch.column_by_name("value_int").unwrap().as_primitive();
        let scales: &Int32Array = batch.column_by_name("value_scale").unwrap().as_primitive();
        assert!(!(doubles.is_valid(row) && ints.is_valid(row)), "one form per row");
        assert_eq!(ints.is_valid(row), scales.is_valid(row));
        match (doubles.is_valid(row), ints.is_valid(row)) {
            (true, _) => Some(doubles.value(row).to_bits()),
            (_, true) => Some((ints.value(row) as f64 / 10f64.powi(scales.value(row))).to_bits()),
            _ => None,
        }
    }

    fn check(values: &[(u64, Option<f64>)]) -> RecordBatch {
        let order: Vec<u32> = (0..values.len() as u32).collect();
        let series: Vec<u64> = values.iter().map(|(series, _)| *series).collect();
        let encoded = scale_doubles(vec![batch(values)], &order, &series).unwrap().remove(0);
        for (row, (_, value)) in values.iter().enumerate() {
            assert_eq!(decoded(&encoded, row), value.map(f64::to_bits), "row {row}: {value:?}");
        }
        encoded
    }

    #[test]
    fn doubles_come_back_bit_for_bit() {
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let odd = [0.0, -0.0, 0.1, 0.1 + 0.2, 12.125, 1e300, 5e-324, f64::NAN, stale, f64::INFINITY, f64::NEG_INFINITY];
        let edges = [9_007_199_254_740_991.0, 9_007_199_254_740_992.0, -9_007_199_254_740_993.0, 1e-9, 123_456.789_012_345];
        check(&odd.iter().chain(&edges).enumerate().map(|(i, v)| (i as u64 % 3, Some(*v))).collect::<Vec<_>>());
        check(&[(1, None), (1, Some(2.5)), (1, None), (2, None)]);
    }

    #[test]
    fn a_series_keeps_its_scale() {
        let encoded = check(&[(1, Some(0.25)), (1, Some(3.0)), (1, Some(0.5)), (2, Some(7.0))]);
        let scales: &Int32Array = encoded.column_by_name("value_scale").unwrap().as_primitive();
        assert_eq!(scales.values().to_vec(), [2, 2, 2, 0]);
        let ints: &Int64Array = encoded.column_by_name("value_int").unwrap().as_primitive();
        assert_eq!(ints.values().to_vec(), [25, 300, 50, 7]);
    }

    proptest! {
        #[test]
        fn any_double_comes_back(values in prop::collection::vec((0u64..4, prop::option::of(prop_oneof![
            any::<f64>(),
            (any::<i32>(), 0i32..12).prop_map(|(i, scale)| f64::from(i) / 10f64.powi(scale)),
        ])), 0..200)) {
            check(&values);
        }

        #[test]
        fn counts_come_back(
            rows in prop::collection::vec(prop::option::of(prop::collection::vec(
                prop_oneof![20 => 0..1u64 << 32, 1 => any::<u64>()],
                0..70,
            )), 0..40),
            cut in 0usize..40,
        ) {
            let batches = [&rows[..cut.min(rows.len())], &rows[cut.min(rows.len())..]].map(|rows| {
                let mut lists = arrow::array::ListBuilder::new(arrow::array::UInt64Builder::new());
                for row in rows {
                    lists.append_option(row.as_ref().map(|r| r.iter().copied().map(Some).collect::<Vec<_>>()));
                }
                RecordBatch::try_from_iter([("counts", Arc::new(lists.finish()) as ArrayRef)]).unwrap()
            });
            let spread = Spread::of(&batches, "counts", 64);
            let columns: Vec<UInt32Array> = (0..spread.width).map(|at| spread.position(at)).collect();
            let rest = spread.rest().unwrap().into_iter().flatten().collect::<Vec<_>>();
            let rest = concat(&rest.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap();
            for (at, row) in rows.iter().enumerate() {
                let found: Vec<u64> =
                    columns.iter().take_while(|c| c.is_valid(at)).map(|c| u64::from(c.value(at))).collect();
                let whole = rest.is_valid(at).then(|| rest.as_list::<i32>().value(at).as_primitive::<UInt64Type>().values().to_vec());
                prop_assert!(whole.as_ref().is_none_or(Vec::is_empty) || found.is_empty());
                prop_assert_eq!(whole.filter(|w| !w.is_empty()).unwrap_or(found), row.clone().unwrap_or_default());
            }
        }
    }
}
