//! `tempopb.StreamingQuerier`: searches as Grafana sends them over gRPC. The answer is one message,
//! the last of the stream, which holds all.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{any, post};
use luneta_query::TraceSearch;
use luneta_query::traceql::eval::{Plan, Value};
use luneta_query::traceql::search::{FoundTrace, Search};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};

use super::parameters::{RangeText, TagSearch};
use super::search::{LIMIT, LIMIT_MAX, NO_ROOT, SPANS, SPANS_MAX};
use crate::ServeState;
use crate::frame::{Failure, frames, read, stream};
use crate::tenant::RequestTenant;

/// The routes, the same on every port where Tempo's API is.
pub(super) fn routes() -> Router<ServeState> {
    const OTHER: &str = "only Search is streamed: ask the HTTP API for tags, values and metrics";
    Router::new()
        .route("/tempopb.StreamingQuerier/Search", post(search))
        .route("/tempopb.StreamingQuerier/{method}", any(async || Failure::Unimplemented(OTHER)))
}

/// `SearchRequest`. Times are seconds.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SearchRequest {
    #[prost(btree_map = "string, string", tag = "1")]
    tags: BTreeMap<String, String>,
    #[prost(uint32, tag = "2")]
    min_duration_ms: u32,
    #[prost(uint32, tag = "3")]
    max_duration_ms: u32,
    #[prost(uint32, tag = "4")]
    limit: u32,
    #[prost(uint32, tag = "5")]
    start: u32,
    #[prost(uint32, tag = "6")]
    end: u32,
    #[prost(string, tag = "8")]
    query: String,
    #[prost(uint32, tag = "9")]
    spans_per_span_set: u32,
}

/// `SearchResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SearchResponse {
    #[prost(message, repeated, tag = "1")]
    traces: Vec<TraceSearchMetadata>,
    #[prost(message, optional, tag = "2")]
    metrics: Option<SearchMetrics>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SearchMetrics {
    #[prost(uint32, tag = "1")]
    inspected_traces: u32,
    #[prost(uint32, tag = "4")]
    completed_jobs: u32,
    #[prost(uint32, tag = "5")]
    total_jobs: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TraceSearchMetadata {
    #[prost(string, tag = "1")]
    trace_id: String,
    #[prost(string, tag = "2")]
    root_service_name: String,
    #[prost(string, tag = "3")]
    root_trace_name: String,
    #[prost(uint64, tag = "4")]
    start_time_unix_nano: u64,
    #[prost(uint32, tag = "5")]
    duration_ms: u32,
    #[prost(message, optional, tag = "6")]
    span_set: Option<SpanSet>,
    #[prost(message, repeated, tag = "7")]
    span_sets: Vec<SpanSet>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SpanSet {
    #[prost(message, repeated, tag = "1")]
    spans: Vec<FoundSpan>,
    #[prost(uint32, tag = "2")]
    matched: u32,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FoundSpan {
    #[prost(string, tag = "1")]
    span_id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(uint64, tag = "3")]
    start_time_unix_nano: u64,
    #[prost(uint64, tag = "4")]
    duration_nanos: u64,
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<KeyValue>,
}

impl SearchRequest {
    fn search(self) -> Result<TraceSearch, String> {
        let query = if self.query.trim().is_empty() {
            let pairs = self.tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            let milliseconds = |ms: u32| (ms > 0).then(|| format!("{ms}ms"));
            TagSearch::of(milliseconds(self.min_duration_ms), milliseconds(self.max_duration_ms)).conditions(pairs)?
        } else {
            self.query
        };
        let (start_ns, end_ns) = RangeText::of_seconds(self.start, self.end).range()?;
        let limit = if self.limit == 0 { LIMIT } else { (self.limit as usize).min(LIMIT_MAX) };
        Ok(TraceSearch { query, start_ns, end_ns, limit })
    }
}

async fn search(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant, body: Body) -> Result<Response, Failure> {
    let request: SearchRequest = read(body).await?;
    let spans = if request.spans_per_span_set == 0 { SPANS } else { (request.spans_per_span_set as usize).min(SPANS_MAX) };
    let search = request.search().map_err(Failure::Invalid)?;
    let started = std::time::Instant::now();
    let found = state.engine().search(&tenant, &search).await;
    state.queries().record(started.elapsed(), found.is_err());
    let (plan, found) = found?;
    Ok(stream(frames([answer(&plan, &found, spans)])))
}

fn answer(plan: &Plan, search: &Search, spans: usize) -> SearchResponse {
    let metrics = SearchMetrics {
        inspected_traces: u32::try_from(search.looked_into).unwrap_or(u32::MAX),
        completed_jobs: 1,
        total_jobs: if search.complete { 1 } else { 2 },
    };
    SearchResponse { traces: search.traces.iter().map(|found| trace(plan, found, spans)).collect(), metrics: Some(metrics) }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn trace(plan: &Plan, found: &FoundTrace, spans: usize) -> TraceSearchMetadata {
    let trace = &found.trace;
    let root = trace.root.map(|root| &trace.spans[root]);
    let span = |at: &usize| {
        let span = &trace.spans[*at];
        let shown = plan.shown.iter().map(|(name, place)| (name.as_str(), place.value(trace, *at)));
        FoundSpan {
            span_id: hex::encode(span.id),
            name: span.name.to_string(),
            start_time_unix_nano: unsigned(span.start_ns),
            duration_nanos: unsigned(span.duration_ns),
            attributes: attributes(shown),
        }
    };
    let sets: Vec<SpanSet> = found
        .spansets
        .iter()
        .map(|set| SpanSet {
            spans: set.spans.iter().take(spans).map(span).collect(),
            matched: u32::try_from(set.spans.len()).unwrap_or(u32::MAX),
            attributes: attributes(set.attributes.iter().map(|(name, value)| (name.as_str(), value))),
        })
        .collect();
    TraceSearchMetadata {
        trace_id: hex::encode(trace.id),
        root_service_name: root.map_or(NO_ROOT, |root| &root.service).to_owned(),
        root_trace_name: root.map_or("", |root| &root.name).to_owned(),
        start_time_unix_nano: unsigned(trace.start_ns()),
        duration_ms: u32::try_from(trace.duration_ns() / 1_000_000).unwrap_or(u32::MAX),
        span_set: sets.first().cloned(),
        span_sets: sets,
    }
}

fn attributes<'a>(shown: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<KeyValue> {
    let shown = shown.filter(|(_, value)| **value != Value::Nil);
    shown.map(|(key, of)| KeyValue { key: key.to_owned(), value: Some(value(of)), ..KeyValue::default() }).collect()
}

fn value(of: &Value) -> AnyValue {
    let value = match of {
        Value::Int(n) => Any::IntValue(*n),
        Value::Float(n) => Any::DoubleValue(*n),
        Value::Bool(b) => Any::BoolValue(*b),
        Value::List(values) => Any::ArrayValue(ArrayValue { values: values.iter().map(value).collect() }),
        other => Any::StringValue(other.text()),
    };
    AnyValue { value: Some(value) }
}
