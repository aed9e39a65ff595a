//! Counts by the minute, from the tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use luneta_model::{Table, Tenant};
use luneta_promql::{MatchOp, Matcher, PromqlError};
use luneta_store::LakeFile;

use super::counter::midnight;
use super::{BOUND_MAX, BOUND_MIN, BUCKETS, Measure, Metric, MetricsError, Source};
use crate::promql::times_of;
use crate::sql::{quote, text_literal};
use crate::{QueryEngine, QueryError, SqlRequest};

/// Samples after a time, up to and including another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) after_ms: i64,
    pub(super) until_ms: i64,
}

/// Groups of a table: the texts of their columns, and counts by the minute's first millisecond.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) series: BTreeMap<Vec<String>, BTreeMap<i64, Vec<f64>>>,
    pub(super) warnings: Vec<String>,
}

/// Whether any span was counted in the window, or since the midnight before it.
pub(super) async fn is_any(engine: &QueryEngine, tenant: &Tenant, window: Window) -> Result<bool, MetricsError> {
    let snapshot = engine.store().snapshot(tenant, Table::SpanMetrics).await.map_err(QueryError::Store)?;
    let (first, last) = (midnight(window.after_ms).saturating_mul(NANOS), window.until_ms.saturating_mul(NANOS));
    let overlaps = |file: &Arc<LakeFile>| {
        let (min, max) = times_of(file);
        min.is_none_or(|min| min <= last) && max.is_none_or(|max| max >= first)
    };
    Ok(snapshot.files.iter().any(overlaps) || snapshot.memory.iter().any(|batch| batch.num_rows() > 0))
}

/// Nanoseconds of a millisecond.
const NANOS: i64 = 1_000_000;

/// What a metric counts, since the midnight before the window: buckets, or else its one number.
pub(super) async fn rows(
    engine: &QueryEngine,
    tenant: &Tenant,
    metric: &Metric,
    buckets: bool,
    matchers: &[Matcher],
    window: Window,
) -> Result<Read, MetricsError> {
    let columns = columns(metric.source);
    let condition = condition(metric.source, matchers, window);
    let table = metric.source.table;
    let of = metric.source.labels.len() + 1;
    let query = match (metric.measure, buckets) {
        (Measure::Durations(_, buckets, counts), true) => format!(
            "SELECT {columns}, minute, bucket, sum(count) FROM (\
               SELECT {columns}, minute, least(greatest((index + 8) / 8, {BOUND_MIN}), {above}) - {BOUND_MIN} AS bucket, count FROM (\
                 SELECT {columns}, {MINUTE} AS minute, unnest({buckets}) AS index, unnest({counts}) AS count \
                 FROM {table} WHERE {condition})) \
             GROUP BY {columns}, minute, bucket",
            above = BOUND_MAX + 1,
        ),
        (Measure::Count(column) | Measure::Durations(column, ..), _) => format!(
            "SELECT {columns}, {MINUTE} AS minute, 0 AS bucket, sum({column}) FROM {table} WHERE {condition} GROUP BY {columns}, minute"
        ),
    };
    let answer = engine.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
    if answer.truncated {
        return Err(PromqlError::Execution(format!("more than the server's bound of rows of {table}: ask for less time")).into());
    }
    let width = if buckets { BUCKETS } else { 1 };
    let mut read = Read { warnings: answer.warnings, ..Read::default() };
    for batch in &answer.batches {
        let texts = texts(batch, metric.source)?;
        let (minutes, places, counts) = (integers(batch, of - 1)?, integers(batch, of)?, floats(batch, of + 1)?);
        for row in 0..batch.num_rows() {
            let minutes_of = read.series.entry(texts.iter().map(|column| text(column, row)).collect()).or_default();
            let counted = minutes_of.entry(minutes.value(row)).or_insert_with(|| vec![0.0; width]);
            if let Some(counted) = usize::try_from(places.value(row)).ok().and_then(|place| counted.get_mut(place)) {
                *counted += counts.value(row);
            }
        }
    }
    Ok(read)
}

/// The groups of a table that have a sample in the window.
pub(super) async fn groups(
    engine: &QueryEngine,
    tenant: &Tenant,
    source: &Source,
    matchers: &[Matcher],
    window: Window,
) -> Result<Vec<Vec<String>>, MetricsError> {
    let (columns, condition) = (columns(source), condition(source, matchers, window));
    let query = format!("SELECT DISTINCT {columns} FROM {} WHERE {condition}", source.table);
    let answer = engine.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
    let mut groups = Vec::new();
    for batch in &answer.batches {
        let texts = texts(batch, source)?;
        groups.extend((0..batch.num_rows()).map(|row| texts.iter().map(|column| text(column, row)).collect()));
    }
    Ok(groups)
}

/// The minute of a row in milliseconds.
const MINUTE: &str = "CAST(date_trunc('minute', time) AS BIGINT) / 1000000";

fn columns(source: &Source) -> String {
    source.labels.iter().map(|label| quote(label.column)).collect::<Vec<_>>().join(", ")
}

/// Rows that count for samples of the window; matchers of equality rule out files.
fn condition(source: &Source, matchers: &[Matcher], window: Window) -> String {
    let time = |ms: i64| format!("to_timestamp_millis({})", ms.clamp(MIN_MS, MAX_MS));
    let mut conditions =
        vec![format!("time >= {}", time(midnight(window.after_ms))), format!("time <= {}", time(window.until_ms))];
    for matcher in matchers.iter().filter(|m| m.op == MatchOp::Equal && !m.value.is_empty()) {
        if let Some(label) = source.labels.iter().find(|label| label.name == matcher.name) {
            conditions.push(match matcher.value.strip_prefix(label.prefix) {
                Some(value) => format!("{} = {}", quote(label.column), text_literal(value)),
                None => "false".to_owned(),
            });
        }
    }
    conditions.join(" AND ")
}

/// Times a nanosecond timestamp can tell.
const MIN_MS: i64 = 0;
const MAX_MS: i64 = i64::MAX / 1_000_000;

fn texts(batch: &RecordBatch, source: &Source) -> Result<Vec<StringArray>, QueryError> {
    (0..source.labels.len())
        .map(|at| Ok(cast(batch.column(at), &DataType::Utf8).map_err(|e| fault(&e))?.as_string().clone()))
        .collect()
}

fn text(column: &StringArray, row: usize) -> String {
    if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
}

fn integers(batch: &RecordBatch, at: usize) -> Result<Int64Array, QueryError> {
    Ok(cast(batch.column(at), &DataType::Int64).map_err(|e| fault(&e))?.as_primitive::<Int64Type>().clone())
}

fn floats(batch: &RecordBatch, at: usize) -> Result<Float64Array, QueryError> {
    Ok(cast(batch.column(at), &DataType::Float64).map_err(|e| fault(&e))?.as_primitive::<Float64Type>().clone())
}

fn fault(error: &ArrowError) -> QueryError {
    QueryError::Execution(error.to_string())
}
