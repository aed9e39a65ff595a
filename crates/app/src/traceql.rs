//! `luneta query --traceql`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use luneta_query::traceql::parse;
use serde_json::{Value, json};

use crate::api;
use crate::cli::{Output, QueryArgs};
use crate::promql::{Times, csv, now_ms, seconds, shown_time, times};
use crate::query::table;

/// Most traces of one answer.
const TRACES_MAX: usize = 1000;
/// How far back is looked unless it is said: for traces, and for time series.
const DAY_MS: i64 = 24 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;

/// The answer of a query in the form that is asked for.
///
/// # Errors
/// When the query or the server failed.
pub async fn answer(text: &str, args: &QueryArgs) -> Result<Vec<u8>> {
    if matches!(args.output, Output::Parquet | Output::Arrow) {
        bail!("answers to TraceQL are shown as table, json or csv");
    }
    let is_search = parse(text)?.metrics.is_none();
    let (path, fields) = request(text, is_search, times(args, now_ms())?, args.limit);
    let started = Instant::now();
    let (status, bytes) = api::ask(path, &fields, &[("accept", "application/json")], args).await?;
    if status != 200 {
        bail!("{}", String::from_utf8_lossy(&bytes).trim_end());
    }
    if args.output == Output::Json {
        return Ok([&bytes[..], b"\n"].concat());
    }
    let (found, elapsed) = (serde_json::from_slice(&bytes)?, started.elapsed());
    let shown = if is_search { traces(&found, args.limit, elapsed) } else { series(&found, args.limit, elapsed) };
    Ok(if args.output == Output::Csv { csv(&shown) } else { table(&shown) }.into_bytes())
}

/// The path, and what is asked there. Series without a start have one value for an hour.
fn request(text: &str, is_search: bool, times: Times, limit: usize) -> (&'static str, Vec<(&'static str, String)>) {
    let back = if is_search { DAY_MS } else { HOUR_MS };
    let (start, end, step) = match times {
        Times::At(end) => (end.saturating_sub(back), end, None),
        Times::Range(start, end, step) => (start, end, Some(step)),
    };
    let mut fields = vec![("q", text.to_owned()), ("start", seconds(start)), ("end", seconds(end))];
    if is_search {
        fields.push(("limit", limit.clamp(1, TRACES_MAX).to_string()));
        return ("/tempo/api/search", fields);
    }
    let Some(step) = step else { return ("/tempo/api/metrics/query", fields) };
    fields.push(("step", format!("{}s", seconds(step))));
    ("/tempo/api/metrics/query_range", fields)
}

/// A row for each trace, the newest first.
fn traces(answer: &Value, limit: usize, elapsed: Duration) -> Value {
    let empty = Vec::new();
    let mut found: Vec<&Value> = answer["traces"].as_array().unwrap_or(&empty).iter().collect();
    let start = |trace: &Value| trace["startTimeUnixNano"].as_str().and_then(|ns| ns.parse::<i128>().ok()).unwrap_or_default();
    found.sort_by_key(|trace| std::cmp::Reverse(start(trace)));
    let row = |trace: &&Value| {
        let sets = trace["spanSets"].as_array().unwrap_or(&empty);
        let matched: u64 = sets.iter().filter_map(|set| set["matched"].as_u64()).sum();
        let time = luneta_query::output::rfc3339(start(trace));
        json!([
            time,
            trace["traceID"],
            trace["rootServiceName"],
            trace["rootTraceName"],
            text_of(&trace["durationMs"]),
            matched.to_string()
        ])
    };
    let columns = ["time", "trace_id", "service", "name", "duration_ms", "matched"].map(|name| json!({"name": name}));
    let truncated = found.len() >= limit.min(TRACES_MAX);
    let stats = json!({"elapsed_ms": elapsed.as_secs_f64() * 1000.0});
    json!({"columns": columns, "rows": found.iter().map(row).collect::<Vec<_>>(), "truncated": truncated, "stats": stats})
}

