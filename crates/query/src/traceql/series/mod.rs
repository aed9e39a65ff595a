//! Time series made of spans: `rate()`, `quantile_over_time()` and their sisters.
//!
//! Where a query asks only of single spans what the lake can answer, the lake counts
//! ([`pushdown`]); otherwise its traces are looked into one by one ([`by_trace`]).

mod accumulate;
mod by_trace;
mod compare;
mod pushdown;
mod stages;
#[cfg(test)]
mod tests;

use luneta_model::{Signal, Tenant};

use super::ast::{Attribute, Field, Intrinsic, Metrics, MetricsFunction, Query, Static};
use super::eval::Value;
use super::predicate::{KnownTypes, asks_counted, of_pipeline};
use crate::{QueryEngine, QueryError};
use accumulate::Accumulator;

/// Points of one series.
pub const POINTS_MAX: i64 = 11_000;
/// Series of one answer.
pub const SERIES_MAX: usize = 10_000;
/// Exemplars of one answer.
const EXEMPLARS_MAX: usize = 100;

/// What to compute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRequest {
    /// TraceQL that ends in time series.
    pub query: String,
    /// Spans start from here on, in nanoseconds since 1970; rounded down to a step.
    pub start_ns: i64,
    /// And before this; rounded up to a step.
    pub end_ns: i64,
    /// Between points, in nanoseconds; 0 for one point that stands for the whole time.
    pub step_ns: i64,
    /// Most exemplars wanted.
    pub exemplars: usize,
}

impl SeriesRequest {
    /// One point for the whole time, without exemplars.
    pub fn instant(query: String, start_ns: i64, end_ns: i64) -> Self {
        Self { query, start_ns, end_ns, step_ns: 0, exemplars: 0 }
    }
}

/// A time series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// By name of field, in the order of `by()`; then what the function adds.
    pub labels: Vec<(String, Value)>,
    /// Nanoseconds since 1970 at which each interval starts, and what was found in it.
    pub points: Vec<(i64, f64)>,
    /// Spans that are among those counted.
    pub exemplars: Vec<Exemplar>,
}

/// A span behind a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// Its trace.
    pub trace_id: [u8; 16],
    /// When it started, in nanoseconds since 1970.
    pub time_ns: i64,
    /// What was measured; the duration in seconds where spans are counted.
    pub value: f64,
}

/// The series of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeriesAnswer {
    /// In the order of their labels, or as `topk()` ordered them.
    pub series: Vec<Series>,
    /// What is missing: files that proved damaged, traces that were too many.
    pub warnings: Vec<String>,
}

/// The intervals of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Intervals {
    start_ns: i64,
    step_ns: i64,
    count: usize,
}

impl Intervals {
    fn new(request: &SeriesRequest) -> Result<Self, QueryError> {
        if request.step_ns == 0 && request.end_ns > request.start_ns {
            return Ok(Self { start_ns: request.start_ns, step_ns: request.end_ns.saturating_sub(request.start_ns), count: 1 });
        }
        let step_ns = request.step_ns;
        if step_ns <= 0 || request.end_ns <= request.start_ns {
            return Err(invalid("time series need a step above zero and an end behind their start"));
        }
        let start_ns = request.start_ns.div_euclid(step_ns).saturating_mul(step_ns);
        let span = request.end_ns.saturating_sub(start_ns);
        let count = span.div_euclid(step_ns) + i64::from(span.rem_euclid(step_ns) != 0);
        if count > POINTS_MAX {
            return Err(invalid(format!("{count} points a series are more than {POINTS_MAX}: make the step longer")));
        }
        Ok(Self { start_ns, step_ns, count: usize::try_from(count).unwrap_or(0) })
    }

    const fn end_ns(self) -> i64 {
        self.start_ns.saturating_add(self.step_ns.saturating_mul(self.count as i64))
    }

