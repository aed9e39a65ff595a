//! Computing queries: `query`, `query_range`, and texts of queries as people like to read them.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use luneta_logql::{Answer, Direction, Params, Query, Value};
use luneta_model::Tenant;
use luneta_query::LogsAnswer;
use serde_json::json;

use super::json;
use super::parameters::{HOUR_NS, bounds, direction, duration_of, limit, query, step, time_of};
use super::reply::{self, Failure};
use super::request::Asked;
use crate::ServeState;
use crate::names::now_ns;

/// An answer, and how long it waited for its turn.
pub struct Evaluated {
    /// The answer.
    pub found: LogsAnswer,
    queued: Duration,
    total: Duration,
}

/// `query`: numbers at one time.
pub async fn instant(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let parameters = &asked.parameters;
    let query = query(parameters, &state.engine().config().logql_text)?;
    if query.is_log() {
        let message = "log queries are not supported as an instant query type, please change your query to a range query type";
        return Err(Failure::invalid(message));
    }
    let time = time_of(parameters, "time")?.unwrap_or_else(now_ns);
    let params =
        Params { limit: limit(parameters)?, direction: direction(parameters)?, now_ns: now_ns(), ..Params::instant(time) };
    let evaluated = evaluate(&state, &asked.tenant, query, params).await?;
    Ok(written(&evaluated, asked.categorize))
}

/// `query_range`: entries, or numbers at every step.
pub async fn range(State(state): State<ServeState>, asked: Asked) -> Result<Response, Failure> {
    let parameters = &asked.parameters;
    let query = query(parameters, &state.engine().config().logql_text)?;
    let times = bounds(parameters, HOUR_NS)?;
    let step = step(parameters, &times)?;
    let interval = duration_of(parameters, "interval")?.unwrap_or(0);
    if interval < 0 {
        return Err(Failure::invalid("interval must be >= 0"));
    }
    let limit = limit(parameters)?;
    let direction = direction(parameters)?;
    let sparse = interval > 0 && query.is_log();
    // Which entries an interval leaves is known once all are there.
    let entries = if sparse { state.engine().config().logql.entries_max } else { limit };
    let params = Params {
        limit: entries,
        direction,
        categorize: asked.categorize,
        now_ns: now_ns(),
        ..Params::range(times.start, times.end, if query.is_log() { 0 } else { step })
    };
    let mut evaluated = evaluate(&state, &asked.tenant, query, params).await?;
    if sparse {
        thin(&mut evaluated.found.answer, direction, interval, limit);
    }
    Ok(written(&evaluated, asked.categorize))
}

/// Computes a query when its turn comes.
pub async fn evaluate(state: &ServeState, tenant: &Tenant, query: Query, params: Params) -> Result<Evaluated, Failure> {
    let started = Instant::now();
    let config = state.engine().config();
    let waited = tokio::time::timeout(config.timeout, state.logql_turns().acquire()).await;
    let busy = || Failure { status: StatusCode::TOO_MANY_REQUESTS, message: "too many outstanding requests".to_owned() };
    let _turn = waited.map_err(|_| busy())?.map_err(|_| busy())?;
    let queued = started.elapsed();
    let found = state.engine().logql(tenant, query, params, config.logql.clone(), config.timeout.saturating_sub(queued)).await;
    let total = started.elapsed();
    state.queries().record(total, found.is_err());
    Ok(Evaluated { found: found?, queued, total })
}

/// Leaves out entries that come too soon after another, and those beyond the limit.
fn thin(answer: &mut Answer, direction: Direction, interval_ns: i64, limit: usize) {
    let Value::Streams(streams) = &mut answer.value else { return };
    let mut times: Vec<(i64, usize, usize)> = Vec::new();
    for (number, stream) in streams.iter().enumerate() {
        times.extend(stream.entries.iter().enumerate().map(|(at, entry)| (entry.time_ns, number, at)));
    }
    times.sort_by_key(|(time, ..)| if direction == Direction::Forward { *time } else { -*time });
    let mut kept: Vec<(usize, usize)> = Vec::new();
    let mut last: Option<i64> = None;
    for (time, number, at) in times {
        if kept.len() < limit && last.is_none_or(|last| (time - last).abs() >= interval_ns) {
            kept.push((number, at));
            last = Some(time);
        }
    }
    for (number, stream) in streams.iter_mut().enumerate() {
        let mut at = 0;
        stream.entries.retain(|_| {
            at += 1;
            kept.contains(&(number, at - 1))
        });
    }
    streams.retain(|stream| !stream.entries.is_empty());
}

