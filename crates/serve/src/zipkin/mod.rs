//! Zipkin's query API, second version: what its UI, Grafana's data source and everybody else ask it for.
//!
//! Paths are Zipkin's own below `/zipkin`, where Zipkin itself answers too; on Zipkin's port they are
//! at the root as well.

mod convert;
mod lists;
mod model;
mod reply;
mod search;
#[cfg(test)]
mod tests;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use luneta_query::Trace;
use serde_json::{Value, json};

use crate::ServeState;
use crate::lookup::{aside, missing};
use crate::names::now_ns;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;
use reply::Failure;

/// The routes below `/zipkin`.
pub fn router() -> Router<ServeState> {
    // Else a page of the UI would answer.
    let other = any(async || (StatusCode::NOT_FOUND, "no such endpoint"));
    Router::new().nest("/zipkin", at_root().route("/api/{*path}", other))
}

/// The routes as they are on Zipkin's port.
pub fn routes() -> Router<ServeState> {
    at_root().merge(router())
}

fn at_root() -> Router<ServeState> {
    Router::new()
        .route("/health", get(health))
        .route("/info", get(info))
        .route("/config.json", get(config))
        .route("/api/v2/services", get(services))
        .route("/api/v2/spans", get(span_names))
        .route("/api/v2/remoteServices", get(remote_services))
        .route("/api/v2/traces", get(traces))
        .route("/api/v2/trace/{id}", get(trace))
        .route("/api/v2/traceMany", get(trace_many))
        .route("/api/v2/dependencies", get(dependencies))
        .route("/api/v2/autocompleteKeys", get(tag_keys))
        .route("/api/v2/autocompleteValues", get(tag_values))
}

async fn health() -> Json<Value> {
    Json(json!({"status": "UP", "zipkin": {"status": "UP", "details": {}}}))
}

async fn info() -> Json<Value> {
    Json(json!({"zipkin": {"version": env!("CARGO_PKG_VERSION"), "commit": ""}}))
}

/// What Zipkin's UI is to know.
async fn config() -> Json<Value> {
    Json(json!({
        "environment": "",
        "queryLimit": 10,
        "defaultLookback": 900_000,
        "searchEnabled": true,
        "dependency": {"enabled": true, "lowErrorRate": 0.5, "highErrorRate": 0.75}
    }))
}

async fn services(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Result<Response, Failure> {
    Ok(reply::names(state.services(&tenant).await?))
}

async fn span_names(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let service = required_service(&parameters)?;
    Ok(reply::names(state.span_names(&tenant, &service).await?))
}

async fn remote_services(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let service = required_service(&parameters)?;
    Ok(reply::names(state.remote_services(&tenant, &service).await?))
}

fn required_service(parameters: &Parameters) -> Result<String, Failure> {
    search::name(parameters, "serviceName").ok_or_else(|| Failure::invalid("serviceName is required"))
}

async fn traces(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let wanted = search::wanted(&parameters, now_ns()).map_err(Failure::Invalid)?;
    let spellings = match &wanted.service {
        Some(service) => state.spellings(&tenant, wanted.window, service).await?,
        None => Vec::new(),
    };
    if wanted.service.is_some() && spellings.is_empty() {
        return Ok(reply::json(b"[]".to_vec(), &[]));
    }
    let found = state.find_traces(&tenant, wanted.search(&spellings)).await?;
    trace_lists(found.traces, found.warnings).await
}

async fn trace(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(text): Path<String>,
) -> Result<Response, Failure> {
    let id = search::trace_id(&text).map_err(Failure::Invalid)?;
    let trace = state.trace(&tenant, id).await?.ok_or(Failure::NotFound(text))?;
    let lacks = missing(&trace);
    let body = aside(vec![trace], |found| {
        let spans: Vec<_> = found.iter().flat_map(|trace| convert::trace(&trace.data.resource_spans)).collect();
        reply::written(&spans)
    });
    Ok(reply::json(body.await?, &lacks))
}

async fn trace_many(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let ids = search::trace_ids(&parameters).map_err(Failure::Invalid)?;
    let answer = state.traces(&tenant, ids).await?;
    let lacks = (!answer.left_out.is_empty()).then(|| format!("traces left out of a large answer: {}", answer.left_out.len()));
    trace_lists(answer.found, lacks.into_iter().collect()).await
}

/// Traces as lists of spans in a list.
async fn trace_lists(found: Vec<Trace>, mut lacks: Vec<String>) -> Result<Response, Failure> {
    lacks.extend(found.iter().flat_map(missing));
    let body = aside(found, |found| {
        let lists: Vec<_> = found.iter().map(|trace| convert::trace(&trace.data.resource_spans)).collect();
        reply::written(&lists)
    });
    Ok(reply::json(body.await?, &lacks))
}

async fn dependencies(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let window = search::window(&parameters).map_err(Failure::Invalid)?;
    let links = convert::links(state.calls(&tenant, window).await?);
    Ok(reply::json(reply::written(&links), &[]))
}

async fn tag_keys(State(state): State<ServeState>, RequestTenant(tenant): RequestTenant) -> Result<Response, Failure> {
    Ok(reply::exact_names(state.tag_keys(&tenant).await?))
}

async fn tag_values(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let key = parameters.first("key").ok_or_else(|| Failure::invalid("key is required"))?;
    Ok(reply::exact_names(state.tag_values(&tenant, key).await?))
}
