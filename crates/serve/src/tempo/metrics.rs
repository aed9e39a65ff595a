//! Tempo's metrics: time series made of spans.

use axum::Json;
use axum::extract::{Query, State};
use luneta_query::traceql::eval::Value;
use luneta_query::traceql::series::{Series, SeriesAnswer, SeriesRequest};
use serde_json::{Value as JsonValue, json};

use super::parameters::{HOUR, duration, number};
use super::search::any_value;
use super::{TempoError, json as tempo_json};
use crate::ServeState;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;

/// Most points of a series when no step is given.
const POINTS: i64 = 240;
/// Exemplars unless fewer are asked for.
pub(super) const EXEMPLARS: usize = 100;
/// Steps that people read easily, in seconds.
const STEPS: [i64; 18] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const SECOND_NS: i64 = 1_000_000_000;

/// The step of a series over this time, in nanoseconds: the shortest of [`STEPS`] that makes no more than
/// [`POINTS`] of it.
pub(super) fn usual_step(start_ns: i64, end_ns: i64) -> i64 {
    let shortest = end_ns.saturating_sub(start_ns) / POINTS;
    let fits = STEPS.iter().map(|seconds| seconds * SECOND_NS).find(|step| *step >= shortest);
    let day = 86_400 * SECOND_NS;
    fits.unwrap_or_else(|| (shortest / day + 1).saturating_mul(day))
}

fn query(parameters: &Parameters) -> Result<String, String> {
    let query = parameters.first_of(&["q", "query"]).map(|(_, query)| query).filter(|query| !query.trim().is_empty());
    query.map(ToOwned::to_owned).ok_or_else(|| "the parameter `q` is missing: a TraceQL query".to_owned())
}

fn asked_range(parameters: &Parameters) -> Result<SeriesRequest, String> {
    let query = query(parameters)?;
    let (start_ns, end_ns) = HOUR.of(parameters)?;
    let step_ns = match parameters.first("step") {
        Some(step) => {
            duration(step).filter(|ns| *ns > 0).ok_or_else(|| format!("`step={step}` is no duration, such as 15s or 1m"))?
        }
        None => usual_step(start_ns, end_ns),
    };
    let exemplars = number(parameters, "exemplars")?.unwrap_or(EXEMPLARS);
    Ok(SeriesRequest { query, start_ns, end_ns, step_ns, exemplars })
}

fn asked_instant(parameters: &Parameters) -> Result<SeriesRequest, String> {
    let query = query(parameters)?;
    let (start_ns, end_ns) = HOUR.of(parameters)?;
    Ok(SeriesRequest::instant(query, start_ns, end_ns))
}

pub(super) async fn series(
    state: &ServeState,
    tenant: &RequestTenant,
    request: &SeriesRequest,
) -> Result<SeriesAnswer, TempoError> {
    let started = std::time::Instant::now();
    let found = state.engine().series(&tenant.0, request).await;
    state.queries().record(started.elapsed(), found.is_err());
    Ok(found?)
}

pub(super) async fn range(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let request = asked_range(&parameters).map_err(TempoError::Invalid)?;
    let answer = series(&state, &tenant, &request).await?;
    let series: Vec<JsonValue> = answer.series.iter().map(series_json).collect();
    Ok(Json(reply(&series, &answer)))
}

/// One number for the whole time.
pub(super) async fn instant(
    State(state): State<ServeState>,
    tenant: RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Json<JsonValue>, TempoError> {
    let request = asked_instant(&parameters).map_err(TempoError::Invalid)?;
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

/// Milliseconds since 1970.
pub(super) const fn milliseconds(ns: i64) -> i64 {
    ns.div_euclid(1_000_000)
}

fn series_json(series: &Series) -> JsonValue {
    let samples: Vec<JsonValue> = series
        .points
        .iter()
        .map(|(time, value)| json!({"timestampMs": milliseconds(*time).to_string(), "value": tempo_json::double(*value)}))
        .collect();
    let exemplars: Vec<JsonValue> = series
        .exemplars
        .iter()
        .map(|exemplar| {
            json!({
                "labels": [{"key": "trace:id", "value": {"stringValue": hex::encode(exemplar.trace_id)}}],
                "value": tempo_json::double(exemplar.value),
                "timestampMs": milliseconds(exemplar.time_ns).to_string(),
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
pub(super) fn prometheus_labels(series: &Series) -> String {
    let text = |value: &Value| value.text().replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = series.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", text(value))).collect();
    format!("{{{}}}", labels.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        let seconds = |range: i64| usual_step(1_000 * SECOND_NS, (1_000 + range) * SECOND_NS) / SECOND_NS;
        let cases =
            [(1, 1), (240, 1), (241, 2), (3600, 15), (6 * 3600, 120), (86_400, 600), (7 * 86_400, 3600), (86_400_000, 432_000)];
        for (range, step) in cases {
            assert_eq!(seconds(range), step, "{range} seconds");
        }
    }

    #[test]
    fn addresses() {
        let of = |query: &str| {
            let request = asked_range(&Parameters::of(query))?;
            Ok(((request.end_ns - request.start_ns) / SECOND_NS, request.step_ns / SECOND_NS, request.exemplars))
        };
        let cases = [
            ("q=x", Ok((3600, 15, 100))),
            ("query=x&since=15m&exemplars=3", Ok((900, 5, 3))),
            ("q=x&start=60&end=120&step=30s&exemplars=0", Ok((60, 30, 0))),
            ("q=x&step=0", Err("`step=0` is no duration, such as 15s or 1m")),
            ("q=%20", Err("the parameter `q` is missing: a TraceQL query")),
        ];
        for (query, expected) in cases {
            let found: Result<_, String> = of(query);
            assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|e| *e), "{query}");
        }
    }
}
