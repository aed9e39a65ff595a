//! `/api/status`, the description of the API, and the test span.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use luneta_model::{AnyValue, Limits, Signal, Sink as _, SpanRow, SpansBuilder, Tenant};
use luneta_query::output::rfc3339;
use luneta_store::StoreStats;
use serde_json::{Map, Value, json};

use crate::ServeState;
use crate::sql::ApiError;
use crate::tenant::RequestTenant;

/// A moment as RFC 3339 with nanoseconds.
pub fn shown(time: SystemTime) -> String {
    let nanos = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
    rfc3339(nanos)
}

/// Everything about the server and the tenant's tables.
pub async fn status(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Json<Value> {
    let stored = state.engine().store().stats();
    let info = &state.0.info;
    let intake = state.0.intake.snapshot();
    let refused: Vec<Value> = intake
        .refused
        .iter()
        .map(|r| {
            let signal = r.signal.map(Signal::table);
            json!({"signal": signal, "protocol": r.protocol, "reason": r.reason.as_str(), "requests": r.requests, "items": r.items, "count": r.requests + r.items})
        })
        .collect();
    let series = state.0.cardinality.snapshot(&tenant);
    let limits = state.0.cardinality.limits();
    let too_many: Vec<Value> = series
        .refused
        .iter()
        .map(|of| {
            let (attribute, values) = of.attribute.as_ref().map(|(key, values)| (key.as_str(), *values)).unzip();
            json!({"metric": of.metric, "active": of.series, "points": of.points, "attribute": attribute, "values": values})
        })
        .collect();
    let bytes: u64 = stored.tables.iter().map(|t| t.file_bytes).sum();
    Json(json!({
        "version": info.version,
        "started_at": shown(info.started_at),
        "ready": true,
        "data_dir": info.data_dir,
        "tenant": tenant.as_str(),
        "addresses": info.addresses,
        "udp_buffers": info.udp_buffers.iter().map(|(name, b)| (name.clone(), json!({"asked_bytes": b.asked_bytes, "given_bytes": b.given_bytes}))).collect::<Map<_, _>>(),
        "signals": signals(&state, &stored, &tenant),
        "refused": refused,
        "series": {"active": series.series, "limit": limits.of_tenant, "limit_of_metric": limits.of_metric, "refused": too_many},
        "wal": {"bytes": stored.wal_bytes, "segments": stored.wal_segments},
        "memory": {"rows": stored.memory_rows, "bytes": stored.memory_bytes, "limit_bytes": info.memory_bytes_max},
        "flushes": {
            "count": stored.flushes,
            "last_ms": stored.flush_last_time.map(|_| stored.flush_last_ms),
            "last_at": stored.flush_last_time.map(shown),
            "last_error": stored.flush_last_error,
        },
        "compactions": {"count": stored.compactions},
        "disk": {"lake_bytes": bytes, "free_bytes": stored.disk_free_bytes},
        "retention": Signal::ALL.iter().zip(info.retention).map(|(s, d)| (s.table().to_owned(), json!(duration(d)))).collect::<Map<_, _>>(),
        "warnings": stored.warnings,
    }))
}

/// Per table: what came in and what is kept.
pub fn signals(state: &ServeState, stored: &StoreStats, tenant: &Tenant) -> Value {
    let one = |signal: Signal| {
        let table = stored.tables.iter().find(|t| t.signal == signal && t.tenant == *tenant);
        let time = |pick: fn(&luneta_store::TableStats) -> Option<i64>| table.and_then(pick).map(|n| rfc3339(n.into()));
        json!({
            "accepted": table.map_or(0, |t| t.accepted_rows),
            "per_second": state.0.rates.per_second(tenant, signal),
            "last_received_at": state.0.rates.last_received(tenant, signal).map(shown),
            "rows": table.map_or(0, |t| t.file_rows + t.memory_rows),
            "files": table.map_or(0, |t| t.files),
            "bytes": table.map_or(0, |t| t.file_bytes),
            "oldest": time(|t| t.oldest),
            "newest": time(|t| t.newest),
        })
    };
    Value::Object(Signal::ALL.iter().map(|&s| (s.table().to_owned(), one(s))).collect())
}

fn duration(d: std::time::Duration) -> String {
    let seconds = d.as_secs();
    match seconds {
        s if s % 86_400 == 0 => format!("{}d", s / 86_400),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// Puts one real span through the sink that intakes use, and names its trace.
pub async fn test_span(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Result<Json<Value>, ApiError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64);
    let random = std::collections::hash_map::RandomState::new();
    let id = |n: u64| std::hash::BuildHasher::hash_one(&random, (now, n)).max(1).to_be_bytes();
    let mut trace_id = [0; 16];
    trace_id[..8].copy_from_slice(&id(1));
    trace_id[8..].copy_from_slice(&id(2));
    let mut spans = SpansBuilder::new(Limits::default());
    spans.origins.begin();
    spans.origins.resource_str("service.name", "luneta-test");
    spans.origins.scope_facts("luneta", state.0.info.version, "", 0);
    let origin = spans.origins.end();
    spans.attributes.push("luneta.test", &AnyValue::Bool(true));
    let row = SpanRow {
        start_time: now - 12_345_678,
        end_time: now,
        trace_id,
        span_id: id(3),
        name: "test span",
        kind: 1,
        status_code: 1,
        ..SpanRow::default()
    };
    let fault = |e: &dyn std::fmt::Display| ApiError::unavailable(e.to_string());
    spans.end_span(origin, &row).map_err(|e| fault(&e))?;
    let batch = spans.finish(tenant).map_err(|e| fault(&e))?;
    state.engine().store().accept(batch).await.map_err(|e| fault(&e))?;
    let hex = trace_id.iter().fold(String::new(), |mut out, byte| {
        use std::fmt::Write as _;
        let _ = write!(out, "{byte:02x}");
        out
    });
    Ok(Json(json!({ "trace_id": hex })))
}

/// The description of `/api/*`.
pub async fn openapi() -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}
