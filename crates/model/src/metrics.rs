//! [`MetricsBuilder`]: metric data points into the physical layout.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder, ListArray, StringBuilder, StructArray,
    TimestampNanosecondBuilder, UInt32Builder, UInt64Builder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use arrow::error::ArrowError;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::attributes::{AttributeScope, AttributesBuilder};
use crate::distributions::Distributions;
use crate::fractions::{CounterResetHint, Fractions};
use crate::logs::append_id;
use crate::origin::{append_unless_empty, column, record_batch, with_values};
use crate::overflow::{OverflowBuilder, map_type};
use crate::spans::{element_attributes, list_item, push_attributes, timestamp};
use crate::value::{AnyValue, TypeCode, encode_text};
use crate::{Batch, Limits, OriginsBuilder, Signal, Tenant};

/// A number as sent: OTLP keeps integers and doubles apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// `as_int`.
    Int(i64),
    /// `as_double`.
    Double(f64),
}

impl From<Number> for AnyValue {
    fn from(n: Number) -> Self {
        match n {
            Number::Int(i) => AnyValue::Int(i),
            Number::Double(d) => AnyValue::Double(d),
        }
    }
}

/// What all points of one metric share.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetricIdentity<'a> {
    /// Name of the metric.
    pub name: &'a str,
    /// UCUM unit, empty when there is none.
    pub unit: &'a str,
    /// Description, empty when there is none.
    pub description: &'a str,
    /// Metadata as the JSON of a map, empty when there is none.
    pub metadata: &'a str,
    /// `AggregationTemporality` as numbered by OTLP (1 delta, 2 cumulative), 0 for gauges and
    /// summaries.
    pub temporality: i32,
    /// `is_monotonic` of sums, `None` for other types.
    pub is_monotonic: Option<bool>,
}

/// The value of one point, by metric type.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValue<'a> {
    /// A gauge; `None` when the point carries no value.
    Gauge(Option<Number>),
    /// A sum; `None` when the point carries no value.
    Sum(Option<Number>),
    /// A histogram with explicit bounds.
    Histogram {
        /// Number of observations.
        count: u64,
        /// Sum of observations.
        sum: Option<f64>,
        /// Smallest observation.
        min: Option<f64>,
        /// Largest observation.
        max: Option<f64>,
        /// Count per bucket (not cumulative), one more than bounds, or empty.
        bucket_counts: &'a [u64],
        /// Upper bounds, inclusive.
        explicit_bounds: &'a [f64],
    },
    /// A base-2 exponential histogram.
    ExponentialHistogram {
        /// Number of observations.
        count: u64,
        /// Sum of observations.
        sum: Option<f64>,
        /// Smallest observation.
        min: Option<f64>,
        /// Largest observation.
        max: Option<f64>,
        /// Resolution: bucket borders are powers of 2^(2^-scale).
        scale: i32,
        /// Observations in the zero bucket.
        zero_count: u64,
        /// Width of the zero bucket.
        zero_threshold: f64,
        /// Index of the first positive bucket and its counts.
        positive: (i32, &'a [u64]),
        /// Index of the first negative bucket and its counts.
        negative: (i32, &'a [u64]),
    },
    /// A native histogram of Prometheus with buckets of its own, whose counts are fractions.
    DoubleHistogram {
        /// Number of observations.
        count: f64,
        /// Sum of observations.
        sum: f64,
        /// Count per bucket (not cumulative), one more than bounds.
        bucket_counts: &'a [f64],
        /// Upper bounds, inclusive.
        explicit_bounds: &'a [f64],
    },
    /// A native histogram of Prometheus whose counts are fractions.
    DoubleExponentialHistogram {
        /// Number of observations.
        count: f64,
        /// Sum of observations.
        sum: f64,
        /// Resolution: bucket borders are powers of 2^(2^-scale).
        scale: i32,
        /// Observations in the zero bucket.
        zero_count: f64,
        /// Width of the zero bucket.
        zero_threshold: f64,
        /// Index of the first positive bucket and its counts.
        positive: (i32, &'a [f64]),
        /// Index of the first negative bucket and its counts.
        negative: (i32, &'a [f64]),
    },
    /// A summary.
    Summary {
        /// Number of observations.
        count: u64,
        /// Sum of observations.
        sum: f64,
        /// Pairs of quantile (0 to 1) and value.
        quantiles: &'a [(f64, f64)],
    },
}

impl PointValue<'_> {
    const fn type_name(&self) -> &'static str {
        match self {
            PointValue::Gauge(_) => "gauge",
            PointValue::Sum(_) => "sum",
            PointValue::Histogram { .. } | PointValue::DoubleHistogram { .. } => "histogram",
            PointValue::ExponentialHistogram { .. } | PointValue::DoubleExponentialHistogram { .. } => "exponential_histogram",
            PointValue::Summary { .. } => "summary",
        }
    }
}

/// The fixed part of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricRow<'a> {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// Nanoseconds since 1970, 0 when unknown.
    pub start_time: i64,
    /// `DataPointFlags`; bit 0 is `NO_RECORDED_VALUE`.
    pub flags: u32,
    /// The value.
    pub value: PointValue<'a>,
}

