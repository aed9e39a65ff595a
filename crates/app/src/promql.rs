//! `luneta query --promql`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow, bail};
use luneta_model::Tenant;
use luneta_promql::{METRIC_NAME, Params, ParseOptions, Query};
use luneta_query::{QueryConfig, QueryEngine};
use luneta_serve::{prometheus_answer, prometheus_duration, prometheus_time};
use serde_json::{Value, json};

use crate::cli::{Output, QueryArgs};
use crate::client::Client;
use crate::query::{open_lake, table};

/// Values of a range when no step is given.
const POINTS: i64 = 100;

/// When a query is asked, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// At one time.
    At(i64),
    /// From, to, and the time between.
    Range(i64, i64, i64),
}

impl Times {
    /// The path of the API that is asked, of the two for one time and for a range, and the parameters that say when.
    pub(crate) fn request(self, [at, range]: [&'static str; 2]) -> (&'static str, Vec<(&'static str, String)>) {
        match self {
            Times::At(time) => (at, vec![("time", seconds(time))]),
            Times::Range(start, end, step) => {
                (range, vec![("start", seconds(start)), ("end", seconds(end)), ("step", seconds(step))])
            }
        }
    }
}

/// The answer of a query in the form that is asked for.
///
/// # Errors
/// When the query or the server failed.
pub async fn answer(query: &str, args: &QueryArgs) -> Result<Vec<u8>> {
    if matches!(args.output, Output::Parquet | Output::Arrow) {
        bail!("answers to PromQL are shown as table, json or csv");
    }
    let times = times(args, now_ms())?;
    let started = Instant::now();
    let bytes = match Client::find(&args.target).await? {
        Some(client) => from_server(&client, query, times, args).await?,
        None => from_lake(query, times, args).await?,
    };
    if args.output == Output::Json {
        return Ok([&bytes[..], b"\n"].concat());
    }
    let shown = rows(&serde_json::from_slice(&bytes)?, args.limit, started.elapsed());
    Ok(if args.output == Output::Csv { csv(&shown) } else { table(&shown) }.into_bytes())
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A time, or how long before now.
fn moment(flag: &str, text: &str, now_ms: i64) -> Result<i64> {
    if let Ok(time) = prometheus_time(text) {
        return Ok(time);
    }
    match prometheus_duration(text.strip_prefix('-').unwrap_or(text)) {
        Ok(ago) => Ok(now_ms.saturating_sub(ago)),
        Err(_) => {
            bail!("{flag} {text}: write a time such as 2026-01-31T12:00:00Z, seconds since 1970, or how long ago, such as 1h")
        }
    }
}

/// When a query is to be asked.
///
/// # Errors
/// Names the flag that says no time.
pub(crate) fn times(args: &QueryArgs, now_ms: i64) -> Result<Times> {
    let end = args.end.as_deref().map_or(Ok(now_ms), |text| moment("--end", text, now_ms))?;
    let Some(start) = args.start.as_deref() else { return Ok(Times::At(end)) };
    let start = moment("--start", start, now_ms)?;
    if start > end {
        bail!("--start is after --end");
    }
    let step = match args.step.as_deref() {
        Some(text) => prometheus_duration(text).map_err(|fault| anyhow!("--step: {fault}"))?,
        // Whole seconds.
        None => (end.saturating_sub(start) / POINTS / 1000).max(1) * 1000,
    };
    if step <= 0 {
        bail!("--step must be more than nothing");
    }
    Ok(Times::Range(start, end, step))
}

/// Seconds as the API takes them.
pub(crate) fn seconds(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", milliseconds.unsigned_abs() / 1000, milliseconds.unsigned_abs() % 1000)
}

async fn from_server(client: &Client, query: &str, times: Times, args: &QueryArgs) -> Result<Vec<u8>> {
    let (path, mut fields) = times.request(["/api/v1/query", "/api/v1/query_range"]);
    fields.extend([("query", query.to_owned()), ("timeout", args.timeout.to_string())]);
    let (status, bytes) = client.form(path, fields, Duration::from_secs(args.timeout.saturating_add(5))).await?;
    if status == 200 {
        return Ok(bytes);
    }
    let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    match answer["error"].as_str() {
        Some(message) => bail!("{message}"),
        None => bail!("the server answered {status}: {}", String::from_utf8_lossy(&bytes)),
    }
}

async fn from_lake(text: &str, times: Times, args: &QueryArgs) -> Result<Vec<u8>> {
    let query = Query::parse(text, &ParseOptions::default())?;
    let params = match times {
        Times::At(time) => Params::instant(time),
        Times::Range(start, end, step) => Params::range(start, end, step),
    };
    let store = open_lake(args).await?;
    let engine = QueryEngine::new(Arc::clone(&store), QueryConfig::default())?;
    let limits = engine.config().promql.clone();
    let tenant = Tenant::new(&args.target.tenant)?;
    let found = engine.promql(&tenant, query, params, limits, Duration::from_secs(args.timeout)).await;
    store.shutdown().await?;
    Ok(prometheus_answer(found?, text, None))
}

/// The answer in the shape of `/api/sql`: a column for each label, then time and value.
pub(crate) fn rows(answer: &Value, limit: usize, elapsed: Duration) -> Value {
    let empty = Vec::new();
    let data = &answer["data"];
    let result = data["result"].as_array().unwrap_or(&empty);
    // A scalar or a text is a time and a value.
    let whole = json!([{"metric": {}, "value": data["result"]}]);
    let series = if matches!(data["resultType"].as_str(), Some("scalar" | "string")) { &whole } else { &data["result"] };
    let series = series.as_array().unwrap_or(result);
    let metrics = || series.iter().filter_map(|one| one["metric"].as_object());
    let labels: BTreeSet<&str> = metrics().flat_map(|labels| labels.keys().map(String::as_str)).collect();
    let name = labels.contains(METRIC_NAME).then_some(METRIC_NAME);
    let labels: Vec<&str> = name.into_iter().chain(labels.into_iter().filter(|label| *label != METRIC_NAME)).collect();
    let (mut rows, mut truncated) = (Vec::new(), false);
    'all: for one in series {
        for point in points(one) {
            if rows.len() == limit {
                truncated = true;
                break 'all;
            }
            let mut row: Vec<Value> = labels.iter().map(|label| one["metric"][*label].clone()).collect();
            row.extend([shown_time(&point[0]), shown_value(&point[1])]);
            rows.push(Value::Array(row));
        }
    }
    let columns: Vec<Value> = labels.into_iter().chain(["time", "value"]).map(|name| json!({"name": name})).collect();
    let lists = ["warnings", "infos"].into_iter().filter_map(|list| answer[list].as_array());
    let warnings: Vec<&Value> = lists.flatten().collect();
    let stats = json!({"elapsed_ms": elapsed.as_secs_f64() * 1000.0});
    json!({"columns": columns, "rows": rows, "truncated": truncated, "stats": stats, "warnings": warnings})
}

/// The points of a series, in whatever form it has them.
fn points(series: &Value) -> impl Iterator<Item = &Value> {
    let one = ["value", "histogram"].into_iter().map(|name| &series[name]).filter(|point| point.is_array());
    let many = ["values", "histograms"].into_iter().filter_map(|name| series[name].as_array());
    one.chain(many.flatten())
}

/// A time in seconds since 1970 as text.
pub(crate) fn shown_time(time: &Value) -> Value {
    let milliseconds = time.as_f64().map(|seconds| (seconds * 1000.0).round() as i128);
    milliseconds.map_or(Value::Null, |ms| luneta_query::output::rfc3339(ms * 1_000_000).into())
}

/// A number as it is; a histogram as count and sum.
fn shown_value(value: &Value) -> Value {
    match value {
        Value::Object(histogram) => {
            let part = |name: &str| histogram.get(name).and_then(Value::as_str).unwrap_or_default();
            format!("count {} sum {}", part("count"), part("sum")).into()
        }
        other => other.clone(),
    }
}

/// Comma-separated values with a header.
pub(crate) fn csv(answer: &Value) -> String {
    let empty = Vec::new();
    let field = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        let plain = !text.contains(['"', ',', '\n', '\r']);
        if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
    };
    let line = |fields: Vec<String>| format!("{}\n", fields.join(","));
    let header = answer["columns"].as_array().unwrap_or(&empty).iter().map(|column| field(&column["name"])).collect();
    let rows = answer["rows"].as_array().unwrap_or(&empty).iter();
    let rows = rows.map(|row| line(row.as_array().unwrap_or(&empty).iter().map(field).collect()));
    std::iter::once(line(header)).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn args(words: &[&str]) -> QueryArgs {
        let words = ["luneta", "query", "--promql", "up"].iter().chain(words);
        match Cli::try_parse_from(words).expect("a command").command {
            Some(Command::Query(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn times_are_absolute_or_ago() {
        let now = 1_767_323_045_000;
        for (words, wanted) in [
            (&[][..], Times::At(now)),
            (&["--end", "4"], Times::At(4000)),
            (&["--start", "1h"], Times::Range(now - 3_600_000, now, 36_000)),
            (&["--start", "-1h", "--step", "15s"], Times::Range(now - 3_600_000, now, 15_000)),
            (&["--start", "0", "--end", "1970-01-01T00:00:10Z"], Times::Range(0, 10_000, 1000)),
        ] {
            assert_eq!(times(&args(words), now).expect("times"), wanted, "{words:?}");
        }
        for (words, message) in [
            (&["--start", "soon"][..], "--start soon: write a time"),
            (&["--start", "5", "--end", "4"], "--start is after --end"),
            (&["--start", "5", "--step", "0"], "--step must be more"),
            (&["--start", "5", "--step", "x"], "--step: cannot parse"),
        ] {
            let fault = times(&args(words), now).expect_err("a fault").to_string();
            assert!(fault.starts_with(message), "{fault}");
        }
        assert_eq!((seconds(-1500), seconds(4000)), ("-1.500".to_owned(), "4.000".to_owned()));
    }

    #[test]
    fn answers_become_rows() {
        let time = "1970-01-01T00:00:04.000000000Z";
        for (answer, columns, first) in [
            (
                json!({"data": {"resultType": "vector", "result": [
                    {"metric": {"job": "a,\"b\"", "__name__": "up"}, "value": [4, "1"]},
                    {"metric": {"zone": "z"}, "histogram": [4, {"count": "2", "sum": "3"}]}]}}),
                "__name__,job,zone,time,value",
                format!("up,\"a,\"\"b\"\"\",,{time},1"),
            ),
            (
                json!({"data": {"resultType": "matrix", "result": [
                    {"metric": {}, "values": [[4, "NaN"], [5, "1"]], "histograms": []}]}}),
                "time,value",
                format!("{time},NaN"),
            ),
            (json!({"data": {"resultType": "scalar", "result": [4, "2"]}}), "time,value", format!("{time},2")),
            (json!({"data": {"resultType": "string", "result": [4, "x"]}}), "time,value", format!("{time},x")),
            (json!({"data": {"resultType": "vector", "result": []}}), "time,value", String::new()),
        ] {
            let text = csv(&rows(&answer, 10, Duration::ZERO));
            let mut lines = text.lines();
            assert_eq!((lines.next(), lines.next().unwrap_or_default()), (Some(columns), first.as_str()));
        }
        let two = json!({"data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[4, "1"], [5, "1"]]}]}});
        assert_eq!(rows(&two, 1, Duration::ZERO)["truncated"], true);
        assert_eq!(rows(&two, 2, Duration::ZERO)["truncated"], false);
    }
}
