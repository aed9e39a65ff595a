//! Questions and answers as messages.

use luneta_query::TraceSearch;
use luneta_query::traceql::eval::{Plan, Value};
use luneta_query::traceql::search::{FoundTrace, Search};
use luneta_query::traceql::series::{self, Series, SeriesAnswer, SeriesRequest};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};

use super::messages::{
    Exemplar, FoundSpan, InstantSeries, QueryInstantRequest, QueryInstantResponse, QueryRangeRequest, QueryRangeResponse, Sample,
    SearchMetrics, SearchRequest, SearchResponse, SearchTagValuesRequest, SearchTagsRequest, ServiceStats, SpanSet, TimeSeries,
    TraceSearchMetadata,
};
use super::packets;
use crate::tempo::metrics::{EXEMPLARS, milliseconds, prometheus_labels, usual_step};
use crate::tempo::parameters::{DAY, HOUR};
use crate::tempo::search::{LIMIT, LIMIT_MAX, NO_ROOT, SPANS, SPANS_MAX, service_stats};
use crate::tempo::tag_search::TagSearch;
use crate::tempo::tags::{Names, Values};

/// A number that was said.
fn said(number: u32) -> Option<usize> {
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// Seconds since 1970 that were said, in nanoseconds.
fn seconds(number: u32) -> Option<i64> {
    (number > 0).then(|| i64::from(number) * 1_000_000_000)
}

/// Nanoseconds that were said.
fn nanoseconds(number: u64) -> Option<i64> {
    (number > 0).then(|| i64::try_from(number).unwrap_or(i64::MAX))
}

fn text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

impl SearchRequest {
    /// The search, in TraceQL where it is one of tags.
    pub(super) fn search(self) -> Result<TraceSearch, String> {
        let query = match text(&self.query) {
            Some(_) if !self.tags.is_empty() => return Err("a search has either a query or tags, not both".to_owned()),
            Some(query) => query.to_owned(),
            None => {
                let ns = |ms: u32| (ms > 0).then(|| i64::from(ms) * 1_000_000);
                let (duration_min_ns, duration_max_ns) = (ns(self.min_duration_ms), ns(self.max_duration_ms));
                TagSearch { tags: self.tags.into_iter().collect(), duration_min_ns, duration_max_ns }.query()?
            }
        };
        let (start_ns, end_ns) = DAY.range(seconds(self.start), seconds(self.end))?;
        Ok(TraceSearch { query, start_ns, end_ns, limit: said(self.limit).unwrap_or(LIMIT).min(LIMIT_MAX) })
    }

    /// Spans shown of each spanset.
    pub(super) fn spans(&self) -> usize {
        said(self.spans_per_span_set).unwrap_or(SPANS).min(SPANS_MAX)
    }
}

impl SearchTagsRequest {
    pub(super) fn names(&self) -> Result<Names<'_>, String> {
        let range = DAY.range(seconds(self.start), seconds(self.end))?;
        Ok(Names { scope: &self.scope, query: text(&self.query), range, limit: said(self.max_tags_per_scope) })
    }
}

impl SearchTagValuesRequest {
    pub(super) fn values(&self) -> Result<Values<'_>, String> {
        let range = DAY.range(seconds(self.start), seconds(self.end))?;
        Ok(Values { field: &self.tag_name, query: text(&self.query), range, limit: said(self.max_tag_values) })
    }
}

impl QueryRangeRequest {
    pub(super) fn series(self) -> Result<SeriesRequest, String> {
        let (start_ns, end_ns) = HOUR.range(nanoseconds(self.start), nanoseconds(self.end))?;
        let step_ns = nanoseconds(self.step).unwrap_or_else(|| usual_step(start_ns, end_ns));
        let exemplars = said(self.exemplars).unwrap_or(EXEMPLARS);
        Ok(SeriesRequest { query: self.query, start_ns, end_ns, step_ns, exemplars })
    }
}