/// One exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarRow {
    /// Nanoseconds since 1970.
    pub time: i64,
    /// The measured value, `None` when not given.
    pub value: Option<Number>,
    /// All zero when there is none.
    pub trace_id: [u8; 16],
    /// All zero when there is none.
    pub span_id: [u8; 8],
}

/// Builds a batch of points, one at a time: attributes (through the `push_*` methods here, which
/// also identify the series) and exemplars of the current point, then [`MetricsBuilder::end_point`].
#[derive(Debug)]
pub struct MetricsBuilder {
    limits: Limits,
    /// Resources and scopes.
    pub origins: OriginsBuilder,
    attributes: AttributesBuilder,
    attributes_hash: u64,
    attributes_hash_before: u64,
    scratch: String,
    columns: PointColumns,
    exemplars: ExemplarsBuilder,
    /// Of the current point.
    hint: CounterResetHint,
    rows: usize,
}

#[derive(Debug, Default)]
struct PointColumns {
    origin: UInt32Builder,
    time: TimestampNanosecondBuilder,
    start_time: TimestampNanosecondBuilder,
    metric_name: StringBuilder,
    series: UInt64Builder,
    kind: StringBuilder,
    unit: StringBuilder,
    description: StringBuilder,
    metadata: StringBuilder,
    temporality: StringBuilder,
    is_monotonic: BooleanBuilder,
    flags: UInt32Builder,
    value_double: Float64Builder,
    value_int: Int64Builder,
    distributions: Distributions,
    fractions: Fractions,
}

