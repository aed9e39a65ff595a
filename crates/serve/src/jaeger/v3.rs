//! The third version of Jaeger's API: OTLP's JSON in the envelope of a gRPC gateway that streams.

pub(super) mod otlp;
pub(super) mod parse;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use luneta_query::{QueryError, Trace};
use serde_json::{Value, json};

use super::reply::{self, query_status};
use super::{operations_of_kind, search};
use crate::ServeState;
use crate::lookup::{self, aside, missing};
use crate::names;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;

/// The routes as they are on Jaeger's port.
pub(super) fn routes() -> Router<ServeState> {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(traces))
        .route("/api/v3/traces/{id}", get(trace))
        .route("/api/v3/dependencies", get(dependencies))
}

async fn services(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Result<Response, Failure> {
    Ok(object(&json!({"services": state.services(&tenant).await?})))
}

async fn operations(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let service = parameters.first("service").unwrap_or_default();
    let kind = parameters.first_of(&["spanKind", "span_kind"]).map(|(_, kind)| kind);
    let mut operations = operations_of_kind(&state, &tenant, service, kind).await?;
    for operation in operations.iter_mut().filter(|operation| operation.span_kind.is_empty()) {
        "internal".clone_into(&mut operation.span_kind);
    }
    operations.dedup();
    Ok(object(&json!({"operations": operations})))
}

async fn traces(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let matching = parse::matching(&parameters).map_err(Failure::Invalid)?;
    let found = state.find_traces(&tenant, matching.search()).await?;
    trace_answer(found.traces, found.warnings).await
}

async fn trace(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let id = search::trace_id(&id).map_err(|e| Failure::Invalid(parse::malformed("trace_id", &e)))?;
    parse::check_trace(&parameters).map_err(Failure::Invalid)?;
    trace_answer(state.trace(&tenant, id).await?.into_iter().collect(), Vec::new()).await
}

async fn trace_answer(found: Vec<Trace>, mut lacks: Vec<String>) -> Result<Response, Failure> {
    if found.is_empty() {
        return Err(Failure::NotFound);
    }
    lacks.extend(found.iter().flat_map(missing));
    let body = aside(found, |found| {
        let groups: Vec<Value> = found.iter().flat_map(|trace| otlp::resource_spans(&trace.data)).collect();
        json!({"result": {"resourceSpans": groups}}).to_string().into_bytes()
    });
    Ok(lookup::warn(reply::json(body.await?), &lacks))
}

async fn dependencies(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let window = parse::window(&parameters).map_err(Failure::Invalid)?;
    let calls = state.calls(&tenant, window).await?.into_iter();
    // 64-bit numbers are text in the JSON of protobuf.
    let link = |call: names::Calls| json!({"parent": call.client, "child": call.server, "callCount": call.count.to_string()});
    Ok(object(&json!({"dependencies": calls.map(link).collect::<Vec<_>>()})))
}

fn object(value: &Value) -> Response {
    reply::json(value.to_string().into_bytes())
}

/// Why there is no answer.
#[derive(Debug)]
enum Failure {
    Invalid(String),
    NotFound,
    Query(QueryError),
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Failure::Query(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Failure::Invalid(message) => (StatusCode::BAD_REQUEST, message),
            Failure::NotFound => (StatusCode::NOT_FOUND, "No traces found".to_owned()),
            Failure::Query(error) => (query_status(&error), error.to_string()),
        };
        (status, object(&json!({"error": {"httpCode": status.as_u16(), "message": message}}))).into_response()
    }
}
