//! Tempo's search: traces by TraceQL.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use luneta_query::TraceSearch;
use luneta_query::traceql::eval::{EvalTrace, Plan, Value};
use luneta_query::traceql::search::{FoundTrace, Search};
use serde_json::{Value as JsonValue, json};

use super::parameters::{DAY, number, positive};
use super::tag_search::TagSearch;
use super::{TempoError, json as tempo_json};
use crate::ServeState;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;

/// Traces of an answer unless more are asked for, and the most.
pub(super) const LIMIT: usize = 20;
pub(super) const LIMIT_MAX: usize = 1_000;
/// Spans shown of a spanset unless more are asked for, and the most.
pub(super) const SPANS: usize = 3;
pub(super) const SPANS_MAX: usize = 1_000;
/// What stands for the root of a trace that has none.
pub(super) const NO_ROOT: &str = "<root span not yet received>";
/// The search of an address.
fn asked(parameters: &Parameters) -> Result<TraceSearch, String> {
    let given = parameters.first("q").filter(|q| !q.trim().is_empty());
    let query = match given {
        Some(_) if parameters.first("tags").is_some() => return Err("a search has either `q` or `tags`, not both".to_owned()),
        Some(query) => query.to_owned(),
        None => TagSearch::of(parameters)?.query()?,
    };
    let (start_ns, end_ns) = DAY.of(parameters)?;
    let limit = positive(parameters, "limit")?.unwrap_or(LIMIT).min(LIMIT_MAX);
    Ok(TraceSearch { query, start_ns, end_ns, limit })
}

pub(super) async fn search(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let request = asked(&parameters).map_err(TempoError::Invalid)?;
    let spans = match number(&parameters, "spss").map_err(TempoError::Invalid)? {
        // As many as there are.
        Some(0) => SPANS_MAX,
        Some(spans) => spans.min(SPANS_MAX),
        None => SPANS,
    };
    let (plan, search) = found(&state, &tenant, &request).await?;
    Ok(Json(search_answer(&plan, &search, spans)))
}

pub(super) async fn found(
    state: &ServeState,
    tenant: &RequestTenant,
    request: &TraceSearch,
) -> Result<(Plan, Search), TempoError> {
    let started = std::time::Instant::now();
    let found = state.engine().search(&tenant.0, request).await;
    state.queries().record(started.elapsed(), found.is_err());
    Ok(found?)
}

/// Spans of a service in a trace, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ServiceStats {
    pub(super) spans: u32,
    pub(super) errors: u32,
}

/// What each service did in a trace.
pub(super) fn service_stats(trace: &EvalTrace) -> BTreeMap<&str, ServiceStats> {
    let mut stats: BTreeMap<&str, ServiceStats> = BTreeMap::new();
    for span in &trace.spans {
        let of = stats.entry(&span.service).or_default();
        of.spans += 1;
        of.errors += u32::from(span.failed);
    }
    stats
}

/// `SearchResponse` of Tempo's `tempo.proto` as JSON.
fn search_answer(plan: &Plan, search: &Search, spans: usize) -> JsonValue {
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
    let stats: BTreeMap<&str, JsonValue> = service_stats(trace)
        .into_iter()
        .map(|(service, of)| (service, json!({"spanCount": of.spans, "errorCount": of.errors})))
        .collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let cases = [
            ("q=%7B%7D", Ok(("{}", 20))),
            ("q=%7B%7D&limit=7", Ok(("{}", 7))),
            ("limit=5000&tags=name%3Da", Ok(("{ name =~ \"(?is).*a.*\" }", 1000))),
            ("q=&limit=", Ok(("{}", 20))),
            ("q=%7B%7D&tags=a%3Db", Err("a search has either `q` or `tags`, not both")),
            ("limit=0", Err("`limit` must be above 0")),
            ("limit=many", Err("`limit=many` is no whole number from 0 on")),
        ];
        for (query, expected) in cases {
            let found = asked(&Parameters::of(query));
            let found = found.as_ref().map(|search| (search.query.as_str(), search.limit)).map_err(String::as_str);
            assert_eq!(found, expected, "{query}");
        }
    }
}