impl MetricsBuilder {
    /// An empty builder.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            origins: OriginsBuilder::new(limits),
            attributes: AttributesBuilder::new(AttributeScope::Item, limits),
            attributes_hash: 0,
            attributes_hash_before: 0,
            scratch: String::new(),
            columns: PointColumns::default(),
            exemplars: ExemplarsBuilder::default(),
            hint: CounterResetHint::default(),
            rows: 0,
        }
    }

    /// Points closed so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no point was closed.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds a string attribute to the current point.
    pub fn push_str(&mut self, key: &str, value: &str) {
        self.attributes_hash = self.attributes_hash.wrapping_add(Self::hash_str(key, value));
        self.attributes.push_str(key, value);
    }

    /// Adds an attribute to the current point.
    pub fn push(&mut self, key: &str, value: &AnyValue) {
        if let AnyValue::String(s) = value {
            return self.push_str(key, s);
        }
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        encode_text(value, &mut text);
        self.attributes_hash = self.attributes_hash.wrapping_add(hash(key, value.type_code(), text.as_bytes()));
        self.scratch = text;
        self.attributes.push(key, value);
    }

    /// The hash of a string attribute, for [`MetricsBuilder::push_hashed`].
    pub fn hash_str(key: &str, value: &str) -> u64 {
        hash(key, TypeCode::String, value.as_bytes())
    }

    /// Adds the string attributes of a series, no key twice, to the current point, which must not
    /// have any yet. Their hashes, added up with wrapping, must be `hash`; a caller that needs them
    /// anyway saves doing it again.
    pub fn push_hashed<'k>(&mut self, attributes: impl IntoIterator<Item = (&'k str, &'k str)>, hash: u64) {
        self.attributes_hash = hash;
        for (key, value) in attributes {
            self.attributes.push_new_str(key, value);
        }
    }

    /// Gives the current point, which must not have any yet, the attributes of the point closed
    /// before it.
    pub fn repeat_attributes(&mut self) {
        self.attributes_hash = self.attributes_hash_before;
        self.attributes.repeat_row();
    }

    /// Adds an exemplar to the current point.
    ///
    /// # Errors
    /// None in practice: ids have the width of their columns.
    pub fn exemplar<'k>(
        &mut self,
        row: &ExemplarRow,
        attributes: impl IntoIterator<Item = (&'k str, AnyValue)>,
    ) -> Result<(), ArrowError> {
        if self.exemplars.in_row >= self.limits.events_max {
            return Ok(());
        }
        self.exemplars.push(row, attributes, &self.limits)
    }

    /// Says what is known of a reset before the current point, which is a native histogram of Prometheus.
    pub fn counter_reset_hint(&mut self, hint: CounterResetHint) {
        self.hint = hint;
    }

    /// Closes the current point of a metric, which came from `origin`.
    pub fn end_point(&mut self, origin: u32, metric: &MetricIdentity<'_>, row: &MetricRow<'_>) {
        let c = &mut self.columns;
        let fingerprint = self.origins.fingerprint(origin);
        let seed = (fingerprint as u64) ^ ((fingerprint >> 64) as u64);
        let name = Limits::cut(metric.name, self.limits.value_bytes_max);
        c.series.append_value(xxh3_64_with_seed(name.as_bytes(), seed.wrapping_add(self.attributes_hash)));
        self.attributes_hash_before = std::mem::take(&mut self.attributes_hash);
        c.origin.append_value(origin);
        c.time.append_value(row.time);
        c.start_time.append_option((row.start_time != 0).then_some(row.start_time));
        c.metric_name.append_value(name);
        c.kind.append_value(row.value.type_name());
        append_unless_empty(&mut c.unit, metric.unit);
        append_unless_empty(&mut c.description, metric.description);
        append_unless_empty(&mut c.metadata, metric.metadata);
        c.temporality.append_option(match metric.temporality {
            1 => Some("delta"),
            2 => Some("cumulative"),
            _ => None,
        });
        c.is_monotonic.append_option(metric.is_monotonic);
        c.flags.append_value(row.flags);
        c.append_value(&row.value, std::mem::take(&mut self.hint), self.rows);
        // Points have no dropped_attributes_count in OTLP: over the limit they are only cut.
        self.attributes.end_row();
        self.exemplars.end_row();
        self.rows += 1;
    }

    /// The batch.
    ///
    /// # Errors
    /// An Arrow error when columns disagree in length, which closing every point rules out.
    pub fn finish(self, tenant: Tenant) -> Result<Batch, ArrowError> {
        let mut columns = self.columns.finish(self.rows)?;
        columns.push(column("exemplars", DataType::List(list_item(exemplar_fields())), true, Arc::new(self.exemplars.finish()?)));
        columns.extend(self.attributes.finish());
        Ok(Batch {
            tenant,
            signal: Signal::Metrics,
            rows: record_batch(with_values(columns))?,
            origins: self.origins.finish()?,
            told: None,
        })
    }
}

/// Attributes come in any order, so their hashes are added up.
fn hash(key: &str, code: TypeCode, value: &[u8]) -> u64 {
    xxh3_64_with_seed(value, xxh3_64(key.as_bytes()) ^ code.as_char() as u64)
}

impl PointColumns {
    /// `rows` is how many were closed before.
    fn append_value(&mut self, value: &PointValue<'_>, hint: CounterResetHint, rows: usize) {
        let number = match value {
            PointValue::Gauge(n) | PointValue::Sum(n) => *n,
            _ => {
                self.distributions.pad(rows);
                self.distributions.append(Some(value));
                self.fractions.append(rows, hint, value);
                None
            }
        };
        let (double, int) = match number {
            Some(Number::Double(d)) => (Some(d), None),
            Some(Number::Int(i)) => (None, Some(i)),
            None => (None, None),
        };
        self.value_double.append_option(double);
        self.value_int.append_option(int);
    }