    fn of(self, time_ns: i64) -> Option<usize> {
        let at = usize::try_from(time_ns.checked_sub(self.start_ns)?.div_euclid(self.step_ns)).ok()?;
        (at < self.count).then_some(at)
    }

    const fn time_ns(self, interval: usize) -> i64 {
        self.start_ns + self.step_ns * interval as i64
    }
}

fn invalid(message: impl Into<String>) -> QueryError {
    QueryError::Plan { message: message.into(), position: None }
}

/// The field a function measures.
fn measured(function: &MetricsFunction) -> Option<&Attribute> {
    use MetricsFunction::{
        AvgOverTime, Compare, CountOverTime, HistogramOverTime, MaxOverTime, MinOverTime, QuantileOverTime, Rate, SumOverTime,
    };
    match function {
        Rate | CountOverTime | Compare { .. } => None,
        MinOverTime(field)
        | MaxOverTime(field)
        | AvgOverTime(field)
        | SumOverTime(field)
        | QuantileOverTime(field, _)
        | HistogramOverTime(field) => Some(field),
    }
}

/// What a measured value is multiplied with: durations come out in seconds.
fn unit(field: &Attribute) -> f64 {
    match field.field {
        Field::Intrinsic(Intrinsic::Duration | Intrinsic::TraceDuration | Intrinsic::EventTimeSinceStart) => 1e-9,
        _ => 1.0,
    }
}

/// How many exemplars are wanted: `with (exemplars=false)` or a number there has the last word.
fn wanted_exemplars(query: &Query, asked: usize) -> usize {
    let hint = query.hints.iter().find(|(name, _)| name == "exemplars");
    match hint.map(|(_, value)| value) {
        Some(Static::Bool(false)) => 0,
        // One number for the whole time has none, whatever the query says.
        Some(Static::Int(most)) if asked > 0 => usize::try_from(*most).unwrap_or(0),
        _ => asked,
    }
}

impl QueryEngine {
    /// The time series of a TraceQL query.
    ///
    /// # Errors
    /// [`QueryError`]; the place of a fault in the query is its column.
    pub async fn series(&self, tenant: &Tenant, request: &SeriesRequest) -> Result<SeriesAnswer, QueryError> {
        let query = super::parse(&request.query)?;
        let Some(metrics) = &query.metrics else {
            return Err(invalid("this query searches for traces: add `| rate()` or another function for time series"));
        };
        let intervals = Intervals::new(request)?;
        let exemplars = wanted_exemplars(&query, request.exemplars);
        let mut answer = self.accumulated(tenant, &query, metrics, intervals, exemplars).await?;
        stages::apply(&metrics.stages, &mut answer.series);
        Ok(answer)
    }

    async fn accumulated(
        &self,
        tenant: &Tenant,
        query: &Query,
        metrics: &Metrics,
        intervals: Intervals,
        exemplars: usize,
    ) -> Result<SeriesAnswer, QueryError> {
        let snapshot = self.store().snapshot(tenant, Signal::Spans).await?;
        let types = KnownTypes::new(&snapshot);
        let counted = snapshot.is_counted() && asks_counted(&query.pipeline);
        drop(snapshot);
        let predicate = of_pipeline(&query.pipeline, &types);
        if let MetricsFunction::Compare { selection, top, between } = &metrics.function {
            let comparison = compare::Comparison { selection: selection.as_ref(), top: *top, between: *between };
            return comparison.run(self, tenant, &predicate, &types, intervals).await;
        }
        let exemplars = exemplars.min(EXEMPLARS_MAX);
        let mut sums = Accumulator::new(metrics, intervals);
        let warnings = match pushdown::Pushdown::of(metrics, &predicate, &types, counted) {
            Some(pushdown) => pushdown.run(self, tenant, intervals, exemplars, &mut sums).await?,
            None => by_trace::run(self, tenant, query, predicate.sql, exemplars, &mut sums).await?,
        };
        Ok(SeriesAnswer { series: sums.finish()?, warnings })
    }
}
