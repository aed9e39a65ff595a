//! Tempo's metrics: time series made of spans.

use axum::Json;
use axum::extract::{Query, State};
use luneta_query::traceql::eval::Value;
use luneta_query::traceql::series::{Series, SeriesAnswer, SeriesRequest};
use serde::Deserialize;
use serde_json::{Value as JsonValue, json};

use super::parameters::{RangeText, duration};
use super::search::any_value;
use super::{TempoError, json as tempo_json};
use crate::ServeState;
use crate::tenant::RequestTenant;

/// Points of a series when no step is given.
const POINTS: i64 = 120;
/// Exemplars unless fewer are asked for.
const EXEMPLARS: usize = 100;

/// Parameters of a question for series.
#[derive(Debug, Default, Deserialize)]
pub(super) struct SeriesText {
    q: Option<String>,
    query: Option<String>,
    step: Option<String>,
    exemplars: Option<usize>,
}

impl SeriesText {
    fn query(&self) -> Result<String, TempoError> {
        let query = self.q.as_ref().or(self.query.as_ref()).filter(|q| !q.trim().is_empty());
        query.cloned().ok_or_else(|| TempoError::Invalid("the parameter `q` is missing: a TraceQL query".to_owned()))
    }
}

async fn series(state: &ServeState, tenant: &RequestTenant, request: &SeriesRequest) -> Result<SeriesAnswer, TempoError> {
    let started = std::time::Instant::now();
    let found = state.engine().series(&tenant.0, request).await;
    state.queries().record(started.elapsed(), found.is_err());
    Ok(found?)
}

pub(super) async fn query_range(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(text): Query<SeriesText>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let (start_ns, end_ns) = range.range().map_err(TempoError::Invalid)?;
    let step_ns = match text.step.as_deref().filter(|step| !step.is_empty()) {
        Some(step) => duration(step)
            .filter(|ns| *ns > 0)
            .ok_or_else(|| TempoError::Invalid(format!("`step={step}` is no duration, such as 15s or 1m")))?,
        // Whole seconds, so that about as many points come out as a chart shows.
        None => (end_ns - start_ns).div_euclid(POINTS).div_euclid(1_000_000_000).max(1) * 1_000_000_000,
    };
    let exemplars = text.exemplars.unwrap_or(EXEMPLARS);
    let request = SeriesRequest { query: text.query()?, start_ns, end_ns, step_ns, exemplars };
    let answer = series(&state, &tenant, &request).await?;
    let series: Vec<JsonValue> = answer.series.iter().map(series_json).collect();
    Ok(Json(reply(&series, &answer)))
}

/// One number for the whole time.
pub(super) async fn query(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(text): Query<SeriesText>,
    Query(range): Query<RangeText>,
) -> Result<Json<JsonValue>, TempoError> {
    let (start_ns, end_ns) = range.range().map_err(TempoError::Invalid)?;
    let request = SeriesRequest::instant(text.query()?, start_ns, end_ns);
    let answer = series(&state, &tenant, &request).await?;
    let series: Vec<JsonValue> = answer
        .series
        .iter()
        .filter_map(|series| {
            let (_, value) = series.points.first()?;
            let value = tempo_json::double(*value);
            Some(json!({"labels": labels(series), "promLabels": prometheus_labels(series), "value": value}))
        })
        .collect();
    Ok(Json(reply(&series, &answer)))
}

fn reply(series: &[JsonValue], answer: &SeriesAnswer) -> JsonValue {
    if answer.warnings.is_empty() {
        return json!({"series": series, "metrics": {}, "status": "COMPLETE"});
    }
    json!({"series": series, "metrics": {}, "status": "PARTIAL", "message": answer.warnings.join("; ")})
}

fn series_json(series: &Series) -> JsonValue {
    let milliseconds = |ns: i64| ns.div_euclid(1_000_000).to_string();
    let samples: Vec<JsonValue> = series
        .points
        .iter()
        .map(|(time, value)| json!({"timestampMs": milliseconds(*time), "value": tempo_json::double(*value)}))
        .collect();
    let exemplars: Vec<JsonValue> = series
        .exemplars
        .iter()
        .map(|exemplar| {
            json!({
                "labels": [{"key": "trace:id", "value": {"stringValue": hex::encode(exemplar.trace_id)}}],
                "value": tempo_json::double(exemplar.value),
                "timestampMs": milliseconds(exemplar.time_ns),
            })
        })
        .collect();
    let mut out = json!({"labels": labels(series), "promLabels": prometheus_labels(series), "samples": samples});
    if !exemplars.is_empty() {
        out["exemplars"] = exemplars.into();
    }
    out
}

fn labels(series: &Series) -> JsonValue {
    series.labels.iter().map(|(name, value)| json!({"key": name, "value": any_value(value)})).collect()
}

/// `{name="value", …}`.
fn prometheus_labels(series: &Series) -> String {
    let text = |value: &Value| value.text().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = series.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", text(value))).collect();
    format!("{{{}}}", labels.join(", "))
}