    fn finish(mut self, rows: usize) -> Result<Vec<(FieldRef, ArrayRef)>, ArrowError> {
        let mut columns = vec![
            column("origin", DataType::UInt32, false, Arc::new(self.origin.finish())),
            column("time", timestamp(), false, Arc::new(self.time.finish())),
            column("start_time", timestamp(), true, Arc::new(self.start_time.finish())),
            column("metric_name", DataType::Utf8, false, Arc::new(self.metric_name.finish())),
            column("series", DataType::UInt64, false, Arc::new(self.series.finish())),
            column("type", DataType::Utf8, false, Arc::new(self.kind.finish())),
            column("unit", DataType::Utf8, true, Arc::new(self.unit.finish())),
            column("description", DataType::Utf8, true, Arc::new(self.description.finish())),
            column("metadata", DataType::Utf8, true, Arc::new(self.metadata.finish())),
            column("temporality", DataType::Utf8, true, Arc::new(self.temporality.finish())),
            column("is_monotonic", DataType::Boolean, true, Arc::new(self.is_monotonic.finish())),
            column("flags", DataType::UInt32, true, Arc::new(self.flags.finish())),
            column("value_double", DataType::Float64, true, Arc::new(self.value_double.finish())),
            column("value_int", DataType::Int64, true, Arc::new(self.value_int.finish())),
        ];
        if self.distributions.rows > 0 {
            self.distributions.pad(rows);
            self.distributions.finish(&mut columns)?;
        }
        columns.extend(self.fractions.finish(rows));
        Ok(columns)
    }
}

/// Fields of one element of `exemplars`, in the physical layout.
pub(crate) fn exemplar_fields() -> Fields {
    Fields::from(vec![
        Field::new("time", timestamp(), false),
        Field::new("value", DataType::Float64, true),
        Field::new("value_int", DataType::Int64, true),
        Field::new("trace_id", DataType::FixedSizeBinary(16), true),
        Field::new("span_id", DataType::FixedSizeBinary(8), true),
        Field::new("attributes", map_type(), false),
        Field::new("attributes_types", DataType::Utf8, true),
    ])
}

#[derive(Debug)]
struct ExemplarsBuilder {
    offsets: Vec<i32>,
    time: TimestampNanosecondBuilder,
    value: Float64Builder,
    value_int: Int64Builder,
    trace_id: FixedSizeBinaryBuilder,
    span_id: FixedSizeBinaryBuilder,
    attributes: OverflowBuilder,
    count: usize,
    in_row: usize,
}

impl Default for ExemplarsBuilder {
    fn default() -> Self {
        Self {
            offsets: vec![0],
            time: TimestampNanosecondBuilder::new(),
            value: Float64Builder::new(),
            value_int: Int64Builder::new(),
            trace_id: FixedSizeBinaryBuilder::new(16),
            span_id: FixedSizeBinaryBuilder::new(8),
            attributes: OverflowBuilder::default(),
            count: 0,
            in_row: 0,
        }
    }
}

impl ExemplarsBuilder {
    fn push<'k>(
        &mut self,
        row: &ExemplarRow,
        attributes: impl IntoIterator<Item = (&'k str, AnyValue)>,
        limits: &Limits,
    ) -> Result<(), ArrowError> {
        self.time.append_value(row.time);
        self.value.append_option(row.value.map(|n| match n {
            Number::Int(i) => i as f64,
            Number::Double(d) => d,
        }));
        self.value_int.append_option(match row.value {
            Some(Number::Int(i)) => Some(i),
            _ => None,
        });
        append_id(&mut self.trace_id, &row.trace_id)?;
        append_id(&mut self.span_id, &row.span_id)?;
        push_attributes(&mut self.attributes, attributes, limits);
        self.count += 1;
        self.in_row += 1;
        Ok(())
    }

    fn end_row(&mut self) {
        self.offsets.push(self.count as i32);
        self.in_row = 0;
    }

    fn finish(mut self) -> Result<ListArray, ArrowError> {
        let (map, types) = element_attributes(self.attributes)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.value_int.finish()),
            Arc::new(self.trace_id.finish()),
            Arc::new(self.span_id.finish()),
            map,
            types,
        ];
        let values = StructArray::try_new(exemplar_fields(), columns, None)?;
        ListArray::try_new(list_item(exemplar_fields()), OffsetBuffer::new(self.offsets.into()), Arc::new(values), None)
    }
}
