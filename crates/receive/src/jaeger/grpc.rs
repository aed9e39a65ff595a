//! Jaeger over gRPC, as its collector takes it from agents and exporters.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Request, Response};
use axum::routing::any;
use luneta_model::Limits;

use super::GRPC;
use crate::otlp::grpc;
use crate::{ReceiveError, ReceiveState, Route, body, refusal};

/// The service, with a readable answer for anything else that may arrive at the port.
pub fn router(state: ReceiveState) -> Router {
    let mut router = Router::new();
    for route in GRPC.routes {
        router = router.route(route.path, any(move |state: State<ReceiveState>, request| post_spans(state, route, request)));
    }
    router.fallback(wrong_path).with_state(state)
}

async fn post_spans(State(state): State<ReceiveState>, route: &'static Route, request: Request<Body>) -> Response<Body> {
    if !grpc::is_grpc(request.headers()) {
        return not_grpc(&state, request).await;
    }
    state.stats.of(&GRPC).request();
    let (parts, mut body) = request.into_parts();
    match grpc::receive(&state, &GRPC, route, &parts, &mut body).await {
        // PostSpansResponse has no fields.
        Ok(_) => grpc::success(&[]),
        Err(error) => {
            body::drain(&parts.headers, body).await;
            state.stats.refuse(&GRPC, Some(route.signal), &error, (state.config.clock)());
            grpc::status_response(&error)
        }
    }
}

async fn wrong_path(State(state): State<ReceiveState>, request: Request<Body>) -> Response<Body> {
    if !grpc::is_grpc(request.headers()) {
        return not_grpc(&state, request).await;
    }
    state.stats.of(&GRPC).request();
    let path = Limits::cut(request.uri().path(), 256).to_owned();
    let hint = "this port serves PostSpans of jaeger.api_v2.CollectorService";
    let error = ReceiveError::WrongPath { path, hint };
    state.stats.refuse(&GRPC, None, &error, (state.config.clock)());
    grpc::status_response(&error)
}

async fn not_grpc(state: &ReceiveState, request: Request<Body>) -> Response<Body> {
    state.stats.of(&GRPC).request();
    let (parts, body) = request.into_parts();
    body::drain(&parts.headers, body).await;
    let error = ReceiveError::UnsupportedContentType { got: body::media_type(&parts.headers), expected: "application/grpc" };
    state.stats.refuse(&GRPC, None, &error, (state.config.clock)());
    let mut response = Response::new(Body::from(format!("{error}\n")));
    (*response.status_mut(), _) = refusal::statuses(error.reason());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
