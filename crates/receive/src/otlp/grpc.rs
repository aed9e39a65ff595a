//! OTLP over gRPC.
//!
//! The three services have one unary method each, so the framing is read here rather than by a
//! generated server: bytes in flight are counted before they are held, unpacking is bounded and
//! leaves the socket threads, and the message goes to the wire walker as it came.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use axum::routing::any;
use bytes::{Buf as _, Bytes};
use http_body_util::{BodyExt as _, Full};

use super::{GRPC, reply};
use crate::compression::Encoding;
use crate::intake::{self, Job};
use crate::{Protocol, ReceiveError, ReceiveState, Route, Tally, body, refusal};

/// A frame's head: one byte that says whether it is packed, four of length.
const FRAME_HEAD_BYTES: usize = 5;
const ACCEPTED: &str = "identity,gzip,deflate,zstd";

/// The three services, with a readable answer for anything else that may arrive at the port.
pub fn router(state: ReceiveState) -> Router {
    let mut router = Router::new();
    for route in GRPC.routes {
        router = router.route(route.path, any(move |state: State<ReceiveState>, request| export(state, route, request)));
    }
    router.fallback(wrong_path).with_state(state)
}

async fn export(State(state): State<ReceiveState>, route: &'static Route, request: Request<Body>) -> Response<Body> {
    if !is_grpc(request.headers()) {
        return http_on_grpc_port(&state, request).await;
    }
    state.stats.of(&GRPC).request();
    let (parts, mut body) = request.into_parts();
    match receive(&state, &GRPC, route, &parts, &mut body).await {
        Ok(tally) => success(&reply::export_protobuf(route.signal, &tally)),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            state.stats.refuse(&GRPC, Some(route.signal), &error, (state.config.clock)());
            status_response(&error)
        }
    }
}

/// Reads the call of a unary method and takes its message.
pub(crate) async fn receive(
    state: &ReceiveState,
    protocol: &'static Protocol,
    route: &Route,
    parts: &Parts,
    body: &mut Body,
) -> Result<Tally, ReceiveError> {
    let tenant = (state.config.admission)(&parts.headers)?;
    let encoding = Encoding::from_header(parts.headers.get("grpc-encoding"))?;
    let mut share = state.reservation(&tenant);
    let max = state.config.bodies.body_bytes_max;
    let frame = body::read(&parts.headers, body, max.saturating_add(FRAME_HEAD_BYTES), &mut share).await?;
    let (packed, body) = message(frame)?;
    let encoding = if packed { encoding } else { Encoding::Identity };
    let job = Job { protocol, signal: route.signal, tenant, encoding, decode: route.formats[0].decode, body, share };
    Ok(intake::take(state, job).await?.tally)
}

/// The one message of a unary call, and whether it is packed.
fn message(mut frame: Bytes) -> Result<(bool, Bytes), ReceiveError> {
    if frame.len() < FRAME_HEAD_BYTES {
        let detail = format!("a gRPC frame has at least {FRAME_HEAD_BYTES} bytes, got {}", frame.len());
        return Err(ReceiveError::Malformed(detail));
    }
    let packed = match frame.get_u8() {
        0 => false,
        1 => true,
        other => return Err(ReceiveError::Malformed(format!("the first byte of a gRPC frame is 0 or 1, got {other}"))),
    };
    let announced = frame.get_u32() as usize;
    if announced != frame.len() {
        let detail = format!("the gRPC frame announces {announced} bytes, {} follow", frame.len());
        return Err(ReceiveError::Malformed(detail));
    }
    Ok((packed, frame))
}

/// The answer that carries a message.
pub(crate) fn success(message: &[u8]) -> Response<Body> {
    let mut frame = Vec::with_capacity(FRAME_HEAD_BYTES + message.len());
    frame.push(0);
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(frame)).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static(ACCEPTED));
    response
}

/// A refusal as gRPC says it: HTTP 200, the status in the headers.
pub(crate) fn status_response(error: &ReceiveError) -> Response<Body> {
    let (_, code) = refusal::statuses(error.reason());
    let status = tonic::Status::with_details(code, error.to_string(), reply::status_protobuf(error).into());
    let mut response: Response<Body> = status.into_http();
    response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static(ACCEPTED));
    response
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    if !is_grpc(request.headers()) {
        return http_on_grpc_port(&state, request).await;
    }
    state.stats.of(&GRPC).request();
    let path = luneta_model::Limits::cut(request.uri().path(), 256).to_owned();
    let hint = "this port serves Export of opentelemetry.proto.collector.{trace,metrics,logs}.v1";
    let error = ReceiveError::WrongPath { path, hint };
    state.stats.refuse(&GRPC, None, &error, (state.config.clock)());
    status_response(&error)
}

async fn http_on_grpc_port(state: &ReceiveState, request: Request<Body>) -> Response<Body> {
    state.stats.of(&GRPC).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let error = ReceiveError::HttpOnGrpcPort;
    state.stats.refuse(&GRPC, None, &error, (state.config.clock)());
    let mut response = Response::new(Body::from(format!("{error}\n")));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/grpc"))
}
