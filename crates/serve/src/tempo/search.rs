//! Tempo's search: traces by TraceQL, fields and their values.

use axum::Json;
use axum::extract::{Path, Query, State};
use luneta_query::traceql::ast::{Intrinsic, Kind, Scope, Status};
use luneta_query::traceql::eval::{Plan, Value};
use luneta_query::traceql::search::{FoundTrace, Search};
use luneta_query::traceql::tags::{ValuesRequest, field};
use luneta_query::{QueryError, TraceSearch};
use serde::Deserialize;
use serde_json::{Map, Value as JsonValue, json};

use super::parameters::{RangeText, TagSearch};
use super::{TempoError, json as tempo_json};
use crate::ServeState;
use crate::tenant::RequestTenant;

/// Traces of an answer unless more are asked for, and the most.
pub(super) const LIMIT: usize = 20;
pub(super) const LIMIT_MAX: usize = 1_000;
/// Spans shown of a spanset unless more are asked for, and the most.
pub(super) const SPANS: usize = 3;
pub(super) const SPANS_MAX: usize = 1_000;
/// What stands for the root of a trace that has none.
pub(super) const NO_ROOT: &str = "<root span not yet received>";
/// Values of a field.
const VALUES_MAX: usize = 10_000;

/// Parameters of a search.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SearchText {
    q: Option<String>,
    limit: Option<usize>,
    spss: Option<usize>,
}

pub(super) async fn search(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(text): Query<SearchText>,
    Query(tags): Query<TagSearch>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let query = match text.q.filter(|q| !q.trim().is_empty()) {
        Some(query) => query,
        None => tags.query().map_err(TempoError::Invalid)?,
    };
    let (start_ns, end_ns) = range.range().map_err(TempoError::Invalid)?;
    let limit = text.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let request = TraceSearch { query, start_ns, end_ns, limit };
    let started = std::time::Instant::now();
    let found = state.engine().search(&tenant, &request).await;
    state.queries().record(started.elapsed(), found.is_err());
    let (plan, search) = found?;
    Ok(Json(search_answer(&plan, &search, text.spss.unwrap_or(SPANS).clamp(1, SPANS_MAX))))
}

/// `SearchResponse` of Tempo's `tempo.proto` as JSON.
pub(super) fn search_answer(plan: &Plan, search: &Search, spans: usize) -> JsonValue {
    let traces: Vec<JsonValue> = search.traces.iter().map(|found| trace_answer(plan, found, spans)).collect();
    let mut metrics = json!({"inspectedTraces": search.looked_into, "completedJobs": 1, "totalJobs": 1});
    if !search.complete {
        metrics["totalJobs"] = 2.into();
    }
    json!({"traces": traces, "metrics": metrics})
}

fn trace_answer(plan: &Plan, found: &FoundTrace, spans: usize) -> JsonValue {
    let trace = &found.trace;
    let root = trace.root.map(|root| &trace.spans[root]);
    let sets: Vec<JsonValue> = found
        .spansets
        .iter()
        .map(|set| {
            let shown = set.spans.iter().take(spans).map(|at| {
                let span = &trace.spans[*at];
                let attributes = plan.shown.iter().map(|(name, place)| (name.as_str(), place.value(trace, *at)));
                json!({
                    "spanID": hex::encode(span.id),
                    "name": &*span.name,
                    "startTimeUnixNano": span.start_ns.to_string(),
                    "durationNanos": span.duration_ns.to_string(),
                    "attributes": attributes_json(attributes),
                })
            });
            let mut shown = json!({"spans": shown.collect::<Vec<_>>(), "matched": set.spans.len()});
            if !set.attributes.is_empty() {
                shown["attributes"] = attributes_json(set.attributes.iter().map(|(name, value)| (name.as_str(), value)));
            }
            shown
        })
        .collect();
    let mut stats: Map<String, JsonValue> = Map::new();
    for span in &trace.spans {
        let entry = stats.entry(span.service.to_string()).or_insert_with(|| json!({"spanCount": 0, "errorCount": 0}));
        for (name, more) in [("spanCount", 1), ("errorCount", u64::from(span.failed))] {
            entry[name] = (entry[name].as_u64().unwrap_or(0) + more).into();
        }
    }
    json!({
        "traceID": hex::encode(trace.id),
        "rootServiceName": root.map_or(NO_ROOT, |root| &root.service),
        "rootTraceName": root.map_or("", |root| &root.name),
        "startTimeUnixNano": trace.start_ns().to_string(),
        "durationMs": trace.duration_ns() / 1_000_000,
        "spanSet": sets.first(),
        "spanSets": sets,
        "serviceStats": stats,
    })
}

fn attributes_json<'a>(attributes: impl Iterator<Item = (&'a str, &'a Value)>) -> JsonValue {
    let shown = attributes.filter(|(_, value)| **value != Value::Nil);
    shown.map(|(name, value)| json!({"key": name, "value": any_value(value)})).collect()
}

/// OTLP's `AnyValue` in protobuf's JSON.
pub(super) fn any_value(value: &Value) -> JsonValue {
    match value {
        Value::Int(n) => json!({"intValue": n.to_string()}),
        Value::Float(n) => json!({"doubleValue": tempo_json::double(*n)}),
        Value::Bool(b) => json!({"boolValue": b}),
        Value::List(values) => json!({"arrayValue": {"values": values.iter().map(any_value).collect::<Vec<_>>()}}),
        other => json!({"stringValue": other.text()}),
    }
}

