//! Tempo's API: traces by id, searches and time series in TraceQL, for Grafana's data source and
//! everybody else who asks Tempo.
//!
//! Paths are Tempo's own below `/tempo`; gRPC has the same questions ([`streaming`]). Faults are plain
//! text, as Tempo's are.

mod json;
mod metrics;
mod parameters;
mod search;
mod streaming;
mod tag_search;
mod tags;
mod trace;

use axum::Json;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use luneta_model::ErrorKind;
use luneta_query::QueryError;
use serde_json::{Value, json};

use crate::ServeState;
use crate::frame::Failure;

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
        .route("/status", get(crate::status::status))
        .route("/status/version", get(version))
        .route("/api/status/buildinfo", get(build_information))
        .route("/api/traces/{id}", get(trace::trace))
        .route("/api/v2/traces/{id}", get(trace::trace_v2))
        .route("/api/search", get(search::search))
        .route("/api/search/tags", get(tags::names))
        .route("/api/v2/search/tags", get(tags::names_v2))
        .route("/api/search/tag/{name}/values", get(tags::values))
        .route("/api/v2/search/tag/{name}/values", get(tags::values_v2))
        .route("/api/metrics/query", get(metrics::instant))
        .route("/api/metrics/query_range", get(metrics::range))
}

async fn version() -> String {
    format!("luneta, version {}\n", env!("CARGO_PKG_VERSION"))
}

/// What Grafana asks to know which features there are.
async fn build_information() -> Json<Value> {
    let version = env!("CARGO_PKG_VERSION");
    Json(json!({"version": version, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}))
}

const INVALID_ID: &str = "a trace id has 1 to 32 hex digits";

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

/// The same over gRPC.
impl From<TempoError> for Failure {
    fn from(error: TempoError) -> Self {
        match error {
            TempoError::InvalidId => Failure::invalid(INVALID_ID),
            TempoError::Invalid(message) => Failure::Invalid(message),
            TempoError::NotFound => Failure::NotFound,
            TempoError::Query(error) => Failure::Query(error),
        }
    }
}

impl IntoResponse for TempoError {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            TempoError::InvalidId => (StatusCode::BAD_REQUEST, INVALID_ID.to_owned()),
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
