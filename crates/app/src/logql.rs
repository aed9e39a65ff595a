//! `luneta query --logql`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use luneta_logql::{ParseOptions, Query};
use luneta_serve::CATEGORIZE_LABELS;
use serde_json::{Map, Value, json};

use crate::api;
use crate::cli::{Output, QueryArgs};
use crate::promql::{Times, csv, now_ms, rows, times};
use crate::query::table;

/// How far back entries are looked for unless it is said.
const HOUR_MS: i64 = 3_600_000;
/// Most entries that servers give at once unless they are configured otherwise.
const ENTRIES_MAX: usize = 5000;

/// The answer of a query in the form that is asked for.
///
/// # Errors
/// When the query or the server failed.
pub async fn answer(text: &str, args: &QueryArgs) -> Result<Vec<u8>> {
    if matches!(args.output, Output::Parquet | Output::Arrow) {
        bail!("answers to LogQL are shown as table, json or csv");
    }
    let query = Query::parse(text, &ParseOptions::default())?;
    let times = match times(args, now_ms())? {
        Times::At(end) if query.is_log() => Times::Range(end.saturating_sub(HOUR_MS), end, 1000),
        times => times,
    };
    let started = Instant::now();
    let is_log = query.is_log();
    let bytes = asked(text, times, args).await?;
    if args.output == Output::Json {
        return Ok([&bytes[..], b"\n"].concat());
    }
    let (found, elapsed) = (serde_json::from_slice(&bytes)?, started.elapsed());
    let whole = args.output == Output::Csv;
    let shown = if is_log { entries(&found, limit(args), whole, elapsed) } else { rows(&found, args.limit, elapsed) };
    Ok(if whole { csv(&shown) } else { table(&shown) }.into_bytes())
}

fn limit(args: &QueryArgs) -> usize {
    args.limit.min(ENTRIES_MAX)
}

/// The answer of the API.
async fn asked(query: &str, times: Times, args: &QueryArgs) -> Result<Vec<u8>> {
    let (path, mut fields) = times.request(["/loki/api/v1/query", "/loki/api/v1/query_range"]);
    fields.extend([("query", query.to_owned()), ("limit", limit(args).to_string())]);
    let (status, bytes) = api::ask(path, &fields, &[CATEGORIZE_LABELS], args).await?;
    if status == 200 {
        return Ok(bytes);
    }
    bail!("{}", String::from_utf8_lossy(&bytes).trim_end())
}

/// Entries, the newest first: their time, labels and line. A table has those labels of streams that tell
/// entries apart; `whole`, there are all, and what else is known.
fn entries(answer: &Value, limit: usize, whole: bool, elapsed: Duration) -> Value {
    let empty = (Vec::new(), Map::new());
    let mut found: Vec<(i128, Map<String, Value>, &Value)> = Vec::new();
    for stream in answer["data"]["result"].as_array().unwrap_or(&empty.0) {
        for entry in stream["values"].as_array().unwrap_or(&empty.0) {
            let mut labels = stream["stream"].as_object().unwrap_or(&empty.1).clone();
            for more in ["structuredMetadata", "parsed"].into_iter().filter(|_| whole) {
                labels.extend(entry[2][more].as_object().unwrap_or(&empty.1).clone());
            }
            let time = entry[0].as_str().and_then(|time| time.parse().ok()).unwrap_or_default();
            found.push((time, labels, &entry[1]));
        }
    }
    found.sort_by_key(|(time, ..)| Reverse(*time));
    let mut names: BTreeSet<&String> = found.iter().flat_map(|(_, labels, _)| labels.keys()).collect();
    if !whole {
        let tells = |name: &&String| found.iter().any(|(_, labels, _)| labels.get(*name) != found[0].1.get(*name));
        names.retain(tells);
    }
    let columns = ["time"].into_iter().chain(names.iter().map(|name| name.as_str())).chain(["line"]);
    let columns: Vec<Value> = columns.map(|name| json!({"name": name})).collect();
    let row = |(time, labels, line): &(i128, Map<String, Value>, &Value)| -> Value {
        let values = names.iter().map(|name| labels.get(*name).cloned().unwrap_or(Value::Null));
        let time = Value::from(luneta_query::output::rfc3339(*time));
        [time].into_iter().chain(values).chain([(*line).clone()]).collect()
    };
    json!({
        "columns": columns,
        "rows": found.iter().map(row).collect::<Vec<_>>(),
        "truncated": found.len() >= limit,
        "stats": {"elapsed_ms": elapsed.as_secs_f64() * 1000.0},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_rows() {
        let answer = json!({"data": {"resultType": "streams", "result": [
            {"stream": {"app": "web", "env": "a"}, "values": [["1", "one", {"structuredMetadata": {"user": "ann"}}], ["3", "three", {}]]},
            {"stream": {"app": "web", "env": "b"}, "values": [["2", "two", {"parsed": {"took": "1"}}]]},
        ]}});
        let times = [3, 2, 1].map(|n| format!("1970-01-01T00:00:00.00000000{n}Z"));
        let shown = |whole, limit| entries(&answer, limit, whole, Duration::ZERO);
        let wanted = format!("time,env,line\n{},a,three\n{},b,two\n{},a,one\n", times[0], times[1], times[2]);
        assert_eq!(csv(&shown(false, 10)), wanted);
        let wanted = format!(
            "time,app,env,took,user,line\n{},web,a,,,three\n{},web,b,1,,two\n{},web,a,,ann,one\n",
            times[0], times[1], times[2]
        );
        assert_eq!(csv(&shown(true, 10)), wanted);
        assert_eq!((&shown(true, 10)["truncated"], &shown(true, 3)["truncated"]), (&json!(false), &json!(true)));
        let nothing = json!({"data": {"resultType": "streams", "result": []}});
        assert_eq!(csv(&entries(&nothing, 10, false, Duration::ZERO)), "time,line\n");
    }
}
