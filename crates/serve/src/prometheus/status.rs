//! What Prometheus tells of itself: version, flags, sizes.

use std::collections::{HashMap, HashSet};
use std::time::SystemTime;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use luneta_promql::{Labels, METRIC_NAME, format_duration};
use serde_json::{Value, json};

use super::evaluate::now_ms;
use super::reply::{Failure, plain};
use super::request::Asked;
use crate::ServeState;

/// The version of Prometheus whose API this is. Grafana chooses by it what it asks for.
const API_VERSION: &str = "3.0.0";
/// Series that had a sample in this time count as current ones.
const HEAD_MS: i64 = 2 * 3600 * 1000;
/// Entries of each list of `status/tsdb`.
const TOP: usize = 10;
const TOP_MAX: usize = 10_000;

/// `status/buildinfo`.
pub async fn build_information(State(state): State<ServeState>) -> Response {
    plain(&json!({
        "version": API_VERSION,
        "revision": format!("luneta-{}", state.0.info.version),
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }))
}

/// `status/config`: what is scraped, without secrets.
pub async fn configuration(State(state): State<ServeState>) -> Response {
    let shown = state.scraper().map(luneta_scrape::Scraper::configuration).filter(|text| !text.is_empty());
    plain(&json!({"yaml": shown.unwrap_or_else(|| "global: {}\n".to_owned())}))
}

/// `status/flags`: settings under the names of Prometheus's flags.
pub async fn flags(State(state): State<ServeState>) -> Response {
    let (config, info) = (state.engine().config(), &state.0.info);
    let flags = json!({
        "query.lookback-delta": "5m",
        "query.max-concurrency": config.concurrent_max.to_string(),
        "query.max-samples": config.promql.samples_max.to_string(),
        "query.timeout": format_duration(config.timeout.as_millis() as i64),
        "storage.tsdb.path": info.data_dir.display().to_string(),
        "storage.tsdb.retention.time": retention(&state),
        "web.enable-admin-api": "false",
        "web.enable-lifecycle": "false",
        "web.listen-address": info.addresses.get("prometheus").or(info.addresses.get("http")),
    });
    plain(&flags)
}

/// How long points are kept.
fn retention(state: &ServeState) -> String {
    let [.., points] = state.0.info.retention;
    format_duration(points.as_millis() as i64)
}

fn rfc3339(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// `status/runtimeinfo`.
pub async fn runtime_information(State(state): State<ServeState>) -> Response {
    let started = rfc3339(state.0.info.started_at);
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let folder = std::env::current_dir().unwrap_or_default();
    plain(&json!({
        "startTime": started,
        "CWD": folder.display().to_string(),
        "hostname": hostname.trim(),
        "serverTime": rfc3339(SystemTime::now()),
        "reloadConfigSuccess": true,
        "lastConfigTime": started,
        "corruptionCount": 0,
        "goroutineCount": tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        "GOMAXPROCS": std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
        "GOMEMLIMIT": i64::MAX,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": retention(&state),
    }))
}

/// `status/walreplay`: done before the server listens.
pub async fn replay() -> Response {
    plain(&json!({"min": 0, "max": 0, "current": 0}))
}

/// `status/tsdb`: how many series and labels there are.
pub async fn sizes(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let top = match asked.parameters.first("limit") {
        None => TOP,
        Some(text) => match text.parse::<usize>() {
            Ok(count) if (1..=TOP_MAX).contains(&count) => count,
            _ => return Err(Failure::bad_data(format!("limit must be a positive number up to {TOP_MAX}"))),
        },
    };
    let now = now_ms();
    let window = (now.saturating_sub(HEAD_MS), now);
    let series = state.engine().metric_series(&asked.tenant, &[Vec::new()], window).await?;
    Ok(plain(&cardinality(&series, top, window)))
}

/// The largest counts of a kind.
fn largest(counts: HashMap<String, usize>, top: usize) -> Vec<Value> {
    let mut sorted: Vec<(String, usize)> = counts.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sorted.into_iter().take(top).map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn cardinality(series: &[Labels], top: usize, (from, until): (i64, i64)) -> Value {
    let mut by_metric: HashMap<String, usize> = HashMap::new();
    let mut by_pair: HashMap<(&str, &str), usize> = HashMap::new();
    for labels in series {
        *by_metric.entry(labels.get(METRIC_NAME).to_owned()).or_default() += 1;
        for pair in labels.iter() {
            *by_pair.entry(pair).or_default() += 1;
        }
    }
    let pairs: HashSet<(&str, &str)> = by_pair.keys().copied().collect();
    let mut values: HashMap<String, usize> = HashMap::new();
    let mut bytes: HashMap<String, usize> = HashMap::new();
    for (name, value) in &pairs {
        *values.entry((*name).to_owned()).or_default() += 1;
        *bytes.entry((*name).to_owned()).or_default() += name.len() + value.len();
    }
    let by_pair = by_pair.into_iter().map(|((name, value), count)| (format!("{name}={value}"), count)).collect();
    json!({
        "headStats": {
            "numSeries": series.len(),
            "numLabelPairs": pairs.len(),
            "chunkCount": 0,
            "minTime": from,
            "maxTime": until,
        },
        "seriesCountByMetricName": largest(by_metric, top),
        "labelValueCountByLabelName": largest(values, top),
        "memoryInBytesByLabelName": largest(bytes, top),
        "seriesCountByLabelValuePair": largest(by_pair, top),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinality_counts_series_values_and_bytes() {
        let series =
            [("up", "a"), ("up", "b"), ("down", "a")].map(|(name, job)| Labels::new([(METRIC_NAME, name), ("job", job)]));
        let found = cardinality(&series, 1, (5, 9));
        let wanted = json!({
            "headStats": {"numSeries": 3, "numLabelPairs": 4, "chunkCount": 0, "minTime": 5, "maxTime": 9},
            "seriesCountByMetricName": [{"name": "up", "value": 2}],
            "labelValueCountByLabelName": [{"name": "__name__", "value": 2}],
            "memoryInBytesByLabelName": [{"name": "__name__", "value": 22}],
            "seriesCountByLabelValuePair": [{"name": "__name__=up", "value": 2}],
        });
        assert_eq!(found, wanted);
    }
}
