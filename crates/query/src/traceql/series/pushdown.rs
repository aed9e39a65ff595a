//! Series the lake counts by itself.

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampNanosecondType};
use luneta_model::{AttributeScope, AttributeType, Tenant, schema};

use super::accumulate::{Accumulator, bucket_sql};
use super::{Exemplar, Intervals, measured, unit};
use crate::sql::{quote, text_literal};
use crate::traceql::ast::{Attribute, Field, Intrinsic, Metrics, MetricsFunction, Scope};
use crate::traceql::eval::Value;
use crate::traceql::load::{columns, shown_value};
use crate::traceql::predicate::{KnownTypes, Predicate, access, is_counted};
use crate::traceql::search::time;
use crate::{QueryEngine, QueryError, SqlRequest};

/// The quantiles the lake computes at once.
const QUANTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// A query that is one statement.
#[derive(Debug)]
pub(super) struct Pushdown<'q> {
    metrics: &'q Metrics,
    condition: String,
    /// An expression for each field of `by()`.
    by: Vec<String>,
    /// The measured number.
    value: Option<String>,
    /// Whether counts by the minute answer it.
    counted: bool,
}

impl<'q> Pushdown<'q> {
    /// The statement of a query; `None` when it needs whole traces. `counted` says whether counts by the
    /// minute have every span that the query asks for.
    pub(super) fn of(metrics: &'q Metrics, predicate: &Predicate, types: &KnownTypes, counted: bool) -> Option<Self> {
        if !predicate.exact || matches!(metrics.function, MetricsFunction::Compare { .. }) {
            return None;
        }
        let by = metrics.by.iter().map(plain_column).collect::<Option<Vec<_>>>()?;
        let value = match measured(&metrics.function) {
            Some(field) => Some(number_column(field, types)?),
            None => None,
        };
        let condition = predicate.sql.as_ref().map_or_else(String::new, |sql| format!(" AND {sql}"));
        let counts = matches!(metrics.function, MetricsFunction::Rate | MetricsFunction::CountOverTime);
        let counted = counted && counts && metrics.by.iter().all(is_counted);
        Some(Self { metrics, condition, by, value, counted })
    }

    /// Whether the engine's own function gives the quantiles asked for.
    fn has_quantiles(&self) -> bool {
        match &self.metrics.function {
            MetricsFunction::QuantileOverTime(field, quantiles) => {
                field.field == Field::Intrinsic(Intrinsic::Duration) && quantiles.iter().all(|q| QUANTILES.contains(q))
            }
            _ => false,
        }
    }

    fn statement(&self, intervals: Intervals) -> String {
        let interval = schema::DERIVED_INTERVAL_SECONDS * 1_000_000_000;
        if self.counted && intervals.start_ns % interval == 0 && intervals.step_ns % interval == 0 {
            return self.of_counts(intervals);
        }
        let value = self.value.as_deref().unwrap_or("duration_ns");
        let (measures, mut groups) = match &self.metrics.function {
            MetricsFunction::QuantileOverTime(..) if self.has_quantiles() => {
                (format!("count(*), duration_quantiles({value})"), 1)
            }
            MetricsFunction::QuantileOverTime(..) | MetricsFunction::HistogramOverTime(_) => ("count(*), bucket".to_owned(), 2),
            MetricsFunction::Rate | MetricsFunction::CountOverTime | MetricsFunction::Compare { .. } => {
                ("count(*)".to_owned(), 1)
            }
            _ => ("count(v), sum(v), min(v), max(v)".to_owned(), 1),
        };
        let mut inner =
            format!("date_bin(INTERVAL '{} nanoseconds', start_time, {}) AS step", intervals.step_ns, time(intervals.start_ns));
        if groups == 2 {
            inner.extend([", ", &bucket_sql(&self.metrics.function, value), " AS bucket"]);
        } else if self.value.is_some() && !self.has_quantiles() {
            inner.extend([", ", value, " AS v"]);
        } else if self.has_quantiles() {
            inner += ", duration_ns";
        }
        inner += &self.listed(|by, name| format!(", {by} AS {name}"));
        let names: Vec<String> = (0..self.by.len()).map(|at| format!("b{at}")).collect();
        groups += names.len();
        let keys: Vec<&str> =
            ["step"].into_iter().chain(names.iter().map(String::as_str)).chain(["bucket"]).take(groups).collect();
        format!(
            "SELECT step{}, {measures} FROM (SELECT {inner} FROM spans WHERE start_time >= {} AND start_time < {}{}) \
             GROUP BY {}",
            self.listed(|_, name| format!(", {name}")),
            time(intervals.start_ns),
            time(intervals.end_ns()),
            self.condition,
            keys.join(", ")
        )
    }

