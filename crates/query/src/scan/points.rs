//! Metric points as people read them, from the form they have in files: short decimals are integers
//! with a scale, and lists of bucket counts are spread over a column per position.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, ListArray, UInt32Array, UInt64Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type};
use datafusion::common::utils::take_function_args;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

/// `point_value(value_double, value_int, value_scale)`: the number of a gauge or sum as a double.
/// Any argument may be missing (NULL).
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PointValue {
    signature: Signature,
}

impl Default for PointValue {
    fn default() -> Self {
        Self { signature: Signature::any(3, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for PointValue {
    fn name(&self) -> &'static str {
        "point_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [double, int, scale] = take_function_args(self.name(), args.args)?.map(|a| a.into_array(rows));
        let (double, int, scale) = (double?, int?, scale?);
        let Some(int) = int.as_primitive_opt::<Int64Type>() else {
            return Ok(ColumnarValue::Array(compute::cast(&double, &DataType::Float64)?));
        };
        let (doubles, scales) = (double.as_primitive_opt::<Float64Type>(), scale.as_primitive_opt::<Int32Type>());
        Ok(ColumnarValue::Array(Arc::new(values(doubles, int, scales))))
    }
}

fn values(doubles: Option<&Float64Array>, ints: &Int64Array, scales: Option<&Int32Array>) -> Float64Array {
    let mut out: Vec<f64> = ints.values().iter().map(|int| *int as f64).collect();
    if let Some(scales) = scales.filter(|scales| scales.null_count() < scales.len()) {
        for (row, value) in out.iter_mut().enumerate() {
            let scale = if scales.is_valid(row) { scales.value(row) } else { 0 };
            if scale != 0 {
                // Both are exact, so that the quotient is the double that was sent.
                *value /= 10f64.powi(scale);
            }
        }
    }
    let Some(doubles) = doubles.filter(|doubles| doubles.null_count() < doubles.len()) else {
        return Float64Array::new(out.into(), ints.nulls().cloned());
    };
    let Some(valid) = doubles.nulls() else { return doubles.clone() };
    for (start, end) in valid.valid_slices() {
        out[start..end].copy_from_slice(&doubles.values()[start..end]);
    }
    let nulls = ints.nulls().map(|ints| NullBuffer::new(ints.inner() | valid.inner()));
    Float64Array::new(out.into(), nulls)
}

/// `point_int(value_int, value_scale)`: the number of a point that was sent as an integer.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PointInt {
    signature: Signature,
}

impl Default for PointInt {
    fn default() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for PointInt {
    fn name(&self) -> &'static str {
        "point_int"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [int, scale] = take_function_args(self.name(), args.args)?.map(|a| a.into_array(rows));
        Ok(ColumnarValue::Array(compute::nullif(&int?, &compute::is_not_null(&scale?)?)?))
    }
}

/// `point_counts(list, count0, count1…)`: a list of bucket counts, whole or spread.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct PointCounts {
    signature: Signature,
}

impl Default for PointCounts {
    fn default() -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for PointCounts {
    fn name(&self) -> &'static str {
        "point_counts"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(element()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.into_iter().map(|a| a.into_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
        let lists = arrays.first().and_then(|a| a.as_list_opt::<i32>());
        let positions: Vec<&UInt32Array> = arrays.iter().skip(1).filter_map(|a| a.as_primitive_opt::<UInt32Type>()).collect();
        Ok(ColumnarValue::Array(Arc::new(counts(rows, lists, &positions)?)))
    }
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::UInt64, false))
}

fn counts(rows: usize, lists: Option<&ListArray>, positions: &[&UInt32Array]) -> Result<ListArray> {
    let mut values: Vec<u64> = Vec::new();
    let mut offsets = Vec::with_capacity(rows + 1);
    let mut valid = Vec::with_capacity(rows);
    offsets.push(0);
    for row in 0..rows {
        let whole = lists.filter(|l| l.is_valid(row));
        match whole {
            Some(lists) => values.extend_from_slice(lists.value(row).as_primitive::<UInt64Type>().values()),
            None => values.extend(positions.iter().take_while(|p| p.is_valid(row)).map(|p| u64::from(p.value(row)))),
        }
        offsets.push(values.len() as i32);
        valid.push(whole.is_some() || positions.first().is_some_and(|p| p.is_valid(row)));
    }
    let offsets = OffsetBuffer::new(offsets.into());
    Ok(ListArray::try_new(element(), offsets, Arc::new(UInt64Array::from(values)), Some(NullBuffer::from(valid)))?)
}