fn written(evaluated: &Evaluated, categorize: bool) -> Response {
    let answer = &evaluated.found.answer;
    reply::json(json::answer(&answer.value, categorize, &statistics(evaluated)))
}

/// What an answer took, as Loki tells it. There is one kind of store here, so that what Loki counts of ingesters
/// and caches is nothing.
fn statistics(evaluated: &Evaluated) -> serde_json::Value {
    let Evaluated { found, queued, total } = evaluated;
    let seconds = total.saturating_sub(*queued).as_secs_f64();
    let scanned = found.scanned;
    let entries = match &found.answer.value {
        Value::Streams(streams) => streams.iter().map(|stream| stream.entries.len()).sum(),
        Value::Vector(samples) => samples.len(),
        Value::Matrix(series) => series.iter().map(|series| series.points.len()).sum(),
        Value::Scalar(..) => 1,
    };
    let rate = |count: u64| if seconds > 0.0 { (count as f64 / seconds) as u64 } else { 0 };
    let chunk = json!({
        "headChunkBytes": 0, "headChunkLines": 0, "headChunkStructuredMetadataBytes": 0, "compressedBytes": 0,
        "decompressedBytes": scanned.line_bytes, "decompressedLines": scanned.rows,
        "decompressedStructuredMetadataBytes": 0, "totalDuplicates": 0,
        "postFilterLines": found.answer.statistics.accepted,
    });
    let store = |sources: u64, chunk: &serde_json::Value, nanoseconds: u128| {
        json!({
            "totalChunksRef": sources, "totalChunksDownloaded": sources, "chunksDownloadTime": nanoseconds as u64,
            "queryReferencedStructuredMetadata": false, "chunk": chunk,
        })
    };
    let nothing: serde_json::Value = chunk
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| (name.clone(), json!(0)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "summary": {
            "bytesProcessedPerSecond": rate(scanned.line_bytes), "linesProcessedPerSecond": rate(scanned.rows),
            "totalBytesProcessed": scanned.line_bytes, "totalLinesProcessed": scanned.rows,
            "execTime": seconds, "queueTime": queued.as_secs_f64(), "subqueries": 0,
            "totalEntriesReturned": entries, "splits": 1, "shards": 1,
            "totalPostFilterLines": found.answer.statistics.accepted, "totalStructuredMetadataBytesProcessed": 0,
        },
        "querier": {"store": store(scanned.sources, &chunk, found.fetch_time.as_nanos())},
        "ingester": {
            "totalReached": 0, "totalChunksMatched": 0, "totalBatches": 0, "totalLinesSent": 0,
            "store": store(0, &nothing, 0),
        },
        "cache": {},
        "index": {"totalChunks": 0, "postFilterChunks": 0, "shardsDuration": 0},
    })
}

/// `format_query`: the text as people like to read it.
pub async fn format_query(State(state): State<ServeState>, asked: Asked) -> Response {
    match query(&asked.parameters, &state.engine().config().logql_text) {
        Ok(query) => Json(json!({"status": "success", "data": query.pretty()})).into_response(),
        Err(failure) => (failure.status, Json(json!({"status": "invalid-query", "error": failure.message}))).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use luneta_logql::{Statistics, Stream, StreamEntry};

    use super::*;

    #[test]
    fn intervals_leave_entries_out() {
        let entry = |time_ns: i64| StreamEntry { time_ns, line: String::new(), metadata: Vec::new(), parsed: Vec::new() };
        let stream = |name: &str, times: &[i64]| Stream {
            labels: vec![("a".to_owned(), name.to_owned())],
            entries: times.iter().map(|time| entry(*time)).collect(),
        };
        let left = |direction, limit| {
            let value = Value::Streams(vec![stream("x", &[1, 2, 12]), stream("y", &[5, 11, 30])]);
            let mut answer = Answer { value, statistics: Statistics::default() };
            thin(&mut answer, direction, 10, limit);
            let Value::Streams(streams) = answer.value else { panic!("streams") };
            streams.iter().map(|stream| stream.entries.iter().map(|entry| entry.time_ns).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(left(Direction::Forward, 9), [vec![1], vec![11, 30]]);
        assert_eq!(left(Direction::Backward, 9), [vec![2, 12], vec![30]]);
        assert_eq!(left(Direction::Backward, 1), [vec![30]]);
    }
}
