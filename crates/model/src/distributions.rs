//! [`Distributions`]: the columns of histograms and summaries.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, Int32Builder, ListArray, ListBuilder, StructArray, UInt64Builder};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use arrow::error::ArrowError;

use crate::PointValue;
use crate::origin::column;
use crate::spans::list_item;

/// Columns of points that are no single number. Most batches have none, so rows without one are
/// filled in when the next one comes.
#[derive(Debug, Default)]
pub(crate) struct Distributions {
    /// Rows appended so far.
    pub(crate) rows: usize,
    count: UInt64Builder,
    sum: Float64Builder,
    min: Float64Builder,
    max: Float64Builder,
    bucket_counts: Counts,
    explicit_bounds: Doubles,
    scale: Int32Builder,
    zero_count: UInt64Builder,
    zero_threshold: Float64Builder,
    positive_offset: Int32Builder,
    positive_counts: Counts,
    negative_offset: Int32Builder,
    negative_counts: Counts,
    quantiles: QuantilesBuilder,
}

impl Distributions {
    /// Fills rows up to a number of them.
    pub(crate) fn pad(&mut self, rows: usize) {
        while self.rows < rows {
            self.append(None);
        }
    }

    /// Adds a row, of nulls when there is no value.
    pub(crate) fn append(&mut self, value: Option<&PointValue<'_>>) {
        self.rows += 1;
        let (count, sum, min, max) = match value {
            Some(
                PointValue::Histogram { count, sum, min, max, .. }
                | PointValue::ExponentialHistogram { count, sum, min, max, .. },
            ) => (Some(*count), *sum, *min, *max),
            Some(PointValue::DoubleHistogram { sum, .. } | PointValue::DoubleExponentialHistogram { sum, .. }) => {
                (None, Some(*sum), None, None)
            }
            Some(PointValue::Summary { count, sum, .. }) => (Some(*count), Some(*sum), None, None),
            _ => (None, None, None, None),
        };
        self.count.append_option(count);
        self.sum.append_option(sum);
        self.min.append_option(min);
        self.max.append_option(max);
        let (counts, bounds) = match value {
            Some(PointValue::Histogram { bucket_counts, explicit_bounds, .. }) => (Some(*bucket_counts), Some(*explicit_bounds)),
            Some(PointValue::DoubleHistogram { explicit_bounds, .. }) => (None, Some(*explicit_bounds)),
            _ => (None, None),
        };
        self.bucket_counts.append(counts);
        self.explicit_bounds.append(bounds);
        self.append_exponential(value);
        self.quantiles.append(match value {
            Some(PointValue::Summary { quantiles, .. }) => Some(quantiles),
            _ => None,
        });
    }

    fn append_exponential(&mut self, value: Option<&PointValue<'_>>) {
        let (scale, zero_threshold) = match value {
            Some(
                PointValue::ExponentialHistogram { scale, zero_threshold, .. }
                | PointValue::DoubleExponentialHistogram { scale, zero_threshold, .. },
            ) => (Some(*scale), Some(*zero_threshold)),
            _ => (None, None),
        };
        self.scale.append_option(scale);
        self.zero_threshold.append_option(zero_threshold);
        let (offsets, zero_count, counts) = match value {
            Some(PointValue::ExponentialHistogram { zero_count, positive, negative, .. }) => {
                (Some((positive.0, negative.0)), Some(*zero_count), Some((positive.1, negative.1)))
            }
            Some(PointValue::DoubleExponentialHistogram { positive, negative, .. }) => {
                (Some((positive.0, negative.0)), None, None)
            }
            _ => (None, None, None),
        };
        self.zero_count.append_option(zero_count);
        self.positive_offset.append_option(offsets.map(|(positive, _)| positive));
        self.negative_offset.append_option(offsets.map(|(_, negative)| negative));
        self.positive_counts.append(counts.map(|(positive, _)| positive));
        self.negative_counts.append(counts.map(|(_, negative)| negative));
    }

