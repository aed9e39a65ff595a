//! Adds up what is measured, by series and interval.

use std::collections::HashMap;

use super::{Exemplar, Intervals, SERIES_MAX, Series, invalid, measured, unit};
use crate::QueryError;
use crate::traceql::ast::{Metrics, MetricsFunction};
use crate::traceql::eval::Value;

/// Buckets of each power of two, for quantiles: a result is off by at most one part in 32.
const FINE: f64 = 16.0;

/// Labels as a key: numbers by their bits.
type Labels = Vec<String>;

/// What is known of one interval of one series.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    /// Values.
    pub(super) count: u64,
    /// Their sum.
    pub(super) sum: f64,
    /// The least and the greatest.
    pub(super) range: Option<(f64, f64)>,
    /// How many of them lie in each bucket.
    buckets: HashMap<i32, u64>,
    /// Results that were computed elsewhere: one of each quantile.
    pub(super) quantiles: Vec<f64>,
}

/// The series so far.
#[derive(Debug)]
pub(super) struct Accumulator<'q> {
    metrics: &'q Metrics,
    intervals: Intervals,
    series: HashMap<Labels, OneSeries>,
    overflow: bool,
}

#[derive(Debug)]
struct OneSeries {
    labels: Vec<Value>,
    cells: Vec<Cell>,
    exemplars: Vec<Exemplar>,
}

impl<'q> Accumulator<'q> {
    pub(super) fn new(metrics: &'q Metrics, intervals: Intervals) -> Self {
        Self { metrics, intervals, series: HashMap::new(), overflow: false }
    }

    pub(super) fn intervals(&self) -> Intervals {
        self.intervals
    }

    pub(super) fn metrics(&self) -> &'q Metrics {
        self.metrics
    }

    fn entry(&mut self, labels: Vec<Value>) -> Option<&mut OneSeries> {
        let key: Labels = labels.iter().map(|value| format!("{}{}", letter(value), value.text())).collect();
        if self.series.len() >= SERIES_MAX && !self.series.contains_key(&key) {
            self.overflow = true;
            return None;
        }
        let count = self.intervals.count;
        let empty = || OneSeries { labels, cells: vec![Cell::default(); count], exemplars: Vec::new() };
        Some(self.series.entry(key).or_insert_with(empty))
    }

    /// The cell of a series; `None` outside of the time, or when there are too many series.
    pub(super) fn cell(&mut self, labels: Vec<Value>, time_ns: i64) -> Option<&mut Cell> {
        let at = self.intervals.of(time_ns)?;
        self.entry(labels)?.cells.get_mut(at)
    }

    /// Adds an exemplar to a series that is there.
    pub(super) fn exemplar(&mut self, labels: Vec<Value>, exemplar: Exemplar) {
        if self.intervals.of(exemplar.time_ns).is_some()
            && let Some(series) = self.entry(labels)
        {
            series.exemplars.push(exemplar);
        }
    }

    /// The series in the order of their labels.
    pub(super) fn finish(self) -> Result<Vec<Series>, QueryError> {
        if self.overflow {
            return Err(invalid(format!("more than {SERIES_MAX} series: group by a field with fewer values")));
        }
        let mut keyed: Vec<(Labels, OneSeries)> = self.series.into_iter().collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(keyed.into_iter().flat_map(|(_, series)| series.finish(self.metrics, self.intervals)).collect())
    }
}

const fn letter(value: &Value) -> char {
    match value {
        Value::Nil => 'n',
        Value::String(_) => 's',
        Value::Int(_) => 'i',
        Value::Float(_) => 'd',
        Value::Bool(_) => 'b',
        Value::Status(_) => 'c',
        Value::Kind(_) => 'k',
        Value::List(_) => 'a',
    }
}

