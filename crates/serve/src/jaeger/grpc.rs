//! Jaeger's queries over gRPC: `jaeger.api_v2.QueryService` and `jaeger.api_v3.QueryService`.

mod convert;
mod messages;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use luneta_model::Tenant;
use luneta_query::Trace;

use super::{operations_of_kind, search};
use crate::ServeState;
use crate::frame::{Failure, frames, read, stream, unary};
use crate::lookup::{self, aside, missing};
use crate::names;
use crate::tenant::RequestTenant;
use messages::{
    Dependencies, DependenciesRequest, Dependency, FindTracesRequest, GetTraceById, GetTraceByText, Operation, OperationsRequest,
    OperationsV2, OperationsV3, Services,
};

/// The services, as on Jaeger's port for gRPC.
pub fn routes() -> Router<ServeState> {
    Router::new()
        .route("/jaeger.api_v2.QueryService/GetTrace", post(trace_v2))
        .route("/jaeger.api_v2.QueryService/FindTraces", post(find_v2))
        .route("/jaeger.api_v2.QueryService/GetServices", post(services))
        .route("/jaeger.api_v2.QueryService/GetOperations", post(operations_v2))
        .route("/jaeger.api_v2.QueryService/GetDependencies", post(dependencies))
        .route("/jaeger.api_v3.QueryService/GetTrace", post(trace_v3))
        .route("/jaeger.api_v3.QueryService/FindTraces", post(find_v3))
        .route("/jaeger.api_v3.QueryService/GetServices", post(services))
        .route("/jaeger.api_v3.QueryService/GetOperations", post(operations_v3))
        .fallback(async || Failure::Unimplemented("this port serves QueryService of jaeger.api_v2 and jaeger.api_v3"))
}

/// A question and who asks.
type Asked = (State<ServeState>, RequestTenant);

async fn services((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    read::<()>(body).await?;
    Ok(unary(&Services { services: state.services(&tenant).await? }))
}

async fn operations(state: &ServeState, tenant: &Tenant, body: Body) -> Result<Vec<Operation>, Failure> {
    let request: OperationsRequest = read(body).await?;
    if request.service.is_empty() {
        return Err(Failure::invalid("service is required"));
    }
    let kind = Some(request.span_kind.as_str()).filter(|kind| !kind.is_empty());
    let found = operations_of_kind(state, tenant, &request.service, kind).await?;
    Ok(found.into_iter().map(|o| Operation { name: o.name, span_kind: o.span_kind }).collect())
}

async fn operations_v2((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    let operations = operations(&state, &tenant, body).await?;
    let mut operation_names: Vec<String> = operations.iter().map(|o| o.name.clone()).collect();
    operation_names.dedup();
    Ok(unary(&OperationsV2 { operation_names, operations }))
}

async fn operations_v3((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    Ok(unary(&OperationsV3 { operations: operations(&state, &tenant, body).await? }))
}

async fn dependencies((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    let request: DependenciesRequest = read(body).await?;
    let window = convert::window(&request).map_err(Failure::Invalid)?;
    let calls = state.calls(&tenant, window).await?.into_iter();
    let link = |call: names::Calls| Dependency { parent: call.client, child: call.server, call_count: call.count };
    Ok(unary(&Dependencies { dependencies: calls.map(link).collect() }))
}

async fn trace_v2((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    let request: GetTraceById = read(body).await?;
    let id = <[u8; 16]>::try_from(request.trace_id).map_err(|_| Failure::invalid("a trace id has 16 bytes"))?;
    let trace = state.trace(&tenant, u128::from_be_bytes(id)).await?.ok_or(Failure::NotFound)?;
    answer(vec![trace], move |trace| frames(convert::chunks(trace, request.raw_traces))).await
}

async fn trace_v3((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    let request: GetTraceByText = read(body).await?;
    let id = search::trace_id(&request.trace_id).map_err(Failure::Invalid)?;
    let trace = state.trace(&tenant, id).await?.ok_or(Failure::NotFound)?;
    answer(vec![trace], |trace| frames(convert::otlp(trace))).await
}

async fn find_v2((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    let (found, raw) = find(&state, &tenant, body).await?;
    answer(found, move |trace| frames(convert::chunks(trace, raw))).await
}

async fn find_v3((State(state), RequestTenant(tenant)): Asked, body: Body) -> Result<Response, Failure> {
    let (found, _) = find(&state, &tenant, body).await?;
    answer(found, |trace| frames(convert::otlp(trace))).await
}

/// Traces that match, and whether they are wanted raw.
async fn find(state: &ServeState, tenant: &Tenant, body: Body) -> Result<(Vec<Trace>, bool), Failure> {
    let request: FindTracesRequest = read(body).await?;
    let query = request.query.ok_or_else(|| Failure::invalid("missing query"))?;
    let raw = query.raw_traces;
    let matching = convert::matching(query, names::now_ns()).map_err(Failure::Invalid)?;
    Ok((state.find_traces(tenant, matching.search()).await?.traces, raw))
}

/// The messages of each trace, one after the other.
async fn answer(found: Vec<Trace>, write: impl Fn(&Trace) -> Vec<u8> + Send + 'static) -> Result<Response, Failure> {
    let lacks: Vec<String> = found.iter().flat_map(missing).collect();
    let frames = aside(found, move |found| found.iter().flat_map(write).collect());
    Ok(lookup::warn(stream(frames.await?), &lacks))
}
