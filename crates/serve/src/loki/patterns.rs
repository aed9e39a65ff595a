//! `patterns`: what is alike in lines, counted while they are written (table `log_patterns`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use axum::Json;
use axum::extract::State;
use luneta_query::SqlRequest;
use luneta_query::logql::Intervals;
use luneta_query::output::row_objects;
use serde_json::{Value, json};

use super::parameters::{HOUR_NS, bounds, matchers, step};
use super::reply::Failure;
use super::request::Asked;
use crate::ServeState;

/// Rows of counts read for one answer.
const ROWS_MAX: usize = 200_000;
/// Patterns of an answer, those of most lines.
const PATTERNS_MAX: usize = 300;
/// The label that patterns are told apart by.
const SERVICE: &str = "service_name";
/// What stands in patterns where lines differ; Loki has one form for all of them.
const PLACES: [&str; 7] = ["<num>", "<id>", "<hex>", "<uuid>", "<ip>", "<time>", "<*>"];
const SECOND_NS: i64 = 1_000_000_000;

/// Templates of lines with their counts at every step. Of streams, patterns know the service.
pub async fn patterns(State(state): State<ServeState>, asked: Asked) -> Result<Json<Value>, Failure> {
    let times = bounds(&asked.parameters, HOUR_NS)?;
    let step = step(&asked.parameters, &times)?.max(SECOND_NS);
    let services = services(&state, &asked, &times).await?;
    let query = format!(
        "SELECT service_name, pattern, CAST(to_unixtime(time) AS BIGINT) AS second, sum(count) AS count FROM log_patterns \
         WHERE time >= to_timestamp_nanos({}) AND time < to_timestamp_nanos({}) AND pattern IS NOT NULL \
         GROUP BY 1, 2, 3",
        times.start.max(0),
        times.end.max(0)
    );
    let request = SqlRequest { query, limit: Some(ROWS_MAX), ..SqlRequest::default() };
    let answer = state.query(&asked.tenant, request).await?;
    let mut found: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
    for row in answer.batches.iter().flat_map(row_objects) {
        let service = row[SERVICE].as_str().unwrap_or_default();
        let (Some(pattern), Some(second)) = (row["pattern"].as_str(), row["second"].as_i64()) else { continue };
        if services.as_ref().is_some_and(|services| !services.contains(service)) {
            continue;
        }
        let at = (second * SECOND_NS).div_euclid(step) * step / SECOND_NS;
        *found.entry(generic(pattern)).or_default().entry(at).or_default() += row["count"].as_u64().unwrap_or(0);
    }
    let mut found: Vec<_> = found.into_iter().map(|(pattern, counts)| (counts.values().sum::<u64>(), pattern, counts)).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.truncate(PATTERNS_MAX);
    let told = |(_, pattern, counts): &(u64, String, BTreeMap<i64, u64>)| json!({"pattern": pattern, "samples": counts.iter().map(|(at, count)| json!([at, count])).collect::<Vec<_>>()});
    Ok(Json(json!({"status": "success", "data": found.iter().map(told).collect::<Vec<_>>()})))
}

/// The services of the streams that are asked for; nothing where all are.
async fn services(state: &ServeState, asked: &Asked, times: &Range<i64>) -> Result<Option<BTreeSet<String>>, Failure> {
    let config = state.engine().config();
    let matchers = matchers(asked.parameters.first("query"), &config.logql_text)?;
    if matchers.is_empty() {
        return Ok(None);
    }
    let width_ns = times.end.saturating_sub(times.start).max(1);
    let whole = Intervals { start_ns: times.start, width_ns, count: 1 };
    let volumes = state.engine().log_volumes(&asked.tenant, &matchers, whole, config.timeout).await?;
    Ok(Some(volumes.streams.iter().map(|volume| volume.labels.get(SERVICE).to_owned()).collect()))
}

fn generic(pattern: &str) -> String {
    PLACES.iter().fold(pattern.to_owned(), |text, place| text.replace(place, "<_>"))
}
