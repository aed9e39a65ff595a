//! Searching: the newest traces with spansets a query gives.

use std::collections::HashSet;

use arrow::array::{Array, AsArray, FixedSizeBinaryArray, RecordBatch};
use arrow::datatypes::TimestampNanosecondType;
use luneta_model::{Signal, Tenant};

use super::ast::Query;
use super::eval::{EvalTrace, Plan, Spanset};
use super::load::LOOKUP_MAX;
use super::predicate::{KnownTypes, of_pipeline};
use crate::trace::{Trace, traces_data};
use crate::{QueryEngine, QueryError, SqlRequest};

/// Most traces an answer holds.
pub const TRACES_MAX: usize = 10_000;
/// Traces that are looked into before a search ends with what it has.
pub(super) const LOOKED_INTO_MAX: usize = 200_000;
/// Rows of candidates that are asked for at once.
const CANDIDATE_ROWS: std::ops::RangeInclusive<usize> = 512..=65_536;

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSearch {
    /// TraceQL, without time series.
    pub query: String,
    /// Matching spans start from here on, in nanoseconds since 1970…
    pub start_ns: i64,
    /// …and before this.
    pub end_ns: i64,
    /// Most traces wanted.
    pub limit: usize,
}

/// A trace that has what was searched for.
#[derive(Debug, Clone)]
pub struct FoundTrace {
    /// The trace, with the fields the query reads.
    pub trace: EvalTrace,
    /// What was found in it; at least one.
    pub spansets: Vec<Spanset>,
}

/// The outcome of a search.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The traces; those with the newest start first.
    pub traces: Vec<FoundTrace>,
    /// Traces that were looked into.
    pub looked_into: usize,
    /// Whether every trace of the time was looked into, or as many as were wanted were found.
    pub complete: bool,
    /// What is missing: files that proved damaged.
    pub warnings: Vec<String>,
}

/// Whole traces a search gave.
#[derive(Debug, Clone, Default)]
pub struct FoundTraces {
    /// The newest first.
    pub traces: Vec<Trace>,
    /// What is missing: files that proved damaged.
    pub warnings: Vec<String>,
}

/// Reads a query that must be a search.
fn search_query(text: &str) -> Result<Query, QueryError> {
    let query = super::parse(text)?;
    let Some(metrics) = &query.metrics else { return Ok(query) };
    let message = format!(
        "`| {}` makes time series, and this finds traces: leave it out, or ask api/metrics/query_range below \
         /tempo, as Grafana's Tempo data source does",
        metrics.function
    );
    Err(QueryError::Parse { message, position: None })
}

impl QueryEngine {
    /// The newest traces that a TraceQL query finds something in, and how to read their spans.
    ///
    /// # Errors
    /// [`QueryError`]; the place of a fault in the query is its column.
    pub async fn search(&self, tenant: &Tenant, search: &TraceSearch) -> Result<(Plan, Search), QueryError> {
        let query = search_query(&search.query)?;
        let plan = Plan::new(&query.pipeline);
        let snapshot = self.store().snapshot(tenant, Signal::Spans).await?;
        let predicate = of_pipeline(&query.pipeline, &KnownTypes::new(&snapshot));
        drop(snapshot);
        let limit = search.limit.clamp(1, TRACES_MAX);
        let mut found = Search::default();
        let mut candidates = Candidates::new((search.start_ns, search.end_ns), predicate.sql, limit);
        while found.traces.len() < limit && found.looked_into < LOOKED_INTO_MAX {
            let Some(ids) = candidates.next(self, tenant).await? else {
                found.complete = true;
                break;
            };
            for ids in ids.chunks(LOOKUP_MAX.min(limit.max(16))) {
                let (traces, warnings) = self.load_traces(tenant, ids, &plan.fields).await?;
                found.looked_into += ids.len();
                for warning in warnings {
                    if !found.warnings.contains(&warning) {
                        found.warnings.push(warning);
                    }
                }
                found.traces.extend(traces.into_iter().filter_map(|trace| matching(&plan, trace, search)));
                if found.traces.len() >= limit {
                    break;
                }
            }
        }
        found.complete |= found.traces.len() >= limit;
        found.traces.sort_by_key(|found| (std::cmp::Reverse(found.trace.start_ns()), found.trace.id));
        found.traces.truncate(limit);
        Ok((plan, found))
    }

