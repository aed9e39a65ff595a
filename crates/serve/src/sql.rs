//! `POST /api/sql` and `GET /api/schema`.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use luneta_model::ErrorKind;
use luneta_query::output::{self, Format};
use luneta_query::{QueryError, SqlAnswer, SqlRequest};
use serde_json::{Value, json};

use crate::ServeState;
use crate::tenant::RequestTenant;

/// Rows of an answer when the request names no limit.
const DEFAULT_ROWS: usize = 10_000;

/// The body of `POST /api/sql`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlBody {
    query: String,
    #[serde(default)]
    params: Vec<Value>,
    #[serde(default)]
    format: Format,
    limit: Option<usize>,
    timeout_ms: Option<u64>,
}

/// A failed request in the form of `/api/*`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// A request that is wrong in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        let body = json!({"error": {"kind": "invalid", "message": message.into()}});
        Self { status: StatusCode::BAD_REQUEST, body }
    }
}

impl ApiError {
    /// What is wrong, for APIs that say it in another form.
    pub fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }

    /// A request that cannot be met for a reason with a name.
    pub fn with_status(status: StatusCode, kind: &str, message: &str) -> Self {
        Self { status, body: json!({"error": {"kind": kind, "message": message}}) }
    }

    /// A request that may succeed when it is sent again.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let body = json!({"error": {"kind": "unavailable", "message": message.into()}});
        Self { status: StatusCode::SERVICE_UNAVAILABLE, body }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let status = match error.kind() {
            ErrorKind::Busy => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorKind::Denied => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        };
        let mut inner = json!({"kind": error.name(), "message": error.to_string()});
        if let Some(position) = error.position() {
            inner["position"] = json!(position);
        }
        Self { status, body: json!({"error": inner}) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// Runs a statement.
pub async fn run(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    body: Result<Json<SqlBody>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(body) = body.map_err(|e| ApiError::invalid(e.body_text()))?;
    let format = body.format;
    let request = SqlRequest {
        query: body.query,
        params: body.params,
        limit: Some(body.limit.unwrap_or(DEFAULT_ROWS)),
        timeout: body.timeout_ms.map(Duration::from_millis),
    };
    let answer = state.query(&tenant, request).await?;
    let bytes = output::write(&answer, format)?;
    Ok(([(header::CONTENT_TYPE, format.content_type())], bytes).into_response())
}

/// Tables, columns and known attribute keys, for editors and the schema tree.
pub async fn schema(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Result<Json<Value>, ApiError> {
    let tables: Vec<Value> = state
        .engine()
        .tables(&tenant)
        .await?
        .into_iter()
        .map(|(name, schema)| {
            let columns: Vec<Value> =
                schema.fields().iter().map(|f| json!({"name": f.name(), "type": f.data_type().to_string()})).collect();
            json!({"name": name, "columns": columns})
        })
        .collect();
    let keys = state.engine().attribute_keys(&tenant).await?;
    Ok(Json(json!({"tables": tables, "attribute_keys": keys})))
}

impl ServeState {
    /// Runs a statement and notes how long it took.
    pub(crate) async fn query(&self, tenant: &luneta_model::Tenant, request: SqlRequest) -> Result<SqlAnswer, QueryError> {
        let started = std::time::Instant::now();
        let answer = self.engine().sql(tenant, request).await;
        self.queries().record(started.elapsed(), answer.is_err());
        answer
    }
}
