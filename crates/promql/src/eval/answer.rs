//! Answers.

use super::grid::Grid;
use super::value::{Column, Computed};
use super::{Limits, Params};
use crate::annotation::Annotations;
use crate::error::PromqlError;
use crate::labels::Labels;
use crate::series::{FloatColumn, HistogramColumn, Sample, Series};

/// What a query gives.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its value.
    pub value: Value,
    /// Remarks on it.
    pub annotations: Annotations,
    /// What it took.
    pub statistics: Statistics,
}

/// Value of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number at a time (milliseconds).
    Scalar(i64, f64),
    /// A text at a time (milliseconds).
    String(i64, String),
    /// A sample of each series, in the order of storage or of the sorting function.
    Vector(Vec<VectorSample>),
    /// Samples of each series over a range, sorted by labels.
    Matrix(Vec<Range>),
}

/// A series of a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSample {
    /// What it is called.
    pub labels: Labels,
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// Its sample.
    pub sample: Sample,
}

/// A series of a matrix: the same shape as a series that goes in.
pub type Range = Series;

/// What an evaluation took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Samples looked at, counted at each step that sees them (Prometheus's `totalQueryableSamples`).
    pub samples_total: u64,
    /// Most samples in memory at once.
    pub samples_peak: usize,
}

/// The answer of what was computed at the times of the query.
pub(super) fn finish(computed: Computed, params: &Params, limits: &Limits) -> Result<Value, PromqlError> {
    let grid = Grid::of(params);
    let columns = match computed {
        Computed::String(text) => return Ok(Value::String(params.start_ms, text)),
        Computed::Scalar(values) if params.is_instant() => {
            return Ok(Value::Scalar(params.start_ms, values.first().copied().unwrap_or(f64::NAN)));
        }
        Computed::Scalar(values) => {
            vec![Column { labels: Labels::empty(), drop_name: false, points: super::value::Points::dense(values) }]
        }
        Computed::Vector(columns) => columns,
    };
    let value = if params.is_instant() { vector(columns, params.start_ms)? } else { matrix(&columns, grid)? };
    let series = match &value {
        Value::Vector(samples) => samples.len(),
        Value::Matrix(ranges) => ranges.len(),
        Value::Scalar(..) | Value::String(..) => 0,
    };
    if series > limits.series_max {
        return Err(PromqlError::TooManySeries { series, limit: limits.series_max });
    }
    Ok(value)
}

fn vector(columns: Vec<Column>, time_ms: i64) -> Result<Value, PromqlError> {
    let samples: Vec<VectorSample> = columns
        .into_iter()
        .filter_map(|column| column.points.get(0).map(|sample| VectorSample { labels: column.labels, time_ms, sample }))
        .collect();
    let mut seen = std::collections::HashSet::with_capacity(samples.len());
    if samples.iter().all(|sample| seen.insert(&sample.labels)) {
        return Ok(Value::Vector(samples));
    }
    Err(PromqlError::execution("vector cannot contain metrics with the same labelset"))
}

fn matrix(columns: &[Column], grid: Grid) -> Result<Value, PromqlError> {
    let mut ranges: Vec<Range> =
        columns.iter().filter(|column| column.points.has_any()).map(|column| to_series(column, grid)).collect();
    ranges.sort_by(|a, b| a.labels.cmp(&b.labels));
    if ranges.windows(2).any(|pair| pair[0].labels == pair[1].labels) {
        return Err(PromqlError::execution("vector cannot contain metrics with the same labelset"));
    }
    Ok(Value::Matrix(ranges))
}

/// A column as a series: steps without a sample are left out.
pub(super) fn to_series(column: &Column, grid: Grid) -> Series {
    let points = &column.points;
    let (mut times, mut values) = (Vec::new(), Vec::new());
    let mut histograms = HistogramColumn::default();
    if !points.has_histograms() {
        times.reserve_exact(points.steps());
        values.reserve_exact(points.steps());
        points.each_float(|step, value| {
            times.push(grid.time(step));
            values.push(value);
        });
        return Series::floats(column.labels.clone(), times, values);
    }
    for step in 0..points.steps() {
        match points.get(step) {
            Some(Sample::Float(value)) => {
                times.push(grid.time(step));
                values.push(value);
            }
            Some(Sample::Histogram(histogram)) => {
                histograms.times.push(grid.time(step));
                histograms.values.push(histogram);
            }
            None => {}
        }
    }
    Series { labels: column.labels.clone(), floats: FloatColumn { times: times.into(), values }, histograms }
}
