//! Tempo's API: traces by id, searches and time series in TraceQL, for Grafana's data source and
//! everybody else who asks Tempo.
//!
//! Paths are Tempo's own below `/tempo`. Faults are plain text, as Tempo's are.

mod json;
mod metrics;
mod parameters;
mod search;
mod streaming;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, body::Body};
use luneta_model::ErrorKind;
use luneta_query::{QueryError, Trace};
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message as _;
use serde_json::{Value, json};

use crate::ServeState;
use crate::lookup::{aside, missing};
use crate::tenant::RequestTenant;

/// The routes below `/tempo`.
pub fn router() -> Router<ServeState> {
    Router::new().nest("/tempo", at_root()).merge(streaming::routes())
}

/// The routes where Tempo itself has them, and below `/tempo`.
pub fn routes() -> Router<ServeState> {
    at_root().merge(router())
}

fn at_root() -> Router<ServeState> {
    Router::new()
        .route("/api/echo", get(async || "echo"))
        .route("/ready", get(async || "ready"))
        .route("/api/status/buildinfo", get(build_information))
        .route("/api/traces/{id}", get(trace))
        .route("/api/v2/traces/{id}", get(trace_v2))
        .route("/api/search", get(search::search))
        .route("/api/search/tags", get(search::tags))
        .route("/api/v2/search/tags", get(search::tags_v2))
        .route("/api/search/tag/{name}/values", get(search::tag_values))
        .route("/api/v2/search/tag/{name}/values", get(search::tag_values_v2))
        .route("/api/metrics/query", get(metrics::query))
        .route("/api/metrics/query_range", get(metrics::query_range))
}

/// What Grafana asks to know which features there are.
async fn build_information() -> Json<Value> {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({"version": version, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}))
}

/// `TraceByIDResponse` of Tempo's `tempo.proto`, without its metrics.
#[derive(Clone, PartialEq, prost::Message)]
struct TraceReply {
    #[prost(message, optional, tag = "1")]
    trace: Option<TracesData>,
    /// 0 for a complete trace, 1 for a part of one.
    #[prost(int32, tag = "3")]
    status: i32,
    #[prost(string, tag = "4")]
    message: String,
}

async fn trace(
    state: State<ServeState>,
    tenant: RequestTenant,
    id: Path<String>,
    headers: HeaderMap,
) -> Result<Response, TempoError> {
    let trace = find(state, tenant, id).await?;
    if wants_protobuf(&headers) {
        return Ok(protobuf(written(trace, |data| data.encode_to_vec()).await?));
    }
    Ok(json_text(written(trace, |data| json!({"batches": json::resource_spans(&data)}).to_string().into_bytes()).await?))
}

async fn trace_v2(
    state: State<ServeState>,
    tenant: RequestTenant,
    id: Path<String>,
    headers: HeaderMap,
) -> Result<Response, TempoError> {
    let trace = find(state, tenant, id).await?;
    let message = missing(&trace).join("; ");
    if wants_protobuf(&headers) {
        let reply = |data| TraceReply { status: i32::from(!message.is_empty()), message, trace: Some(data) };
        return Ok(protobuf(written(trace, |data| reply(data).encode_to_vec()).await?));
    }
    let reply = |data: TracesData| {
        let mut reply = json!({"trace": {"resourceSpans": json::resource_spans(&data)}, "metrics": {}});
        reply["status"] = if message.is_empty() { "COMPLETE" } else { "PARTIAL" }.into();
        if !message.is_empty() {
            reply["message"] = message.into();
        }
        reply.to_string().into_bytes()
    };
    Ok(json_text(written(trace, reply).await?))
}

/// The answer of one trace, made aside.
async fn written(trace: Trace, write: impl FnOnce(TracesData) -> Vec<u8> + Send + 'static) -> Result<Vec<u8>, TempoError> {
    let made = aside(vec![trace], |mut found| found.pop().map(|trace| write(trace.data)).unwrap_or_default());
    Ok(made.await?)
}

fn json_text(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(bytes)).into_response()
}

async fn find(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(id): Path<String>,
) -> Result<Trace, TempoError> {
    let id = trace_id(&id).ok_or(TempoError::InvalidId)?;
    state.trace(&tenant, id).await?.ok_or(TempoError::NotFound)
}

/// The number of a hex id; short ones stand for their zero-padded form.
fn trace_id(text: &str) -> Option<u128> {
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    u128::from_str_radix(text, 16).ok().filter(|_| text.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn wants_protobuf(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accepted.is_some_and(|a| a.contains("application/protobuf") || a.contains("application/x-protobuf"))
}

fn protobuf(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/protobuf")], Body::from(bytes)).into_response()
}

/// Why there is no answer.
#[derive(Debug)]
enum TempoError {
    InvalidId,
    Invalid(String),
    NotFound,
    Query(QueryError),
}

impl From<QueryError> for TempoError {
    fn from(error: QueryError) -> Self {
        TempoError::Query(error)
    }
}

impl IntoResponse for TempoError {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            TempoError::InvalidId => (StatusCode::BAD_REQUEST, "a trace id has 1 to 32 hex digits".to_owned()),
            TempoError::Invalid(message) => (StatusCode::BAD_REQUEST, message),
            TempoError::NotFound => (StatusCode::NOT_FOUND, "trace not found".to_owned()),
            TempoError::Query(error) => {
                let status = match error.kind() {
                    ErrorKind::Invalid => StatusCode::BAD_REQUEST,
                    ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
                    ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                    ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                let place = error.position().map(|at| format!("line {}, column {}: ", at.line, at.column));
                (status, format!("{}{error}", place.unwrap_or_default()))
            }
        };
        (status, message).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::trace_id;

    #[test]
    fn ids() {
        for (text, id) in [
            ("1234", Some(0x1234)),
            ("00000000000000000000000000001234", Some(0x1234)),
            ("FFffffffffffffffffffffffffffffff", Some(u128::MAX)),
            ("", None),
            ("+1", None),
            ("xyz", None),
            ("000000000000000000000000000001234", None),
        ] {
            assert_eq!(trace_id(text), id, "{text}");
        }
    }
}
