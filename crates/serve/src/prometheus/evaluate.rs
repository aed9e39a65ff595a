//! Computing queries: `query`, `query_range`, and what is said of a query's text.

use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use luneta_model::Tenant;
use luneta_promql::{Params, Query, Severity, Value};
use luneta_query::MetricsAnswer;
use serde_json::json as object;

use super::json;
use super::parameters::{duration, limit, query, time_or, timeout};
use super::reply::{Failure, Listing, Remarks, plain, single, streamed};
use super::request::Asked;
use crate::ServeState;
use crate::names::now_ns;
use crate::parameters::Parameters;

/// Steps of a range query.
const STEPS_MAX: i64 = 11_000;

/// An answer, and what it took.
struct Evaluated {
    found: MetricsAnswer,
    queued: Duration,
    total: Duration,
}

/// Now, in milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    now_ns() / 1_000_000
}

/// `query`: the value at one time.
pub async fn instant(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let parameters = &asked.parameters;
    let limit = limit(parameters)?;
    let time = time_or(parameters, "time", now_ms())?;
    let timeout = timeout(parameters, state.engine().config().timeout)?;
    let params = with_lookback(Params::instant(time), parameters)?;
    answer(&state, &asked.tenant, query(parameters)?, params, timeout, Form::of(parameters, limit)).await
}

/// `query_range`: values at every step of a range.
pub async fn range(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let parameters = &asked.parameters;
    let limit = limit(parameters)?;
    let timeout = timeout(parameters, state.engine().config().timeout)?;
    let params = with_lookback(range_params(parameters)?, parameters)?;
    answer(&state, &asked.tenant, query(parameters)?, params, timeout, Form::of(parameters, limit)).await
}

/// The times of a range query.
fn range_params(parameters: &Parameters) -> Result<Params, Failure> {
    let text = |name: &str| parameters.first(name).unwrap_or_default();
    let at = |name: &str| super::parameters::time(text(name)).map_err(|fault| Failure::parameter(name, fault));
    let (start, end) = (at("start")?, at("end")?);
    if end < start {
        return Err(Failure::parameter("end", "end timestamp must not be before start time"));
    }
    let step = duration(text("step")).map_err(|fault| Failure::parameter("step", fault))?;
    if step <= 0 {
        let message = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(Failure::parameter("step", message));
    }
    if end.saturating_sub(start) / step > STEPS_MAX {
        let message =
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
        return Err(Failure::bad_data(message));
    }
    Ok(Params::range(start, end, step))
}

fn with_lookback(params: Params, parameters: &Parameters) -> Result<Params, Failure> {
    let Some(text) = parameters.first("lookback_delta") else { return Ok(params) };
    let lookback =
        duration(text).map_err(|fault| Failure::bad_data(format!("error parsing lookback delta duration: {fault}")))?;
    Ok(if lookback == 0 { params } else { Params { lookback_ms: lookback, ..params } })
}

/// Which form of an answer is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form {
    limit: Option<usize>,
    statistics: bool,
    /// With those of every step, where there is one only.
    by_step: bool,
}

impl Form {
    fn of(parameters: &Parameters, limit: Option<usize>) -> Self {
        let statistics = parameters.first("stats");
        Self { limit, statistics: statistics.is_some(), by_step: statistics == Some("all") }
    }
}

async fn answer(
    state: &ServeState,
    tenant: &Tenant,
    query: Query,
    params: Params,
    timeout: Duration,
    form: Form,
) -> Result<Response, Failure> {
    let text = query.text().to_owned();
    let instant = params.is_instant().then_some(params.start_ms);
    let Evaluated { found, queued, total } = evaluate(state, tenant, query, params, timeout).await?;
    let statistics = form.statistics.then(|| statistics(&found, queued, total, instant.filter(|_| form.by_step)));
    let remarks = remarks(&found, &text);
    Ok(streamed(pieces(found.answer.value, statistics.as_deref().unwrap_or_default(), form.limit, remarks)))
}