impl QueryInstantRequest {
    pub(super) fn series(self) -> Result<SeriesRequest, String> {
        let (start_ns, end_ns) = HOUR.range(nanoseconds(self.start), nanoseconds(self.end))?;
        Ok(SeriesRequest::instant(self.query, start_ns, end_ns))
    }
}

/// Every message has the metrics of the whole search.
pub(super) fn search(plan: &Plan, search: &Search, spans: usize) -> Vec<SearchResponse> {
    let metrics = SearchMetrics {
        inspected_traces: u32::try_from(search.looked_into).unwrap_or(u32::MAX),
        completed_jobs: 1,
        total_jobs: if search.complete { 1 } else { 2 },
    };
    let traces = search.traces.iter().map(|found| trace(plan, found, spans)).collect();
    packets(traces).into_iter().map(|traces| SearchResponse { traces, metrics: Some(metrics) }).collect()
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
    let stats = service_stats(trace).into_iter();
    let stats = stats.map(|(name, of)| (name.to_owned(), ServiceStats { span_count: of.spans, error_count: of.errors }));
    TraceSearchMetadata {
        trace_id: hex::encode(trace.id),
        root_service_name: root.map_or(NO_ROOT, |root| &root.service).to_owned(),
        root_trace_name: root.map_or("", |root| &root.name).to_owned(),
        start_time_unix_nano: unsigned(trace.start_ns()),
        duration_ms: u32::try_from(trace.duration_ns() / 1_000_000).unwrap_or(u32::MAX),
        span_set: sets.first().cloned(),
        span_sets: sets,
        service_stats: stats.collect(),
    }
}

/// What is said of answers that are whole.
const DONE: SearchMetrics = SearchMetrics { inspected_traces: 0, completed_jobs: 1, total_jobs: 1 };

/// The series of a range; every message says what is missing.
pub(super) fn range(answer: &SeriesAnswer) -> Vec<QueryRangeResponse> {
    let (status, message) = (i32::from(!answer.warnings.is_empty()), answer.warnings.join("; "));
    let series = answer.series.iter().map(|series| TimeSeries {
        labels: labels(series),
        samples: series.points.iter().map(|(ns, value)| Sample { value: *value, timestamp_ms: milliseconds(*ns) }).collect(),
        prom_labels: prometheus_labels(series),
        exemplars: series.exemplars.iter().map(exemplar).collect(),
    });
    let packets = packets(series.collect()).into_iter();
    packets.map(|series| QueryRangeResponse { series, metrics: Some(DONE), status, message: message.clone() }).collect()
}

/// One number of each series.
pub(super) fn instant(answer: &SeriesAnswer) -> Vec<QueryInstantResponse> {
    let (status, message) = (i32::from(!answer.warnings.is_empty()), answer.warnings.join("; "));
    let series = answer.series.iter().filter_map(|series| {
        let (_, value) = series.points.first()?;
        Some(InstantSeries { labels: labels(series), value: *value, prom_labels: prometheus_labels(series) })
    });
    let packets = packets(series.collect()).into_iter();
    packets.map(|series| QueryInstantResponse { series, metrics: Some(DONE), status, message: message.clone() }).collect()
}

fn exemplar(exemplar: &series::Exemplar) -> Exemplar {
    let trace_id = Value::String(hex::encode(exemplar.trace_id).into());
    Exemplar {
        labels: attributes([("trace:id", &trace_id)].into_iter()),
        value: exemplar.value,
        timestamp_ms: milliseconds(exemplar.time_ns),
    }
}

/// Series are told apart by their labels, so that a missing value is one too.
fn labels(series: &Series) -> Vec<KeyValue> {
    series.labels.iter().map(|(name, of)| pair(name, of)).collect()
}

fn attributes<'a>(shown: impl Iterator<Item = (&'a str, &'a Value)>) -> Vec<KeyValue> {
    shown.filter(|(_, value)| **value != Value::Nil).map(|(key, of)| pair(key, of)).collect()
}

fn pair(key: &str, of: &Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value(of)), ..KeyValue::default() }
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
