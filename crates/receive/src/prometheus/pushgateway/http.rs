//! The gateway over HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use axum::routing::{any, get};
use luneta_model::Signal;

use super::gateway::Push;
use super::group::{self, PushError};
use super::{PUSHGATEWAY, answer, path};
use crate::compression::{self, Encoding};
use crate::prometheus::exposition::ExpositionFormat;
use crate::{ReceiveError, ReceiveState, body, refusal};

/// Where the gateway lies on the main port.
const PREFIX: &str = "/pushgateway";

/// The gateway on a port of its own.
pub fn router(state: ReceiveState) -> Router {
    paths("").merge(routes()).with_state(state)
}

/// The gateway below `/pushgateway`, to be merged into another router.
pub fn routes() -> Router<ReceiveState> {
    paths(PREFIX)
}

fn paths(prefix: &str) -> Router<ReceiveState> {
    let healthy = || async { "OK\n" };
    Router::new()
        .route(&format!("{prefix}/metrics"), get(metrics))
        .route(&format!("{prefix}/api/v1/metrics"), get(metrics_json))
        .route(&format!("{prefix}/metrics/{{*group}}"), any(push))
        .route(&format!("{prefix}/-/healthy"), get(healthy))
        .route(&format!("{prefix}/-/ready"), get(healthy))
}

async fn metrics(State(state): State<ReceiveState>, headers: HeaderMap) -> Response<Body> {
    match (state.config.admission)(&headers) {
        Ok(tenant) => {
            let text = answer::text(&state.gateway.groups(&tenant));
            respond(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8", text)
        }
        Err(error) => refuse(&state, &error),
    }
}

async fn metrics_json(State(state): State<ReceiveState>, headers: HeaderMap) -> Response<Body> {
    match (state.config.admission)(&headers) {
        Ok(tenant) => {
            let text = answer::groups_json(&state.gateway.groups(&tenant)).to_string();
            respond(StatusCode::OK, "application/json", text)
        }
        Err(error) => refuse(&state, &error),
    }
}

/// Takes a push, or deletes a group.
async fn push(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&PUSHGATEWAY).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, &parts, &mut body).await {
        Ok(response) => response,
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, &error)
        }
    }
}

async fn receive(state: &ReceiveState, parts: &Parts, body: &mut Body) -> Result<Response<Body>, ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let push = match parts.method {
        Method::PUT => Some(Push::Replace),
        Method::POST => Some(Push::Merge),
        Method::DELETE => None,
        _ => return Err(ReceiveError::WrongMethod(parts.method.to_string())),
    };
    let path = parts.uri.path();
    let path = path.strip_prefix(PREFIX).unwrap_or(path).strip_prefix("/metrics/").unwrap_or_default();
    let labels = path::labels(path).map_err(|error| wrong(&error))?;
    let Some(push) = push else {
        state.gateway.delete(&tenant, &labels);
        return Ok(respond(StatusCode::ACCEPTED, "text/plain; charset=utf-8", String::new()));
    };
    let format = format_of(&parts.headers)?;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    state.stats.of(&PUSHGATEWAY).body(body.len());
    let state = state.clone();
    let work = move || {
        let body = compression::unpack(encoding, &body, &state.config.bodies, &mut share)?;
        let read = group::read(format, &body, &labels, &state.config.limits);
        state.gateway.push(&tenant, &labels, push, read, (state.config.clock)()).map_err(|error| wrong(&error))
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| ReceiveError::Internal(e.to_string()))??;
    Ok(respond(StatusCode::OK, "text/plain; charset=utf-8", String::new()))
}

/// The text format unless another is named: `curl --data-binary` names that of forms.
fn format_of(headers: &HeaderMap) -> Result<ExpositionFormat, ReceiveError> {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let got = String::from_utf8_lossy(value).into_owned();
    match ExpositionFormat::from_content_type(&got) {
        Some(format) => Ok(format),
        None if got.starts_with("application/vnd.google.protobuf") || got.starts_with("application/json") => {
            let expected = "text/plain, application/openmetrics-text, or delimited io.prometheus.client.MetricFamily";
            Err(ReceiveError::UnsupportedContentType { got, expected })
        }
        None => Ok(ExpositionFormat::Text),
    }
}

fn wrong(error: &PushError) -> ReceiveError {
    match error {
        PushError::Full(_) => ReceiveError::Full(error.to_string()),
        _ => ReceiveError::Malformed(error.to_string()),
    }
}

fn refuse(state: &ReceiveState, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&PUSHGATEWAY, Some(Signal::Metrics), error, (state.config.clock)());
    let (status, _) = refusal::statuses(error.reason());
    let mut response = respond(status, "text/plain; charset=utf-8", error.to_string());
    refusal::advise(error, response.headers_mut());
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("PUT, POST, DELETE"));
    }
    response
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