const INTRINSICS: [Intrinsic; 18] = [
    Intrinsic::Duration,
    Intrinsic::EventName,
    Intrinsic::EventTimeSinceStart,
    Intrinsic::InstrumentationName,
    Intrinsic::InstrumentationVersion,
    Intrinsic::Kind,
    Intrinsic::Name,
    Intrinsic::RootName,
    Intrinsic::RootService,
    Intrinsic::SpanId,
    Intrinsic::ParentId,
    Intrinsic::Status,
    Intrinsic::StatusMessage,
    Intrinsic::TraceDuration,
    Intrinsic::TraceId,
    Intrinsic::LinkSpanId,
    Intrinsic::LinkTraceId,
    Intrinsic::ChildCount,
];

const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Any => "none",
        Scope::Span => "span",
        Scope::Resource => "resource",
        Scope::Event => "event",
        Scope::Link => "link",
        Scope::Instrumentation => "instrumentation",
    }
}

/// Which scope is wanted.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ScopeText {
    scope: Option<String>,
}

async fn scopes(state: &ServeState, tenant: &RequestTenant, text: &ScopeText, range: &RangeText) -> Result<Scopes, TempoError> {
    const NAMES: [&str; 7] = ["none", "span", "resource", "event", "link", "instrumentation", "intrinsic"];
    let wanted = text.scope.as_deref().filter(|scope| !scope.is_empty() && *scope != "none");
    if let Some(unknown) = wanted.filter(|scope| !NAMES.contains(scope)) {
        return Err(TempoError::Invalid(format!("`scope={unknown}` is none of {}", NAMES.join(", "))));
    }
    let (start_ns, end_ns) = range.range().map_err(TempoError::Invalid)?;
    let mut scopes: Scopes = state
        .engine()
        .tags(&tenant.0, start_ns, end_ns)
        .await?
        .into_iter()
        .map(|(scope, tags)| (scope_name(scope), tags))
        .collect();
    scopes.push(("intrinsic", INTRINSICS.iter().map(ToString::to_string).collect()));
    scopes.retain(|(name, tags)| wanted.is_none_or(|wanted| wanted == *name) && !tags.is_empty());
    Ok(scopes)
}

type Scopes = Vec<(&'static str, Vec<String>)>;

pub(super) async fn tags(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(scope): Query<ScopeText>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let scopes = scopes(&state, &tenant, &scope, &range).await?;
    let mut names: Vec<String> = scopes.into_iter().flat_map(|(_, tags)| tags).collect();
    names.sort_unstable();
    names.dedup();
    Ok(Json(json!({"tagNames": names, "metrics": {}})))
}

pub(super) async fn tags_v2(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(scope): Query<ScopeText>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let scopes = scopes(&state, &tenant, &scope, &range).await?;
    let scopes: Vec<JsonValue> = scopes.into_iter().map(|(name, tags)| json!({"name": name, "tags": tags})).collect();
    Ok(Json(json!({"scopes": scopes, "metrics": {}})))
}

/// Parameters of a question for values.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ValuesText {
    q: Option<String>,
    limit: Option<usize>,
}

async fn values(
    state: &ServeState,
    tenant: &RequestTenant,
    name: &str,
    text: ValuesText,
    range: &RangeText,
) -> Result<Vec<Value>, TempoError> {
    let field = field(name)?;
    match &field {
        luneta_query::traceql::ast::Field::Intrinsic(Intrinsic::Status) => {
            return Ok([Status::Error, Status::Ok, Status::Unset].map(Value::Status).to_vec());
        }
        luneta_query::traceql::ast::Field::Intrinsic(Intrinsic::Kind) => {
            let kinds = [Kind::Client, Kind::Consumer, Kind::Internal, Kind::Producer, Kind::Server, Kind::Unspecified];
            return Ok(kinds.map(Value::Kind).to_vec());
        }
        _ => {}
    }
    let (start_ns, end_ns) = range.range().map_err(TempoError::Invalid)?;
    let limit = text.limit.filter(|limit| *limit > 0).unwrap_or(VALUES_MAX).min(VALUES_MAX);
    // A query that is being typed is often not one yet: the values are then those of all spans.
    let request = ValuesRequest { field, query: text.q, start_ns, end_ns, limit };
    let mut found = state.engine().tag_values(&tenant.0, &request).await;
    if matches!(found, Err(QueryError::Parse { .. })) {
        found = state.engine().tag_values(&tenant.0, &ValuesRequest { query: None, ..request }).await;
    }
    Ok(found?)
}

pub(super) async fn tag_values(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Path(name): Path<String>,
    Query(text): Query<ValuesText>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let values = values(&state, &tenant, &name, text, &range).await?;
    let texts: Vec<String> = values.iter().map(Value::text).collect();
    Ok(Json(json!({"tagValues": texts, "metrics": {}})))
}

pub(super) async fn tag_values_v2(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Path(name): Path<String>,
    Query(text): Query<ValuesText>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let kind = |value: &Value| match value {
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Bool(_) => "bool",
        Value::Status(_) | Value::Kind(_) => "keyword",
        _ => "string",
    };
    let values = values(&state, &tenant, &name, text, &range).await?;
    let values: Vec<JsonValue> = values.iter().map(|value| json!({"type": kind(value), "value": value.text()})).collect();
    Ok(Json(json!({"tagValues": values, "metrics": {}})))
}