impl OneSeries {
    fn finish(self, metrics: &Metrics, intervals: Intervals) -> Vec<Series> {
        let Self { labels, cells, exemplars } = self;
        let names = metrics.by.iter().map(ToString::to_string);
        let mut labels: Vec<(String, Value)> = names.zip(labels).collect();
        let series = |labels, points: Vec<(usize, f64)>, exemplars| {
            let points = points.into_iter().map(|(at, value)| (intervals.time_ns(at), value)).collect();
            Series { labels, points, exemplars }
        };
        let with = |extra: (String, Value)| labels.iter().cloned().chain([extra]).collect::<Vec<_>>();
        let scale = measured(&metrics.function).map_or(1.0, unit);
        let step_seconds = intervals.step_ns as f64 / 1e9;
        let of_each = |value: &dyn Fn(&Cell) -> Option<f64>| -> Vec<(usize, f64)> {
            cells.iter().enumerate().filter_map(|(at, cell)| Some((at, value(cell)?))).collect()
        };
        let some = |cell: &Cell, value: f64| (cell.count > 0).then_some(value * scale);
        let points = match &metrics.function {
            MetricsFunction::Rate => of_each(&|cell| Some(cell.count as f64 / step_seconds)),
            MetricsFunction::CountOverTime | MetricsFunction::Compare { .. } => of_each(&|cell| Some(cell.count as f64)),
            MetricsFunction::SumOverTime(_) => of_each(&|cell| some(cell, cell.sum)),
            MetricsFunction::AvgOverTime(_) => of_each(&|cell| some(cell, cell.sum / cell.count as f64)),
            MetricsFunction::MinOverTime(_) => of_each(&|cell| cell.range.map(|(least, _)| least * scale)),
            MetricsFunction::MaxOverTime(_) => of_each(&|cell| cell.range.map(|(_, greatest)| greatest * scale)),
            MetricsFunction::QuantileOverTime(_, quantiles) => {
                let of = |(at, quantile): (usize, &f64)| {
                    let points = of_each(&|cell| Some(cell.quantile(at, *quantile)? * scale));
                    series(with(("p".to_owned(), Value::Float(*quantile))), points, exemplars.clone())
                };
                return quantiles.iter().enumerate().map(of).collect();
            }
            MetricsFunction::HistogramOverTime(_) => {
                let mut buckets: Vec<i32> = cells.iter().flat_map(|cell| cell.buckets.keys().copied()).collect();
                buckets.sort_unstable();
                buckets.dedup();
                let of = |bucket: i32| {
                    let points = of_each(&|cell| Some(cell.buckets.get(&bucket).copied().unwrap_or(0) as f64));
                    let bound = Value::Float(f64::from(bucket).exp2() * scale);
                    series(with(("__bucket".to_owned(), bound)), points, Vec::new())
                };
                return buckets.into_iter().map(of).collect();
            }
        };
        if labels.is_empty() {
            labels.push(("__name__".to_owned(), Value::String(name(&metrics.function).into())));
        }
        vec![series(labels, points, exemplars)]
    }
}

const fn name(function: &MetricsFunction) -> &'static str {
    match function {
        MetricsFunction::Rate => "rate",
        MetricsFunction::CountOverTime => "count_over_time",
        MetricsFunction::MinOverTime(_) => "min_over_time",
        MetricsFunction::MaxOverTime(_) => "max_over_time",
        MetricsFunction::AvgOverTime(_) => "avg_over_time",
        MetricsFunction::SumOverTime(_) => "sum_over_time",
        MetricsFunction::QuantileOverTime(..) => "quantile_over_time",
        MetricsFunction::HistogramOverTime(_) => "histogram_over_time",
        MetricsFunction::Compare { .. } => "compare",
    }
}

impl Cell {
    /// Adds `count` spans that are counted.
    pub(super) fn count(&mut self, count: u64) {
        self.count += count;
    }

    /// Adds a measured value.
    pub(super) fn measure(&mut self, function: &MetricsFunction, value: f64) {
        self.merge(1, value, value, value);
        if let Some(bucket) = bucket(function, value) {
            self.bucket(bucket, 1);
        }
    }

    /// Adds values of which only this is known.
    pub(super) fn merge(&mut self, count: u64, sum: f64, least: f64, greatest: f64) {
        self.count += count;
        self.sum += sum;
        let (a, b) = self.range.unwrap_or((least, greatest));
        self.range = Some((a.min(least), b.max(greatest)));
    }

    /// Adds values that lie in a bucket.
    pub(super) fn bucket(&mut self, bucket: i32, count: u64) {
        *self.buckets.entry(bucket).or_default() += count;
    }

    fn quantile(&self, at: usize, quantile: f64) -> Option<f64> {
        if let Some(known) = self.quantiles.get(at) {
            return Some(*known);
        }
        let total: u64 = self.buckets.values().sum();
        if total == 0 {
            return None;
        }
        let rank = ((quantile * total as f64).ceil() as u64).max(1);
        let mut buckets: Vec<(&i32, &u64)> = self.buckets.iter().collect();
        buckets.sort_unstable();
        let mut seen = 0;
        let (bucket, _) = buckets.into_iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        })?;
        // The middle of the bucket.
        Some(((f64::from(*bucket) - 0.5) / FINE).exp2())
    }
}

/// The bucket of a value: of powers of two for histograms, finer for quantiles. Upper bounds belong
/// to their bucket.
pub(super) fn bucket(function: &MetricsFunction, value: f64) -> Option<i32> {
    let fine = match function {
        MetricsFunction::QuantileOverTime(..) => FINE,
        MetricsFunction::HistogramOverTime(_) => 1.0,
        _ => return None,
    };
    if !value.is_finite() {
        return None;
    }
    // What is not above zero has no logarithm: the lowest bucket takes it.
    Some(if value <= 0.0 { i32::from(i16::MIN) } else { (value.log2() * fine).ceil() as i32 })
}

/// The same in SQL.
pub(super) fn bucket_sql(function: &MetricsFunction, value: &str) -> String {
    let fine = if matches!(function, MetricsFunction::QuantileOverTime(..)) { FINE } else { 1.0 };
    format!("CASE WHEN {value} <= 0 THEN {} ELSE CAST(ceil(log2({value}) * {fine:?}) AS INT) END", i16::MIN)
}