    /// The newest traces that a TraceQL query finds something in, whole.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn find_traces(&self, tenant: &Tenant, search: TraceSearch) -> Result<FoundTraces, QueryError> {
        let (_, found) = self.search(tenant, &search).await?;
        let ids: Vec<[u8; 16]> = found.traces.iter().map(|found| found.trace.id).collect();
        let mut warnings = found.warnings;
        let mut traces = Vec::with_capacity(ids.len());
        for ids in ids.chunks(LOOKUP_MAX) {
            let answer = self.spans_of(tenant, ids, usize::MAX).await?;
            for id in ids {
                let of_trace = answer.batches.iter().map(|batch| rows_of(batch, id)).collect::<Result<Vec<_>, _>>()?;
                let data = traces_data(&of_trace)?;
                traces.push(Trace { data, truncated: answer.truncated, warnings: answer.warnings.clone() });
            }
            warnings.extend(answer.warnings);
        }
        Ok(FoundTraces { traces, warnings })
    }
}

fn rows_of(batch: &RecordBatch, id: &[u8; 16]) -> Result<RecordBatch, QueryError> {
    let ids = batch.column_by_name("trace_id").and_then(|c| c.as_any().downcast_ref::<FixedSizeBinaryArray>());
    let Some(ids) = ids else { return Ok(batch.slice(0, 0)) };
    let mask = ids.iter().map(|of| Some(of == Some(id.as_slice()))).collect();
    arrow::compute::filter_record_batch(batch, &mask).map_err(|e| QueryError::Execution(e.to_string()))
}

/// A trace with what the query gives of it, if any of that lies in the time searched.
fn matching(plan: &Plan, trace: EvalTrace, search: &TraceSearch) -> Option<FoundTrace> {
    let inside = |span: &usize| (search.start_ns..search.end_ns).contains(&trace.spans[*span].start_ns);
    let spansets: Vec<Spanset> = plan.run(&trace).into_iter().filter(|set| set.spans.iter().any(inside)).collect();
    (!spansets.is_empty()).then_some(FoundTrace { trace, spansets })
}

/// Traces with a span that may match, by the start of these spans from the newest on.
#[derive(Debug)]
pub(super) struct Candidates {
    start_ns: i64,
    /// Spans from here on were looked at.
    end_ns: i64,
    condition: String,
    rows: usize,
    seen: HashSet<[u8; 16]>,
    ended: bool,
}

impl Candidates {
    /// Of spans that start between two times. `limit` is how many are wanted.
    pub(super) fn new((start_ns, end_ns): (i64, i64), predicate: Option<String>, limit: usize) -> Self {
        let condition = predicate.map_or_else(String::new, |sql| format!(" AND {sql}"));
        let rows = limit.saturating_mul(16).clamp(*CANDIDATE_ROWS.start(), *CANDIDATE_ROWS.end());
        Self { start_ns, end_ns, condition, rows, seen: HashSet::new(), ended: false }
    }

    /// The next ones; `None` at the end.
    pub(super) async fn next(&mut self, engine: &QueryEngine, tenant: &Tenant) -> Result<Option<Vec<[u8; 16]>>, QueryError> {
        while !self.ended && self.start_ns < self.end_ns {
            let query = format!(
                "SELECT trace_id, start_time FROM spans WHERE start_time >= {} AND start_time < {}{} \
                 ORDER BY start_time DESC LIMIT {}",
                time(self.start_ns),
                time(self.end_ns),
                self.condition,
                self.rows
            );
            let answer = engine.sql(tenant, SqlRequest { query, ..SqlRequest::default() }).await?;
            let (mut rows, mut oldest, mut new) = (0, i64::MAX, Vec::new());
            for batch in &answer.batches {
                rows += batch.num_rows();
                let ids = batch.column(0).as_any().downcast_ref::<FixedSizeBinaryArray>();
                let times = batch.column(1).as_primitive_opt::<TimestampNanosecondType>();
                let (Some(ids), Some(times)) = (ids, times) else { continue };
                oldest = times.values().iter().fold(oldest, |oldest, time| oldest.min(*time));
                let ids = ids.iter().flatten().filter_map(|id| <[u8; 16]>::try_from(id).ok());
                new.extend(ids.filter(|id| self.seen.insert(*id)));
            }
            self.ended = rows < self.rows;
            // Others may start at the same time as the oldest one; when all rows do, more are needed.
            if oldest.saturating_add(1) >= self.end_ns && !self.ended {
                self.ended = self.rows >= *CANDIDATE_ROWS.end();
                self.end_ns = if self.ended { oldest } else { self.end_ns };
            } else {
                self.end_ns = oldest.saturating_add(1);
            }
            self.rows = (self.rows * 4).min(*CANDIDATE_ROWS.end());
            if !new.is_empty() {
                return Ok(Some(new));
            }
        }
        Ok(None)
    }
}

/// A time as SQL reads it.
pub(super) fn time(ns: i64) -> String {
    format!("to_timestamp_nanos({ns})")
}
