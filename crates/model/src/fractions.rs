//! [`Fractions`]: columns that only Prometheus's native histograms have.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};

use crate::PointValue;
use crate::distributions::Doubles;
use crate::origin::column;
use crate::schema::doubles;

/// What is known of a reset of the counter before a native histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CounterResetHint {
    /// Nothing.
    #[default]
    Unknown,
    /// It was reset.
    Reset,
    /// It was not.
    NotReset,
    /// Counts go up and down.
    Gauge,
}

impl CounterResetHint {
    const NAMED: [(Self, &'static str); 3] = [(Self::Reset, "reset"), (Self::NotReset, "not_reset"), (Self::Gauge, "gauge")];

    /// The text in the column `counter_reset_hint`; `None` where nothing is known.
    pub fn as_str(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(hint, _)| *hint == self).map(|(_, text)| *text)
    }

    /// The inverse of [`CounterResetHint::as_str`]; of other texts nothing is known.
    pub fn from_text(text: &str) -> Self {
        Self::NAMED.iter().find(|(_, name)| *name == text).map_or(Self::Unknown, |(hint, _)| *hint)
    }
}

/// Counts that are doubles, and hints of resets. Hardly any batch has them, so rows without are filled
/// in when the next one comes.
#[derive(Debug, Default)]
pub(crate) struct Fractions {
    rows: usize,
    hint: StringBuilder,
    count: Float64Builder,
    zero_count: Float64Builder,
    bucket_counts: Doubles,
    positive_counts: Doubles,
    negative_counts: Doubles,
}

impl Fractions {
    /// Takes what a row behind `rows` others has for these columns.
    pub(crate) fn append(&mut self, rows: usize, hint: CounterResetHint, value: &PointValue<'_>) {
        let has_doubles = matches!(value, PointValue::DoubleHistogram { .. } | PointValue::DoubleExponentialHistogram { .. });
        if hint == CounterResetHint::Unknown && !has_doubles {
            return;
        }
        self.pad(rows);
        self.rows += 1;
        self.hint.append_option(hint.as_str());
        match value {
            PointValue::DoubleHistogram { count, bucket_counts, .. } => {
                self.append_counts(Some(*count), None, [Some(bucket_counts), None, None]);
            }
            PointValue::DoubleExponentialHistogram { count, zero_count, positive, negative, .. } => {
                self.append_counts(Some(*count), Some(*zero_count), [None, Some(positive.1), Some(negative.1)]);
            }
            _ => self.append_counts(None, None, [None; 3]),
        }
    }

    fn append_counts(&mut self, count: Option<f64>, zero_count: Option<f64>, [buckets, positive, negative]: [Option<&[f64]>; 3]) {
        self.count.append_option(count);
        self.zero_count.append_option(zero_count);
        self.bucket_counts.append(buckets);
        self.positive_counts.append(positive);
        self.negative_counts.append(negative);
    }

    fn pad(&mut self, rows: usize) {
        while self.rows < rows {
            self.rows += 1;
            self.hint.append_null();
            self.append_counts(None, None, [None; 3]);
        }
    }

    /// The columns of so many rows, none where no row has a value.
    pub(crate) fn finish(mut self, rows: usize) -> Vec<(FieldRef, ArrayRef)> {
        if self.rows == 0 {
            return Vec::new();
        }
        self.pad(rows);
        let arrays: [ArrayRef; 6] = [
            Arc::new(self.hint.finish()),
            Arc::new(self.count.finish()),
            Arc::new(self.zero_count.finish()),
            Arc::new(self.bucket_counts.0.finish()),
            Arc::new(self.positive_counts.0.finish()),
            Arc::new(self.negative_counts.0.finish()),
        ];
        fields().iter().zip(arrays).map(|(field, array)| column(field.name(), field.data_type().clone(), true, array)).collect()
    }
}

/// The columns, in order.
pub(crate) fn fields() -> [Field; 6] {
    [
        Field::new("counter_reset_hint", DataType::Utf8, true),
        Field::new("count_double", DataType::Float64, true),
        Field::new("zero_count_double", DataType::Float64, true),
        doubles("bucket_counts_double"),
        doubles("positive_counts_double"),
        doubles("negative_counts_double"),
    ]
}