/// Computes a query when its turn comes.
async fn evaluate(
    state: &ServeState,
    tenant: &Tenant,
    query: Query,
    params: Params,
    timeout: Duration,
) -> Result<Evaluated, Failure> {
    let started = Instant::now();
    let waited = tokio::time::timeout(timeout, state.promql_turns().acquire()).await;
    let _turn = waited.map_err(|_| Failure::timeout("query queue"))?.map_err(|_| Failure::timeout("query queue"))?;
    let queued = started.elapsed();
    let limits = state.engine().config().promql.clone();
    let found = state.engine().promql(tenant, query, params, limits, timeout.saturating_sub(queued)).await;
    let total = started.elapsed();
    state.queries().record(total, found.is_err());
    Ok(Evaluated { found: found?, queued, total })
}

/// What is remarked on an answer.
pub(super) fn remarks(found: &MetricsAnswer, text: &str) -> Remarks {
    let annotations = &found.answer.annotations;
    let mut warnings = found.warnings.clone();
    warnings.extend(annotations.render(Severity::Warning, text));
    Remarks { warnings, infos: annotations.render(Severity::Info, text) }
}

/// What an answer took, as a member of its data.
fn statistics(found: &MetricsAnswer, queued: Duration, total: Duration, instant: Option<i64>) -> String {
    let seconds = |time: Duration| time.as_secs_f64();
    let mut samples = object!({
        "totalQueryableSamples": found.answer.statistics.samples_total,
        "peakSamples": found.answer.statistics.samples_peak,
    });
    if let Some(milliseconds) = instant {
        samples["totalQueryableSamplesPerStep"] =
            object!([[milliseconds as f64 / 1000.0, found.answer.statistics.samples_total]]);
    }
    let timings = object!({
        "evalTotalTime": seconds(found.fetch_time + found.compute_time),
        "queryPreparationTime": seconds(found.fetch_time),
        "innerEvalTime": seconds(found.compute_time),
        "execQueueTime": seconds(queued),
        "execTotalTime": seconds(total),
    });
    format!(",\"stats\":{}", object!({"timings": timings, "samples": samples}))
}

/// The JSON of an answer, as `query` and `query_range` give it.
pub fn written(found: MetricsAnswer, text: &str, limit: Option<usize>) -> Vec<u8> {
    let remarks = remarks(&found, text);
    pieces(found.answer.value, "", limit, remarks).flatten().collect()
}

/// The answer for a value, piece by piece.
fn pieces(
    value: Value,
    statistics: &str,
    limit: Option<usize>,
    mut remarks: Remarks,
) -> Box<dyn Iterator<Item = Vec<u8>> + Send> {
    let before = |kind: &str| format!("{{\"resultType\":\"{kind}\",\"result\":").into_bytes();
    let after = format!("{statistics}}}").into_bytes();
    match value {
        Value::Vector(samples) => {
            let samples = cut(samples, limit, &mut remarks);
            Box::new(Listing::within(&before("vector"), samples, json::sample, &after, &remarks))
        }
        Value::Matrix(ranges) => {
            let ranges = cut(ranges, limit, &mut remarks);
            Box::new(Listing::within(&before("matrix"), ranges, json::range, &after, &remarks))
        }
        Value::Scalar(time, number) => {
            let write = |out: &mut Vec<u8>| json::scalar(out, time, number);
            Box::new(std::iter::once(single(&before("scalar"), write, &after, &remarks)))
        }
        Value::String(time, text) => {
            let write = |out: &mut Vec<u8>| json::string(out, time, &text);
            Box::new(std::iter::once(single(&before("string"), write, &after, &remarks)))
        }
    }
}

/// The first of a list, with a remark when there are more.
pub(super) fn cut<T>(mut items: Vec<T>, limit: Option<usize>, remarks: &mut Remarks) -> Vec<T> {
    if let Some(limit) = limit.filter(|limit| items.len() > *limit) {
        items.truncate(limit);
        remarks.truncated();
    }
    items
}

/// `format_query`: the text as people like to read it.
pub async fn format_query(asked: Asked) -> Result<Response, Failure> {
    Ok(plain(&query(&asked.parameters)?.pretty()))
}

/// `parse_query`: the tree.
pub async fn parse_query(asked: Asked) -> Result<Response, Failure> {
    Ok(plain(&query(&asked.parameters)?.tree()))
}
