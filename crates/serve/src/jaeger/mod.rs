//! Jaeger's query API: what its UI, Grafana's data source and everybody else ask it for.
//!
//! Paths are Jaeger's own below `/jaeger`, and without it on Jaeger's port.

mod adjust;
mod convert;
mod go;
pub mod grpc;
mod model;
mod reply;
mod search;
#[cfg(test)]
mod tests;
mod v3;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{any, get};
use luneta_model::Tenant;

use crate::ServeState;
use crate::lookup::{aside, missing};
use crate::names::now_ns;
use crate::parameters::Parameters;
use crate::tenant::RequestTenant;
use model::{Dependency, Envelope, Fault, Operation};
use reply::{Failure, answer};
use search::Wanted;

/// The routes below `/jaeger`.
pub fn router() -> Router<ServeState> {
    Router::new().nest("/jaeger", routes())
}

/// The routes as they are on Jaeger's port.
pub fn routes() -> Router<ServeState> {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(traces))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
        .route("/api/metrics/{name}", get(async || Failure::NoMetrics))
        .merge(v3::routes())
        // Else a page of the UI would answer.
        .route("/api/{*path}", any(async || Failure::NoEndpoint))
}

async fn services(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let names = state.services(&tenant).await?;
    let total = names.len();
    Ok(answer(&Envelope::of(names, total), &parameters))
}

async fn operation_names(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(service): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    // They come sorted by name.
    let mut names: Vec<String> = state.operations(&tenant, &service).await?.into_iter().map(|o| o.name).collect();
    names.dedup();
    let total = names.len();
    Ok(answer(&Envelope::of(names, total), &parameters))
}

async fn operations(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let service = parameters.first("service").ok_or_else(|| Failure::invalid("parameter 'service' is required"))?;
    let wanted = parameters.first("spanKind");
    let operations = operations_of_kind(&state, &tenant, service, wanted).await?;
    let total = operations.len();
    Ok(answer(&Envelope::of(operations, total), &parameters))
}

/// What a service does, of one kind or of all, with the kinds as Jaeger spells them.
async fn operations_of_kind(
    state: &ServeState,
    tenant: &Tenant,
    service: &str,
    kind: Option<&str>,
) -> Result<Vec<Operation>, luneta_query::QueryError> {
    let all = state.operations(tenant, service).await?.into_iter().map(|operation| {
        let span_kind = if operation.kind == "UNSPECIFIED" { String::new() } else { operation.kind.to_ascii_lowercase() };
        Operation { name: operation.name, span_kind }
    });
    Ok(all.filter(|operation| kind.is_none_or(|kind| operation.span_kind == kind)).collect())
}

async fn traces(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let raw = search::raw(&parameters).map_err(Failure::Invalid)?;
    let (found, faults) = match search::wanted(&parameters, now_ns()).map_err(Failure::Invalid)? {
        Wanted::Ids(ids) => {
            let answer = state.traces(&tenant, ids).await?;
            let unknown = answer.unknown.into_iter().map(reply::not_found);
            (answer.found, unknown.chain(answer.left_out.into_iter().map(reply::left_out)).collect())
        }
        Wanted::Matching(matching) => {
            let answer = state.find_traces(&tenant, matching.search()).await?;
            let faults = answer.warnings.into_iter().map(|msg| Fault { code: None, msg, trace_id: None });
            (answer.traces, faults.collect())
        }
    };
    trace_answer(found, faults, raw, &parameters).await
}

async fn trace(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let id = search::trace_id(&id).map_err(Failure::Invalid)?;
    let raw = search::raw(&parameters).map_err(Failure::Invalid)?;
    let trace = state.trace(&tenant, id).await?.ok_or(Failure::NotFound)?;
    trace_answer(vec![trace], Vec::new(), raw, &parameters).await
}

async fn trace_answer(
    found: Vec<luneta_query::Trace>,
    faults: Vec<Fault>,
    raw: bool,
    parameters: &Parameters,
) -> Result<Response, Failure> {
    let pretty = reply::is_pretty(parameters);
    let body = aside(found, move |found| {
        let traces = found.iter().map(|trace| convert::trace(&trace.data.resource_spans, missing(trace), raw));
        let mut envelope = Envelope::of(traces.collect::<Vec<_>>(), 0);
        envelope.errors = (!faults.is_empty()).then_some(faults);
        model::json(&envelope, pretty)
    });
    Ok(reply::json(body.await?))
}

async fn dependencies(
    State(state): State<ServeState>,
    RequestTenant(tenant): RequestTenant,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Failure> {
    let window = search::calls(&parameters, now_ns()).map_err(Failure::Invalid)?;
    let service = parameters.first("service");
    let calls = state.calls(&tenant, window).await?.into_iter();
    let calls = calls.filter(|call| service.is_none_or(|service| call.client == service || call.server == service));
    let dependencies = calls.map(|call| Dependency { parent: call.client, child: call.server, call_count: call.count });
    Ok(answer(&Envelope::of(dependencies.collect::<Vec<_>>(), 0), &parameters))
}
