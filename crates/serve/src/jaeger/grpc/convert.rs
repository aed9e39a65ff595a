//! Traces into messages, and messages into what is wanted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use luneta_query::Trace;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, TracesData};

use super::super::search::{self, Matching};
use super::super::{convert, model};
use super::messages::{Chunk, DependenciesRequest, Log, Moment, Process, Reference, Span, Tag, TraceQuery};
use crate::lookup::missing;
use crate::names::Window;

/// Spans of one message of version 2, as in Jaeger.
const CHUNK_SPANS: usize = 10;
/// Spans of one message of version 3: clients refuse messages above 4 MiB.
const OTLP_SPANS: usize = 100;
const NANOS: i64 = 1_000_000_000;

/// What a search wants.
///
/// # Errors
/// The message of a request that is wrong.
pub fn matching(query: TraceQuery, now_ns: i64) -> Result<Matching, String> {
    let text = |text: String| (!text.is_empty()).then_some(text);
    let duration = |moment: Option<Moment>| moment.map(nanos).filter(|n| *n != 0);
    search::few(&query.tags)?;
    let end_ns = query.start_time_max.map_or(now_ns, nanos);
    let start_ns = query.start_time_min.map_or(Window::before(end_ns, search::SEARCH_LOOKBACK).start_ns, nanos);
    Ok(Matching {
        service: text(query.service_name),
        operation: text(query.operation_name),
        tags: query.tags,
        duration_ns_min: duration(query.duration_min),
        duration_ns_max: duration(query.duration_max),
        start_ns,
        end_ns,
        limit: search::limit(query.search_depth.into())?,
    })
}

/// The time of calls.
///
/// # Errors
/// The message of a request that is wrong.
pub fn window(request: &DependenciesRequest) -> Result<Window, String> {
    match (request.start_time, request.end_time) {
        (Some(start), Some(end)) => Ok(Window { start_ns: nanos(start), end_ns: nanos(end) }),
        _ => Err("start_time and end_time are required".to_owned()),
    }
}

/// The messages of version 2.
pub fn chunks(trace: &Trace, raw: bool) -> Vec<Chunk> {
    let mut trace = convert::trace(&trace.data.resource_spans, missing(trace), raw);
    if let (Some(first), Some(warnings)) = (trace.spans.first_mut(), trace.warnings.take()) {
        // A trace has no place for its own.
        first.warnings.get_or_insert_default().extend(warnings);
    }
    let spans: Vec<Span> = trace.spans.iter().map(|s| span(s, trace.processes.get(&s.process_id))).collect();
    spans.chunks(CHUNK_SPANS).map(|spans| Chunk { spans: spans.to_vec() }).collect()
}

/// The messages of version 3.
pub fn otlp(trace: &Trace) -> Vec<TracesData> {
    let mut out = Vec::new();
    for group in &trace.data.resource_spans {
        for scoped in &group.scope_spans {
            for spans in scoped.spans.chunks(OTLP_SPANS) {
                let scope_spans = vec![ScopeSpans { spans: spans.to_vec(), ..scope_of(scoped) }];
                let part = ResourceSpans { scope_spans, resource: group.resource.clone(), schema_url: group.schema_url.clone() };
                out.push(TracesData { resource_spans: vec![part] });
            }
        }
    }
    out
}

/// A scope without its spans.
fn scope_of(scoped: &ScopeSpans) -> ScopeSpans {
    ScopeSpans { scope: scoped.scope.clone(), spans: Vec::new(), schema_url: scoped.schema_url.clone() }
}

fn span(span: &model::Span, process: Option<&model::Process>) -> Span {
    Span {
        trace_id: trace_id(&span.trace_id),
        id: span_id(&span.id),
        operation_name: span.operation_name.clone(),
        references: span.references.iter().map(reference).collect(),
        flags: span.flags,
        start_time: Some(moment(span.start_ns)),
        duration: Some(moment(span.duration_ns)),
        tags: span.tags.iter().map(tag).collect(),
        logs: span.logs.iter().map(log).collect(),
        process: process.map(|p| Process { service_name: p.service_name.clone(), tags: p.tags.iter().map(tag).collect() }),
        process_id: String::new(),
        warnings: span.warnings.clone().unwrap_or_default(),
    }
}

fn reference(reference: &model::Reference) -> Reference {
    Reference {
        trace_id: trace_id(&reference.trace_id),
        span_id: span_id(&reference.span_id),
        ref_type: i32::from(reference.ref_type == "FOLLOWS_FROM"),
    }
}

fn log(log: &model::Log) -> Log {
    Log { timestamp: Some(moment(log.time_ns)), fields: log.fields.iter().map(tag).collect() }
}

/// The value of a tag from its JSON, where some numbers are text.
fn tag(tag: &model::Tag) -> Tag {
    let text = tag.value.as_str().unwrap_or_default();
    let mut out = Tag { key: tag.key.clone(), ..Tag::default() };
    match tag.kind {
        "bool" => (out.v_type, out.v_bool) = (1, tag.value.as_bool().unwrap_or_default()),
        "int64" => (out.v_type, out.v_int64) = (2, tag.value.as_i64().or_else(|| text.parse().ok()).unwrap_or_default()),
        "float64" => (out.v_type, out.v_float64) = (3, tag.value.as_f64().or_else(|| text.parse().ok()).unwrap_or_default()),
        "binary" => (out.v_type, out.v_binary) = (4, BASE64.decode(text).unwrap_or_default()),
        _ => text.clone_into(&mut out.v_str),
    }
    out
}

fn trace_id(hex: &str) -> Vec<u8> {
    u128::from_str_radix(hex, 16).unwrap_or_default().to_be_bytes().to_vec()
}

fn span_id(hex: &str) -> Vec<u8> {
    u64::from_str_radix(hex, 16).unwrap_or_default().to_be_bytes().to_vec()
}

fn moment(ns: u64) -> Moment {
    Moment { seconds: (ns / NANOS as u64) as i64, nanos: (ns % NANOS as u64) as i32 }
}

fn nanos(moment: Moment) -> i64 {
    moment.seconds.saturating_mul(NANOS).saturating_add(moment.nanos.into())
}