/// A column for each label, then time and value.
fn series(answer: &Value, limit: usize, elapsed: Duration) -> Value {
    let empty = Vec::new();
    let all = answer["series"].as_array().unwrap_or(&empty);
    let labels = |one: &Value| -> Vec<(String, Value)> {
        let labels = one["labels"].as_array().unwrap_or(&empty).iter();
        labels.map(|label| (text_of(&label["key"]), any_value(&label["value"]))).collect()
    };
    let names: BTreeSet<String> = all.iter().flat_map(labels).map(|(name, _)| name).collect();
    let mut rows = Vec::new();
    for one in all {
        let labels = labels(one);
        let of = |name: &String| labels.iter().find(|(known, _)| known == name).map_or(Value::Null, |(_, value)| value.clone());
        let before: Vec<Value> = names.iter().map(of).collect();
        let points = one["samples"].as_array().map_or(std::slice::from_ref(one), Vec::as_slice);
        for point in points {
            let milliseconds = point["timestampMs"].as_str().and_then(|ms| ms.parse::<f64>().ok());
            let time = milliseconds.map_or(Value::Null, |ms| shown_time(&json!(ms / 1000.0)));
            rows.push(Value::Array(before.iter().cloned().chain([time, text_of(&point["value"]).into()]).collect()));
        }
    }
    let truncated = rows.len() > limit;
    rows.truncate(limit);
    let columns = names.iter().map(String::as_str).chain(["time", "value"]).map(|name| json!({"name": name}));
    let warnings: Vec<&Value> = answer.get("message").into_iter().collect();
    let stats = json!({"elapsed_ms": elapsed.as_secs_f64() * 1000.0});
    json!({"columns": columns.collect::<Vec<_>>(), "rows": rows, "truncated": truncated, "stats": stats, "warnings": warnings})
}

/// What is in a value of OTLP's JSON.
fn any_value(value: &Value) -> Value {
    value.as_object().and_then(|one| one.values().next()).map_or(Value::Null, |value| text_of(value).into())
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        // Whole numbers as such.
        other => other.to_string().trim_end_matches(".0").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_go_where_they_are_answered() {
        let of = |is_search, times| {
            let (path, fields) = request("{}", is_search, times, 5);
            (path, fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"))
        };
        let day = i64::from(86_400_000);
        for (is_search, times, path, fields) in [
            (true, Times::At(day), "/tempo/api/search", "q={}&start=0.000&end=86400.000&limit=5"),
            (true, Times::Range(1000, 2000, 15_000), "/tempo/api/search", "q={}&start=1.000&end=2.000&limit=5"),
            (false, Times::At(day), "/tempo/api/metrics/query", "q={}&start=82800.000&end=86400.000"),
            (false, Times::Range(1000, 2000, 500), "/tempo/api/metrics/query_range", "q={}&start=1.000&end=2.000&step=0.500s"),
        ] {
            assert_eq!(of(is_search, times), (path, fields.to_owned()));
        }
    }

    #[test]
    fn answers_become_rows() {
        let found = json!({"traces": [
            {"traceID": "a1", "rootServiceName": "web", "rootTraceName": "GET /", "startTimeUnixNano": "1", "durationMs": 7, "spanSets": [{"matched": 2}, {"matched": 1}]},
            {"traceID": "b2", "rootServiceName": "web", "rootTraceName": "GET /", "startTimeUnixNano": "2", "durationMs": 8},
        ]});
        let wanted = "time,trace_id,service,name,duration_ms,matched\n1970-01-01T00:00:00.000000002Z,b2,web,GET /,8,0\n\
                      1970-01-01T00:00:00.000000001Z,a1,web,GET /,7,3\n";
        assert_eq!(csv(&traces(&found, 10, Duration::ZERO)), wanted);
        let found = json!({"series": [
            {"labels": [{"key": "service", "value": {"stringValue": "web"}}], "samples": [{"timestampMs": "4000", "value": 0.5}]},
            {"labels": [{"key": "code", "value": {"intValue": "200"}}], "value": 2},
        ]});
        let wanted = "code,service,time,value\n,web,1970-01-01T00:00:04.000000000Z,0.5\n200,,,2\n";
        assert_eq!(csv(&series(&found, 10, Duration::ZERO)), wanted);
        assert_eq!(series(&found, 1, Duration::ZERO)["truncated"], true);
    }
}
