//! What a server asks itself after its start, so that nobody waits for the first answer: the code of queries is
//! paged in by then, and the footers and indexes of the newest files are in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use luneta_model::Tenant;
use luneta_receive::Cardinality;
use luneta_store::Store;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::names::now_ns;

/// Seconds before the newest span that are asked about: what this costs must not grow with the lake.
const BEFORE_SECONDS: i64 = 300;
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The newest span of all.
const NEWEST: &str = "SELECT trace_id, to_unixtime(start_time) FROM spans ORDER BY start_time DESC LIMIT 1";

/// Asks the routes of a server about the newest traces, once each. A question that fails is nobody's
/// loss.
pub async fn warm_up(router: Router) {
    let newest = answer(&router, sql(NEWEST)).await;
    let row = &newest["rows"][0];
    let (Some(trace), Some(end)) = (row[0].as_str(), row[1].as_i64()) else { return };
    let range = format!("start={}&end={}", end - BEFORE_SECONDS, end + 1);
    let durations = format!(
        "SELECT service_name, sum(count), duration_quantiles(duration_buckets, duration_counts) FROM span_metrics \
         WHERE time >= to_timestamp({}) GROUP BY 1",
        end - BEFORE_SECONDS
    );
    for question in [
        get(&format!("/tempo/api/v2/traces/{trace}?{range}")),
        get(&format!("/tempo/api/search?q=%7Bduration%3E1ms%7D&limit=20&{range}")),
        get(&format!("/tempo/api/v2/search/tags?{range}")),
        sql(&durations),
    ] {
        answer(&router, question).await;
    }
}

/// Active series from which on the labels of a tenant are listed before anybody asks: of fewer they are listed in
/// less than a fifth of a second.
const LISTED_SERIES_MIN: usize = 20_000;
/// Between two looks at whether rows are new.
const LISTED_EVERY: Duration = Duration::from_secs(2);
/// Seconds of which the labels are listed.
const LISTED_SECONDS: i64 = 3600;

/// Lists the labels of tenants with many active series whenever rows are new, so that whoever lists them does not
/// wait until the labels of millions of rows are read. Does not end.
pub async fn keep_listed(router: Router, store: Arc<Store>, active: Arc<Cardinality>) {
    let mut listed: HashMap<Tenant, (u64, Option<SystemTime>)> = HashMap::new();
    loop {
        tokio::time::sleep(LISTED_EVERY).await;
        for (tenant, _) in active.counts().into_iter().filter(|(_, series)| *series >= LISTED_SERIES_MIN) {
            let stats = store.stats();
            let now = (stats.memory_rows, stats.flush_last_time);
            if listed.get(&tenant) == Some(&now) {
                continue;
            }
            let start = now_ns() / 1_000_000_000 - LISTED_SECONDS;
            let mut question = get(&format!("/api/v1/labels?start={start}"));
            if let Ok(name) = header::HeaderValue::from_str(tenant.as_str()) {
                question.headers_mut().insert("x-scope-orgid", name);
            }
            answer(&router, question).await;
            listed.insert(tenant, now);
        }
    }
}

fn get(path: &str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap_or_default();
    request
}

fn sql(query: &str) -> Request<Body> {
    let mut request = get("/api/sql");
    *request.method_mut() = axum::http::Method::POST;
    request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    *request.body_mut() = Body::from(json!({"query": query}).to_string());
    request
}

/// What a route answers; null where it fails.
async fn answer(router: &Router, request: Request<Body>) -> Value {
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.unwrap_or_default();
    serde_json::from_slice(&body).unwrap_or_default()
}
