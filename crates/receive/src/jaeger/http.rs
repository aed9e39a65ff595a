//! Jaeger over HTTP, as its collector takes it.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use axum::routing::{MethodRouter, post};
use luneta_model::{Limits, Signal};

use super::HTTP;
use crate::compression::Encoding;
use crate::intake::{self, Job};
use crate::{Format, ReceiveError, ReceiveState, body, refusal};

/// The intake under its standard path, with answers for everything else that may arrive at the
/// port.
pub fn router(state: ReceiveState) -> Router {
    let mut router = Router::new();
    for route in HTTP.routes {
        router = router.route(route.path, intake());
    }
    router.fallback(wrong_path).with_state(state)
}

/// The intake, to be mounted under any path. What the query says of the format is not needed.
pub fn intake() -> MethodRouter<ReceiveState> {
    post(take).fallback(wrong_method)
}

async fn take(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&HTTP).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, &parts, &mut body).await {
        Ok(()) => answer(StatusCode::ACCEPTED, String::new()),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            refuse(&state, Some(Signal::Spans), &error)
        }
    }
}

async fn receive(state: &ReceiveState, parts: &Parts, body: &mut Body) -> Result<(), ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let decode = format_of(&parts.headers)?.decode;
    let encoding = Encoding::from_header(parts.headers.get(CONTENT_ENCODING))?;
    let mut share = state.reservation(&tenant);
    let body = body::read(&parts.headers, body, state.config.bodies.body_bytes_max, &mut share).await?;
    intake::take(state, Job { protocol: &HTTP, signal: Signal::Spans, tenant, encoding, decode, body, share }).await?;
    Ok(())
}

fn format_of(headers: &HeaderMap) -> Result<&'static Format, ReceiveError> {
    let got = body::media_type(headers);
    let mut formats = HTTP.routes.iter().flat_map(|route| route.formats);
    formats.find(|format| format.content_type == got).ok_or(ReceiveError::UnsupportedContentType {
        got,
        expected: "application/x-thrift or application/vnd.apache.thrift.binary",
    })
}

async fn wrong_method(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&HTTP).request();
    refuse(&state, None, &ReceiveError::WrongMethod(request.method().to_string()))
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    state.stats.of(&HTTP).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let path = Limits::cut(parts.uri.path(), 256).to_owned();
    refuse(&state, None, &ReceiveError::WrongPath { path, hint: "this port takes POST /api/traces" })
}

fn refuse(state: &ReceiveState, signal: Option<Signal>, error: &ReceiveError) -> Response<Body> {
    state.stats.refuse(&HTTP, signal, error, (state.config.clock)());
    let (status, _) = refusal::statuses(error.reason());
    let mut response = answer(status, format!("{error}\n"));
    let headers = response.headers_mut();
    refusal::advise(error, headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn answer(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}