    /// The fields of `by()`, one after the other, each as its expression and its name are written.
    fn listed(&self, write: impl Fn(&str, &str) -> String) -> String {
        let fields = self.by.iter().enumerate().map(|(at, by)| write(by, &format!("b{at}")));
        fields.collect::<Vec<_>>().concat()
    }

    /// The same of what is counted by the minute; intervals are whole minutes.
    fn of_counts(&self, intervals: Intervals) -> String {
        let (start, end) = (time(intervals.start_ns), time(intervals.end_ns()));
        let (expressions, names) =
            (self.listed(|by, name| format!(", {by} AS {name}")), self.listed(|_, name| format!(", {name}")));
        format!(
            "SELECT step{names}, sum(spans) FROM (SELECT date_bin(INTERVAL '{} nanoseconds', time, {start}) AS step, spans{expressions} \
             FROM span_metrics WHERE time >= {start} AND time < {end}{}) GROUP BY step{names}",
            intervals.step_ns, self.condition
        )
    }

    /// Runs the statement, and one for exemplars.
    pub(super) async fn run(
        &self,
        engine: &QueryEngine,
        tenant: &Tenant,
        intervals: Intervals,
        exemplars: usize,
        sums: &mut Accumulator<'_>,
    ) -> Result<Vec<String>, QueryError> {
        let query = self.statement(intervals);
        let answer = engine.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        if answer.truncated {
            return Err(QueryError::Limit("the series have more points than an answer may hold: group by fewer fields".into()));
        }
        for batch in &answer.batches {
            self.read(batch, sums)?;
        }
        if exemplars > 0 {
            self.exemplars(engine, tenant, intervals, exemplars, sums).await?;
        }
        Ok(answer.warnings)
    }

    fn labels(&self, batch: &RecordBatch, first: usize, row: usize) -> Vec<Value> {
        let fields = self.metrics.by.iter().enumerate();
        fields.map(|(at, field)| shown_value(&field.field, batch.column(first + at), row)).collect()
    }