    pub(crate) fn finish(mut self, out: &mut Vec<(FieldRef, ArrayRef)>) -> Result<(), ArrowError> {
        let counts = || DataType::List(Arc::new(Field::new("element", DataType::UInt64, false)));
        let doubles = || DataType::List(Arc::new(Field::new("element", DataType::Float64, false)));
        out.extend([
            column("count", DataType::UInt64, true, Arc::new(self.count.finish())),
            column("sum", DataType::Float64, true, Arc::new(self.sum.finish())),
            column("min", DataType::Float64, true, Arc::new(self.min.finish())),
            column("max", DataType::Float64, true, Arc::new(self.max.finish())),
            column("bucket_counts", counts(), true, Arc::new(self.bucket_counts.0.finish())),
            column("explicit_bounds", doubles(), true, Arc::new(self.explicit_bounds.0.finish())),
            column("scale", DataType::Int32, true, Arc::new(self.scale.finish())),
            column("zero_count", DataType::UInt64, true, Arc::new(self.zero_count.finish())),
            column("zero_threshold", DataType::Float64, true, Arc::new(self.zero_threshold.finish())),
            column("positive_offset", DataType::Int32, true, Arc::new(self.positive_offset.finish())),
            column("positive_counts", counts(), true, Arc::new(self.positive_counts.0.finish())),
            column("negative_offset", DataType::Int32, true, Arc::new(self.negative_offset.finish())),
            column("negative_counts", counts(), true, Arc::new(self.negative_counts.0.finish())),
            column("quantiles", DataType::List(list_item(quantile_fields())), true, Arc::new(self.quantiles.finish()?)),
        ]);
        Ok(())
    }
}

#[derive(Debug)]
struct Counts(ListBuilder<UInt64Builder>);

impl Default for Counts {
    fn default() -> Self {
        Self(ListBuilder::new(UInt64Builder::new()).with_field(Field::new("element", DataType::UInt64, false)))
    }
}

impl Counts {
    fn append(&mut self, counts: Option<&[u64]>) {
        if let Some(counts) = counts {
            self.0.values().append_slice(counts);
        }
        self.0.append(counts.is_some());
    }
}

#[derive(Debug)]
pub(crate) struct Doubles(pub(crate) ListBuilder<Float64Builder>);

impl Default for Doubles {
    fn default() -> Self {
        Self(ListBuilder::new(Float64Builder::new()).with_field(Field::new("element", DataType::Float64, false)))
    }
}

impl Doubles {
    pub(crate) fn append(&mut self, values: Option<&[f64]>) {
        if let Some(values) = values {
            self.0.values().append_slice(values);
        }
        self.0.append(values.is_some());
    }
}

/// Fields of one element of `quantiles`.
pub(crate) fn quantile_fields() -> Fields {
    Fields::from(vec![Field::new("quantile", DataType::Float64, false), Field::new("value", DataType::Float64, false)])
}

#[derive(Debug, Default)]
struct QuantilesBuilder {
    lengths: Vec<usize>,
    valid: Vec<bool>,
    quantile: Float64Builder,
    value: Float64Builder,
}

impl QuantilesBuilder {
    fn append(&mut self, pairs: Option<&[(f64, f64)]>) {
        for (quantile, value) in pairs.unwrap_or_default() {
            self.quantile.append_value(*quantile);
            self.value.append_value(*value);
        }
        self.lengths.push(pairs.map_or(0, <[_]>::len));
        self.valid.push(pairs.is_some());
    }

    fn finish(mut self) -> Result<ListArray, ArrowError> {
        let columns: Vec<ArrayRef> = vec![Arc::new(self.quantile.finish()), Arc::new(self.value.finish())];
        let values = StructArray::try_new(quantile_fields(), columns, None)?;
        ListArray::try_new(
            list_item(quantile_fields()),
            OffsetBuffer::from_lengths(self.lengths),
            Arc::new(values),
            Some(self.valid.into()),
        )
    }
}