    fn read(&self, batch: &RecordBatch, sums: &mut Accumulator<'_>) -> Result<(), QueryError> {
        let step = cast(batch.column(0), &TIME).map_err(fault)?;
        let step = step.as_primitive::<TimestampNanosecondType>();
        let measures = (self.by.len() + 1..batch.num_columns())
            .map(|at| match batch.column(at).data_type() {
                DataType::List(_) => Ok(batch.column(at).clone()),
                _ => cast(batch.column(at), &DataType::Float64).map_err(fault),
            })
            .collect::<Result<Vec<ArrayRef>, _>>()?;
        let number = |at: usize, row: usize| measures[at].as_primitive_opt::<Float64Type>().map_or(0.0, |n| n.value(row));
        for row in 0..batch.num_rows() {
            // Spans without the value are a bucket of their own.
            if measures.get(1).is_some_and(|measure| measure.is_null(row)) {
                continue;
            }
            let Some(cell) = sums.cell(self.labels(batch, 1, row), step.value(row)) else { continue };
            let count = number(0, row) as u64;
            match &self.metrics.function {
                MetricsFunction::QuantileOverTime(_, quantiles) if self.has_quantiles() => {
                    cell.count(count);
                    let found = measures[1].as_list::<i32>().value(row);
                    let found = found.as_primitive::<Int64Type>();
                    let known = |q: &f64| {
                        QUANTILES.iter().position(|known| (known - q).abs() < f64::EPSILON).map(|at| found.value(at) as f64)
                    };
                    cell.quantiles = quantiles.iter().filter_map(known).collect();
                }
                MetricsFunction::QuantileOverTime(..) | MetricsFunction::HistogramOverTime(_) => {
                    cell.count(count);
                    cell.bucket(number(1, row) as i32, count);
                }
                MetricsFunction::Rate | MetricsFunction::CountOverTime | MetricsFunction::Compare { .. } => cell.count(count),
                _ if count > 0 => cell.merge(count, number(1, row), number(2, row), number(3, row)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The newest spans of those counted.
    async fn exemplars(
        &self,
        engine: &QueryEngine,
        tenant: &Tenant,
        intervals: Intervals,
        count: usize,
        sums: &mut Accumulator<'_>,
    ) -> Result<(), QueryError> {
        let value = self.value.as_deref().unwrap_or("duration_ns");
        let by = self.listed(|by, name| format!(", {by} AS {name}"));
        let query = format!(
            "SELECT trace_id, start_time, CAST({value} AS DOUBLE){by} FROM spans WHERE start_time >= {} AND start_time < {}{} \
             ORDER BY start_time DESC LIMIT {count}",
            time(intervals.start_ns),
            time(intervals.end_ns()),
            self.condition
        );
        let answer = engine.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
        let scale = measured(&self.metrics.function).map_or(1e-9, unit);
        for batch in &answer.batches {
            let Some(ids) = batch.column(0).as_any().downcast_ref::<FixedSizeBinaryArray>() else { continue };
            let times = cast(batch.column(1), &TIME).map_err(fault)?;
            let values = batch.column(2).as_primitive::<Float64Type>();
            for row in (0..batch.num_rows()).filter(|row| values.is_valid(*row)) {
                let Ok(trace_id) = <[u8; 16]>::try_from(ids.value(row)) else { continue };
                let time_ns = times.as_primitive::<TimestampNanosecondType>().value(row);
                let exemplar = Exemplar { trace_id, time_ns, value: values.value(row) * scale };
                sums.exemplar(self.labels(batch, 3, row), exemplar);
            }
        }
        Ok(())
    }
}

const TIME: DataType = DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, None);

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn fault(error: arrow::error::ArrowError) -> QueryError {
    QueryError::Execution(error.to_string())
}

/// The expression of a field that single spans have.
fn plain_column(field: &Attribute) -> Option<String> {
    let single = !field.parent
        && match &field.field {
            Field::Key(scope, _) => !matches!(scope, Scope::Event | Scope::Link),
            Field::Intrinsic(
                Intrinsic::EventName | Intrinsic::EventTimeSinceStart | Intrinsic::LinkSpanId | Intrinsic::LinkTraceId,
            ) => false,
            Field::Intrinsic(_) => true,
        };
    match &field.field {
        _ if !single => None,
        Field::Intrinsic(Intrinsic::Name) => Some("name".to_owned()),
        other => columns(other),
    }
}

/// The expression of a number that single spans have; what is no number is null.
fn number_column(field: &Attribute, types: &KnownTypes) -> Option<String> {
    if field.parent {
        return None;
    }
    let read = |scope: AttributeScope, key: &str| {
        if types.is_number(scope, key) {
            return access(scope, key, AttributeType::Double);
        }
        let tagged = format!("attribute({}, {}, 't')", quote(scope.column()), text_literal(key));
        format!("CAST(CASE WHEN substr({tagged}, 1, 1) IN ('i', 'd') THEN substr({tagged}, 2) END AS DOUBLE)")
    };
    match &field.field {
        Field::Intrinsic(Intrinsic::Duration) => Some("duration_ns".to_owned()),
        Field::Key(Scope::Span, key) => Some(read(AttributeScope::Item, key)),
        Field::Key(Scope::Resource, key) => Some(read(AttributeScope::Resource, key)),
        Field::Key(Scope::Instrumentation, key) => Some(read(AttributeScope::Scope, key)),
        Field::Key(Scope::Any, key) => {
            Some(format!("coalesce({}, {})", read(AttributeScope::Item, key), read(AttributeScope::Resource, key)))
        }
        _ => None,
    }
}
